"""Writes the end of a short demo into README.md, between its snapshot marks.

  python3 docs/snapshot.py [--check]    --check: only that the marks hold a demo's end (for tests)
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
MARKS = re.compile(r"(<!-- snapshot -->\n)(.*?)(<!-- /snapshot -->)", re.S)


def demo():
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [ROOT / "build/release/loanstream", "demo", "-n", "5000", "--data", "demo-data"],
            capture_output=True, text=True, check=True, cwd=folder)
    lines = done.stdout.splitlines()
    widest = 150
    return "\n".join(line if len(line) <= widest else line[:widest] + "..." for line in lines)


def main():
    readme = ROOT / "README.md"
    text = readme.read_text()
    if "--check" in sys.argv:
        found = MARKS.search(text)
        return 0 if found and "PROVED:" in found[2] and "NOT PROVED" not in found[2] else 1
    block = f"```\n$ loanstream demo -n 5000\n{demo()}\n```\n"
    readme.write_text(MARKS.sub(lambda found: found[1] + block + found[3], text))
    return 0


if __name__ == "__main__":
    sys.exit(main())

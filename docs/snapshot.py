"""Writes real runs into README.md, between its snapshot marks: the end of a short demo, and a job
on a broker of `./dev lab kafka`, which it starts and ends.

  python3 docs/snapshot.py [--check]    --check: only that the marks hold such runs (for tests)
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build/release/loanstream"
WIDEST = 150
ON_KAFKA = """loanstream topic create local --if-missing --partitions 4
loanstream source local --file applications.jsonl --quiet
loanstream stream local --once --quiet
loanstream topic describe local
loanstream table prove local --complete"""


def marks(name):
    return re.compile(f"(<!-- snapshot {name} -->\n)(.*?)(<!-- /snapshot {name} -->)", re.S)


def run(folder, *words):
    """What it prints; its log goes to stderr."""
    done = subprocess.run([PROGRAM, *words], stdout=subprocess.PIPE, text=True, check=True,
                          cwd=folder)
    return [line if len(line) <= WIDEST else line[:WIDEST] + "..."
            for line in done.stdout.splitlines()]


def demo():
    with tempfile.TemporaryDirectory() as folder:
        lines = run(folder, "demo", "-n", "5000", "--data", "demo-data")
    return "\n".join(["$ loanstream demo -n 5000", *lines])


def on_kafka():
    lines = ["$ ./dev lab kafka up",
             "$ loanstream applicants generate -n 20000 > applications.jsonl"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([ROOT / "dev", "lab", "kafka", "up"], check=True)
        try:
            with open(f"{folder}/applications.jsonl", "w", encoding="utf-8") as feed:
                subprocess.run([PROGRAM, "applicants", "generate", "-n", "20000"], check=True,
                               stdout=feed)
            for command in ON_KAFKA.splitlines():
                lines += ["$ " + command, *run(folder, *command.split()[1:])]
        finally:
            subprocess.run([ROOT / "dev", "lab", "kafka", "down"], check=True)
    return "\n".join(lines)


def main():
    readme = ROOT / "README.md"
    text = readme.read_text()
    for name, make in (("demo", demo), ("kafka", on_kafka)):
        if "--check" in sys.argv:
            found = marks(name).search(text)
            if not found or "PROVED:" not in found[2] or "NOT PROVED" in found[2]:
                return 1
        else:
            block = f"```\n{make()}\n```\n"
            text = marks(name).sub(lambda found: found[1] + block + found[3], text)
    if "--check" not in sys.argv:
        readme.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

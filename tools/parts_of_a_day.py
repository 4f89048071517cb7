"""Writes into docs/table.md how many parts a day has and how large its files come out, between the
marks there.

  python3 tools/parts_of_a_day.py [--print]

Measured: the size of one commit's file, and of what merging makes of the rows of one part, or of
200,000 of them (generated applications, shipped policy). Computed from these: the parts of a day
that has a commit every two seconds, by the limits of docs/delivery.md.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build/release/loanstream"
MARKS = re.compile(r"(<!-- parts of a day -->\n)(.*?)(<!-- end -->)", re.S)
COMMITS = 86_400 // 2
MOST_ROWS = 200_000  # a larger part's bytes are computed from so many
FILES, FILES_LATER, SMALL_PARTS, PART_BYTES = 500, 5_000, 20, 128 << 20


def run(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def landed(rows, *words):
    """Bytes of the prediction files of so many generated applications, landed in one run."""
    with tempfile.TemporaryDirectory() as folder:
        file, data = f"{folder}/applications.jsonl", f"{folder}/data"
        pathlib.Path(file).write_text(run("applicants", "generate", "-n", rows, "--seed", 1,
                                          "--dirty", 0))
        run("topic", "create", "--data", data)
        run("source", "--file", file, "--once", "--quiet", "--data", data)
        run("stream", "--once", "--quiet", "--data", data, "--set", "table.merge=off")
        if words:
            run("table", *words, "--data", data)
        files = json.loads(run("table", "files", "--json", "--data", data))
        mine = [file for file in files if file["table"] == "prediction"]
        return sum(file["bytes"] for file in mine), len(mine)


def day(rate):
    rows = 2 * rate
    file_bytes, _ = landed(rows)
    files = {limit: min(limit, max(1, PART_BYTES // file_bytes)) for limit in (FILES, FILES_LATER)}
    early = min(COMMITS, SMALL_PARTS * files[FILES])
    parts = -(-early // files[FILES]) + -(-(COMMITS - early) // files[FILES_LATER])
    limit = FILES if early == COMMITS else FILES_LATER
    largest = min(files[limit], COMMITS) * rows
    merged, _ = landed(min(largest, MOST_ROWS), "merge", "--seal")
    merged = merged * largest // min(largest, MOST_ROWS)
    return [f"{rate:,}", size(file_bytes), f"{COMMITS:,}", f"{parts:,}", f"{largest:,}",
            size(merged), f"{-(-merged // PART_BYTES)}"]


def size(count):
    return f"{count / 1024:,.0f} KiB" if count < 1 << 20 else f"{count / (1 << 20):,.1f} MiB"


def main():
    heads = ["records/s", "a commit's file", "files landed", "parts", "rows of a part, at most",
             "merged", "files of it"]
    rows = [heads, ["---"] * len(heads)] + [day(rate) for rate in (1, 100, 10_000)]
    block = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    if "--print" in sys.argv:
        print(block)
        return
    page = ROOT / "docs/table.md"
    page.write_text(MARKS.sub(lambda found: found[1] + block + found[3], page.read_text()))


if __name__ == "__main__":
    main()

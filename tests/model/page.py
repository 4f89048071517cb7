"""The examples of docs/delivery.md as the bytes of log entries.

python3 tests/model/page.py --rewrite  puts the right `sum` and `prev` into the page.
"""
import hashlib
import json
import pathlib
import re
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "delivery.md"
ZEROS = "0" * 64


def examples(text):
    """The JSON blocks of the page, as written."""
    return re.findall(r"^```json\n(.*?)^```$", text, re.M | re.S)


def bytes_of(entry):
    """An entry as it lies in the log: one line, no spaces."""
    line = json.dumps(entry, separators=(",", ":"), ensure_ascii=False)
    return (line + "\n").encode()


def sealed(entry, prev):
    """The entry with its two checksums, and the checksum that the next one names."""
    entry = dict(entry, sum=ZEROS, prev=prev)
    entry["sum"] = hashlib.sha256(bytes_of(entry)).hexdigest()
    return entry, hashlib.sha256(bytes_of(entry)).hexdigest()


def rewritten(text):
    prev = ""
    for block in examples(text):
        entry, following = sealed(json.loads(block), prev)
        fixed = re.sub(r'"sum": "[0-9a-f]*"', '"sum": "%s"' % entry["sum"], block, count=1)
        fixed = re.sub(r'"prev": "[0-9a-f]*"', '"prev": "%s"' % prev, fixed, count=1)
        text = text.replace(block, fixed)
        prev = following
    return text


if __name__ == "__main__":
    if sys.argv[1:] != ["--rewrite"]:
        sys.exit(__doc__)
    PAGE.write_text(rewritten(PAGE.read_text()))

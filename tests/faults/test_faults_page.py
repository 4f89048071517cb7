"""docs/faults.md names only cases, stories and tests that are there."""

import re

import pytest

from support.program import ROOT

PAGE = (ROOT / "docs/faults.md").read_text()
CASES = {line.split("\t")[0] for line in (ROOT / "tests/data/cleaning.tsv").read_text()
         .splitlines()}
STORIES = {name for path in (ROOT / "tests/flow").glob("*.story")
           for name in re.findall(r"^# name: +(.*)$", path.read_text(), re.M)}
TESTS = {name for path in (ROOT / "tests").rglob("test_*.py")
         for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)}
TESTS |= {name for path in (ROOT / "src").rglob("*_test.cc")
          for name in re.findall(r"^TEST\w*\(\w+, (\w+)\)", path.read_text(), re.M)}
SHOWN = [cell for line in PAGE.splitlines() if line.startswith("| ")
         for cell in [line.rstrip(" |").rsplit("| ", 1)[1]] if ": " in cell]


def test_every_row_names_what_shows_it():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    heads = sum(line.startswith("| what |") for line in rows)
    assert len(SHOWN) == len(rows) - heads > 35


@pytest.mark.parametrize("shown", SHOWN)
def test_it_is_there(shown):
    kind, _, name = shown.partition(": ")
    if kind == "test":
        assert set(name.removesuffix(" ").split(", ")) <= TESTS
    else:
        assert name in {"case": CASES, "story": STORIES}[kind]

"""table compare as a lender runs it: the old job's output beside ours, in every form; the page."""

import html.parser
import json
import os
import pathlib
import subprocess

import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest

from support.program import PROGRAM, run

OLD = """annual_inc,data,funded_amnt,member_id,status
65000.0,0.1,5000,1,approved
20000,0.2,1000,2,review
30000,0.3,3000,3,approved
"""
NEW = """member_id,status,funded_amnt,data,annual_inc,rule
3,declined,3000,0.3,30000,a
1,approved,5000.0,0.10000000149,65000,b
2,review,1000,0.25,20000,c
"""
KEY = ["--key", "member_id"]


@pytest.fixture(name="old")
def old_file(tmp_path):
    (tmp_path / "old.csv").write_text(OLD)
    return tmp_path / "old.csv"


@pytest.fixture(name="new")
def new_file(tmp_path):
    (tmp_path / "new.csv").write_text(NEW)
    return tmp_path / "new.csv"


@pytest.fixture(name="landed", scope="module")
def landed_data(tmp_path_factory):
    """A table of ours, and an export of it as another job would write one."""
    folder = tmp_path_factory.mktemp("landed")
    feed = folder / "feed.jsonl"
    feed.write_text(run("applicants", "generate", "-n", 500, "--seed", 3, "--dirty", 0.05).out)
    for part in range(2):
        run("source", "--file", feed, "--once", "--quiet", data=folder / "data")
        run("stream", "--once", "--quiet", "--set", "table.merge=off", data=folder / "data")
    exported = run("table", "sql", "--csv", "select annual_inc, data, funded_amnt, member_id, "
                   "status, source_offset from prediction", data=folder / "data").out
    (folder / "old.csv").write_text(exported)
    return folder


def verdict(done):
    return done.out.splitlines()[-1]


def test_text_says_what_differs(old, new):
    done = run("table", "compare", old, new, *KEY, expect=1)
    assert "review|       0|     1|" in done.out.replace("||", "|"), done.out
    assert "approved -> declined: 1 row: 3\n" in done.out
    assert "approved money: 8,000 old, 5,000 new, -3,000 net\n" in done.out
    assert "score (data): 1 of 3 rows change by more than 1e-06\n" in done.out
    assert f"columns only in {new}: rule\n" in done.out
    assert verdict(done) == "DIFFERS: 2 rows with another value"
    assert verdict(run("table", "compare", old, old, *KEY)).startswith("SAME: 3 rows of 3 keys")
    same = run("table", "compare", old, new, *KEY, "--columns", "annual_inc,funded_amnt")
    assert "status is not compared\n" in same.out
    assert verdict(run("table", "compare", old, new, *KEY, "--tolerance", "0.2",
                       expect=1)) == "DIFFERS: 1 row with another value"


def test_json(old, new):
    found = json.loads(run("table", "compare", old, new, *KEY, "--json", expect=1).out)
    assert found["same"] is False and found["rows_compared"] == 3
    (moved,) = [move for move in found["status"]["matrix"] if move["old"] != move["new"]]
    assert (moved["old"], moved["new"], moved["rows"], moved["funded_old"]) == (
        "approved", "declined", 1, 3000)
    assert moved["examples"] == [{"key": "3", "old_row": 3, "new_row": 1}]
    assert found["approved_money"] == {"old": 8000, "new": 5000, "net": -3000}
    assert found["score"]["examples"] == [
        {"key": "2", "old_row": 2, "new_row": 3, "old": "0.2", "new": "0.25"}]
    assert found["new"]["columns_only_here"] == ["rule"]
    none = json.loads(run("table", "compare", old, new, *KEY, "--limit", 0, "--json",
                          expect=1).out)
    assert none["score"]["examples"] == [] and none["score"]["changed"] == 1


class Page(html.parser.HTMLParser):
    """Tags that are open must close in order; nothing may be fetched."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.seen = [], "", set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert not {"src", "href", "onclick"} & {name for name, _ in attrs}, attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_page_stands_alone(old, new, tmp_path):
    old.write_text(OLD + '1,0.1,1,"<script>alert(1)</script>",approved\n')
    new.write_text(NEW + '"<script>alert(1)</script>",declined,1,0.9,1,"<b>"\n')
    page = tmp_path / "page.html"
    run("table", "compare", old, new, *KEY, "--html", page, expect=1)
    parser = Page()
    parser.feed(page.read_text())
    assert not parser.open and "script" not in parser.seen and "table" in parser.seen
    assert "<script>alert(1)</script>" in parser.text
    assert "Approved money: 8,001 old, 5,000 new, -3,001 net" in parser.text
    assert "prefers-color-scheme" in page.read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new.csv", "old.csv", "page.html"]


def test_every_type_that_another_writer_uses(old, tmp_path):
    """pyarrow with large text, dictionaries, decimals and wide numbers; gz; a folder of parts."""
    table = pyarrow.csv.read_csv(old)
    odd = pyarrow.table({
        "annual_inc": table["annual_inc"].cast(pyarrow.decimal128(12, 2)),
        "data": table["data"].cast(pyarrow.float32()),
        "funded_amnt": table["funded_amnt"].cast(pyarrow.int64()),
        "member_id": table["member_id"].cast(pyarrow.float64()),
        "status": table["status"].cast(pyarrow.large_string()).dictionary_encode(),
        "tags": [["a"], [], ["b", "c"]]})
    folder = tmp_path / "spark"
    for part in range(3):
        place = folder / f"dt=2026-11-2{part}"
        place.mkdir(parents=True)
        pyarrow.parquet.write_table(odd.slice(part, 1), place / f"part-0000{part}.zstd.parquet")
    (folder / "_SUCCESS").write_text("")
    done = run("table", "compare", old, folder, *KEY)
    assert verdict(done) == "SAME: 3 rows of 3 keys, alike in 4 columns"
    run("table", "compare", old, f"{folder}/dt=*/*.parquet", *KEY)
    subprocess.run(["gzip", "-k", old], check=True)
    run("table", "compare", f"{old}.gz", folder, *KEY)


def test_against_the_live_table(landed, tmp_path):
    data = landed / "data"
    done = run("table", "compare", landed / "old.csv", "--key", "source_offset", data=data)
    assert "columns only in" in done.out and verdict(done).startswith("SAME: "), done.out
    assert [p.name for p in data.iterdir() if "reading" in p.name] == []
    missing = run("table", "compare", landed / "old.csv", *KEY, "--html", tmp_path / "p",
                  data=tmp_path / "none", expect=3)
    assert "there is no table yet" in missing.err and missing.out == ""
    inside = run("table", "compare", landed / "old.csv", data, *KEY, expect=2)
    assert "is a warehouse of loanstream" in inside.err


WRONG = [
    ([], 2, "takes OLD and NEW"),
    (["old.csv", "new.csv"], 2, "--key is missing"),
    (["old.csv", "new.csv", "new.csv", *KEY], 2, "takes OLD and NEW"),
    (["old.csv", "new.csv", "--key", "member"], 2, "no column 'member'"),
    (["old.csv", "new.csv", "--key", "member_id,"], 2, "holds an empty name"),
    (["old.csv", "new.csv", *KEY, "--columns", "rule"], 2, "no column 'rule'"),
    (["old.csv", "new.csv", *KEY, "--tolerance", "-1"], 2, "--tolerance"),
    (["old.csv", "new.csv", *KEY, "--limit", "x"], 2, "--limit"),
    (["old.xlsx", "new.csv", *KEY], 2, "the ending tells no format"),
    (["none.csv", "new.csv", *KEY], 3, "none.csv: cannot be opened; "),
    (["torn.parquet", "new.csv", *KEY], 3, "torn.parquet: Parquet: "),
    (["torn.csv.gz", "new.csv", *KEY], 3, "torn.csv.gz: the gz data is broken"),
    (["ragged.csv", "new.csv", *KEY], 3, "ragged.csv:2: 1 values in a row of 2 columns; "),
    (["empty", "new.csv", *KEY], 3, "empty: no file of rows is there"),
    (["old.csv", "new.csv", *KEY, "--html", "none/page.html"], 3, "none/page.html"),
]


@pytest.mark.parametrize("words, status, line", WRONG, ids=lambda case: str(case)[:40])
def test_what_is_wrong_takes_one_line(words, status, line, old, new, tmp_path):
    assert old.parent == new.parent == tmp_path
    (tmp_path / "old.xlsx").write_text("x")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1" + bytes(100))
    (tmp_path / "torn.csv.gz").write_bytes(b"\x1f\x8b\x08" + os.urandom(200))
    (tmp_path / "ragged.csv").write_text("member_id,status\n1\n")
    (tmp_path / "empty").mkdir()
    done = subprocess.run([PROGRAM, "table", "compare", *words], cwd=tmp_path, timeout=60,
                          capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    assert line in done.stderr and done.stderr.count("\n") == 1 and done.stdout == "", done.stderr
    assert not list(pathlib.Path(tmp_path).glob("*.part"))

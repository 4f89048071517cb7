"""What is landed is what the oracle decides: our own feeds always, real files where given."""

import gzip
import json
import os
import pathlib

import pytest

from oracle import compare
from oracle.test_cleaning import cases
from support.program import ROOT, run, run_json

REAL = os.environ.get("LOANSTREAM_TEST_DATA")
POLICIES = ["lendingclub", "fintech-classic"]
TOPIC = "fintech_pyspark"


def land_and_compare(feed, policy, data):
    run("source", TOPIC, "--file", feed, "--once", "--quiet", data=data)
    run("stream", TOPIC, "--once", "--quiet", "--policy", policy, data=data, timeout=300)
    report = run_json("table", "prove", "--complete", data=data)
    assert report["proved"], report
    wrong = compare.differences(data / "topics" / TOPIC, data / "warehouse",
                                ROOT / f"policies/{policy}.toml")
    assert wrong == []
    return run_json("table", "show", data=data)


@pytest.mark.parametrize("policy", POLICIES)
def test_generated_and_dirty(tmp_path, policy):
    feed = tmp_path / "generated.jsonl"
    feed.write_text(run("applicants", "generate", "-n", 3000, "--seed", 11, "--dirty", 0.3).out)
    assert land_and_compare(feed, policy, tmp_path / "data")["records"] == 3000


@pytest.mark.parametrize("policy", POLICIES)
def test_the_records_of_the_table_of_cases(tmp_path, policy):
    """Every record of tests/data/cleaning.tsv that a line can hold, through the whole line."""
    feed = tmp_path / "cases.jsonl"
    # The source leaves out blank lines of a file, by name; tests/flow has the empty record.
    records = [r for r in (case.values[1] for case in cases()) if r and b"\n" not in r]
    feed.write_bytes(b"".join(record.replace(b"\r", b" ") + b"\n" for record in records))
    assert land_and_compare(feed, policy, tmp_path / "data")["records"] == len(records)


def real_files():
    if not REAL:
        return [pytest.param(None, id="none", marks=pytest.mark.skip(
            reason="LOANSTREAM_TEST_DATA is not set"))]
    files = sorted(p for p in pathlib.Path(REAL).iterdir() if p.name.startswith("lc_"))
    return [pytest.param(p, id=p.name) for p in files]


def as_jsonl(path, folder):
    """LendingClub's REST listing is one document: its loans, one a line."""
    loans = json.loads(gzip.open(path).read())["loans"]
    feed = folder / "listing.jsonl"
    feed.write_text("".join(json.dumps(loan) + "\n" for loan in loans))
    return feed


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("path", real_files())
def test_real_rows(tmp_path, path, policy):
    feed = as_jsonl(path, tmp_path) if ".json" in path.name else path
    shown = land_and_compare(feed, policy, tmp_path / "data")
    assert shown["records"] > 0

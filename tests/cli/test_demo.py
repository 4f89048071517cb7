"""./dev demo's program: ends by itself, with the table, the dead letters and the proof."""

import os
import pathlib
import subprocess
import sys

import pytest

from oracle import compare
from support.program import ROOT, run, run_json

REAL = os.environ.get("LOANSTREAM_TEST_DATA")


def test_generated(tmp_path):
    data = tmp_path / "data"
    done = run("demo", "-n", "500", "--dirty", "0.2", data=data)
    assert "PROVED:" in done.out and "NOT PROVED" not in done.out
    assert "dead letters" in done.out
    assert run_json("table", "show", data=data)["records"] == 500


def test_for_a_time(tmp_path):
    done = run("demo", "--for", "2s", data=tmp_path / "data", timeout=60)
    assert "PROVED:" in done.out and "NOT PROVED" not in done.out


@pytest.mark.skipif(not REAL, reason="LOANSTREAM_TEST_DATA is not set")
def test_real_applications_through_the_whole_line(tmp_path):
    data = tmp_path / "data"
    feed = pathlib.Path(REAL) / "lc_2007_2011_a.csv.gz"
    done = run("demo", "--applicants", feed, data=data, timeout=300)
    assert "PROVED:" in done.out and "NOT PROVED" not in done.out
    assert "left out: 1 prospectus line, 1 divider, 2 totals" in done.out
    assert run_json("table", "show", data=data)["records"] == 21131
    topic = data / "topics" / "fintech_pyspark"
    assert compare.differences(topic, data / "warehouse") == []


def test_the_readme_holds_a_demo():
    subprocess.run([sys.executable, ROOT / "docs/snapshot.py", "--check"], check=True)

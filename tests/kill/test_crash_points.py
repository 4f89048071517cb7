"""Every crash point once: the process ends there, a restart goes on, and nothing is lost or twice.

The list is read from the code, so a new point is tested without a change here; a point that no run
below reaches fails.
"""

import os
import re

import pytest

from oracle import compare
from support.program import ROOT, run, run_json

RECORDS = 300
TOPIC = "fintech_pyspark"
POINTS = re.findall(r'X\(\w+, "([a-z-]+)"', (ROOT / "src/base/crash_points.h").read_text())
# What an earlier crash (at which arrival) must leave behind for recovery to have this work.
BEFORE = {"recovered-publish": "entry-synced:2", "swept": "file-synced"}
# One record a commit: every point is reached, seals, checkpoints and truncation too.
SMALL = {"LOANSTREAM_STREAM_BATCH_RECORDS": "1", "LOANSTREAM_TABLE_FILE_SIZE": "1KiB"}


@pytest.fixture(scope="module")
def applications(tmp_path_factory):
    path = tmp_path_factory.mktemp("feed") / "applications.jsonl"
    path.write_text(run("applicants", "generate", "-n", RECORDS, "--seed", 3, "--dirty", 0.1).out)
    return path


def crash(point, *words, data):
    done = run(*words, data=data, expect=None, env={**SMALL, "LOANSTREAM_CRASH_AT": point})
    assert done.returncode == 137, f"{point} was not reached: exit {done.returncode}\n{done.err}"


def holds(data):
    run("stream", TOPIC, "--once", "--quiet", data=data)
    report = run_json("table", "prove", "--complete", data=data)
    assert report["proved"], report
    assert compare.differences(data / "topics" / TOPIC, data / "warehouse") == []
    assert run_json("table", "show", data=data)["records"] == RECORDS


@pytest.mark.parametrize("point", POINTS)
def test_crash_at(tmp_path, applications, point):
    data = tmp_path / "data"
    source = ["source", TOPIC, "--file", applications, "--once", "--quiet"]
    stream = ["stream", TOPIC, "--once", "--quiet"]
    if point.startswith("topic-"):
        crash(point, *source, data=data)
        run(*source, data=data)
        holds(data)
        return
    run(*source, data=data)
    if point == "replay-put":
        run(*stream, data=data)
        (dead, *_) = run_json("dead", "list", data=data)["groups"]
        crash(point, "dead", "replay", dead["example"], data=data)
        run(*stream, data=data)
        query = f"select count(*) as n from dead_letters where source_topic = '{TOPIC}.repaired'"
        assert run_json("table", "sql", query, data=data) == [{"n": 1}]
        assert run_json("table", "prove", "--complete", data=data)["proved"]
        return
    if point in BEFORE:
        crash(BEFORE[point], *stream, data=data)
    crash(point, *stream, data=data)
    holds(data)


@pytest.mark.skipif(not os.environ.get("LOANSTREAM_FULL"), reason="the long form")
@pytest.mark.parametrize("point", [p for p in POINTS if not p.startswith(("topic-", "replay-"))])
def test_crash_there_again_during_recovery(tmp_path, applications, point):
    """The same point armed on every restart until the run no longer reaches it."""
    data = tmp_path / "data"
    run("source", TOPIC, "--file", applications, "--once", "--quiet", data=data)
    if point in BEFORE:
        crash(BEFORE[point], "stream", TOPIC, "--once", "--quiet", data=data)
    for _ in range(20):
        done = run("stream", TOPIC, "--once", "--quiet", data=data, expect=None,
                   env={**SMALL, "LOANSTREAM_CRASH_AT": point})
        assert done.returncode in (0, 137), done.err
        if done.returncode == 0:
            break
    holds(data)

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
KAFKA = ("asked-back", "sink-delivered")  # reached only where there are brokers: tests/kafka
POINTS = [point for point in re.findall(r'X\(\w+, "([a-z-]+)"',
                                        (ROOT / "src/base/crash_points.h").read_text())
          if point not in KAFKA]
# What an earlier crash (at which arrival) must leave behind for recovery to have this work.
BEFORE = {"recovered-publish": "entry-synced:2", "swept": "file-synced"}
# One record a commit: every point is reached, seals, checkpoints and truncation too.
SMALL = {"LOANSTREAM_STREAM_BATCH_RECORDS": "1", "LOANSTREAM_TABLE_FILE_SIZE": "1KiB"}
# Reached by the merger, over parts of several files each.
MERGING = ("merge-written", "merge-put", "exchanged", "switched", "input-deleted", "inputs-gone")
PARTS = {"LOANSTREAM_STREAM_BATCH_RECORDS": "10", "LOANSTREAM_TABLE_COMMIT_EVERY": "1ms",
         "LOANSTREAM_TABLE_MAX_OPEN_FILES": "5", "LOANSTREAM_TABLE_GRACE": "0"}


@pytest.fixture(scope="module")
def applications(tmp_path_factory):
    path = tmp_path_factory.mktemp("feed") / "applications.jsonl"
    path.write_text(run("applicants", "generate", "-n", RECORDS, "--seed", 3, "--dirty", 0.1).out)
    return path


def crash(point, *words, data, env=None):
    done = run(*words, data=data, expect=None,
               env={**(env or SMALL), "LOANSTREAM_CRASH_AT": point})
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
    if point in MERGING:
        run(*stream, data=data, env=PARTS)
        if point.startswith("input"):  # of an earlier merge
            run("table", "merge", "--seal", data=data, env=PARTS)
        crash(point, "table", "merge", "--seal", data=data, env=PARTS)
        merges_to_the_end(data)
        return
    if point in BEFORE:
        crash(BEFORE[point], *stream, data=data)
    crash(point, *stream, data=data)
    holds(data)


def merges_to_the_end(data):
    """Other processes go on with what one left: every part is merged, and nothing is left over."""
    holds(data)
    for _ in range(2):
        run("table", "merge", "--seal", data=data, env=PARTS)
    holds(data)
    files = run_json("table", "files", data=data)
    assert len(files) == len({(f["table"], f["part"]) for f in files})
    left = [p for p in (data / "warehouse/_loanstream/retired").rglob("*") if p.is_file()]
    assert left == []


@pytest.mark.skipif(not os.environ.get("LOANSTREAM_FULL"), reason="the long form")
@pytest.mark.parametrize("point", [p for p in POINTS if not p.startswith(("topic-", "replay-")) and
                                   p not in MERGING])
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


@pytest.mark.skipif(not os.environ.get("LOANSTREAM_FULL"), reason="the long form")
@pytest.mark.parametrize("point", MERGING)
def test_merging_crashes_there_again_and_again(tmp_path, applications, point):
    data = tmp_path / "data"
    run("source", TOPIC, "--file", applications, "--once", "--quiet", data=data)
    run("stream", TOPIC, "--once", "--quiet", data=data, env=PARTS)
    for _ in range(200):
        done = run("table", "merge", "--seal", data=data, expect=None,
                   env={**PARTS, "LOANSTREAM_CRASH_AT": point})
        assert done.returncode in (0, 137), done.err
        if done.returncode == 0 and "deleted" in done.out:
            break
    merges_to_the_end(data)

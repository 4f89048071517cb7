"""`stream --until`, and a stream of several lines, on an embedded topic."""

import json
import time

import pytest

from oracle import compare
from support.program import Process, run, run_json, wait_until

TOPIC = "fintech_pyspark"


def produce(folder, count, seed=1, partitions=4):
    data = folder / "data"
    if not (data / "topics").exists():
        run("topic", "create", TOPIC, "--partitions", partitions, data=data)
    feed = folder / f"feed-{seed}.jsonl"
    feed.write_text(run("applicants", "generate", "-n", count, "--seed", seed,
                        "--dirty", "0.02").out)
    run("source", TOPIC, "--file", feed, "--once", "--quiet", data=data)
    return data


def places(data):
    """The table's next offset and the topic's end, by partition; empty: there is no table yet."""
    shown = run("table", "show", "--json", data=data, expect=None)
    if shown.returncode != 0:
        return {}
    found = {int(p["source"].rsplit("/", 1)[1]): p["next"]
             for p in json.loads(shown.out)["partitions"]}
    topic = data / "topics" / TOPIC
    return {p: (next, (topic / f"{p}.jsonl").read_bytes().count(b"\n"))
            for p, next in found.items()}


def test_until_an_offset(tmp_path):
    data = produce(tmp_path, 2000)
    run("stream", TOPIC, "--until", 100, "--quiet", data=data)
    assert {next for next, _ in places(data).values()} == {100}
    assert run_json("table", "prove", data=data)["proved"]
    run("stream", TOPIC, "--until", 100, "--quiet", data=data)  # it is there already
    assert {next for next, _ in places(data).values()} == {100}
    run("stream", TOPIC, "--once", "--quiet", data=data)
    assert all(next == mark for next, mark in places(data).values())
    assert run_json("table", "prove", "--complete", data=data)["proved"]
    assert compare.differences(data / "topics" / TOPIC, data / "warehouse") == []


def test_until_an_offset_that_is_not_there_yet(tmp_path):
    data = produce(tmp_path, 200, partitions=1)
    stream = Process("stream", TOPIC, "--until", 300, "--quiet", data=data, folder=tmp_path)
    wait_until(lambda: 'committed' in stream.text(), 30, "what is there is landed")
    assert stream.alive()
    produce(tmp_path, 200, seed=2)
    assert stream.wait(60) == 0, stream.text()
    assert places(data) == {0: (300, 400)}
    stream.close()


def test_until_a_time(tmp_path):
    """The topic keeps the time of each append: what came after it is not read."""
    data = produce(tmp_path, 300)
    time.sleep(0.05)  # the two appends are at different milliseconds
    between = int(time.time() * 1000)
    time.sleep(0.05)
    produce(tmp_path, 300, seed=2)
    run("stream", TOPIC, "--until", f"time:{between}", "--quiet", data=data)
    assert sum(next for next, _ in places(data).values()) == 300
    # The time has passed: what is there is the end, also of partitions to which nothing comes.
    run("stream", TOPIC, "--until", f"time:{int(time.time() * 1000)}", "--quiet", data=data)
    assert sum(next for next, _ in places(data).values()) == 600
    assert run_json("table", "prove", "--complete", data=data)["proved"]


@pytest.mark.parametrize("wrong", ["tomorrow", "-1", "5,6", "time:noon", "time:2026-13-01"])
def test_an_end_that_is_none(tmp_path, wrong):
    done = run("stream", TOPIC, f"--until={wrong}", data=tmp_path, expect=2)
    assert len(done.err.splitlines()) == 1 and wrong.removeprefix("time:") in done.err


@pytest.mark.parametrize("words", [(), ("--partitions", "0,1,3"), ("--until", "400")])
def test_several_lines(tmp_path, words):
    data = produce(tmp_path, 3000)
    run("stream", TOPIC, "--once", "--quiet", *words, data=data,
        env={"LOANSTREAM_STREAM_THREADS": "3"})
    found = places(data)
    if words == ("--until", "400"):
        assert {next for next, _ in found.values()} == {400}
    elif words:
        assert sorted(found) == [0, 1, 3]
    assert all(next == min(mark, 400 if "--until" in words else mark)
               for next, mark in found.values())
    assert run_json("table", "prove", data=data)["proved"]
    run("stream", TOPIC, "--once", "--quiet", data=data)
    assert run_json("table", "prove", "--complete", data=data)["proved"]
    assert compare.differences(data / "topics" / TOPIC, data / "warehouse") == []


def test_lines_share_out_partitions_and_stop_together(tmp_path):
    data = produce(tmp_path, 400)
    stream = Process("stream", TOPIC, "--quiet", data=data, folder=tmp_path,
                     env={"LOANSTREAM_STREAM_THREADS": "8",
                          "LOANSTREAM_TABLE_COMMIT_EVERY": "200ms"})
    wait_until(lambda: sum(n for n, _ in places(data).values()) == 400, 60, "all landed")
    produce(tmp_path, 400, seed=2)
    wait_until(lambda: sum(n for n, _ in places(data).values()) == 800, 60, "all landed")
    assert stream.terminate() == 0, stream.text()
    assert stream.text().count("event=partition_claimed ") == 4
    assert stream.text().count("event=stream_stopped ") == 1
    members = set()
    for entry in (data / "warehouse/_loanstream/log").iterdir():
        text = entry.read_text()
        if '"kind":"claim"' in text:
            members.add(text.split('"member":"')[1].split('"')[0])
    assert len(members) == 4, "each line is a member of its own"
    stream.close()


def test_a_line_that_fails_stops_the_others(tmp_path):
    data = produce(tmp_path, 400)
    stream = Process("stream", TOPIC, "--quiet", data=data, folder=tmp_path,
                     env={"LOANSTREAM_STREAM_THREADS": "4",
                          "LOANSTREAM_TABLE_COMMIT_EVERY": "200ms"})
    wait_until(lambda: sum(n for n, _ in places(data).values()) == 400, 60, "all landed")
    # A newer owner fences one of them; the lock file of the partition is no hindrance to it.
    (data / "warehouse/_loanstream/locks" / f"{TOPIC}-2.lock").unlink()
    other = Process("stream", TOPIC, "--partitions", "2", "--quiet", data=data, folder=tmp_path)
    wait_until(lambda: "event=partition_claimed " in other.text(), 30, "the other has it")
    produce(tmp_path, 400, seed=2)
    assert stream.wait(60) == 3, stream.text()
    assert "another process has taken over the partition" in stream.text()
    assert other.terminate() == 0, other.text()
    run("stream", TOPIC, "--once", "--quiet", data=data)
    assert run_json("table", "prove", "--complete", data=data)["proved"]
    for process in (stream, other):
        process.close()

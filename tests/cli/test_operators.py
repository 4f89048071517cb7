"""What night operators see of a running stream and do to it: pages, pause, review-all, why."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import urllib.error
import urllib.request

import pytest

from support.program import Process, run, wait_until

TOPIC = "fintech_pyspark"
LINE = '{"loan_amnt":"5000","annual_inc":"60000","dti":"5","grade":"A","id":"%d"}'


def append(data, first, count):
    with open(data / f"topics/{TOPIC}/0.jsonl", "a", encoding="utf-8") as topic:
        topic.write("".join(LINE % i + "\n" for i in range(first, first + count)))


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Stream:
    def __init__(self, data, folder, *words, port="1"):
        # Port 1 is never ours: any free one is taken, and told.
        self.process = Process("stream", "--quiet", "--set", f"metrics.port={port}", "--set",
                               "table.commit_every=100ms", *words, data=data, folder=folder)
        self.url = wait_until(self._served, 30, "metrics_served")

    def _served(self):
        found = re.search(r"event=metrics_served .* url=(\S+)", self.process.text())
        return found and found[1]

    def metrics(self):
        status, text = get(self.url + "/metrics")
        assert status == 200
        return {k: float(v) for k, v in re.findall(r"^(loanstream_\S+) (\S+)$", text, re.M)}

    def ready(self):
        status, text = get(self.url + "/health/ready")
        answer = json.loads(text)
        assert (status == 200) == answer["ready"]
        return answer.get("reason", "")

    def landed(self):
        return self.metrics()["loanstream_committed_records_total"]


@pytest.fixture(name="data")
def a_topic(tmp_path):
    run("topic", "create", TOPIC, data=tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture(name="start")
def starter(data, tmp_path):
    started = []

    def start(*words, at=data, **more):
        started.append(Stream(at, tmp_path, *words, **more))
        return started[-1]
    yield start
    for stream in started:
        stream.process.close()


def test_pages_of_a_running_stream(data, start):
    stream = start()
    append(data, 0, 50)
    wait_until(lambda: stream.landed() == 50, 30, "50 records")
    assert get(stream.url + "/health/live") == (200, '{"live":true}\n')
    assert stream.ready() == ""
    found = stream.metrics()
    of = f'{{topic="{TOPIC}",partition="0"}}'
    assert found["loanstream_lag_records" + of] == 0
    assert found["loanstream_watermark_offset" + of] == 50
    assert found["loanstream_ready"] == 1 and found["loanstream_stuck"] == 0
    assert 0 <= found["loanstream_commit_age_seconds"] < 60
    assert found["loanstream_disk_free_bytes"] > 0
    assert get(stream.url + "/none")[0] == 404
    assert stream.process.terminate() == 0


def test_a_second_stream_waits_and_takes_another_port(data, start):
    first = start()
    port = first.url.rsplit(":", 1)[1]
    second = start(port=port)
    assert second.url != first.url
    assert f"taken={port}" in second.process.text()
    wait_until(lambda: first.ready() == "", 30, "ready")
    wait_until(lambda: second.ready() == "waiting: another process", 30, "waiting")
    first.process.kill()
    wait_until(lambda: second.ready() == "", 30, "taken over")


@contextlib.contextmanager
def small_disk(folder, size):
    """A disk of its own, as seen by a process that keeps it until the end."""
    flags = "-m" if os.geteuid() == 0 else "-rm"
    keeps = f"mount -t tmpfs -o size={size} tmpfs {folder}; echo mounted; exec sleep infinity"
    with subprocess.Popen(["unshare", flags, "bash", "-euc", keeps],
                          stdout=subprocess.PIPE) as keeper:
        try:
            assert keeper.stdout.readline() == b"mounted\n"
            yield pathlib.Path(f"/proc/{keeper.pid}/root{folder}")
        finally:
            keeper.kill()


def test_a_disk_that_fills_and_has_room_again(tmp_path, start):
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk", "100m") as disk:
        run("topic", "create", TOPIC, data=disk / "data")
        stream = start(at=disk / "data")
        wait_until(lambda: stream.ready() == "", 30, "ready")
        (disk / "filler").write_bytes(b"x" * (60 << 20))
        wait_until(lambda: stream.ready() == "disk full", 30, "not ready")
        assert stream.metrics()["loanstream_ready"] == 0
        assert 0 < stream.metrics()["loanstream_disk_free_bytes"] < 64 << 20
        # Nothing waits yet, so nothing is held up; the process says what is coming.
        assert [one["reason"] for one in why_of(disk / "data", 0)["processes"]] == ["disk full"]
        append(disk / "data", 0, 10)  # what room there is serves
        wait_until(lambda: stream.landed() == 10, 30, "10 records")
        (disk / "filler").unlink()
        wait_until(lambda: stream.ready() == "", 30, "ready again")
        wait_until(lambda: re.search(r'event=ready .*was="disk full"', stream.process.text()), 30,
                   "the log says so")
        assert stream.process.terminate() == 0


def test_no_pages_when_they_are_off(data, tmp_path):
    done = run("stream", "--once", "--quiet", "--set", "metrics.port=0", data=data)
    assert "metrics_served" not in done.err


def order(verb, *words, data, why="a test", expect=0, **more):
    return run(*verb.split(), *words, "--by", "ann", "--why", why, data=data, expect=expect, **more)


def why_of(data, expect):
    return json.loads(run("why", "--json", data=data, expect=expect).out)


@pytest.mark.parametrize("verb, stage", [("pause", "paused"), ("drain", "drained")])
def test_held_over_a_restart_until_resume(data, start, verb, stage):
    stream = start()
    append(data, 0, 10)
    wait_until(lambda: stream.landed() == 10, 30, "10 records")
    order(verb, data=data, why="the core banking system is down")
    wait_until(lambda: stream.ready() == "paused", 30, "paused")
    assert stream.metrics()["loanstream_paused_partitions"] == 1
    append(data, 10, 5)
    (line,) = why_of(data, 1)["partitions"]
    assert (line["stage"], line["by"], line["lag"]) == (stage, "ann", 5)
    assert line["why"] == "the core banking system is down"
    assert line["type"].startswith("loanstream resume embedded " + TOPIC)
    assert stream.process.terminate() == 0

    again = start()
    wait_until(lambda: again.ready() == "paused", 30, "paused after a restart")
    assert again.landed() == 0
    order("resume", data=data)
    wait_until(lambda: again.landed() == 5, 30, "the rest")
    wait_until(lambda: again.ready() == "", 30, "ready")
    assert "event=partition_held" in again.process.text()
    assert "event=partition_resumed" in again.process.text()
    assert again.process.terminate() == 0
    assert why_of(data, 0)["held_up"] is False
    assert "PROVED" in run("table", "prove", "--complete", data=data).out


def test_once_passes_over_what_is_paused(data):
    append(data, 0, 3)
    run("stream", "--once", "--quiet", data=data)
    order("pause", data=data)
    append(data, 3, 3)
    run("stream", "--once", "--quiet", data=data)
    assert run_lag(data) == 3
    order("resume", data=data)
    run("stream", "--once", "--quiet", data=data)
    assert run_lag(data) == 0


def run_lag(data):
    return sum(line["lag"] for line in json.loads(
        run("why", "--json", data=data, expect=None).out)["partitions"])


def test_one_partition_is_paused_and_the_others_go_on(data, start):
    run("topic", "create", "two", "--partitions", "2", data=data)

    def produce():
        for p in (0, 1):
            with open(data / f"topics/two/{p}.jsonl", "a", encoding="utf-8") as topic:
                topic.write(LINE % p + "\n")
    produce()
    stream = start("embedded", "two")
    wait_until(lambda: stream.landed() == 2, 30, "both")
    order("pause", "two", "--partition", "1", data=data)
    held = "loanstream_paused_partitions"
    wait_until(lambda: stream.metrics()[held] == 1, 30, "one is paused")
    assert stream.ready() == "", "the other goes on"
    produce()
    wait_until(lambda: stream.landed() == 3, 30, "partition 0")
    report = json.loads(run("why", "two", "--json", data=data, expect=1).out)
    assert {line["partition"]: line["lag"] for line in report["partitions"]} == {0: 0, 1: 1}
    assert report["partitions"][1]["type"].endswith(" --partition 1")
    order("pause", "two", data=data)
    said = order("resume", "two", "--partition", "1", data=data, expect=1)
    assert "without --partition" in said.err
    order("resume", "two", data=data)
    wait_until(lambda: stream.landed() == 4, 30, "all")


def test_orders_that_change_nothing_are_refused(data):
    assert "--why" in run("pause", data=data, expect=2).err
    order("pause", data=data, expect=1)  # no table yet
    append(data, 0, 1)
    run("stream", "--once", "--quiet", data=data)
    assert "never read" in order("pause", "none", data=data, expect=1).err
    assert "never read" in order("pause", "--partition", "7", data=data, expect=1).err
    assert "--partition" in order("pause", "--partition", "x", data=data, expect=2).err
    assert "no order" in order("resume", data=data, expect=1).err
    order("pause", data=data, why="first")
    assert "ann: first" in order("pause", data=data, expect=1).err
    order("drain", data=data)
    order("resume", data=data)
    assert "not referred" in order("review-all off", data=data, expect=1).err


def test_an_order_outlives_its_checkpoint_and_older_programs_refuse_it(data):
    few = ["--set", "table.checkpoint_every=5"]
    append(data, 0, 1)
    run("stream", "--once", "--quiet", data=data)
    order("review-all on", data=data)
    for first in range(1, 9):
        append(data, first, 1)
        run("stream", "--once", "--quiet", *few, data=data)
    log = sorted((data / "warehouse/_loanstream/log").iterdir())
    first = json.loads(log[0].read_text())
    assert first["kind"] == "checkpoint" and first["format"] == 2
    assert first["orders"][0]["order"] == "review_all" and first["orders"][0]["by"] == "ann"
    order("review-all off", data=data)
    for first in range(9, 17):
        append(data, first, 1)
        run("stream", "--once", "--quiet", *few, data=data)
    last = [json.loads(path.read_text())
            for path in sorted((data / "warehouse/_loanstream/log").iterdir())]
    assert {entry["format"] for entry in last} == {1} and "orders" not in last[0]


POOR = '{"loan_amnt":"5000","annual_inc":"9000","dti":"5","grade":"A"}\n'  # a rule declines it


def decide_one_more(data, stream):
    """A record that the policy declines; True when it was decided under the order."""
    before = stream.landed()
    with open(data / f"topics/{TOPIC}/0.jsonl", "a", encoding="utf-8") as topic:
        topic.write(POOR)
    wait_until(lambda: stream.landed() == before + 1, 30, "one more")
    return stream.metrics()["loanstream_review_all"] == 1


def test_everything_is_referred_while_the_order_stands(data, start):
    stream = start()
    assert not decide_one_more(data, stream)
    order("review-all on", data=data, why='model "7" is bad')
    wait_until(lambda: decide_one_more(data, stream), 30, "an order that is obeyed")
    append(data, 100, 20)
    wait_until(lambda: run_lag(data) == 0, 30, "all landed")
    assert "by ann" in why_of(data, 0)["review_all"]
    order("review-all off", data=data)
    wait_until(lambda: not decide_one_more(data, stream), 30, "the policy decides again")
    assert re.search(r"event=review_all .*by=ann", stream.process.text())
    assert "event=review_ends" in stream.process.text()
    rows = json.loads(run("table", "sql", "--json",
                          "select status, rule, evidence, reason_1, scored_by from prediction "
                          "order by source_offset", data=data).out)
    for row in rows:
        row["order"] = json.loads(row["evidence"]).get("review_all")
    marked = [row for row in rows if row["order"]]
    assert len(marked) >= 21 and rows[0]["order"] is None and rows[-1]["order"] is None
    assert {row["status"] for row in marked} == {"review"}
    assert {(row["order"]["by"], row["order"]["why"]) for row in marked} == \
        {("ann", 'model "7" is bad')}
    for row in marked:
        turned = row["order"]["instead_of"] != "review"
        assert (row["rule"] == "operator") == turned and row["reason_1"] is None
    assert "declined" in {row["order"]["instead_of"] for row in marked}
    plain = [row for row in rows if not row["order"]]
    assert {(row["status"], row["rule"]) for row in plain} == {("declined", "income_too_low")}
    assert {row["scored_by"] for row in marked if row["order"]["instead_of"] == "declined"} == \
        {row["scored_by"] for row in plain} == {"rule"}
    assert "PROVED" in run("table", "prove", data=data).out


def test_why_tells_what_to_type(data, start):
    append(data, 0, 4)
    (line,) = why_of(data, 1)["partitions"]
    assert (line["stage"], line["lag"]) == ("never read", 4)
    assert line["type"] == f"loanstream stream embedded {TOPIC}"
    assert "no such topic" in run("why", "none", data=data, expect=1).err
    stream = start()
    wait_until(lambda: stream.landed() == 4, 30, "landed")
    report = why_of(data, 0)
    assert report["partitions"][0]["stage"] == "all landed"
    assert [one["ready"] for one in report["processes"]] == [True]
    assert f"process {stream.process.process.pid}" in run("why", data=data).out
    stream.process.kill()
    assert why_of(data, 0)["processes"] == [], "a killed one's mark says nothing"
    assert list((data / "run").iterdir())

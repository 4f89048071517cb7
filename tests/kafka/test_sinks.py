"""The topics beside the table: every landed row at least once, all copies equal, nothing else."""

import base64
import json
import re
import signal
import time
import tomllib
import urllib.request
import uuid

import pytest

from job import Job, has_line
from lab.fixtures import running
from lab.client import Client
from lab.kraft import Kraft
from sink_job import SinkJob
from support.program import ROOT, run, wait_until

POLICY = tomllib.loads((ROOT / "policies/lendingclub.toml").read_text())
TEXTS = {reason["code"]: reason["text"] for reason in POLICY["reason"]}


def sink_metrics(stream):
    """{name: value} of the decisions topic's metrics, from the running job's port."""
    url = re.search(r"event=metrics_served .* url=(\S+)", stream.text())[1]
    with urllib.request.urlopen(url + "/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {name: float(value) for name, value in re.findall(
        r'^loanstream_sink_(\w+)\{sink="decisions"\} (\S+)$', text, re.M)}


@pytest.fixture
def job(kafka, tmp_path):
    return SinkJob(kafka, tmp_path, partitions=3)


def test_every_landed_row_once(job):
    job.produce(2000, dirty=0.1)
    job.stream()
    assert job.is_announced()
    job.agree()
    job.order(job.decisions)
    assert job.copies(job.decisions) == job.copies(job.dead) == 0
    # A second run has nothing to send.
    job.stream()
    assert job.copies(job.decisions) == job.copies(job.dead) == 0


def test_texts_of_reasons_are_the_policys(job):
    job.produce(300)
    job.stream()
    told = {}
    for record in job.announced(job.decisions).values():
        for reason in json.loads(record.value)["reasons"]:
            told[reason["code"]] = reason["text"]
    assert len(told) > 3
    assert told == {code: TEXTS[code] for code in told}


def test_a_running_job_announces_each_commit(job):
    with job.running("stream", "--quiet") as stream:
        for seed in (1, 2, 3):
            job.produce(200, seed=seed)
            wait_until(lambda: job.landed() >= 200 * seed and job.is_announced(), 30,
                       f"{200 * seed} are announced")
        assert stream.terminate() == 0, stream.text()
    job.agree()
    assert job.copies(job.decisions) == job.copies(job.dead) == 0


@pytest.mark.parametrize("point", ["mirrored", "sink-delivered", "published-one"])
def test_a_crash_between_commit_and_position(job, point):
    job.produce(900, dirty=0.1)
    job.stream(env={"LOANSTREAM_CRASH_AT": point}, expect=137)
    before = sum(len(job.brokers.client.read(topic)) for topic in (job.decisions, job.dead))
    job.stream()
    job.agree()
    job.holds(900)
    assert job.is_announced()
    if point == "sink-delivered":  # what was delivered and not noted comes a second time
        assert before > 0 and job.copies(job.decisions) + job.copies(job.dead) > 0
    else:
        assert before == 0


def test_kill_again_and_again(job):
    total = 0
    for seed in range(1, 5):
        job.produce(300, seed=seed)
        total += 300
        with job.running("stream", "--quiet") as stream:
            wait_until(lambda: job.landed() >= total - 150, 30, "some land")
            stream.process.send_signal(signal.SIGKILL)
            stream.wait(30)
    job.stream()
    job.agree()
    job.holds(total)
    job.order(job.decisions)


def test_without_its_position_all_is_sent_again_and_equal(job):
    job.produce(600, dirty=0.1)
    job.stream()
    for path in job.positions():
        path.unlink()
    job.stream()
    job.agree()
    count = len(job.announced(job.decisions))
    assert job.copies(job.decisions) == count
    assert job.copies(job.dead) == len(job.announced(job.dead))


def test_a_merge_before_the_delivery(job):
    without = {"LOANSTREAM_KAFKA_DECISIONS_TOPIC": "", "LOANSTREAM_KAFKA_DEAD_LETTER_TOPIC": "",
               "LOANSTREAM_TABLE_FILE_SIZE": "20KiB", "LOANSTREAM_TABLE_MERGE": "off",
               "LOANSTREAM_TABLE_CHECKPOINT_EVERY": "5", "LOANSTREAM_STREAM_BATCH_RECORDS": "50"}
    for seed in (1, 2):
        job.produce(500, seed=seed, dirty=0.2)
        job.stream(env=without)
    assert not job.positions()
    merged = job.run("table", "merge", env={"LOANSTREAM_TABLE_GRACE": "0"}).out
    assert "merged" in merged, merged
    names = [row["name"] for row in json.loads(job.run("table", "files", "--json").out)]
    assert any(re.match(r"prediction-\d{4}-", name) for name in names), names
    job.produce(100, seed=3)
    job.stream()
    job.agree()
    assert job.copies(job.decisions) == job.copies(job.dead) == 0


def test_a_topic_made_anew_loses_no_decision(job):
    job.produce(200)
    job.stream(env={"LOANSTREAM_KAFKA_DECISIONS_TOPIC": ""})
    job.brokers.client.recreate_topic(job.topic, 3)
    job.produce(60, seed=2)
    job.stream("--accept-reset")
    job.agree()
    topics = {at[0] for at in job.announced(job.decisions)}
    assert topics == {job.topic, f"{job.topic}#1"}
    assert job.copies(job.dead) == 0


def test_repaired_dead_letters_are_announced_too(job):
    job.brokers.client.produce(job.topic, [b"not json"], partition=0)
    job.stream()
    good = job.feed(1, dirty=0)
    job.run("dead", "fix", f"{job.topic}/0@0", "--from", good, "--why", "typed anew", "--yes")
    job.stream()
    job.agree()
    assert {at[0] for at in job.announced(job.decisions)} == {f"{job.topic}.repaired"}


def test_bytes_of_any_kind(job):
    job.brokers.client.produce(job.topic, [None, b"", b"\x00\xff\n\x01", b"[]", b"x" * 100000],
                               partition=1)
    job.stream()
    job.agree()
    assert sorted(record.value or b"" for record in job.announced(job.dead).values()) == sorted(
        [b"", b"", b"\x00\xff\n\x01", b"[]", b"x" * 100000])


def test_dead_letters_of_old_brokers_are_envelopes(kafka010, tmp_path):
    class OldJob(SinkJob):
        def opened(self, record):
            told = json.loads(record.value)
            return told, base64.b64decode(told.pop("base64"), validate=True)
    job = OldJob(kafka010, tmp_path, partitions=2)
    job.produce(300, dirty=0.2)
    job.brokers.client.produce(job.topic, [b"\xff\x00"], partition=0)
    done = job.stream()
    assert has_line(done.err, "sink_note", "sink=dead_letters", "envelope"), done.err
    job.agree()


def test_a_topic_that_is_not_there_holds_nobody_up(kafka, tmp_path):
    job = SinkJob(kafka, tmp_path, sink_partitions=None)
    job.produce(100)
    with job.running("stream", "--quiet", "--set", "metrics.port=1") as stream:
        job.wait_landed(100)
        wait_until(lambda: has_line(stream.text(), "sink_held", "no topic of this name",
                                    job.decisions, "topic create"), 30, "it says so")
        # Held: what is due grows old, and nothing is on the topic.
        wait_until(lambda: sink_metrics(stream)["behind_seconds"] > 1, 30, "it is behind")
        assert sink_metrics(stream)["records_total"] == 0
        assert sink_metrics(stream)["held"] == 1
        for topic in (job.decisions, job.dead):
            kafka.client.create_topic(topic)
        wait_until(job.is_announced, 60, "they are announced")
        assert has_line(stream.text(), "sink_back", "sink=decisions")
        wait_until(lambda: sink_metrics(stream)["behind_seconds"] == 0, 30, "all is on the topic")
        assert sink_metrics(stream)["held"] == 0
        assert sink_metrics(stream)["records_total"] == len(job.announced(job.decisions))
        assert stream.terminate() == 0
    job.agree()


def test_a_record_that_the_topic_refuses_waits_and_the_others_go_on(kafka, tmp_path):
    job = SinkJob(kafka, tmp_path, partitions=2)
    kafka.client.alter_config(job.dead, max_message_bytes=2000)
    kafka.client.produce(job.topic, [b"one", b"y" * 5000, b"two"], partition=0,
                         **{"compression.type": "none"})
    random = bytes(range(1, 256)) * 20  # not to be made smaller
    kafka.client.produce(job.topic, [b"three", random + uuid.uuid4().bytes * 100, b"four"],
                         partition=1)
    env = {"LOANSTREAM_KAFKA_COMPRESSION": "none"}
    with job.running("stream", "--quiet", env=env) as stream:
        wait_until(lambda: has_line(stream.text(), "sink_held", "larger than the topic takes",
                                    "max.message.bytes", "sink=dead_letters"), 30, "it says so")
        wait_until(lambda: {(job.topic, 0, 0), (job.topic, 1, 0)} <= set(job.announced(job.dead)),
                   30, "what came before is there")
        kafka.client.alter_config(job.dead, max_message_bytes=1000000)
        wait_until(job.is_announced, 60, "all is there")
        assert stream.terminate() == 0
    job.agree()


def test_a_broker_that_stops_and_starts(tmp_path):
    with running(Kraft(tmp_path / "brokers")) as brokers:
        brokers.client = Client(brokers.access())
        job = SinkJob(brokers, tmp_path)
        job.produce(300)
        with job.running("stream", env={"LOANSTREAM_TABLE_COMMIT_EVERY": "4s"}) as one:
            # Polled and not committed: the commit comes while the broker is away.
            wait_until(lambda: "annual_inc" in one.text(), 30, "a batch is decided")
            brokers.kill_broker(0)
            assert job.landed() == 0
            wait_until(lambda: job.landed() > 0, 60, "landing goes on")
            wait_until(lambda: has_line(one.text(), "sink_held"), 60, "it says so")
            brokers.start_broker(0)
            for topic in (job.topic, job.decisions, job.dead):
                brokers.client.led(topic)
            wait_until(job.is_announced, 60, "all is announced")
            assert one.terminate() == 0
        job.agree()


def test_stopped_with_the_broker_away_the_next_start_goes_on(tmp_path):
    with running(Kraft(tmp_path / "brokers")) as brokers:
        brokers.client = Client(brokers.access())
        job = SinkJob(brokers, tmp_path)
        job.produce(300)
        job.stream(env={"LOANSTREAM_CRASH_AT": "mirrored"}, expect=137)
        env = {"LOANSTREAM_KAFKA_DEAD_LETTER_TOPIC": ""}
        with job.running("stream", "--quiet", env=env) as one:
            wait_until(lambda: "partition_claimed" in one.text(), 30, "it reads")
            brokers.kill_broker(0)
            began = time.monotonic()
            assert one.terminate() == 0, one.text()
            assert time.monotonic() - began < 13  # ten seconds, and what else ends
        brokers.start_broker(0)
        job.stream()
        job.agree()


def test_a_process_whose_partition_was_taken_sends_nothing_uncommitted(job):
    job.produce(400)
    env = {"LOANSTREAM_TABLE_COMMIT_EVERY": "2s"}
    with job.running("stream", "--quiet", env=env) as old:
        wait_until(lambda: "partition_claimed" in old.text(), 30, "it reads")
        job.produce(300, seed=2)
        old.process.send_signal(signal.SIGSTOP)
        job.stream()
        old.process.send_signal(signal.SIGCONT)
        old.terminate()
    job.stream()
    job.agree()
    job.holds(700)


def test_without_the_settings_nothing_of_it_runs(kafka, tmp_path):
    job = Job(kafka, tmp_path)
    job.produce(50)
    job.stream()
    assert not (job.data / "warehouse/_loanstream/delivered").exists()


def test_a_name_that_no_topic_can_have_is_refused(job):
    done = job.run("stream", "--once", env={"LOANSTREAM_KAFKA_DECISIONS_TOPIC": "a b"}, expect=2)
    assert "a b" in done.err.splitlines()[-1]
    assert run("config", "show").out.count("kafka.decisions_topic") == 1

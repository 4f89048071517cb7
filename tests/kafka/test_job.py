"""The whole line on real brokers: topic, source, stream, prove; each row as the oracle has it."""

import json

import pytest

from job import Job, has_line
from lab.fixtures import full
from support.program import wait_until

OLD = [pytest.param("kafka010"), pytest.param("kafka11", marks=full),
       pytest.param("kafka39", marks=full), pytest.param("kafka3", marks=full)]


@pytest.fixture
def job(kafka, tmp_path):
    return Job(kafka, tmp_path)


def test_a_topic_from_source_to_proof(kafka, tmp_path):
    job = Job(kafka, tmp_path, partitions=4)
    job.produce(3000)
    job.stream()
    job.holds(3000)
    # Every partition has its share, by the key, which is the policy's id field.
    keys = 0
    for record in kafka.client.read(job.topic):
        try:
            value = json.loads(record.value)
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(value.get("member_id"), str):
            # No key where the record is not decided: a field twice, for example.
            assert record.key in (value["member_id"].strip().encode(), None), record
            keys += record.key is not None
    assert keys > 2900
    shown = job.run("topic", "describe").out
    assert sum(line.endswith("  0|") for line in shown.splitlines()) == 4, shown
    # What lag tools see.
    offsets = kafka.client.group_offsets(job.topic)
    assert {p: offsets[job.topic, p] for p in range(4)} == {
        p: kafka.client.watermarks(job.topic, p)[1] for p in range(4)}
    # A second run finds nothing to do.
    assert "0 records" in job.stream().out


@pytest.mark.parametrize("name", OLD)
def test_older_brokers(name, request, tmp_path):
    job = Job(request.getfixturevalue(name), tmp_path, partitions=2)
    done = job.run("source", "--file", job.feed(1000), "--quiet")
    assert ("without idempotence" in done.err) == (name == "kafka010")
    job.stream()
    job.holds(1000)


def test_topic_verbs(job):
    assert job.topic in job.run("topic", "list").out.splitlines()
    again = job.run("topic", "create", expect=1)
    assert "--if-missing" in again.err and len(again.err.splitlines()) == 1
    job.run("topic", "create", "--if-missing")
    job.run("topic", "delete")
    assert job.topic not in job.run("topic", "list").out.splitlines()
    assert "there is no topic" in job.run("topic", "delete", expect=1).err
    job.run("topic", "create", "--partitions", 3, "--config", "retention.ms=60000")
    shown = job.run("topic", "describe").out
    assert "retention.ms=60000" in shown
    assert "KEY=VALUE" in job.run("topic", "create", "--config", "retention.ms", expect=2).err


def test_a_topic_that_is_not_there_is_not_made(kafka, tmp_path):
    job = Job(kafka, tmp_path, partitions=None)
    for words in (["stream", "--once"], ["source", "--file", job.feed(1)], ["topic", "describe"]):
        done = job.run(*words, expect=1)
        assert "there is no topic" in done.err.splitlines()[-1], done.err
        assert "topic create" in done.err.splitlines()[-1]
    assert not kafka.client.exists(job.topic)


def test_transactions_and_their_markers(job):
    client = job.brokers.client
    good = [line.encode() for line in job.feed(6, dirty=0).read_text().splitlines()]
    client.transaction(job.topic, good[:2], "one")
    client.transaction(job.topic, good[2:4], "one", commit=False)
    client.transaction(job.topic, good[4:], "one")
    job.stream()
    job.holds(4)
    assert [row["source_offset"] for row in
            job.sql("select source_offset from prediction order by 1")] == [0, 1, 6, 7]
    # Nothing but an aborted transaction and its marker comes after: they are covered too.
    client.transaction(job.topic, good[2:4], "one", commit=False)
    job.stream()
    report = job.prove()
    assert report["proved"] and not report.get("lag"), report


def test_tombstones_headers_and_bytes_of_any_kind(job):
    client = job.brokers.client
    good = job.feed(1, dirty=0).read_text().strip().encode()
    client.produce(job.topic, [None, b"", good, b"\x00\xff\n\x01", b"[]"], headers=[("h", b"x")],
                   key=b"k")
    job.stream()
    job.holds(5)
    assert job.sql("select count(*) as n from prediction") == [{"n": 1}]


def test_what_retention_took_is_written_down(job):
    job.produce(100)
    job.stream()
    job.produce(100, seed=2)
    job.brokers.client.delete_records(job.topic, 0, 150)
    done = job.stream()
    assert has_line(done.err, "offsets_skipped", "begin=100", "next=150")
    report = job.run("table", "prove", "--complete").out
    assert has_line(report, "accepted as lost", f"{job.topic}/0 [100, 150)", "retention"), report
    assert "PROVED" in report.splitlines()[-1]
    assert job.sql("select count(*) as n from (select source_offset from prediction union all "
                   "select source_offset from dead_letters)") == [{"n": 150}]


def test_a_topic_made_anew(job):
    job.produce(100)
    job.stream()
    job.brokers.client.recreate_topic(job.topic)
    job.produce(40, seed=2)
    done = job.stream(expect=3)
    assert has_line(done.err, "ends at offset 40", "up to 100", "--accept-reset"), done.err
    done = job.stream("--accept-reset")
    assert has_line(done.err, "offsets_reset", "was=100", "now=0")
    names = {row["t"] for row in job.sql(
        "select distinct source_topic as t from prediction")}
    assert names == {job.topic, f"{job.topic}#1"}
    assert job.prove()["proved"]
    assert job.landed() == 140
    # The second time there is nothing to accept.
    assert "offsets_reset" not in job.stream("--accept-reset").err


@pytest.mark.parametrize("start, first", [
    ("earliest", 0), ("latest", 60), ("group:old-job", 25), ("file:offsets.csv", 10),
    ("time:0", 0), ("time:4102444800000", 60)])
def test_where_a_new_table_begins(job, start, first, tmp_path):
    job.produce(60)
    job.brokers.client.commit("old-job", job.topic, {0: 25})
    (tmp_path / "offsets.csv").write_text("partition,offset\n0,10\n")
    job.stream("--start", start.replace("file:", f"file:{tmp_path}/"))
    rows = job.sql("select min(source_offset) as first, count(*) as n from (select source_offset "
                   "from prediction union all select source_offset from dead_letters)")
    assert rows == [{"first": first if first < 60 else None, "n": 60 - first}]
    assert job.prove()["proved"]
    # It is said once: later starts go on where the table is.
    job.produce(5, seed=9)
    job.stream("--start", "latest")
    assert job.landed() == 65 - first


def test_where_it_begins_is_said_again_until_it_is_written_down(job):
    job.produce(60)
    for _ in range(2):  # dies between its claim and the entry
        job.stream("--start", "latest", env={"LOANSTREAM_CRASH_AT": "claimed"}, expect=None)
    assert job.landed() == 0
    job.stream("--start", "latest")
    job.produce(5, seed=2)
    job.stream()
    assert job.sql("select min(source_offset) as first, count(*) as n from (select source_offset "
                   "from prediction union all select source_offset from dead_letters)"
                   ) == [{"first": 60, "n": 5}]
    assert job.prove()["proved"]


def test_a_beginning_with_nothing_before_it_is_written_down(job):
    with job.running("stream", "--start", "latest", "--quiet") as stream:
        wait_until(lambda: "event=partition_claimed " in stream.text(), 60, "it reads")
        stream.kill()
    job.produce(20)
    job.stream("--start", "latest")
    job.holds(20)


@pytest.mark.parametrize("start", ["earliest", "latest"])
def test_partitions_added_while_it_runs(job, start):
    with job.running("stream", "--quiet", "--start", start) as stream:
        wait_until(lambda: "event=partition_claimed " in stream.text(), 60, "it reads")
        job.produce(50)
        job.wait_landed(50)
        job.brokers.client.add_partitions(job.topic, 3)
        job.brokers.client.led(job.topic, 3)
        job.produce(300, seed=2)
        job.wait_landed(350)
        assert stream.terminate() == 0, stream.text()
    job.holds(350)


def test_a_record_of_the_topics_largest_size_and_one_beyond(job):
    job.brokers.client.alter_config(job.topic, max_message_bytes=200000)
    path = job.folder / "large.jsonl"
    record = json.loads(job.feed(1, dirty=0).read_text())
    path.write_text(json.dumps({**record, "desc": "x" * 190000}) + "\n")
    job.run("source", "--file", path, "--quiet", env={"LOANSTREAM_KAFKA_COMPRESSION": "none"})
    job.stream()
    job.holds(1)
    small = json.dumps(record) + "\n"
    path.write_text(small + json.dumps({**record, "desc": "x" * 300000}) + "\n" + small)
    done = job.run("source", "--file", path, "--quiet", expect=3,
                   env={"LOANSTREAM_KAFKA_COMPRESSION": "none"})
    assert has_line(done.err, "larger than the topic takes", "this record is not in the topic")
    job.stream()
    job.holds(3)  # those around it are produced


def test_the_topic_goes_away_while_it_is_read(job):
    job.produce(10)
    with job.running("stream", "--quiet") as stream:
        job.wait_landed(10)
        job.brokers.client.delete_topic(job.topic)
        wait_until(lambda: not stream.alive(), 60, "it stops")
        assert stream.process.returncode == 3
        assert "the topic is gone" in stream.text() or "not in the topic" in stream.text()


def test_dry_run_leaves_no_group_behind(job):
    job.produce(40)
    done = job.run("stream", "--dry-run", "--limit", 30)
    assert "30" in done.out
    assert job.topic not in job.brokers.client.groups()
    assert not (job.data / "warehouse").exists()

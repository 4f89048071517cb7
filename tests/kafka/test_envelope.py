"""Messages around applications: Debezium's change events, headers of a schema registry."""

import json
import re

import pytest

from job import Job, has_line
from oracle import compare
from support.program import run, run_json

SCHEMA = {"type": "struct", "fields": [{"field": "after", "type": "struct"}]}


@pytest.fixture
def job(kafka, tmp_path):
    return Job(kafka, tmp_path, partitions=2, source__envelope="payload.after")


def event(application, op="c"):
    return json.dumps({"schema": SCHEMA, "payload": {
        "before": None, "after": application, "op": op, "ts_ms": 1795421000000}}).encode()


def header(schema):
    return b"\0" + schema.to_bytes(4, "big")


def reasons(job):
    rows = job.sql("select reason, count(*) as n from dead_letters group by 1")
    return {row["reason"]: row["n"] for row in rows}


def holds(job, envelope):
    report = job.prove()
    assert report["proved"], report
    topic = job.records()
    assert compare.differences_of(topic, job.topic, job.data / "warehouse",
                                  envelope=envelope) == []
    return len(topic)


def test_change_events(job):
    lines = job.feed(300, dirty=0).read_text().splitlines()
    applications = [json.loads(line) for line in lines]
    messages = [event(one) for one in applications]
    messages += [header(7) + event(one) for one in applications[:10]]
    messages += [event(None, "d")] * 3            # deleted
    messages += [None] * 2                        # the tombstones that follow a delete
    messages += [json.dumps(applications[0]).encode()] * 4  # bare: no change event
    messages += [header(9) + b"\x02\x0aAnn\xc3"] * 5 + [header(10) + b"\x02\x0a"] * 6  # Avro
    messages += [event(applications[0])[:-1], b"\0\0\0"]
    job.brokers.client.produce(job.topic, messages)
    done = job.run("stream", "--once", "--quiet")
    assert reasons(job) == {"deleted": 3, "empty": 2, "no_envelope": 4, "not_json_schema": 11,
                            "not_json": 2}
    refused = [line for line in done.err.splitlines() if "event=registry_refused " in line]
    assert sorted(re.search(r"schema=(\d+)", line)[1] for line in refused) == ["10", "9"]
    assert holds(job, "payload.after") == len(messages)
    # As the same applications without anything around them are decided.
    statuses = job.sql("select status, count(*) as n from prediction group by 1 order by 1")
    plain = job.folder / "plain.jsonl"
    plain.write_text("\n".join(lines + lines[:10]) + "\n")
    bare = job.folder / "bare"
    run("source", "t", "--file", plain, "--once", "--quiet", data=bare)
    run("stream", "t", "--once", "--quiet", data=bare)
    assert statuses == run_json("table", "sql", "select status, count(*) as n from prediction "
                                "group by 1 order by 1", data=bare)


def test_looked_at_dried_and_repaired(job):
    applications = [json.loads(line) for line in job.feed(20, dirty=0).read_text().splitlines()]
    applications[3]["funded_amnt"] = "many"
    job.brokers.client.produce(job.topic, [event(one) for one in applications])
    dry = json.loads(job.run("stream", "--dry-run", "--json").out)
    assert (dry["records"], dry["decided"]) == (20, 19)
    job.run("stream", "--once", "--quiet")
    assert reasons(job) == {"not_a_number": 1}
    position = job.sql("select source_topic || '/' || source_partition || '@' || source_offset as p"
                       " from dead_letters")[0]["p"]
    page = job.run("explain", position).out
    assert '"funded_amnt": "many"' in page and "payload" not in page
    job.run("dead", "fix", position, "--set-field", "funded_amnt=5000", "--yes", "--by", "ann",
            "--why", "a test")
    job.run("stream", "--once", "--quiet")
    assert job.landed() == 21 and job.prove()["proved"]
    assert job.sql("select count(*) as n from prediction where origin_topic is not null"
                   )[0]["n"] == 1
    job.run("dead", "list", "--all")


def test_a_path_that_is_none(job):
    done = job.run("stream", "--once", env={"LOANSTREAM_SOURCE_ENVELOPE": "payload..after"},
                   expect=2)
    assert has_line(done.err, "source.envelope", "payload.after")

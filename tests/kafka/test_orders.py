"""Orders of operators, and a job that is stuck, on real brokers."""

import json
import re
import urllib.error
import urllib.request

import pytest

from job import Job, has_line
from support.program import run, wait_until


@pytest.fixture
def job(kafka, tmp_path):
    return Job(kafka, tmp_path, partitions=4, metrics__port=1)


def order(job, verb, *words):
    return run(verb, "local", job.topic, *words, "--by", "ann", "--why", "a test", data=job.data,
               env=job.env)


def why(job, expect):
    return json.loads(run("why", "local", job.topic, "--json", data=job.data, env=job.env,
                          expect=expect).out)


def metrics(process):
    url = wait_until(lambda: re.search(r"event=metrics_served .* url=(\S+)", process.text()), 60,
                     "metrics_served")[1]
    with urllib.request.urlopen(url + "/metrics", timeout=10) as answer:
        return {k: float(v) for k, v in
                re.findall(r"^(loanstream_\S+) (\S+)$", answer.read().decode(), re.M)}


def ready(process):
    """(HTTP status, reason) of /health/ready."""
    url = re.search(r"event=metrics_served .* url=(\S+)", process.text())[1]
    try:
        with urllib.request.urlopen(url + "/health/ready", timeout=10) as answer:
            return answer.status, json.loads(answer.read()).get("reason", "")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["reason"]


def held(process, count):
    wait_until(lambda: metrics(process)["loanstream_paused_partitions"] == count, 30,
               f"{count} are held")


@pytest.mark.parametrize("verb", ["pause", "drain"])
def test_held_over_a_restart_and_a_rebalance(job, verb):
    job.produce(1000)
    job.stream()
    assert why(job, 0)["held_up"] is False
    order(job, verb)
    job.produce(1000, seed=2)
    with job.running("stream", "--quiet") as first:
        held(first, 4)
        with job.running("stream", "--quiet") as second:  # what comes to it is held there too
            held(second, 2)
            report = why(job, 1)
            assert sum(line["lag"] for line in report["partitions"]) == 1000
            assert {line["by"] for line in report["partitions"]} == {"ann"}
            assert {one["reason"] for one in report["processes"]} == {"paused"}
            assert job.landed() == 1000
            order(job, "resume")
            job.wait_landed(2000)
            assert second.terminate() == 0, second.text()
        assert first.terminate() == 0, first.text()
    job.holds(2000)


def test_one_partition_is_paused_while_records_come(job):
    job.produce(2000)
    with job.running("stream", "--quiet") as stream:
        job.wait_landed(2000)
        order(job, "pause", "--partition", 2)
        held(stream, 1)
        job.produce(2000, seed=2)
        wait_until(lambda: {line["partition"] for line in why(job, 1)["partitions"]
                            if line["lag"] > 0} == {2}, 60, "the others have landed")
        order(job, "drain", "--partition", 2)
        order(job, "resume", "--partition", 2)
        job.wait_landed(4000)
        assert stream.terminate() == 0, stream.text()
    job.holds(4000)


def test_a_job_that_is_stuck_joins_its_group_anew(job):
    env = {"LOANSTREAM_TABLE_COMMIT_EVERY": "1h", "LOANSTREAM_STREAM_STUCK_AFTER": "2s"}
    with job.running("stream", "--quiet", env=env) as stream:
        wait_until(lambda: stream.text().count("event=partition_claimed") == 4, 60, "it reads")
        job.produce(500)  # would wait an hour for its commit
        wait_until(lambda: "event=stuck " in stream.text(), 60, "stuck")
        job.wait_landed(500, 60)
        assert has_line(stream.text(), "event=partition_let_go", "asked back")
        wait_until(lambda: stream.text().count("event=partition_claimed") >= 8, 60, "taken anew")
        assert metrics(stream)["loanstream_rejoins_total"] >= 1
        wait_until(lambda: "event=ready" in stream.text(), 30, "ready")
        assert stream.terminate() == 0, stream.text()
    job.holds(500)


def test_two_groups_on_one_table_and_the_first_is_fenced(job):
    job.produce(500)
    with job.running("stream", "--quiet") as first:
        job.wait_landed(500)
        other = {"LOANSTREAM_KAFKA_GROUP": f"{job.topic}-other"}
        with job.running("stream", "--quiet", env=other) as second:
            wait_until(lambda: second.text().count("partition_claimed") == 4, 60, "claimed")
            job.produce(500, seed=2)
            wait_until(lambda: ready(first) == (503, "fenced"), 60, "the first says so")
            wait_until(lambda: ready(second) == (200, ""), 60, "the second is ready")
            assert metrics(first)["loanstream_fenced_partitions"] == 4
            job.wait_landed(1000)
            assert second.terminate() == 0
        assert first.terminate() == 0
    job.stream()
    job.holds(1000)

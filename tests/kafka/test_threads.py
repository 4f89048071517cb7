"""A stream of several lines: each a member of the group with a thread of its own."""

import json
import time

import pytest

from job import Job
from support.program import run, wait_until


@pytest.fixture
def job(kafka, tmp_path):
    return Job(kafka, tmp_path, partitions=4, stream__threads=3)


def claims(process, cause="partition_claimed"):
    return [line for line in process.text().splitlines() if f"event={cause} " in line]


def test_once(job):
    job.produce(3000)
    job.stream()
    assert job.landed() == 3000
    job.holds(3000)


def test_lines_come_and_go_with_processes(job):
    job.produce(2000)
    with job.running("stream", "--quiet") as first:
        job.wait_landed(2000)
        with job.running("stream", "--quiet", env={"LOANSTREAM_STREAM_THREADS": "1"}) as second:
            wait_until(lambda: claims(second), 60, "the second has a share")
            job.produce(2000, seed=2)
            job.wait_landed(4000)
            told = json.loads(run("why", "local", job.topic, "--json", data=job.data,
                                  env=job.env).out)
            assert {line["partition"] for line in told["partitions"]} == {0, 1, 2, 3}
            first.kill()
            wait_until(lambda: len({c.split("partition=")[1].split()[0] for c in claims(second)})
                       == 4, 60, "the second has all")
            job.produce(1000, seed=3)
            job.wait_landed(5000)
            assert second.terminate() == 0, second.text()
    job.holds(5000)


def test_orders_reach_every_line(job):
    def order(*words):
        run(*words, "--by", "ann", "--why", "a test", data=job.data, env=job.env)

    job.produce(1000)
    job.stream()
    order("pause", "local", job.topic)
    job.produce(1000, seed=2)
    with job.running("stream", "--quiet", env={"LOANSTREAM_STREAM_ORDERS_EVERY": "100ms"}) as one:
        wait_until(lambda: len(claims(one, "partition_held")) >= 4, 60, "all are held")
        order("review-all", "on", "local", job.topic)
        order("resume", "local", job.topic)
        job.wait_landed(2000)
        assert one.terminate() == 0, one.text()
        assert one.text().count("event=review_all ") == 1, "said once, not by each line"
    report = job.prove()
    assert report["proved"], report
    assert job.sql("select count(*) as n from prediction where status = 'review'")[0]["n"] > 900


def test_until_a_time(job):
    job.produce(500)
    between = int(time.time() * 1000) + 1
    wait_until(lambda: time.time() * 1000 > between + 50, 5, "the clock has moved on")
    job.produce(500, seed=2)
    job.stream("--until", f"time:{between}")
    assert job.landed() == 500
    job.stream()
    job.holds(1000)


def test_until_an_offset(job):
    job.produce(1000)
    job.run("stream", "--until", 50, "--quiet")
    assert job.landed() == 200
    job.stream()
    job.holds(1000)

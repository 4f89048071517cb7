"""Partitions that come and go: members that join, leave, die and wake again; brokers that stop."""

import signal

import pytest
from confluent_kafka import Consumer

from job import Job, has_line
from support.program import wait_until


@pytest.fixture
def job(kafka, tmp_path):
    return Job(kafka, tmp_path, partitions=4)


def claims(process, cause="partition_claimed"):
    return [line for line in process.text().splitlines() if f"event={cause} " in line]


def test_two_share_and_one_takes_over(job):
    job.produce(2000)
    with job.running("stream", "--quiet") as first:
        job.wait_landed(2000)
        with job.running("stream", "--quiet") as second:
            wait_until(lambda: len(claims(second)) == 2, 30, "the second has its share")
            given = claims(first, "partition_let_go")
            assert len(given) == 2 and all('cause="asked back"' in line for line in given)
            job.produce(2000, seed=2)
            job.wait_landed(4000)
            assert first.terminate() == 0, first.text()
            wait_until(lambda: len(claims(second)) == 4, 30, "the second has all")
            job.produce(1000, seed=3)
            job.wait_landed(5000)
            assert second.terminate() == 0, second.text()
    job.holds(5000)


def test_a_zombie_wakes_and_does_no_harm(job):
    job.produce(1000)
    with job.running("stream", "--quiet", env={"LOANSTREAM_TABLE_COMMIT_EVERY": "2s"}) as zombie:
        wait_until(lambda: len(claims(zombie)) == 4, 30, "it reads")
        zombie.process.send_signal(signal.SIGSTOP)
        with job.running("stream", "--quiet") as second:
            wait_until(lambda: len(claims(second)) == 4, 60, "its session ends")
            job.produce(1000, seed=2)
            job.wait_landed(2000)
            zombie.process.send_signal(signal.SIGCONT)
            # It learns that it lost them, comes back into the group and gets a share again.
            wait_until(lambda: len(claims(zombie)) > 4, 60, "it is a member again")
            assert claims(zombie, "partition_let_go")
            job.produce(1000, seed=3)
            job.wait_landed(3000)
            assert second.terminate() == 0, second.text()
        assert zombie.terminate() == 0, zombie.text()
    job.holds(3000)


def test_killed_while_partitions_are_asked_back(job):
    job.produce(2000)
    with job.running("stream", "--quiet", env={"LOANSTREAM_CRASH_AT": "asked-back"}) as first:
        job.wait_landed(2000)
        job.produce(500, seed=2)
        with job.running("stream", "--quiet") as second:
            wait_until(lambda: not first.alive(), 60, "it crashes when it is asked")
            assert first.process.returncode == 137
            wait_until(lambda: len(claims(second)) == 4, 60, "the second has all")
            job.wait_landed(2500)
            assert second.terminate() == 0, second.text()
    job.holds(2500)


def test_the_broker_stops_and_starts(job):
    """Both ends wait, say so, and go on; nothing is lost or twice."""
    job.produce(500)
    feed = job.feed(3000, seed=2)
    with job.running("stream", "--quiet") as stream:
        job.wait_landed(500)
        job.brokers.stop_broker(0)
        with job.running("source", "--file", feed, "--quiet") as late:
            wait_until(lambda: not late.alive(), 60, "no broker answers at the start: it says so")
            assert has_line(late.text(), "no broker answers", "kafka.bootstrap")
        wait_until(lambda: "broker_fault" in stream.text(), 30, "the job says that it waits")
        job.brokers.start_broker(0)
        job.run("source", "--file", feed, "--quiet")
        job.wait_landed(3500)
        assert stream.terminate() == 0, stream.text()
    job.holds(3500)


def test_the_source_outlives_a_broker(job, tmp_path):
    """The applicant API goes on while the broker is away: what was taken from it waits."""
    feed = job.feed(400)
    from support.program import Process
    port_line = "127.0.0.1:"
    api = Process("applicants", "serve", feed, "--port", "0", data=None, folder=tmp_path)
    try:
        url = wait_until(lambda: next((word for line in api.text().splitlines()
                                       for word in line.split() if port_line in word), None),
                         30, "the API says where it is")
        url = url[url.index("http"):].rstrip(",;")
        with job.running("source", "--url", url, "--every", "20ms", "--once") as source:
            wait_until(lambda: "produced" in source.text(), 30, "it produces")
            job.brokers.stop_broker(0)
            wait_until(lambda: "source_held" in source.text(), 60, "it says that it waits")
            job.brokers.start_broker(0)
            assert source.wait(120) == 0, source.text()
    finally:
        api.close()
    job.stream()
    job.holds(400)


def one_line(done):
    (line,) = [line for line in done.err.splitlines() if line.startswith("loanstream: ")]
    return line


def test_a_session_that_the_broker_does_not_allow_is_refused(job):
    done = job.stream(env={"LOANSTREAM_KAFKA_SESSION_TIMEOUT": "15m"}, expect=3)
    assert "kafka.session_timeout" in one_line(done)
    assert "group.max.session.timeout.ms" in one_line(done)


def test_a_group_that_shares_in_another_way_is_refused(job):
    other = Consumer({**job.brokers.access().properties, "group.id": job.topic,
                      "partition.assignment.strategy": "range"})
    given = []
    other.subscribe([job.topic], on_assign=lambda _, partitions: given.extend(partitions))
    wait_until(lambda: other.poll(0.1) or given, 30, "the other one is in the group")
    done = job.stream(expect=3)
    assert "cooperative-sticky" in one_line(done) and "kafka.group" in one_line(done)
    other.close()
    job.produce(100)
    job.stream()
    job.holds(100)

"""What tests of the Kafka client need to do to topics of a Kafka 4 broker is done as said."""

import uuid

import pytest

from lab.process import LabError, wait_until
from lab.kraft import Kraft
from lab.fixtures import running
from lab.client import Client


@pytest.fixture
def topic(kafka):
    name = f"t-{uuid.uuid4().hex[:8]}"
    kafka.client.create_topic(name)
    return name


def values(kafka, topic, **properties):
    return [record.value for record in kafka.client.read(topic, **properties)]


def test_an_aborted_transaction_leaves_a_gap(kafka, topic):
    kafka.client.transaction(topic, [b"a", b"b"], "one")
    kafka.client.transaction(topic, [b"lost"], "one", commit=False)
    kafka.client.transaction(topic, [b"c"], "one")
    read = kafka.client.read(topic, **{"isolation.level": "read_committed"})
    # Offsets 2 and 4 are the markers of commit and abort.
    assert [(x.offset, x.value) for x in read] == [(0, b"a"), (1, b"b"), (5, b"c")]
    assert values(kafka, topic, **{"isolation.level": "read_uncommitted"}) == [
        b"a", b"b", b"lost", b"c"]


def test_deleted_records_move_the_beginning(kafka, topic):
    kafka.client.produce(topic, [b"%d" % number for number in range(10)])
    kafka.client.delete_records(topic, 0, 7)
    assert kafka.client.watermarks(topic) == (7, 10)
    assert values(kafka, topic) == [b"7", b"8", b"9"]


def test_retention_moves_the_beginning(kafka, topic):
    kafka.client.produce(topic, [b"old"] * 3)
    kafka.client.alter_config(topic, retention_ms=1, segment_ms=1)
    wait_until(lambda: kafka.client.watermarks(topic) == (3, 3), 30, "retention deletes them")


def test_partitions_are_added(kafka, topic):
    kafka.client.add_partitions(topic, 3)
    kafka.client.produce(topic, [b"x"], partition=2)
    assert [(x.partition, x.value) for x in kafka.client.read(topic)] == [(2, b"x")]


def test_keys_headers_and_times_travel(kafka, topic):
    kafka.client.produce(topic, [b"v"], key=b"k", headers=[("h", b"1")])
    record = kafka.client.read(topic)[0]
    assert (record.key, record.headers) == (b"k", [("h", b"1")])
    assert record.timestamp_ms > 1_600_000_000_000


def test_a_paused_broker_does_not_answer_and_a_resumed_one_does(kafka, topic):
    kafka.pause_broker(0)
    try:
        with pytest.raises(LabError, match="not delivered"):
            kafka.client.produce(topic, [b"x"], **{"message.timeout.ms": 1000})
    finally:
        kafka.resume_broker(0)
    kafka.client.produce(topic, [b"y"])
    assert values(kafka, topic)[-1] == b"y"


def test_overrides_are_the_brokers_settings(tmp_path):
    with running(Kraft(tmp_path, overrides={"message.max.bytes": 2000,
                                            "auto.create.topics.enable": "true"})) as brokers:
        client = Client(brokers.access())
        client.produce("made-by-itself", [b"x"])
        assert client.config("made-by-itself")["max.message.bytes"] == "2000"
        with pytest.raises(LabError, match="MSG_SIZE_TOO_LARGE"):
            client.produce("made-by-itself", [b"x" * 3000])

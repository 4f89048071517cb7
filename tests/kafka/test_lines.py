"""Every line of Kafka that the lab runs keeps and gives back records, also after a kill -9."""

import uuid

import pytest

from lab import wire
from lab.fixtures import full
from lab.process import LabError, wait_until

VALUES = [f'{{"member_id":"{number}"}}'.encode() for number in range(1000)]
SHORT = ["kafka", "kafka010"]
LINES = [name if name in SHORT else pytest.param(name, marks=full)
         for name in ["kafka", "kafka3", "kafka39", "kafka11", "kafka010"]]


@pytest.fixture
def brokers(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def topic(brokers):
    """A topic of one partition with VALUES in it."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    brokers.client.create_topic(name)
    brokers.client.produce(name, VALUES)
    return name


on_each_line = pytest.mark.parametrize("brokers", LINES, indirect=True)


@on_each_line
def test_records_come_back_in_order(brokers, topic):
    records = brokers.client.read(topic)
    assert [record.value for record in records] == VALUES
    assert [record.offset for record in records] == list(range(len(VALUES)))


@on_each_line
def test_a_killed_broker_keeps_its_records(brokers, topic):
    leader = brokers.client.leaders(topic)[0]
    brokers.kill_broker(leader)
    assert not brokers.alive()
    brokers.start_broker(leader)
    assert [record.value for record in brokers.client.read(topic)] == VALUES


@on_each_line
def test_a_topic_made_again_is_empty(brokers, topic):
    brokers.client.recreate_topic(topic, 2)
    assert brokers.client.read(topic) == []
    brokers.client.produce(topic, [b"new"], partition=1)
    assert [(x.partition, x.offset, x.value) for x in brokers.client.read(topic)] == [
        (1, 0, b"new")]


@on_each_line
def test_a_group_keeps_its_offsets(brokers, topic):
    group = f"group-{topic}"
    brokers.client.commit(group, topic, {0: 42})
    assert brokers.client.group_offsets(group) == {(topic, 0): 42}
    brokers.client.read(topic)
    found = brokers.client.groups()
    assert group in found and "lab" not in found  # reading leaves none behind


@on_each_line
def test_no_topic_appears_by_itself(brokers):
    name = f"t-{uuid.uuid4().hex[:8]}"
    with pytest.raises(LabError, match="not delivered"):
        brokers.client.produce(name, [b"x"], **{"message.timeout.ms": 1000})
    assert not brokers.client.exists(name)


def test_the_old_line_speaks_the_old_protocol(kafka010, kafka):
    """Produce, api key 0: 0.10.2 knows versions up to 2; Kafka 4 dropped most of the old ones."""
    assert wire.api_versions(kafka010.port(0))[0] == (0, 2)
    assert wire.api_versions(kafka.port(0))[0][1] >= 11


@full
def test_three_brokers_go_on_without_one_and_not_without_two(kafka3):
    client, name = kafka3.client, f"t-{uuid.uuid4().hex[:8]}"
    client.create_topic(name)
    assert client.config(name)["min.insync.replicas"] == "2"
    client.produce(name, [b"three"])
    first = client.leaders(name)[0]
    kafka3.kill_broker(first)
    wait_until(lambda: client.leaders(name)[0] not in (first, -1), 30, "another broker leads")
    client.produce(name, [b"two"])
    second = client.leaders(name)[0]
    kafka3.kill_broker(second)
    with pytest.raises(LabError, match="not delivered"):
        client.produce(name, [b"one"], **{"message.timeout.ms": 5000})
    # The quorum has no majority: the first to come back is ready only with the second.
    kafka3.servers[first].start()
    kafka3.start_broker(second)
    assert [record.value for record in client.read(name)][:2] == [b"three", b"two"]

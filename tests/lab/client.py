"""What tests do to topics, by confluent-kafka: make, fill, read, cut, delete; see groups."""

import dataclasses
import logging
import time

from confluent_kafka import (Consumer, KafkaError, KafkaException, Producer, TopicPartition,
                             ConsumerGroupTopicPartitions, OFFSET_BEGINNING)
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource,
                                   NewPartitions, NewTopic, ResourceType)

from .process import LabError, wait_until

SECONDS = 30
# Refused connections are what these tests are about: errors come back by exceptions.
QUIET = logging.Logger("lab", logging.CRITICAL)


@dataclasses.dataclass
class Record:
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: list
    timestamp_ms: int


class Client:
    """Speaks to one listener. Each verb returns when the cluster has done it."""

    def __init__(self, access):
        self.properties = {**access.properties, "log_level": 0}
        self.admin = AdminClient({**self.properties, "socket.timeout.ms": SECONDS * 1000},
                                 logger=QUIET)

    def _wait(self, futures):
        return [future.result(timeout=SECONDS) for future in futures.values()]

    # Topics.
    def topics(self):
        return self.admin.list_topics(timeout=SECONDS).topics

    def leaders(self, topic):
        """The leader of each partition, -1 where there is none."""
        found = self.admin.list_topics(topic, timeout=SECONDS).topics[topic].partitions
        return [found[number].leader for number in sorted(found)]

    def create_topic(self, topic, partitions=1, replicas=None, **config):
        """`_` in a setting's name stands for `.`; replicas: all brokers unless said."""
        brokers = len(self.admin.list_topics(timeout=SECONDS).brokers)
        new = NewTopic(topic, partitions, replicas or brokers,
                       config={k.replace("_", "."): str(v) for k, v in config.items()})

        def created():
            try:
                self._wait(self.admin.create_topics([new], request_timeout=SECONDS))
            except KafkaException as failure:
                # With ZooKeeper an old topic of the name may be unlisted and not yet gone.
                gone = failure.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS
                if not gone or self.exists(topic):
                    raise
                return False
            return True
        wait_until(created, SECONDS, f"topic {topic} is created")
        self.led(topic, partitions)

    def led(self, topic, partitions=None):
        """Waits until each partition has a leader, as after a restart; returns them."""
        def complete():
            if not self.exists(topic):
                return None
            leaders = self.leaders(topic)
            right = partitions is None or len(leaders) == partitions
            return leaders if right and -1 not in leaders else None
        return wait_until(complete, SECONDS, f"every partition of {topic} has a leader")

    def exists(self, topic):
        return topic in self.topics()

    def delete_topic(self, topic):
        self._wait(self.admin.delete_topics([topic], request_timeout=SECONDS))
        wait_until(lambda: not self.exists(topic), SECONDS, f"topic {topic} is gone")

    def recreate_topic(self, topic, partitions=1, **options):
        """The same name, another topic: offsets begin at 0 again."""
        self.delete_topic(topic)
        self.create_topic(topic, partitions, **options)

    def add_partitions(self, topic, total):
        self._wait(self.admin.create_partitions([NewPartitions(topic, total)]))
        self.led(topic, total)

    def alter_config(self, topic, **config):
        """Kafka 2.3 or newer."""
        entries = [ConfigEntry(k.replace("_", "."), str(v),
                               incremental_operation=AlterConfigOpType.SET)
                   for k, v in config.items()]
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
        self._wait(self.admin.incremental_alter_configs([resource]))

    def config(self, topic):
        """Kafka 0.11 or newer: every setting of the topic, with `.` in the names."""
        found = self._wait(self.admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]))
        return {name: entry.value for name, entry in found[0].items()}

    def delete_records(self, topic, partition, before):
        """What retention does, at once: the partition begins at `before`. Kafka 0.11 or newer."""
        self._wait(self.admin.delete_records([TopicPartition(topic, partition, before)]))

    def watermarks(self, topic, partition=0):
        """(first offset, offset of the next record)"""
        reader = Consumer({**self.properties, "group.id": "lab"}, logger=QUIET)
        try:
            return reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=SECONDS)
        finally:
            reader.close()

    # Records.
    def produce(self, topic, values, partition=-1, key=None, headers=None, **properties):
        """Returns when every one is on disk with all in-sync replicas (acks=all)."""
        producer = Producer({**self.properties, "acks": "all", "linger.ms": 5, **properties},
                            logger=QUIET)
        self._send(producer, topic, values, partition=partition, key=key, headers=headers)

    def _send(self, producer, topic, values, **options):
        failed = []

        def delivered(error, _):
            if error is not None:
                failed.append(error)
        options = {k: v for k, v in options.items() if v is not None}
        for value in values:
            while True:
                try:
                    producer.produce(topic, value, on_delivery=delivered, **options)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        left = producer.flush(SECONDS)
        if left or failed:
            raise LabError(f"{left + len(failed)} records not delivered: {failed[:1]}")

    def transaction(self, topic, values, transactional_id, commit=True, partition=-1):
        """One transaction, committed or aborted. Kafka 0.11 or newer."""
        producer = Producer({**self.properties, "transactional.id": transactional_id}, logger=QUIET)
        producer.init_transactions(SECONDS)
        producer.begin_transaction()
        self._send(producer, topic, values, partition=partition)
        if commit:
            producer.commit_transaction(SECONDS)
        else:
            producer.abort_transaction(SECONDS)

    def read(self, topic, seconds=SECONDS, **properties):
        """Every record of the topic as it is now, by partition and offset; leaves no group."""
        reader = Consumer({**self.properties, "group.id": "lab", "enable.auto.commit": False,
                           "enable.partition.eof": True, **properties}, logger=QUIET)
        numbers = range(len(self.led(topic)))
        reader.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in numbers])
        records, at_end, end = [], set(), time.monotonic() + seconds
        try:
            while len(at_end) < len(numbers):
                if time.monotonic() > end:
                    raise LabError(f"{topic}: {len(records)} records, not read in {seconds} s")
                for message in reader.consume(1000, timeout=0.1):
                    if message.error() is None:
                        records.append(_record(message))
                    elif message.error().code() == KafkaError._PARTITION_EOF:
                        at_end.add(message.partition())
                    elif not message.error().retriable():
                        raise LabError(f"{topic}: {message.error()}")
        finally:
            reader.close()
        return sorted(records, key=lambda record: (record.partition, record.offset))

    # Groups.
    def groups(self):
        """The names of all that the brokers know."""
        found = self.admin.list_consumer_groups(request_timeout=SECONDS).result(SECONDS)
        return {group.group_id for group in found.valid}

    def group_offsets(self, group):
        """{(topic, partition): committed offset}"""
        request = [ConsumerGroupTopicPartitions(group)]
        found = self._wait(self.admin.list_consumer_group_offsets(request))[0].topic_partitions
        return {(x.topic, x.partition): x.offset for x in found if x.error is None}

    def commit(self, group, topic, offsets):
        """Sets a group's offsets ({partition: offset}) as an operator would."""
        request = [TopicPartition(topic, number, offset) for number, offset in offsets.items()]
        reader = Consumer({**self.properties, "group.id": group}, logger=QUIET)
        try:
            for done in reader.commit(offsets=request, asynchronous=False):
                if done.error is not None:
                    raise LabError(f"{group}: {done.error}")
        finally:
            reader.close()


def refusal(access):
    """The first error that this client gets from a broker that should not let it in."""
    errors = []
    producer = Producer({**access.properties, "log_level": 0, "error_cb": errors.append},
                        logger=QUIET)
    producer.produce("nothing", b"")  # makes it connect
    wait_until(lambda: producer.poll(0.02) is None or errors, SECONDS, "the client is refused")
    producer.purge()
    return errors[0].str()


def _record(message):
    return Record(message.partition(), message.offset(), message.key(), message.value(),
                  message.headers() or [], message.timestamp()[1])

"""How soon a record on Kafka is visible in the table, and decided on the decisions topic."""

import json
import subprocess
import threading
import time

import pyarrow.parquet
from confluent_kafka import Consumer, Producer, TopicPartition, OFFSET_BEGINNING

SMALL = '{"id":"%d","member_id":"%d","loan_amnt":"5000","annual_inc":"40000","dti":"3.5"}'
RATE, SECONDS = 1_000, 20
WARM_UP_MS = 2_000  # of joining the group and the first connections: not counted


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Decisions(threading.Thread):
    """Reads the decisions topic as it grows: how long after its production each came."""

    def __init__(self, bootstrap, topic, count):
        super().__init__(daemon=True)
        self.count, self.waits = count, []
        self.reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "decisions",
                                "enable.auto.commit": False, "fetch.wait.max.ms": 10})
        self.reader.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])

    def run(self):
        end = time.monotonic() + SECONDS + 60
        while len(self.waits) < self.count and time.monotonic() < end:
            for message in self.reader.consume(500, timeout=0.01):
                now = time.time() * 1000
                if message.error() is None:
                    event = json.loads(message.value())["event_ms"]
                    self.waits.append((event, now - event))
        self.reader.close()


def produce(bootstrap, topic):
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 1})
    began, first_ms = time.monotonic(), time.time() * 1000
    for number in range(RATE * SECONDS):
        producer.produce(topic, SMALL % (number, number))
        if number % 10 == 9:
            time.sleep(max(0.0, began + (number + 1) / RATE - time.monotonic()))
            producer.poll(0)
    assert producer.flush(60) == 0
    return first_ms


def visible_waits(data):
    """A row is visible when its file got its final name: ctime, which the rename sets."""
    waits = []
    for path in (data / "warehouse/prediction").glob("dt=*/part=*/*.parquet"):
        at = path.stat().st_ctime_ns / 1e6
        for event in pyarrow.parquet.ParquetFile(path).read(columns=["event_ms"])[0]:
            waits.append((event.as_py(), at - event.as_py()))
    return waits


def latency(brokers, program, folder, environment, commit_every_ms):
    topic, decisions = f"late-{commit_every_ms}", f"late-decisions-{commit_every_ms}"
    for name in (topic, decisions):
        brokers.client.create_topic(name, 1)
    data = folder / topic
    env = environment(brokers.bootstrap, LOANSTREAM_KAFKA_GROUP=topic,
                      LOANSTREAM_KAFKA_DECISIONS_TOPIC=decisions, LOANSTREAM_TABLE_MERGE="off",
                      LOANSTREAM_TABLE_COMMIT_EVERY=f"{commit_every_ms}ms")
    stream = subprocess.Popen([program, "stream", "local", topic, "--quiet", "--data", data],
                              env=env, stdout=subprocess.DEVNULL)
    reader = Decisions(brokers.bootstrap, decisions, RATE * SECONDS)
    reader.start()
    first_ms = produce(brokers.bootstrap, topic)
    reader.join()
    stream.terminate()
    assert stream.wait(60) == 0
    lines = []
    for what, waits in (("visible", visible_waits(data)), ("decision", reader.waits)):
        assert len(waits) == RATE * SECONDS, (what, len(waits))
        counted = [wait for event, wait in waits if event >= first_ms + WARM_UP_MS]
        lines.append(f"{RATE:,} records/s, commit_every {commit_every_ms} ms: produced to {what} "
                     f"p50 {percentile(counted, 0.5):.0f} ms, p99 {percentile(counted, 0.99):.0f} "
                     f"ms (to reach: {commit_every_ms + 100})")
    return lines

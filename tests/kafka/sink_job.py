"""A job with the topics beside its table, and what they must hold."""

import json
import re
import struct
import uuid

import pyarrow.dataset

from job import Job
from support.program import ROOT

NAMES = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/decisions.md").read_text(), re.M)
READ_SECONDS = 180  # of a topic with a million records, on a busy machine


class SinkJob(Job):
    """A job with both topics beside its table."""

    def __init__(self, brokers, folder, partitions=1, sink_partitions=3, **settings):
        name = uuid.uuid4().hex[:8]
        self.decisions, self.dead = f"decisions-{name}", f"dead-{name}"
        super().__init__(brokers, folder, partitions, kafka__decisions_topic=self.decisions,
                         kafka__dead_letter_topic=self.dead, **settings)
        if sink_partitions:
            for topic in (self.decisions, self.dead):
                brokers.client.create_topic(topic, sink_partitions)

    def positions(self):
        """The position files of both sinks."""
        return sorted((self.data / "warehouse/_loanstream/delivered").rglob(f"{self.topic}*"))

    def is_announced(self):
        """Does every position say that its partition is delivered up to its end?"""
        names = {path.name for path in self.positions()}
        ends = {f"{self.topic}-{p}-0-{self.brokers.client.watermarks(self.topic, p)[1]}"
                for p in range(self.partitions)}
        return names == ends

    def announced(self, topic):
        """{(topic, partition, offset): Record}; copies have the same key, bytes and headers."""
        found = {}
        for record in self.brokers.client.read(topic, READ_SECONDS):
            if topic == self.decisions:
                value = json.loads(record.value)
                at = (value["source_topic"], value["source_partition"], value["source_offset"])
            else:
                name, rest = record.key.decode().rsplit("/", 1)
                at = (name, *map(int, rest.split("@")))
            one = found.setdefault(at, record)
            assert (one.key, one.value, one.headers) == (record.key, record.value, record.headers)
        return found

    def copies(self, topic):
        """More records than rows."""
        return len(self.brokers.client.read(topic, READ_SECONDS)) - len(self.announced(topic))

    def order(self, topic):
        """Within a partition of the topic, first copies of a source partition in its order."""
        last, seen = {}, set()
        for record in self.brokers.client.read(topic, READ_SECONDS):
            value = json.loads(record.value)
            source = (record.partition, value["source_topic"], value["source_partition"])
            at = (*source, value["source_offset"])
            if at in seen:
                continue
            seen.add(at)
            assert value["source_offset"] > last.get(source, -1), record
            last[source] = value["source_offset"]

    def agree(self):
        """Both topics hold what the table holds, row for row and field for field."""
        rows = self.sql("select * exclude (evidence), cast(data as float) as data from prediction")
        decisions = self.announced(self.decisions)
        assert len(decisions) == len(rows)
        for row in rows:
            record = decisions[row["source_topic"], row["source_partition"], row["source_offset"]]
            value = json.loads(record.value)
            assert list(value) == NAMES
            assert record.key.decode() == row["application_id"]
            codes = [row[f"reason_{i}"] for i in range(1, 6) if row[f"reason_{i}"]]
            assert [reason["code"] for reason in value.pop("reasons")] == codes
            assert as_float32(value.pop("data")) == as_float32(row["data"])
            for name, cell in value.items():
                assert cell == row[name], (name, cell, row)
        rows = self.sql("select * exclude (raw), hex(raw) as raw from dead_letters")
        dead = self.announced(self.dead)
        assert len(dead) == len(rows)
        for row in rows:
            record = dead[row["source_topic"], row["source_partition"], row["source_offset"]]
            names = {"topic": "source_topic", "partition": "source_partition",
                     "offset": "source_offset", "stage": "stage", "reason": "reason",
                     "field": "field", "event_ms": "event_ms"}
            told, raw = self.opened(record)
            assert told == {f"loanstream.{name}": str(row[column])
                            for name, column in names.items() if row[column] is not None}
            assert raw == bytes.fromhex(row["raw"])

    def agree_in_bulk(self):
        """As agree(), of many rows: each once at least, all copies equal, none that is not landed;
        of a decision its status and its application."""
        columns = ["source_topic", "source_partition", "source_offset"]
        for table, topic, more in (("prediction", self.decisions, ["status", "application_id"]),
                                   ("dead_letters", self.dead, [])):
            rows = pyarrow.dataset.dataset(self.data / "warehouse" / table, format="parquet",
                                           partitioning="hive").to_table(columns + more)
            landed = {row[:3]: row[3:] for row in zip(*(c.to_pylist() for c in rows.columns))}
            told = self.announced(topic)
            assert told.keys() == landed.keys(), topic
            if more:
                wrong = [at for at, record in told.items()
                         if landed[at] != (json.loads(record.value)["status"], record.key.decode())]
                assert wrong == []

    def opened(self, record):
        """What is told of a dead letter, and its bytes."""
        return {name: text.decode() for name, text in record.headers}, record.value


def as_float32(number):
    return None if number is None else struct.unpack("f", struct.pack("f", number))[0]

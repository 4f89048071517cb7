"""Does a warehouse hold, for each record of a topic, exactly what the oracle decides?

  python3 tests/oracle/compare.py TOPIC_FOLDER WAREHOUSE [--policy FILE]

Reads the topic's lines (docs/topic.md) and every Parquet file in the table folders; prints the
first differences and exits 1 on any.
"""

import argparse
import base64
import json
import pathlib
import re
import sys

import pyarrow.parquet

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from oracle.decide import decide  # noqa: E402
from oracle.policy import Policy  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVELOPE = re.compile(rb'\{"loanstream_envelope":1,"base64":"([A-Za-z0-9+/=]*)"'
                      rb'(?:,"origin":\{"topic":"([^"]*)","partition":(\d+),"offset":(\d+)\})?\}\Z')
KEPT_OF_LONG = 65536
MOST_DIFFERENCES = 20


def records(topic_folder):
    """(partition, offset, bytes) of every complete line."""
    for path in sorted(pathlib.Path(topic_folder).glob("*.jsonl")):
        lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last newline is no record
        for offset, line in enumerate(lines):
            envelope = ENVELOPE.match(line)
            yield int(path.stem), offset, base64.b64decode(envelope[1]) if envelope else line


def rows_of(warehouse, table):
    """{(topic, partition, offset): [row, ...]}"""
    found = {}
    for path in sorted((pathlib.Path(warehouse) / table).glob("dt=*/part=*/*.parquet")):
        for row in pyarrow.parquet.ParquetFile(path).read().to_pylist():
            key = (row["source_topic"], row["source_partition"], row["source_offset"])
            found.setdefault(key, []).append(row)
    return found


def same_number(a, b, within):
    return a == b or (a is not None and b is not None and abs(a - b) <= within)


def evidence_differs(expected, got):
    if list(expected) != list(got):
        return f"evidence keys {list(got)}, expected {list(expected)}"
    for key, value in expected.items():
        other = got[key]
        if key in ("points", "lost"):
            if list(value) != list(other) or any(
                    not same_number(value[k], other[k], 0.0500001) for k in value):
                return f"evidence {key} {other}, expected {value}"
        elif value != other:
            return f"evidence {key} {other}, expected {value}"
    return None


def row_differs(expected, got):
    for column, value in expected.items():
        other = got[column]
        if column == "evidence":
            if wrong := evidence_differs(value, json.loads(other)):
                return wrong
        elif column == "probability_of_default":
            if not same_number(value, other, 1e-12):
                return f"{column} {other!r}, expected {value!r}"
        elif value != other:
            return f"{column} {other!r}, expected {value!r}"
    return None


def dead_differs(rejected, record, got):
    expected = {"stage": rejected.stage, "reason": rejected.reason, "field": rejected.field,
                "raw": record[:KEPT_OF_LONG] if rejected.reason == "too_large" else record}
    for column, value in expected.items():
        if got[column] != value:
            return f"dead letter {column} {got[column]!r}, expected {value!r}"
    return None


def compare_one(record, policy, position, rows, dead):
    if len(rows) + len(dead) != 1:
        return f"stands {len(rows)} times in prediction, {len(dead)} times in dead_letters"
    row, rejected = decide(record, policy, position)
    if rejected:
        return dead_differs(rejected, record, dead[0]) if dead else \
            f"is landed, expected the reject {rejected.args}"
    if dead:
        return f"is rejected ({dead[0]['reason']} {dead[0]['field']}), expected {row['status']}"
    return row_differs(row, rows[0])


def differences(topic_folder, warehouse, policy_path=None):
    """What is wrong in the warehouse, by an embedded topic's folder."""
    return differences_of(records(topic_folder), pathlib.Path(topic_folder).name, warehouse,
                          policy_path)


def differences_of(topic_records, topic, warehouse, policy_path=None, envelope=""):
    """As differences, by (partition, offset, bytes) of a topic that is read elsewhere."""
    policy = Policy(policy_path or ROOT / "policies/lendingclub.toml")
    policy.envelope = envelope.split(".") if envelope else []
    prediction, dead = rows_of(warehouse, "prediction"), rows_of(warehouse, "dead_letters")
    wrong = []
    for partition, offset, record in topic_records:
        position = (topic, partition, offset)
        found = compare_one(record, policy, position, prediction.pop(position, []),
                            dead.pop(position, []))
        if found:
            wrong.append("{}/{}@{}: ".format(*position) + found)
            if len(wrong) >= MOST_DIFFERENCES:
                return wrong
    for position in list(prediction) + list(dead):
        if position[0] == topic:
            wrong.append("{}/{}@{}: is landed but no record of the topic".format(*position))
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topic_folder")
    parser.add_argument("warehouse")
    parser.add_argument("--policy")
    arguments = parser.parse_args()
    wrong = differences(arguments.topic_folder, arguments.warehouse, arguments.policy)
    for line in wrong:
        print(line)
    print("the oracle agrees with every row" if not wrong else f"{len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

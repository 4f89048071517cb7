"""`table prove` finds each planted fault and names its place; the warehouse is made once."""

import json
import shutil

import pyarrow
import pyarrow.parquet
import pytest

from support.program import run, run_json

TOPIC = "fintech_pyspark"


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """Several commits of one topic, both tables filled."""
    data = tmp_path_factory.mktemp("landed") / "data"
    for part in range(3):
        feed = data.parent / f"{part}.jsonl"
        feed.write_text(run("applicants", "generate", "-n", 100, "--seed", part,
                            "--dirty", 0.2).out)
        run("source", TOPIC, "--file", feed, "--once", "--quiet", data=data)
        run("stream", TOPIC, "--once", "--quiet", data=data)
    assert run_json("table", "prove", "--complete", data=data)["proved"]
    return data


@pytest.fixture
def data(landed, tmp_path):
    shutil.copytree(landed, tmp_path / "data")
    return tmp_path / "data"


def some_file(data, table="prediction"):
    return sorted((data / "warehouse" / table).glob("dt=*/part=*/*.parquet"))[1]


def entries(data):
    return sorted((data / "warehouse/_loanstream/log").iterdir())


def rewrite(path, change):
    table = pyarrow.parquet.ParquetFile(path).read()
    pyarrow.parquet.write_table(change(table), path)


def file_deleted(data):
    path = some_file(data)
    path.unlink()
    return path.name


def byte_flipped(data):
    path = some_file(data)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    return path.name


def row_removed(data):
    path = some_file(data)
    rewrite(path, lambda table: table.slice(1))
    return path.name


def row_doubled(data):
    path = some_file(data)
    rewrite(path, lambda table: pyarrow.concat_tables([table, table.slice(0, 1)]))
    return path.name


def foreign_file(data):
    path = some_file(data)
    shutil.copy(path, path.with_name("foreign.parquet"))
    return "foreign.parquet"


def dead_letters_deleted(data):
    path = some_file(data, "dead_letters")
    path.unlink()
    return path.name


def entry_removed(data):
    path = entries(data)[2]
    path.unlink()
    return path.stem.lstrip("0")


def entry_edited(data):
    path = next(p for p in entries(data) if '"kind":"commit"' in p.read_text().replace(" ", ""))
    entry = json.loads(path.read_text())
    entry["ranges"][0]["decided"] += 1
    entry["ranges"][0]["rejected"] -= 1
    path.write_text(json.dumps(entry, separators=(",", ":")))
    return path.stem.lstrip("0")


def entries_swapped(data):
    first, second = entries(data)[2:4]
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    return first.stem.lstrip("0")


def version_lost(data):
    path = sorted((data / "warehouse/_loanstream/versions").iterdir())[0]
    path.unlink()
    return path.name[:12]


FAULTS = [file_deleted, byte_flipped, row_removed, row_doubled, foreign_file, dead_letters_deleted,
          entry_removed, entry_edited, entries_swapped, version_lost]


@pytest.mark.parametrize("plant", FAULTS, ids=lambda f: f.__name__)
def test_a_planted_fault_is_found_with_its_place(data, plant):
    place = plant(data)
    done = run("table", "prove", data=data, expect=1)
    assert "NOT PROVED" in done.out
    assert place in done.out, done.out


def test_records_not_landed_are_lag_and_a_failure_only_with_complete(data):
    topic = data / "topics" / TOPIC / "0.jsonl"
    with open(topic, "a") as out:
        out.write('{"loan_amnt":"1"}\n')
    assert run_json("table", "prove", data=data)["proved"]
    assert not run_json("table", "prove", "--complete", data=data, expect=1)["proved"]


def test_records_that_the_source_no_longer_has(data):
    """The topic lost lines that the table holds: the count does not agree any more."""
    topic = data / "topics" / TOPIC / "0.jsonl"
    lines = topic.read_bytes().splitlines(keepends=True)
    topic.write_bytes(b"".join(lines[:-1]))
    done = run("table", "prove", data=data, expect=1)
    assert f"{TOPIC}/0" in done.out

"""State carries format numbers: a number that the program does not know is refused with one line
and exit 3, before anything is written (the table of docs/repair.md)."""

import hashlib
import json
import re
import shutil

import pytest

from support.program import run, run_json

TOPIC = "fintech_pyspark"
LINE = '{"loan_amnt":"1000","annual_inc":"50000","dti":"5","grade":"A","desc":"%s"}\n'
WRITERS = (["stream", "--once", "--quiet"], ["table", "merge"], ["table", "repair", "--yes"],
           ["dead", "abandon", f"{TOPIC}/0@5", "--why", "a test"])


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """Sealed parts, some of them merged, manifests, dead letters, and records that wait."""
    folder = tmp_path_factory.mktemp("formats")
    data, feed = folder / "data", folder / "feed.jsonl"
    feed.write_text("".join("no\n" if n == 5 else LINE % n for n in range(600)))
    run("source", "--file", feed, "--once", "--quiet", data=data)
    run("stream", "--once", "--quiet", "--set", "stream.batch_records=2",
        "--set", "table.file_size=1KiB", "--set", "table.max_open_files=100", data=data)
    feed.write_text(LINE % "more")
    run("source", "--file", feed, "--once", "--quiet", data=data)
    assert list((data / "warehouse/_loanstream/manifests").iterdir())
    return data


@pytest.fixture(name="data")
def copy_of_landed(landed, tmp_path):
    shutil.copytree(landed, tmp_path / "data")
    return tmp_path / "data"


def tree(data):
    return {str(path): path.stat().st_mtime_ns for path in sorted(data.rglob("*"))}


def sealed(text):
    """With its own checksum put right, so that only what it says is wrong."""
    text = re.sub(r'"sum":"[0-9a-f]{64}"', '"sum":"' + "0" * 64 + '"', text, count=1)
    return text.replace("0" * 64, hashlib.sha256(text.encode()).hexdigest(), 1)


def entries(data):
    return sorted((data / "warehouse/_loanstream/log").iterdir())


def later_entry(data):
    path = entries(data)[-1]
    path.write_text(sealed(path.read_text().replace('"format":1', '"format":3', 1)))
    return path


def later_kind(data):
    path = entries(data)[-1]
    path.write_text(sealed(re.sub(r'"kind":"\w+"', '"kind":"pause"', path.read_text(), count=1)))
    return path


def later_manifest(data):
    """The checkpoint names it with its new checksum, as its writer would have."""
    path = max((data / "warehouse/_loanstream/manifests").glob("prediction-*"))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text(sealed(path.read_text().replace('"format":1', '"format":2', 1)))
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    prev = None
    for entry in entries(data):
        text = entry.read_text().replace(before, after)
        if prev is not None:
            text = re.sub(r'"prev":"\w*"', f'"prev":"{prev}"', text, count=1)
        entry.write_text(sealed(text))
        prev = hashlib.sha256(entry.read_bytes()).hexdigest()
    return path


def later_topic(data):
    path = data / f"topics/{TOPIC}/topic.json"
    path.write_text(path.read_text().replace('"format":1', '"format":2'))
    return path


def refused(data, words, path):
    before = tree(data)
    done = run(*words, data=data, expect=3)
    lines = done.err.splitlines()
    assert len(lines) == 1 and path.name in lines[0], done.err
    assert re.search(r"format|kind", lines[0])
    assert tree(data) == before


@pytest.mark.parametrize("words", WRITERS, ids=lambda words: " ".join(words[:2]))
@pytest.mark.parametrize("later", [later_entry, later_kind, later_manifest])
def test_a_writer_refuses(data, later, words):
    path = later(data)
    shutil.rmtree(data / "warehouse/_loanstream/locks")  # nor is a folder made
    refused(data, words, path)


@pytest.mark.parametrize("words", [
    ["table", "show"], ["table", "files"], ["table", "prove"], ["table", "verify"],
    ["table", "repair"], ["table", "sql", "select 1"], ["table", "backup", "COPY"],
    ["dead", "list"]], ids=" ".join)
@pytest.mark.parametrize("later", [later_entry, later_kind, later_manifest])
def test_a_reader_refuses(data, later, words):
    copy = data.parent / "copy"
    refused(data, [copy if word == "COPY" else word for word in words], later(data))
    assert not copy.exists()


@pytest.mark.parametrize("words", [
    ["stream", "--once", "--quiet"], ["source", "--file", "FEED", "--once", "--quiet"],
    ["topic", "describe"], ["topic", "list"], ["topic", "delete"]], ids=" ".join)
def test_a_topic_of_a_later_version(data, words):
    feed = data.parent / "feed.jsonl"
    feed.write_text(LINE % 1)
    refused(data, [feed if word == "FEED" else word for word in words], later_topic(data))


def test_no_topic_is_made_beside_a_log_of_a_later_version(data):
    refused(data, ["stream", "another", "--once", "--quiet"], later_entry(data))


def test_a_parquet_file_of_a_later_version(data):
    path = next((data / "warehouse/prediction").glob("dt=*/part=*/*-598-600-*.parquet"))
    raw = path.read_bytes()
    key = b"loanstream.format\x18\x011"
    assert raw.count(key) == 1
    path.write_bytes(raw.replace(key, key[:-1] + b"2"))
    refused(data, ["table", "show"], path)
    report = run_json("table", "verify", data=data, expect=1)
    assert path.name in report["failures"][0] and "file format 2" in report["failures"][0]
    assert path.name in run("table", "prove", data=data, expect=1).out
    shutil.rmtree(data / "warehouse/_loanstream/log")
    refused(data, ["table", "repair", "--yes"], path)


def test_a_policy_and_a_model_of_a_later_version(data):
    policy = data.parent / "own.toml"
    policy.write_text('format = 2\nname = "own"\n')
    refused(data, ["stream", "--once", "--quiet", "--policy", policy], policy)
    model = data.parent / "own.json"
    model.write_text(json.dumps({"format": 2, "kind": "scorecard", "name": "own"}))
    refused(data, ["stream", "--once", "--quiet", "--model", model], model)

"""Bad files: input, policies, models, the log and the table. Each gives one clear line with its
place; nothing is lost, and nothing is written into a damaged warehouse."""

import hashlib
import json
import re
import subprocess

import pytest

from support.program import PROGRAM, run, run_json

TOPIC = "fintech_pyspark"
LINE = '{"loan_amnt":"1000","annual_inc":"50000","dti":"5","grade":"A","desc":"%s"}\n'
HEAD = "loan_amnt,annual_inc,dti,grade,desc\n"


def tree(folder):
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def the_line(done, status, *says):
    assert done.returncode == status, (done.returncode, done.err)
    lines = [line for line in done.err.splitlines() if line.startswith("loanstream: ")]
    assert len(lines) == 1, done.err
    for part in says:
        assert part in lines[0], lines[0]


def decided(tmp_path, text, expect=0, name="in.csv"):
    feed, out = tmp_path / name, tmp_path / "out.jsonl"
    feed.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = run("decide", feed, "--out", out, "--rejects", tmp_path / "rejects.jsonl",
               expect=expect)
    rows = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    return done, rows


def test_csv_with_a_torn_last_line(tmp_path):
    done, rows = decided(tmp_path, HEAD + "1000,50000,5,A,x\n2000,600")
    assert [row["funded_amnt"] for row in rows] == [1000, 2000]
    assert rows[1]["annual_inc"] == 600 and "first at line 3" in done.err


def test_csv_with_an_unbalanced_quote(tmp_path):
    done, rows = decided(tmp_path, HEAD + '1000,50000,5,A,"open\n' + "2000,6,5,A,x\n" * 1000,
                         expect=1)
    the_line(done, 1, "a quote is never closed", "in.csv:2", "double it")
    assert rows == []  # no half file under the name


def test_csv_with_newlines_inside(tmp_path):
    _, rows = decided(tmp_path, HEAD + '1000,50000,5,A,"one\ntwo\r\n""three"""\n2000,6,5,A,x\n')
    assert [row["funded_amnt"] for row in rows] == [1000, 2000]


def test_csv_with_a_line_of_a_hundred_megabytes(tmp_path):
    feed = tmp_path / "wide.csv"
    with open(feed, "w", encoding="utf-8") as out:
        out.write(HEAD + '1000,50000,5,A,"')
        for _ in range(100):
            out.write("x" * (1 << 20))
        out.write('"\n2000,6,5,A,y\n')
    words = f"ulimit -v 700000; exec {PROGRAM} decide {feed} --out {tmp_path}/out.jsonl"
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True)
    done.err = done.stderr
    the_line(done, 1, "larger than 64 MiB", "wide.csv:2")
    done = run("source", "--file", feed, "--once", "--quiet", data=tmp_path / "data", expect=None)
    the_line(done, 1, "larger than 64 MiB", "wide.csv:2")


def test_a_gz_that_is_cut_off(tmp_path):
    import gzip
    bytes_ = gzip.compress((HEAD + "1000,50000,5,A,x\n" * 5000).encode())
    done, _ = decided(tmp_path, bytes_[:len(bytes_) // 2], expect=1, name="in.csv.gz")
    the_line(done, 1, "gz", "in.csv.gz")


@pytest.fixture(name="data")
def landed(tmp_path):
    feed = tmp_path / "feed.jsonl"
    feed.write_text("".join(LINE % n for n in range(40)) + "not json\n")
    run("source", "--file", feed, "--once", "--quiet", data=tmp_path / "data")
    run("stream", "--once", "--quiet", "--set", "stream.batch_records=10",
        "--set", "table.file_size=1KiB", data=tmp_path / "data")
    return tmp_path / "data"


def log(data):
    return sorted((data / "warehouse/_loanstream/log").iterdir())


def sealed(text):
    """With its own checksum put right, so that only what it says is wrong."""
    text = re.sub(r'"sum": ?"[0-9a-f]{64}"', lambda m: m[0][:-65] + "0" * 64 + '"', text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return text.replace("0" * 64, digest, 1)


DAMAGE = {  # what is done to the last entry but one, and what is said
    "torn": lambda path: path.write_bytes(path.read_bytes()[:200]),
    "empty": lambda path: path.write_bytes(b""),
    "wrong checksum": lambda path: path.write_text(path.read_text().replace('"records"', '"r"')),
    "missing": lambda path: path.unlink(),
    "out of sequence": lambda path: path.write_bytes(
        sorted(path.parent.iterdir())[-1].read_bytes()),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_log_entry(data, kind):
    path = log(data)[-2]
    DAMAGE[kind](path)
    before = tree(data)
    the_line(run("stream", "--once", "--quiet", data=data, expect=None), 3, path.name[:20])
    the_line(run("table", "show", data=data, expect=None), 3)
    assert "NOT PROVED" in run("table", "prove", data=data, expect=1).out
    assert tree(data) == before  # nothing is written


def test_a_log_entry_of_an_unknown_version(data):
    path = log(data)[-1]
    path.write_text(sealed(path.read_text().replace('"format":1', '"format":3', 1)
                           .replace('"format": 1', '"format": 3', 1)))
    before = tree(data)
    the_line(run("stream", "--once", "--quiet", data=data, expect=None), 3, "format")
    assert tree(data) == before


def crash_before_publish(tmp_path):
    data = tmp_path / "half"
    feed = tmp_path / "feed.jsonl"
    feed.write_text("".join(LINE % n for n in range(40)))
    run("source", "--file", feed, "--once", "--quiet", data=data)
    done = run("stream", "--once", "--quiet", data=data, expect=None,
               env={"LOANSTREAM_CRASH_AT": "entry-synced:2"})
    assert done.returncode == 137
    (staged,) = (data / "warehouse/_loanstream/staging").glob("prediction-*")
    return data, staged


def test_a_staged_file_that_is_gone(tmp_path):
    data, staged = crash_before_publish(tmp_path)
    staged.unlink()
    run("stream", "--once", "--quiet", data=data, expect=None)
    said = run("table", "prove", data=data, expect=1).out
    assert "NOT PROVED" in said and staged.stem in said


def test_a_staged_file_that_is_corrupt(tmp_path):
    data, staged = crash_before_publish(tmp_path)
    staged.write_bytes(staged.read_bytes()[:-100] + b"x" * 100)
    run("stream", "--once", "--quiet", data=data, expect=None)
    said = run("table", "prove", data=data, expect=1).out
    assert "NOT PROVED" in said and staged.stem in said


def own_policy(tmp_path):
    policy = tmp_path / "own.toml"
    text = run("policy", "show", "--source").out
    policy.write_text(text.replace("../models/", "embedded:models/"))
    return policy


@pytest.mark.parametrize("broken, status, says", [
    (lambda text: text[:len(text) // 2] + "[[[", 2, "own.toml:"),
    (lambda text: text.replace("annual_inc < 20000", "annual_in < 20000"), 2, "annual_inc"),
    (lambda text: text.replace("embedded:models/lendingclub.json", "none.json"), 1, "none.json"),
    (lambda text: text.replace("embedded:models/lendingclub.json", "model.json"), 1,
     "model.json"),
], ids=["torn", "unknown field", "model missing", "model broken"])
def test_a_broken_policy_or_model_stops_before_anything_is_written(tmp_path, data, broken,
                                                                   status, says):
    policy = own_policy(tmp_path)
    (tmp_path / "model.json").write_text('{"format": 1, "kind": "scorecard"')
    policy.write_text(broken(policy.read_text()))
    before = tree(data)
    the_line(run("stream", "--once", "--quiet", "--policy", policy, data=data, expect=None),
             status, says)
    assert tree(data) == before


def test_a_policy_that_is_not_there(tmp_path, data):
    before = tree(data)
    the_line(run("stream", "--once", "--policy", tmp_path / "none.toml", data=data, expect=None),
             1, "none.toml")
    assert tree(data) == before


def test_a_published_file_that_is_gone_or_corrupt_is_found(data):
    files = sorted((data / "warehouse/prediction").glob("dt=*/part=*/*.parquet"))
    good = files[0].read_bytes()
    files[0].write_bytes(good[:100] + b"?" + good[101:])
    assert files[0].name in run("table", "prove", data=data, expect=1).out
    files[0].unlink()
    assert files[0].name in run("table", "prove", data=data, expect=1).out
    files[0].write_bytes(good)
    assert run_json("table", "prove", data=data)["proved"]

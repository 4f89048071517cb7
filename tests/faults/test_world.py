"""Faults of the machine: full and read-only disks, file systems that lack a rename, a clock set
back, signals. Each ends in one clear line, and the next run goes on with nothing lost."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from support.program import PROGRAM, Process, run, run_json, wait_until

HERE = pathlib.Path(__file__).resolve().parent
TOPIC = "fintech_pyspark"
LINE = '{"loan_amnt":"1000","annual_inc":"50000","dti":"5","grade":"A","desc":"%s"}\n'


def feed_of(folder, lines):
    feed = folder / "feed.jsonl"
    feed.write_text("".join(lines))
    return feed


def proved(data):
    report = run_json("table", "prove", "--complete", data=data)
    assert report["proved"], report
    return report["positions"]


def one_line(done, status):
    assert done.returncode == status, (done.returncode, done.err)
    lines = [line for line in done.err.splitlines() if line.startswith("loanstream: ")]
    assert len(lines) == 1, done.err
    return lines[0]


def in_own_mounts(script):
    """Runs a shell script where it may mount; what it mounts is gone with it."""
    flags = "-m" if os.geteuid() == 0 else "-rm"
    done = subprocess.run(["unshare", flags, "bash", "-euc", script], capture_output=True,
                          timeout=120)
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return done.stdout.decode()


def test_without_rename_flags_all_goes_by_link_and_unlink(tmp_path, shim):
    env = {"LD_PRELOAD": shim, "SHIM_NO_RENAMEAT2": "1"}
    data = tmp_path / "data"
    feed = feed_of(tmp_path, [LINE % n for n in range(500)])
    run("source", "--file", feed, "--once", "--quiet", data=data, env=env)
    for point in ("entry-written", "entry-put", "published-one"):
        done = run("stream", "--once", "--quiet", data=data, expect=None,
                   env={**env, "LOANSTREAM_CRASH_AT": point,
                        "LOANSTREAM_STREAM_BATCH_RECORDS": "100"})
        assert done.returncode == 137
    run("stream", "--once", "--quiet", data=data, env=env)
    assert proved(data) == 500
    more = feed_of(tmp_path, [LINE % f"more {n}" for n in range(100)])
    run("source", "--file", more, "--once", "--quiet", data=data, env=env)
    run("stream", "--once", "--quiet", data=data, env=env)
    refused = run("table", "merge", "--seal", data=data, env=env, expect=None)
    assert "cannot exchange two folders in one step" in one_line(refused, 3)
    assert proved(data) == 600
    run("table", "merge", data=data)  # where the file system can
    assert proved(data) == 600


def test_a_clock_set_back_an_hour(tmp_path, shim):
    data = tmp_path / "data"
    for part, off in enumerate((0, -3600, -7200, 0)):
        feed = tmp_path / f"feed{part}.jsonl"
        feed.write_text("".join(LINE % f"{part}-{n}" for n in range(50)))
        env = {"LD_PRELOAD": shim, "SHIM_CLOCK_SECONDS": str(off)}
        run("source", "--file", feed, "--once", "--quiet", data=data, env=env)
        run("stream", "--once", "--quiet", data=data, env=env)
    assert proved(data) == 200
    rows = run_json("table", "sql", "select decided_ms from prediction order by source_offset",
                    data=data)
    times = [row["decided_ms"] for row in rows]
    assert times == sorted(times) and len(times) == 200


FULL = """
mount -t tmpfs -o size={size}k tmpfs {folder}
cd {folder}
free() {{ df --output=avail -k . | tail -1; }}
echo "free $(free)"
set +e
{program} source --file {feed} --once --quiet --data {folder}/data 2>{out}/source.err >/dev/null
echo "source $?"
{program} stream --once --quiet --set stream.batch_records=300 --set table.commit_every=1h \
    --set table.file_size=1KiB --data {folder}/data 2>{out}/stream.err >/dev/null
echo "stream $?"
mount -o remount,size=200m {folder}
set -e
{program} source --file {feed} --once --quiet --data {folder}/data 2>/dev/null >/dev/null
{program} stream --once --quiet --data {folder}/data 2>/dev/null >/dev/null
{program} table prove --complete --json --data {folder}/data
"""


def fill(folder, feed, size):
    """{"source": status, "stream": status} on a disk of so many KiB; what follows must hold."""
    (folder / "disk").mkdir(parents=True)
    said = in_own_mounts(FULL.format(size=size, folder=folder / "disk", program=PROGRAM,
                                     feed=feed, out=folder))
    statuses = dict(re.findall(r"^(source|stream) (\d+)$", said, re.M))
    assert set(statuses.values()) <= {"0", "3"}, said
    for verb, status in statuses.items():
        err = (folder / f"{verb}.err").read_text()
        lines = [line for line in err.splitlines() if line.startswith("loanstream: ")]
        assert len(lines) == (status == "3"), err
        assert status == "0" or "No space left" in lines[0], lines
    report = json.loads(said[said.index("{"):])
    assert report["proved"] and report["positions"] == 1500, report
    return statuses, (folder / "stream.err").read_text()


def test_a_full_disk_at_one_step_or_another(tmp_path):
    """1,500 records of 210 bytes: small disks fill in the topic, larger ones step by step later."""
    feed = feed_of(tmp_path, [LINE % (str(n) * 30)[:120] for n in range(1500)])
    assert fill(tmp_path / "small", feed, 60)[0]["source"] == "3"
    assert fill(tmp_path / "half", feed, 200)[0]["source"] == "3"
    places = set()
    for size in range(324, 1200, 8):
        statuses, err = fill(tmp_path / str(size), feed, size)
        if statuses == {"source": "0", "stream": "0"}:
            break
        if statuses["stream"] == "3":
            (path,) = re.findall(r"^loanstream: ([^:]+):", err, re.M)
            places.add(re.sub(r"[0-9a-f-]*\d[0-9a-f.-]*", "#", pathlib.Path(path).name))
    assert statuses == {"source": "0", "stream": "0"}  # the last one holds all
    assert len(places) >= 3, places


FULL_MERGE = """
mount -t tmpfs -o size=20m tmpfs {folder}
cp -a {landed} {folder}/data
used=$(df --output=used -k {folder} | tail -1)
mount -o remount,size=$((used + {room}))k {folder}
set +e
{program} table merge --seal --data {folder}/data 2>{out}/merge.err >/dev/null
echo "merge $?"
mount -o remount,size=20m {folder}
set -e
{program} table merge --seal --data {folder}/data
{program} table prove --complete --json --data {folder}/data
"""


def test_a_full_disk_at_one_step_or_another_of_merging(tmp_path):
    """30 files merged with more and more room, from none to enough."""
    data = tmp_path / "data"
    for part in range(30):
        feed = feed_of(tmp_path, [LINE % (f"{part}-{n}" * 30)[:120] for n in range(50)])
        run("source", "--file", feed, "--once", "--quiet", data=data)
        run("stream", "--once", "--quiet", "--set", "table.merge=off", data=data)
    places = set()
    for room in range(0, 400, 4):
        out = tmp_path / str(room)
        (out / "disk").mkdir(parents=True)
        said = in_own_mounts(FULL_MERGE.format(folder=out / "disk", landed=data, room=room,
                                               program=PROGRAM, out=out))
        report = json.loads(said[said.index("{"):])
        assert report["proved"] and report["positions"] == 1500, report
        if "merge 0" in said:
            break
        assert "merge 3" in said, said
        (line,) = [line for line in (out / "merge.err").read_text().splitlines()
                   if line.startswith("loanstream: ")]
        assert "No space left" in line, line
        places.add(re.sub(r"[0-9a-f-]*\d[0-9a-f.-]*", "#", line.split(":")[1].split("/")[-1]))
    assert "merge 0" in said and len(places) >= 2, places


def test_a_read_only_folder(tmp_path):
    data = tmp_path / "data"
    feed = feed_of(tmp_path, [LINE % n for n in range(20)])
    run("source", "--file", feed, "--once", "--quiet", data=data)
    said = in_own_mounts(f"""
mount --bind {data} {data}
mount -o remount,ro,bind {data}
set +e
{PROGRAM} stream --once --quiet --data {data} >{tmp_path}/out 2>&1; echo "stream $?"
{PROGRAM} source --file {feed} --once --quiet --data {data} >{tmp_path}/out2 2>&1
echo "source $?"
{PROGRAM} stream --dry-run --data {data} >/dev/null 2>&1; echo "dry $?"
""")
    assert "stream 3" in said and "dry 0" in said
    line = (tmp_path / "out").read_text().splitlines()
    assert len([x for x in line if x.startswith("loanstream: ")]) == 1
    assert "Read-only" in line[-1]
    run("stream", "--once", "--quiet", data=data)
    assert proved(data) == 20


def test_state_of_another_version_is_refused_before_anything_is_written(tmp_path):
    data = tmp_path / "data"
    run("source", "--file", feed_of(tmp_path, [LINE % 1]), "--once", "--quiet", data=data)
    topic = data / f"topics/{TOPIC}/topic.json"
    topic.write_text(topic.read_text().replace('"format":1', '"format":7'))
    before = sorted(str(path) for path in data.rglob("*"))
    assert "format" in one_line(run("stream", "--once", data=data, expect=None), 3)
    assert sorted(str(path) for path in data.rglob("*")) == before


@pytest.mark.parametrize("signals, status", [
    ([signal.SIGTERM], 0), ([signal.SIGINT], 0), ([signal.SIGKILL], -signal.SIGKILL)])
def test_signals(tmp_path, signals, status):
    data = tmp_path / "data"
    feed = feed_of(tmp_path, [LINE % n for n in range(3000)])
    run("source", "--file", feed, "--once", "--quiet", data=data)
    stream = Process("stream", "--quiet", "--set", "stream.batch_records=10",
                     "--set", "table.commit_every=20ms", data=data, folder=tmp_path)
    try:
        wait_until(lambda: "event=committed" in stream.text(), 30, "a commit")
        for one in signals:
            stream.process.send_signal(one)
        assert stream.wait(60) == status, stream.text()
    finally:
        stream.close()
    run("stream", "--once", "--quiet", data=data)
    assert proved(data) == 3000


def test_a_second_interrupt_ends_at_once_and_loses_nothing(tmp_path):
    data = tmp_path / "data"
    run("source", "--file", feed_of(tmp_path, [LINE % n for n in range(3000)]), "--once",
        "--quiet", data=data)
    stream = Process("stream", "--quiet", "--set", "stream.batch_records=10",
                     "--set", "table.commit_every=20ms", data=data, folder=tmp_path)
    try:
        wait_until(lambda: "event=committed" in stream.text(), 30, "a commit")
        stream.process.send_signal(signal.SIGINT)
        stream.process.send_signal(signal.SIGINT)
        assert stream.wait(30) in (0, 130, -signal.SIGINT), stream.text()
    finally:
        stream.close()
    run("stream", "--once", "--quiet", data=data)
    assert proved(data) == 3000


def test_a_folder_that_is_gone_between_two_runs(tmp_path):
    data = tmp_path / "data"
    run("source", "--file", feed_of(tmp_path, [LINE % n for n in range(5)]), "--once", "--quiet",
        data=data)
    run("stream", "--once", "--quiet", data=data)
    shutil.rmtree(data / f"topics/{TOPIC}")
    line = one_line(run("stream", "--once", "--quiet", data=data, expect=None), 3)
    assert "deleted" in line, line

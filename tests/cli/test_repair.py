"""Verify, repair and backup as an operator runs them: every damage, row for row; docs/repair.md."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import threading

import pytest

from support.program import PROGRAM, ROOT, Process, run, run_json, wait_until

TOPIC = "fintech_pyspark"
LINE = '{"loan_amnt":"1000","annual_inc":"50000","dti":"5","grade":"A","desc":"%s"}\n'
GAPS = ["--accept-gaps", "--by", "night operator", "--why", "disk 3 died"]


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """Three commits of a topic, both tables filled."""
    data = tmp_path_factory.mktemp("landed") / "loanstream-data"
    for part in range(3):
        feed = data.parent / f"{part}.jsonl"
        feed.write_text(run("applicants", "generate", "-n", 100, "--seed", part,
                            "--dirty", 0.2).out)
        run("source", "--file", feed, "--once", "--quiet", data=data)
        run("stream", "--once", "--quiet", data=data)
    assert run_json("table", "prove", "--complete", data=data)["proved"]
    return data


@pytest.fixture(name="data")
def copy_of_landed(landed, tmp_path):
    shutil.copytree(landed, tmp_path / "loanstream-data")
    return tmp_path / "loanstream-data"


def rows(data):
    """Both tables, whole, in the order of their positions."""
    order = "order by source_topic, source_partition, source_offset"
    return [run("table", "sql", "--csv", f"select * exclude (dt, part) from {table} {order}",
                data=data).out for table in ("prediction", "dead_letters")]


def tree(data):
    return {str(p): p.stat().st_mtime_ns for p in sorted(data.rglob("*"))}


def log(data):
    return sorted((data / "warehouse/_loanstream/log").iterdir())


def newest_entry(data):
    folder = data / "warehouse/_loanstream/log"
    return max((int(path.stem) for path in folder.glob("*.json")), default=0)


def file_of(data, table, begin):
    (path,) = (data / "warehouse" / table).glob(f"dt=*/part=*/*-{begin}-{begin + 100}-*")
    return path


def torn(path):
    path.write_bytes(path.read_bytes()[:100])


DAMAGE = {
    "log folder deleted": lambda data: shutil.rmtree(log(data)[0].parent),
    "last entry torn": lambda data: torn(log(data)[-1]),
    "last entry deleted": lambda data: log(data)[-1].unlink(),
    "a middle entry deleted": lambda data: log(data)[3].unlink(),
    "a checkpoint damaged": lambda data: torn(log(data)[0]),
    "an entry edited": lambda data: log(data)[2].write_text(
        log(data)[2].read_text().replace('"records":100', '"records":101')),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_log_is_made_anew(data, kind):
    before = rows(data)
    DAMAGE[kind](data)
    damaged = tree(data)
    for words in ([], ["--dry-run"], ["--dry-run", "--yes"]):
        assert "to do: make a new log" in run("table", "repair", *words, data=data, expect=1).out
    assert tree(data) == damaged
    run("table", "repair", "--yes", data=data)
    assert rows(data) == before
    assert run_json("table", "prove", "--complete", data=data)["proved"]
    assert "nothing to repair" in run("table", "repair", data=data).out
    feed = data.parent / "more.jsonl"
    feed.write_text(run("applicants", "generate", "-n", 50, "--seed", 9).out)
    run("source", "--file", feed, "--once", "--quiet", data=data)
    run("stream", "--once", "--quiet", data=data)
    assert run_json("table", "prove", "--complete", data=data)["positions"] == 350


def test_orders_outlive_a_repair(data):
    run("review-all", "on", "--by", "ann", "--why", "a bad model", data=data)
    run("pause", "--by", "bob", "--why", "an audit", data=data)
    log(data)[3].unlink()
    run("table", "repair", "--yes", data=data)
    told = json.loads(run("why", "--json", data=data, expect=1).out)
    assert {line["stage"] for line in told["partitions"]} == {"paused"}
    assert {(line["by"], line["why"]) for line in told["partitions"]} == {("bob", "an audit")}
    # What it says is to be typed can be typed.
    for line in run("why", data=data, expect=1).out.splitlines():
        if found := re.search(r"loanstream ((?:resume|review-all) .*) --why TEXT$", line):
            run(*found[1].split(), "--why", "it is over", data=data)
    told = json.loads(run("why", "--json", data=data, expect=0).out)
    assert {line["stage"] for line in told["partitions"]} != {"paused"}
    assert not told.get("review_all")


def test_a_deleted_parquet_file_is_a_hole_with_its_offsets(data):
    dead = run_json("table", "sql", f"select source_offset from dead_letters where source_offset "
                    "between 100 and 199 order by 1", data=data)
    gone = set(range(100, 200)) - {int(row["source_offset"]) for row in dead}
    before = rows(data)
    path = file_of(data, "prediction", 100)
    kept = path.read_bytes()
    path.unlink()
    damaged = tree(data)
    done = run("table", "repair", "--yes", data=data, expect=1)
    told = {offset for begin, end in re.findall(r"HOLE: \S+ offsets (\d+) to (\d+) ", done.out)
            for offset in range(int(begin), int(end) + 1)}
    assert told == gone and path.name in done.out
    assert tree(data) == damaged
    run("table", "repair", "--yes", "--accept-gaps", data=data, expect=2)

    other = data.parent / "accepted"
    shutil.copytree(data, other)
    run("table", "repair", "--yes", *GAPS, data=other)
    assert run_json("table", "prove", "--complete", data=other)["positions"] == 300 - len(gone)
    lines = set(before[0].splitlines())
    assert set(rows(other)[0].splitlines()) < lines and rows(other)[1] == before[1]

    path.write_bytes(kept)  # back from a copy
    assert "nothing to repair" in run("table", "repair", data=data).out
    assert rows(data) == before


def test_last_offsets_are_decided_again(data):
    before = rows(data)
    for table in ("prediction", "dead_letters"):
        file_of(data, table, 200).unlink()
    done = run("table", "repair", "--yes", data=data)
    assert "let the topic be decided again: fintech_pyspark/0 offsets 200 to 299" in done.out
    run("stream", "--once", "--quiet", data=data)
    assert run_json("table", "prove", "--complete", data=data)["positions"] == 300
    assert len(rows(data)[0].splitlines()) == len(before[0].splitlines())


def test_replays_are_found_again_in_their_topic(data):
    (letter, *_) = run_json("table", "sql", "select source_offset from dead_letters", data=data)
    position = f"{TOPIC}/0@{letter['source_offset']}"
    good = data.parent / "good.json"
    good.write_text('{"loan_amnt":"1000","annual_inc":"50000","dti":"5","grade":"A"}')
    run("dead", "fix", position, "--from", good, "--yes", data=data)
    run("stream", "--once", "--quiet", data=data)
    before = rows(data)
    shutil.rmtree(log(data)[0].parent)
    run("table", "repair", "--yes", data=data)
    assert rows(data) == before
    assert run_json("table", "prove", "--complete", data=data)["proved"]
    assert run_json("dead", "show", position, data=data)["state"] == "replayed"


def test_a_running_stream_keeps_repair_away(data):
    stream = Process("stream", "--quiet", data=data, folder=data.parent)
    try:
        wait_until(lambda: len(log(data)) > 7, 30, "its claim")
        log(data)[2].unlink()
        done = run("table", "repair", "--yes", data=data, expect=3)
        assert "another process holds a lock" in done.err and len(done.err.splitlines()) == 1
    finally:
        stream.close()


def test_verify_names_what_is_not_as_the_log_says(data):
    assert run_json("table", "verify", "--checksums", data=data)["verified"]
    path = file_of(data, "prediction", 100)
    raw = bytearray(path.read_bytes())
    raw[100] ^= 1
    path.write_bytes(raw)
    run("table", "verify", data=data)  # size and rows are the same
    report = run_json("table", "verify", "--checksums", data=data, expect=1)
    assert path.name in report["failures"][0] and report["failures_total"] == 1
    dt = re.search(r"dt=(\S{10})", str(path))[1]
    run("table", "verify", "--checksums", "--dt", dt, data=data, expect=1)
    run("table", "verify", "--checksums", "--dt", "2001-01-01", data=data)
    run("table", "verify", "--dt", "yesterday", data=data, expect=2)
    path.unlink()
    assert "is gone" in run("table", "verify", data=data, expect=1).out
    next((data / "warehouse/_loanstream/versions").iterdir()).unlink()
    assert run_json("table", "verify", data=data, expect=1)["failures_total"] == 2
    torn(log(data)[-1])
    assert "NOT VERIFIED" in run("table", "verify", data=data, expect=1).out


@pytest.fixture(name="other_disk")
def folder_of_another_file_system():
    folder = f"/dev/shm/loanstream-{os.getpid()}"
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("no second file system")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_a_backup_to_another_file_system_is_copied(data, other_disk):
    if os.stat("/dev/shm").st_dev == os.stat(data).st_dev:
        pytest.skip("no second file system")
    assert "0 linked, 9 copied" in run("table", "backup", other_disk, data=data).out
    before = rows(data)
    shutil.rmtree(data / "warehouse")
    shutil.copytree(other_disk, data / "warehouse")
    assert rows(data) == before
    assert run_json("table", "prove", "--complete", data=data)["proved"]


def test_a_backup_needs_an_empty_folder_beside_the_warehouse(data):
    run("table", "backup", data / "warehouse/prediction/copy", data=data, expect=2)
    (data.parent / "full").mkdir()
    (data.parent / "full/file").write_text("")
    run("table", "backup", data.parent / "full", data=data, expect=1)
    run("table", "backup", data=data, expect=2)


def feed_until(stop, data, applicants):
    """Call after call of the source, so that there are about as many commits."""
    number = 0
    while not stop.is_set():
        feed = data.parent / f"feed-{number}.jsonl"
        feed.write_text(applicants + LINE % number)  # a file of the same bytes is produced once
        run("source", "--file", feed, "--once", "--quiet", data=data)
        number += 1


@pytest.mark.parametrize("disk", ["the same file system", "another file system"])
def test_a_backup_while_stream_writes_and_merges(tmp_path, request, disk):
    """Copies are taken while it lands, and while inputs of merges go at once; it is killed, each
    copy is restored and holds, the last one goes on to the end."""
    data, folder = tmp_path / "data", tmp_path
    if disk != "the same file system":
        folder = pathlib.Path(request.getfixturevalue("other_disk"))
        if os.stat("/dev/shm").st_dev == os.stat(tmp_path).st_dev:
            pytest.skip("no second file system")
    copies = [folder / f"copy-{n}" for n in range(6)]
    applicants = run("applicants", "generate", "-n", 100, "--dirty", 0.1).out
    run("topic", "create", TOPIC, data=data)
    enough = threading.Event()
    feeding = threading.Thread(target=feed_until, args=(enough, data, applicants))
    stream = Process("stream", "--quiet", "--set", "table.max_open_files=3",
                     "--set", "table.commit_every=10ms", "--set", "table.merge_every=10ms",
                     "--set", "table.grace=0ms", data=data, folder=tmp_path)
    feeding.start()
    try:
        for copy in copies:
            begun = newest_entry(data)
            wait_until(lambda: newest_entry(data) > begun + 12, 60, "some commits and merges")
            run("table", "backup", copy, data=data)
        assert stream.alive()
        stream.kill()
    finally:  # what comes after the kill waits in the topic
        enough.set()
        feeding.join()
        stream.close()
    seen, merged = 0, 0
    for copy in copies:
        (data / "warehouse").rename(tmp_path / f"before-{copy.name}")
        run("table", "restore", copy, data=data)
        report = run_json("table", "prove", data=data)
        assert report["proved"] and report["positions"] > seen, report
        seen = report["positions"]
        outputs = [path for path in data.glob("warehouse/prediction/dt=*/part=*/*")
                   if not path.name.startswith(f"prediction-{TOPIC}")]
        merged = max(merged, len(outputs))
    assert merged > 3
    run("stream", "--once", "--quiet", data=data)
    produced = len((data / f"topics/{TOPIC}/0.jsonl").read_bytes().splitlines())
    assert run_json("table", "prove", "--complete", data=data)["positions"] == produced >= seen


def test_restore_writes_only_where_nothing_is(data):
    run("table", "backup", data.parent / "copy", data=data)
    before = tree(data)
    assert "is not empty" in run("table", "restore", data.parent / "copy", data=data, expect=1).err
    other = data.parent / "other"
    assert "no finished copy" in run("table", "restore", other, data=other, expect=1).err
    run("table", "restore", data=data, expect=2)
    (path,) = (data.parent / "copy/prediction").glob("dt=*/part=*/*-100-200-*")
    path.unlink()
    done = run("table", "restore", data.parent / "copy", data=other, expect=3)
    assert path.name in done.err and len(done.err.splitlines()) == 1
    assert tree(data) == before


def matches(said, out):
    """The page's lines as a pattern: a line `...` is any lines, `...` within one anything."""
    pattern = ""
    for line in said:
        one = ".*".join(map(re.escape, line.split("...")))
        pattern += r"(?:.*\n)*?" if line == "..." else one + r"\n"
    return re.fullmatch(pattern, out) is not None


def test_the_examples_of_the_repair_page(data):
    (data.parent / "bin").mkdir()
    (data.parent / "bin/loanstream").symlink_to(PROGRAM)
    env = {**os.environ, "PATH": f"{data.parent}/bin:{os.environ['PATH']}"}
    page = (ROOT / "docs/repair.md").read_text()
    examples = [example for block in re.findall(r"```\n(\$ .*?)```", page, re.S)
                for example in block.split("$ ")[1:]]
    assert len(examples) == 17
    for example in examples:
        command, *said = example.splitlines()
        done = subprocess.run(["bash", "-c", command], cwd=data.parent, env=env, timeout=120,
                              capture_output=True, text=True)
        out = "".join(f"{line}\n" for line in (done.stdout + done.stderr).splitlines()
                      if not re.match(r"\S+ level=|\d{4}-", line))
        assert matches(said, out), f"$ {command}\n{out}\nthe page says\n" + "\n".join(said)

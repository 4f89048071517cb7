"""The parts of ./dev bench about delivery: how soon a record is visible, how soon a killed job goes
on, how fast small files are merged."""

import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import pyarrow.parquet

SMALL = '{"id":"%d","member_id":"%d","loan_amnt":"5000","annual_inc":"40000","dti":"3.5"}\n'
COMMIT_EVERY_MS = 100


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.002)


def visible(arguments, program, _):
    """A row is visible when its file got its final name: ctime, which the rename sets."""
    lines = []
    for rate in (100, 10_000):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
            folder = pathlib.Path(temporary)
            data = folder / "data"
            subprocess.run([program, "topic", "create", "--data", data], check=True,
                           capture_output=True)
            words = [program, "stream", "--quiet", "--data", data, "--set",
                     f"table.commit_every={COMMIT_EVERY_MS}ms"]
            log = open(folder / "log", "wb")
            stream = subprocess.Popen(words, stdout=log, stderr=log)
            wait_for(lambda: b"partition_claimed" in (folder / "log").read_bytes(), 10)
            began, chunk = time.monotonic(), rate // 10
            for number in range(100):  # ten seconds
                (folder / "chunk").write_text("".join(
                    SMALL % (number * chunk + i, i) for i in range(chunk)))
                time.sleep(max(0.0, began + number * 0.1 - time.monotonic()))
                subprocess.run([program, "source", "--file", folder / "chunk", "--once", "--quiet",
                                "--data", data], check=True, capture_output=True)
            took = time.monotonic() - began
            stream.terminate()
            assert stream.wait(60) == 0
            waits = []
            for path in (data / "warehouse/prediction").glob("dt=*/part=*/*.parquet"):
                at = path.stat().st_ctime_ns / 1e6
                for event in pyarrow.parquet.ParquetFile(path).read(columns=["event_ms"])[0]:
                    waits.append(at - event.as_py())
            assert len(waits) == 100 * chunk, (len(waits), chunk)
            lines.append(f"{len(waits) / took:,.0f} records/s, commit_every {COMMIT_EVERY_MS} ms: "
                         f"appended to visible p50 {percentile(waits, 0.5):.0f} ms, "
                         f"p99 {percentile(waits, 0.99):.0f} ms")
    return lines


def recovery(arguments, program, _):
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = pathlib.Path(temporary)
        data, rows = folder / "data", arguments.landed
        with open(folder / "feed", "w", encoding="ascii") as feed:
            for begin in range(0, rows, 100_000):
                feed.write("".join(SMALL % (begin + i, i) for i in range(100_000)))
        subprocess.run([program, "source", "--file", folder / "feed", "--once", "--quiet", "--data",
                        data], check=True, capture_output=True)
        (folder / "feed").unlink()
        subprocess.run([program, "stream", "--once", "--quiet", "--data", data], check=True,
                       capture_output=True)
        times = []
        for attempt in range(5):
            (folder / "one").write_text(SMALL % (rows + attempt, attempt))
            subprocess.run([program, "source", "--file", folder / "one", "--once", "--quiet",
                            "--data", data], check=True, capture_output=True)
            log = folder / f"log{attempt}"
            with open(log, "wb") as out:
                began = time.monotonic()
                stream = subprocess.Popen([program, "stream", "--quiet", "--data", data],
                                          stdout=out, stderr=out)
                wait_for(lambda path=log: b"partition_claimed" in path.read_bytes(), 60)
                times.append(time.monotonic() - began)
                wait_for(lambda path=log: b"committed" in path.read_bytes(), 60)
                stream.kill()
                stream.wait()
    return [f"{rows:,} rows landed, killed, started again: reading goes on after "
            f"{statistics.median(times) * 1000:.0f} ms (the slowest of 5: "
            f"{max(times) * 1000:.0f} ms)"]


BARE = """
import sys, pyarrow.parquet as p
files = [p.ParquetFile(f) for f in open(sys.argv[2]).read().split()]
with p.ParquetWriter(sys.argv[1], files[0].schema_arrow, compression='zstd') as out:
    for f in files: out.write_table(f.read(use_threads=False))
"""


def merge(arguments, program, measured):
    """The yardstick reads the same files with pyarrow and writes one, with the same codec; it
    checks nothing and makes nothing durable."""
    return [line for rows_a_file, count in ((200, 1_000), (20, 10_000))
            for line in merge_files(arguments, program, measured, rows_a_file, count)]


def merge_files(arguments, program, measured, rows_a_file, count):
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = pathlib.Path(temporary)
        data, records = folder / "data", rows_a_file * count
        with open(folder / "feed", "w", encoding="utf-8") as feed:
            subprocess.run([program, "applicants", "generate", "-n", str(records), "--dirty", "0"],
                           stdout=feed, check=True)
        subprocess.run([program, "topic", "create", "--partitions", "16", "--data", data],
                       check=True, capture_output=True)
        subprocess.run([program, "source", "--file", folder / "feed", "--once", "--quiet", "--data",
                        data], check=True, capture_output=True)
        subprocess.run([program, "stream", "--once", "--quiet", "--data", data, "--set",
                        "table.commit_every=1ms", "--set", f"stream.batch_records={rows_a_file}",
                        "--set", "table.max_open_files=5000", "--set", "table.merge=off"],
                       check=True, capture_output=True)
        files = sorted((data / "warehouse/prediction").glob("dt=*/part=*/*.parquet"))
        (folder / "files").write_text("\n".join(map(str, files)))
        (folder / "bare.py").write_text(BARE)
        bare_seconds, theirs, _ = measured(sys.executable, folder / "bare.py",
                                           folder / "bare.parquet", folder / "files")
        seconds, ours, peak = measured(program, "table", "merge", "--seal", "--data", data)
        listed = json.loads(subprocess.run([program, "table", "files", "--json", "--data", data],
                                           check=True, capture_output=True).stdout)
        size = sum(f["bytes"] for f in listed) / 2**20
    return [f"{len(files):,} files of {records / len(files):,.0f} rows into {len(listed)} "
            f"({size:.1f} MiB), verified and durable: {seconds:.2f} s, peak {peak:.0f} MiB, "
            f"throughput {bare_seconds / seconds:.2f} x a bare read and write with pyarrow "
            f"(CPU time {ours / theirs:.2f} x)"]


def open_log(_, program, __):
    """load_bench of this build: a log of 100,000 commits on a real disk."""
    out = subprocess.run([program.parent / "log_bench", "--benchmark_filter=[Oo]pen"],
                         check=True, capture_output=True, text=True).stdout
    return [line.strip() for line in out.splitlines() if re.search(r"\d+ (ns|us|ms)", line)]

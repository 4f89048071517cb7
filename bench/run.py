"""./dev bench [--records N] [--write]: the benchmarks; each figure with what it is a ratio to.

  line     decode, clean and decide of 111-column records, one thread, against simdjson's bare walk
  land     records/s from an embedded topic to the landed table, peak memory, and how flat it stays
  visible, recovery, open, merge    delivery: latency, restart, a long log, small files
  python-line, pandas-decide
           beside Python programs that do the same (bench/python_line.py, bench/pandas_decide.py)
  kafka    the job and the source on a real broker, beside librdkafka alone
  start    from the start of the process to the first decision and the first landed row

--write puts the results and the machine's facts into bench/RESULTS.md.
"""

import argparse
import datetime
import importlib
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/release"
PROGRAM = BUILD / "loanstream"


def call(*words, **more):
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True,
                          **more).stdout


def measured(*words):
    """(seconds, CPU seconds, peak MiB) of one run."""
    began = time.monotonic()
    process = subprocess.Popen([str(w) for w in words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return (time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def line(_):
    output = call(BUILD / "decide_bench", "--benchmark_filter=straight_line")
    return [text.strip() for text in output.splitlines() if "straight_line" in text]


def topic_of(folder, records):
    feed = folder / "feed.jsonl"
    with open(feed, "w") as out:
        subprocess.run([str(PROGRAM), "applicants", "generate", "-n", str(records)], stdout=out,
                       check=True)
    call(PROGRAM, "source", "--file", feed, "--once", "--quiet", "--data", folder / "data")
    feed.unlink()
    return folder / "data"


def land(arguments):
    lines = []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        peaks = []
        for records in (arguments.records // 10, arguments.records):
            folder = pathlib.Path(temporary) / str(records)
            folder.mkdir()
            data = topic_of(folder, records)
            size = (data / "topics/fintech_pyspark/0.jsonl").stat().st_size
            seconds, cpu, peak = measured(PROGRAM, "stream", "--once", "--quiet", "--data", data)
            read_seconds, _, _ = measured("cat", data / "topics/fintech_pyspark/0.jsonl")
            peaks.append(peak)
            lines.append(
                f"{records:,} records of {size / records:,.0f} bytes: {records / seconds:,.0f} "
                f"records/s, {cpu / records * 1e6:.2f} CPU s per million, peak {peak:.0f} MiB; "
                f"{seconds / read_seconds:.1f} x the time cat needs to read the topic")
        lines.append(f"peak memory at ten times the records: {peaks[1] / peaks[0]:.2f} x")
    return lines


def start(arguments):
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = pathlib.Path(temporary)
        data = topic_of(folder, 1)
        times = []
        for _ in range(7):
            copy = folder / f"run{len(times)}"
            subprocess.run(["cp", "-r", data, copy], check=True)
            times.append(measured(PROGRAM, "stream", "--once", "--quiet", "--data", copy)[0])
        base = [measured("true")[0] for _ in range(7)]
    whole = statistics.median(times)
    return [f"process start to first landed row and orderly end: {whole * 1000:.0f} ms "
            f"({statistics.median(base) * 1000:.0f} ms of it any process)"]


def part_of(module, part):
    """Loaded when it runs: its packages are those of ./dev bench alone."""
    def run(arguments):
        return getattr(importlib.import_module(module), part)(arguments, PROGRAM, measured)
    return run


PARTS = {"line": line, "land": land, "start": start,
         "python-line": part_of("python_parts", "python_line"),
         "pandas-decide": part_of("python_parts", "pandas_decide"),
         "visible": part_of("delivery_parts", "visible"),
         "recovery": part_of("delivery_parts", "recovery"),
         "open": part_of("delivery_parts", "open_log"),
         "merge": part_of("delivery_parts", "merge"),
         "kafka": part_of("kafka_parts", "kafka")}


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])
    return (f"{os.cpu_count()} cores of {cpu[1] if cpu else platform.processor()}, "
            f"{memory / 2**20:.0f} GiB, Linux {platform.release().split('-')[0]}, "
            f"{call('g++', '--version').splitlines()[0]}")


def write(sections):
    """Puts these into the page; the others stay as they were made."""
    page = ROOT / "bench/RESULTS.md"
    there = dict(re.findall(r"^(?=## ([\w-]+)$)((?:.*\n)*?)(?=## |\Z)", page.read_text(), re.M))
    there |= sections
    head = ("# Measured\n\nA figure is a ratio within one run wherever there is a yardstick; what "
            f"bounds it is said in docs/ARCHITECTURE.md.\n\nMachine: {machine()}. Made by "
            "`./dev bench [PART...] --write`, each part on the day it names.\n\n")
    page.write_text(head + "\n".join(there[name].rstrip("\n") + "\n" for name in PARTS
                                    if name in there))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--python-records", type=int, default=200_000)
    parser.add_argument("--landed", type=int, default=10_000_000, help="rows of recovery")
    parser.add_argument("--folder", default=None, help="where the topics lie while they are read")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    made = f"{datetime.date.today().isoformat()}, {call(PROGRAM, '--version').strip()}:"
    sections = {}
    for name in arguments.parts or PARTS:
        lines = [f"## {name}", made, "```", *PARTS[name](arguments), "```", ""]
        sections[name] = "\n".join(lines)
        print(sections[name])
    if arguments.write:
        write(sections)
    return 0


if __name__ == "__main__":
    sys.exit(main())

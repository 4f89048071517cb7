"""./dev bench kafka: the job on a real broker of this machine, beside librdkafka alone.

Each figure is the median of interleaved rounds of one run: every program reads the same topic.
"""

import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/release"
PROGRAM = BUILD / "loanstream"
sys.path.insert(0, str(ROOT / "tests"))

ROUNDS = 5
SLIM = ["id", "member_id", "annual_inc", "loan_amnt", "funded_amnt", "int_rate", "term", "dti",
        "revol_util", "bc_util", "inq_last_6mths", "grade", "emp_length", "home_ownership"]


def environment(bootstrap, **more):
    return {**os.environ, "LOANSTREAM_KAFKA_BOOTSTRAP": bootstrap, "LOANSTREAM_LOG_LEVEL": "error",
            **more}


def feeds(folder, wide, slim):
    """Files of 111-column records, and of the same cut to about 300 bytes."""
    wide_path, slim_path = folder / "wide.jsonl", folder / "slim.jsonl"
    with open(wide_path, "w") as out:
        subprocess.run([str(PROGRAM), "applicants", "generate", "-n", str(wide)], stdout=out,
                       check=True)
    with open(wide_path, "rb") as lines, open(slim_path, "wb") as out:
        cut = []
        for line in itertools.islice(lines, 100_000):
            try:
                record = json.loads(line)
                cut.append(json.dumps({k: record[k] for k in SLIM if k in record},
                                      separators=(",", ":")).encode() + b"\n")
            except (ValueError, TypeError):
                continue
        for number in range(slim):
            out.write(cut[number % len(cut)])
    return {"3 KB": wide_path, "300 B": slim_path}


def timed(words, env):
    """(seconds, CPU seconds, peak MiB, output)"""
    began = time.monotonic()
    process = subprocess.Popen([str(x) for x in words], stdout=subprocess.PIPE, env=env)
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return (time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024,
            output)


def job(bootstrap, topic, folder, number):
    data = folder / f"data-{topic}-{number}"
    env = environment(bootstrap, LOANSTREAM_KAFKA_GROUP=f"{topic}-{number}")
    took = timed([PROGRAM, "stream", "local", topic, "--once", "--quiet", "--data", data], env)
    subprocess.run(["rm", "-r", str(data)], check=True)
    return took


def compare(bootstrap, topic, folder):
    drains, jobs, cpu, peaks, records = [], [], [], [], 0
    for number in range(ROUNDS):
        seconds, _, _, output = timed([BUILD / "kafka_drain", bootstrap, topic], os.environ)
        records, size, inside = output.split()
        drains.append(float(inside))
        seconds, cpu_seconds, peak, output = job(bootstrap, topic, folder, number)
        assert f"{int(records):,} records" in output, output
        jobs.append(seconds)
        cpu.append(cpu_seconds)
        peaks.append(peak)
    records, size = int(records), int(size)
    drain, ours = statistics.median(drains), statistics.median(jobs)
    return (f"{records:,} records of {size // records:,} bytes: drain {records / drain:,.0f}/s, "
            f"the job {records / ours:,.0f}/s = {drain / ours:.2f} of it, "
            f"{statistics.median(cpu) * 1e6 / records:.2f} CPU s per million, "
            f"peak {max(peaks):.0f} MiB")


def kafka(arguments, *_):
    from lab.client import Client
    from lab.fixtures import running
    from lab.kraft import Kraft
    wide = arguments.records
    lines = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        files = feeds(folder, wide, wide * 5)
        with running(Kraft(folder / "brokers")) as brokers:
            brokers.client = Client(brokers.access())
            bootstrap = brokers.bootstrap
            for name, path in files.items():
                for partitions in (1, 4):
                    topic = f"t{partitions}-{path.stem}"
                    brokers.client.create_topic(topic, partitions)
                    took = timed([PROGRAM, "source", "local", topic, "--file", path, "--quiet"],
                                 environment(bootstrap))
                    lines.append(f"{name}, {partitions} partition{'s' * (partitions > 1)}: source "
                                 f"{wide * (5 if name == '300 B' else 1) / took[0]:,.0f}/s, "
                                 f"peak {took[2]:.0f} MiB")
                    lines.append("  " + compare(bootstrap, topic, folder))
                    print("\n".join(lines[-2:]), flush=True)
                    brokers.client.delete_topic(topic)
    return lines

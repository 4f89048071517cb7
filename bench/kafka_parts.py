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
BOUND = ("Whole processes from start to end, joining and leaving the group included. They share "
         "two cores with the broker: where the CPU time of a program and of the broker together is "
         "more than both cores have, that bounds the rate; the drain is bound by the one thread "
         "that librdkafka has for a broker.")
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


def produced(brokers, words, partitions, path, number):
    """The file into a new topic, which is deleted again."""
    topic = f"made-{words[0].name}-{partitions}-{path.stem}-{number}"
    brokers.client.create_topic(topic, partitions)
    took = timed([*words[:-2], *(topic if word == "TOPIC" else word for word in words[-2:])],
                 environment(brokers.bootstrap))
    brokers.client.delete_topic(topic)
    return took


def rounds(brokers, topic, path, partitions, folder):
    """(seconds, CPU seconds, peak MiB, output) of each program, by round."""
    runs = {"drain": [], "loop": [], "job": [], "produce": [], "source": []}
    bootstrap = brokers.bootstrap
    for number in range(ROUNDS):
        runs["drain"].append(timed([BUILD / "kafka_drain", bootstrap, topic], os.environ))
        runs["loop"].append(timed([BUILD / "kafka_loop", bootstrap, topic, folder / "five.parquet"],
                                  os.environ))
        runs["job"].append(job(bootstrap, topic, folder, number))
        runs["produce"].append(produced(
            brokers, [BUILD / "kafka_produce", bootstrap, "TOPIC", path], partitions, path, number))
        runs["source"].append(produced(
            brokers, [PROGRAM, "source", "local", "--quiet", "--file", path, "TOPIC"], partitions,
            path, number))
    return runs


def compare(brokers, topic, path, partitions, folder):
    runs = rounds(brokers, topic, path, partitions, folder)
    records, size, _ = map(float, runs["drain"][0][3].split())
    assert f"{int(records):,} records" in runs["job"][0][3], runs["job"][0][3]
    seconds = {name: statistics.median(run[0] for run in all_runs)
               for name, all_runs in runs.items()}
    cpu = {name: statistics.median(run[1] for run in all_runs) * 1e6 / records
           for name, all_runs in runs.items()}
    peak = {name: max(run[2] for run in all_runs) for name, all_runs in runs.items()}
    small = size / records < 1000
    return [
        f"{records:,.0f} records of {size / records:,.0f} bytes, "
        f"{partitions} partition{'s' * (partitions > 1)}:",
        f"  drain   {records / seconds['drain']:9,.0f}/s   {cpu['drain']:5.2f} CPU s per million",
        f"  loop    {records / seconds['loop']:9,.0f}/s   {cpu['loop']:5.2f}   "
        f"{seconds['drain'] / seconds['loop']:.2f} of the drain",
        f"  job     {records / seconds['job']:9,.0f}/s   {cpu['job']:5.2f}   "
        f"{seconds['drain'] / seconds['job']:.2f} of the drain (to reach "
        f"{'.30' if small else '.55'}), peak {peak['job']:.0f} MiB (200)",
        f"  produce {records / seconds['produce']:9,.0f}/s   {cpu['produce']:5.2f}",
        f"  source  {records / seconds['source']:9,.0f}/s   {cpu['source']:5.2f}   "
        f"{seconds['produce'] / seconds['source']:.2f} of produce (to reach .70), "
        f"peak {peak['source']:.0f} MiB",
    ]


def kafka(arguments, *_):
    from kafka_latency import latency
    from lab.client import Client
    from lab.fixtures import running
    from lab.kraft import Kraft
    wide = arguments.records // 2
    lines = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        files = feeds(folder, wide, wide * 3)
        with running(Kraft(folder / "brokers")) as brokers:
            brokers.client = Client(brokers.access())
            for commit_every_ms in (100, 2000):
                lines += latency(brokers, PROGRAM, folder, environment, commit_every_ms)
                print("\n".join(lines[-2:]), flush=True)
            for path, partitions in itertools.product(files.values(), (1, 4)):
                topic = f"t{partitions}-{path.stem}"
                brokers.client.create_topic(topic, partitions)
                timed([BUILD / "kafka_produce", brokers.bootstrap, topic, path], os.environ)
                lines += compare(brokers, topic, path, partitions, folder)
                print("\n".join(lines[-6:]), flush=True)
                brokers.client.delete_topic(topic)
    return [*lines, BOUND]

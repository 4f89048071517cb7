"""Chaos on three brokers (chaos.py): a minute of it here, ten with --full."""

import random

import pytest

from chaos import Chaos
from job import FULL, Job
from lab.fixtures import full
from support.program import ROOT

import re

NOT_HERE = ("topic-", "replay-", "merge-", "exchanged", "switched", "input", "asked-back", "sealed",
            "sink-", "manifest-", "checkpoint-", "truncated-")
POINTS = [point for point in re.findall(r'X\(\w+, "([a-z-]+)"',
                                        (ROOT / "src/base/crash_points.h").read_text())
          if not point.startswith(NOT_HERE)]
SHORT = ("file-synced", "entry-synced", "mirrored")
# What an earlier crash must leave behind for recovery to have this work.
BEFORE = {"recovered-publish": "entry-synced:3", "swept": "file-synced"}  # 1, 2: claims


def test_each_record_once_whatever_happens(kafka3, tmp_path):
    seed = random.randrange(1 << 31)
    print(f"seed {seed}")
    chaos = Chaos(kafka3, tmp_path, seed, 600 if FULL else 60, 1_000_000 if FULL else 300_000).run()
    assert {"killed", "leaves and joins", "broker dies"} <= set(chaos.counts)


@pytest.mark.parametrize("point", [p if p in SHORT else pytest.param(p, marks=full)
                                   for p in POINTS])
def test_crash_at_a_point_and_there_again_in_recovery(kafka, tmp_path, point):
    # The group takes a dead member's partitions back when its session is over: soon.
    job = Job(kafka, tmp_path, partitions=2, kafka__session_timeout="1s")
    job.produce(200)
    job.env |= {"LOANSTREAM_STREAM_BATCH_RECORDS": "20", "LOANSTREAM_TABLE_FILE_SIZE": "1KiB"}
    if point in BEFORE:
        job.stream(env={"LOANSTREAM_CRASH_AT": BEFORE[point]}, expect=137)
    job.stream(env={"LOANSTREAM_CRASH_AT": point}, expect=137)
    landed = []
    while len(landed) < 3 or landed[-1] > landed[-3]:  # a start lands a little, or only recovers
        done = job.stream(env={"LOANSTREAM_CRASH_AT": point}, expect=None)
        assert done.returncode in (0, 137), done.err
        if done.returncode == 0:
            break
        landed.append(job.landed())
    job.stream()
    job.holds(200)

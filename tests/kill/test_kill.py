"""SIGKILL of source and stream at random times while records flow: nothing lost, nothing twice.

The seed is printed; LOANSTREAM_SEED=N replays its times (the machine's own timing stays random).
"""

import json
import os
import random
import time

import pytest

from oracle import compare
from support.program import Process, run, run_json, wait_until

RECORDS = 50_000
KILLS = 10
TOPIC = "fintech_pyspark"


def seed():
    chosen = int(os.environ.get("LOANSTREAM_SEED", random.SystemRandom().randrange(10**9)))
    print(f"LOANSTREAM_SEED={chosen}")
    return random.Random(chosen)


@pytest.fixture(scope="module")
def applications(tmp_path_factory):
    """One generated feed for all tests here."""
    path = tmp_path_factory.mktemp("feed") / "applications.jsonl"
    path.write_text(run("applicants", "generate", "-n", RECORDS, "--seed", 7).out)
    return path


class Job:
    """A source and some streams that are killed and started again until all has landed."""

    def __init__(self, folder, feed, streams, chance):
        self.folder, self.data, self.chance = folder, folder / "data", chance
        source = ["source", TOPIC, "--file", feed, "--once", "--quiet"]
        self.words = [source] + [["stream", TOPIC, "--quiet", *extra] for extra in streams]
        self.processes = [self.start(words) for words in self.words]
        self.source_done = False

    def start(self, words):
        """Every batch a commit: the flow lasts through all kills."""
        return Process(*words, data=self.data, folder=self.folder,
                       env={"LOANSTREAM_TABLE_FILE_SIZE": "1KiB",
                            "LOANSTREAM_STREAM_BATCH_RECORDS": "48"})

    def kill_one(self, victim=None):
        if victim is None:
            victim = self.chance.randrange(1 if self.source_done else 0, len(self.words))
        self.processes[victim].kill()
        self.processes[victim].close()
        self.processes[victim] = self.start(self.words[victim])

    def keep_up(self):
        """The source ends by itself with 0; a stream never does."""
        if not self.source_done and not self.processes[0].alive():
            assert self.processes[0].wait(1) == 0, self.processes[0].text()
            self.source_done = True
        for process in self.processes[1:]:
            assert process.alive(), process.text()
        return self.source_done

    def landed(self):
        shown = run("table", "show", "--json", data=self.data, expect=None)
        return 0 if shown.returncode else json.loads(shown.out)["records"]

    def finish(self):
        wait_until(self.keep_up, 120, "the source has produced its file")
        wait_until(lambda: self.keep_up() and self.landed() == RECORDS, 120,
                   f"all {RECORDS} records landed")
        for process in self.processes[1:]:
            assert process.terminate() == 0, process.text()
        for process in self.processes:
            process.close()


def prove(data):
    report = run_json("table", "prove", "--complete", data=data)
    assert report["proved"], report
    different = compare.differences(data / "topics" / TOPIC, data / "warehouse")
    assert different == []


@pytest.mark.parametrize("partitions, streams", [
    (1, [[]]),
    (4, [[], []]),                                       # owner and stand-by
    (4, [["--partitions", "0,1"], ["--partitions", "2,3"]]),
], ids=["one", "stand-by", "split"])
def test_killed_at_random_times(tmp_path, applications, partitions, streams):
    chance = seed()
    run("topic", "create", TOPIC, "--partitions", partitions, data=tmp_path / "data")
    job = Job(tmp_path, applications, streams, chance)
    for kill in range(KILLS):
        time.sleep(chance.uniform(0.02, 0.2))  # the random time itself, not a wait for anything
        job.keep_up()
        job.kill_one(victim=0 if kill == 0 and not job.source_done else None)
    landed = job.landed()
    assert landed < RECORDS, "the kills came while records flowed"
    job.finish()
    prove(tmp_path / "data")
    staging = tmp_path / "data" / "warehouse" / "_loanstream" / "staging"
    assert [p.name for p in staging.iterdir() if p.suffix == ".staged"] == []


def test_a_stand_by_takes_over_within_two_seconds(tmp_path, applications):
    data = tmp_path / "data"
    run("topic", "create", TOPIC, data=data)
    first = Process("stream", TOPIC, data=data, folder=tmp_path)
    wait_until(lambda: "reading fintech_pyspark/0" in first.text(), 10, "the first one reads")
    second = Process("stream", TOPIC, data=data, folder=tmp_path)
    wait_until(lambda: "waiting for fintech_pyspark/0" in second.text(), 10, "the second waits")
    began = time.monotonic()
    first.kill()
    wait_until(lambda: "reading fintech_pyspark/0" in second.text(), 2, "the second goes on")
    assert time.monotonic() - began <= 2
    assert second.terminate() == 0, second.text()
    first.close()
    second.close()


def test_a_record_followed_by_silence_is_visible_within_commit_every(tmp_path):
    data = tmp_path / "data"
    run("topic", "create", TOPIC, data=data)
    stream = Process("stream", TOPIC, data=data, folder=tmp_path,
                     env={"LOANSTREAM_TABLE_COMMIT_EVERY": "500ms"})
    wait_until(lambda: "reading fintech_pyspark/0" in stream.text(), 10, "the stream reads")
    one = tmp_path / "one.jsonl"
    one.write_text('{"member_id":"7","loan_amnt":"5000","annual_inc":"40000","dti":"3"}\n')
    run("source", TOPIC, "--file", one, "--once", "--quiet", data=data)
    # 500 ms by the setting; the rest is starting `table show` and a loaded machine.
    wait_until(lambda: run_json("table", "show", data=data)["records"] == 1, 3, "it is visible")
    assert stream.terminate() == 0, stream.text()
    stream.close()

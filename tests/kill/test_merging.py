"""Source, streams and merger are killed and paused at random while small files are merged under the
eyes of readers: nothing lost, nothing twice, nothing seen that is wrong.

The seed is printed; LOANSTREAM_SEED=N replays its times (the machine's own timing stays random).
"""

import os
import random
import signal
import time

import pytest

from kill.readers import end_readers, start_readers
from oracle import compare
from support.program import Process, run, run_json, wait_until

TOPIC = "fintech_pyspark"
FULL = bool(os.environ.get("LOANSTREAM_FULL"))
RECORDS = 200_000
KILLS = 40 if FULL else 26
FILE_SIZE = 65_536
# Commits of a few records, parts of few files, merging all the time, inputs kept for a second.
ENV = {"LOANSTREAM_STREAM_BATCH_RECORDS": "200", "LOANSTREAM_TABLE_FILE_SIZE": str(FILE_SIZE),
       "LOANSTREAM_TABLE_MAX_OPEN_FILES": "12", "LOANSTREAM_TABLE_MERGE_EVERY": "100ms",
       "LOANSTREAM_TABLE_GRACE": "1s"}
SHARES = ("0,1", "2,3")


def seed():
    chosen = int(os.environ.get("LOANSTREAM_SEED", random.SystemRandom().randrange(10**9)))
    print(f"LOANSTREAM_SEED={chosen}")
    return random.Random(chosen)


class Job:
    """A source, two streams with merging beside the loop, and mergers by hand."""

    def __init__(self, folder, feed):
        self.folder, self.data = folder, folder / "data"
        self.words = {"source": ["source", TOPIC, "--file", feed, "--once", "--quiet"],
                      "merge": ["table", "merge"]}
        for share in SHARES:
            self.words[share] = ["stream", TOPIC, "--quiet", "--partitions", share]
        self.running = {name: self.start(name) for name in self.words}
        self.source_done = False

    def start(self, name):
        return Process(*self.words[name], data=self.data, folder=self.folder, env=ENV)

    def restart(self, name):
        self.running[name].close()
        self.running[name] = self.start(name)

    def keep_up(self):
        """What ends by itself: the source once, a merger again and again; a stream never."""
        for name, process in self.running.items():
            if process.alive():
                continue
            assert name in ("source", "merge"), process.text()
            if name == "merge":
                # 3: before the table is there, or an exchange that another did first.
                assert process.wait(1) in (0, 1, 3), process.text()
                self.restart(name)
            elif not self.source_done:
                assert process.wait(1) == 0, process.text()
                self.source_done = True

    def kill(self, name):
        if name == "source" and self.source_done:
            name = "merge"
        self.running[name].kill()
        self.restart(name)

    def make_zombie(self, share):
        """A paused stream loses its partitions to another, as on a machine that hangs: the lock
        files are taken from under it. When it goes on, the log must stop it."""
        zombie = self.running[share]
        os.kill(zombie.process.pid, signal.SIGSTOP)
        for partition in share.split(","):
            (self.data / f"warehouse/_loanstream/locks/{TOPIC}-{partition}.lock").unlink()
        self.running[share] = self.start(share)
        wait_until(lambda: self.running[share].text().count("partition_claimed") == 2, 30,
                   "another has claimed its partitions")
        os.kill(zombie.process.pid, signal.SIGCONT)
        assert zombie.wait(60) == 3, zombie.text()
        assert "a newer owner" in zombie.text() or "taken over" in zombie.text(), zombie.text()
        zombie.close()

    def landed(self):
        shown = run("table", "show", "--json", data=self.data, expect=None)
        return 0 if shown.returncode else run_json("table", "show", data=self.data)["records"]

    def finish(self):
        def all_landed():
            self.keep_up()
            return self.source_done and self.landed() == RECORDS
        wait_until(all_landed, 240, f"all {RECORDS} records landed")
        for share in SHARES:
            assert self.running[share].terminate() == 0, self.running[share].text()
        for process in self.running.values():
            process.close()


@pytest.fixture(scope="module")
def applications(tmp_path_factory):
    path = tmp_path_factory.mktemp("feed") / "applications.jsonl"
    path.write_text(run("applicants", "generate", "-n", RECORDS, "--seed", 11).out)
    return path


def test_killed_and_paused_while_merging(tmp_path, applications):
    chance = seed()
    data = tmp_path / "data"
    run("topic", "create", TOPIC, "--partitions", 4, data=data)
    job = Job(tmp_path, applications)
    readers = start_readers(data)
    victims = ["source", "merge", *SHARES, *SHARES]
    for kill in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.4))  # the random time itself, not a wait for anything
        job.keep_up()
        job.kill("source" if kill == 0 else chance.choice(victims))
        if kill in (KILLS // 3, 2 * KILLS // 3):
            share = chance.choice(SHARES)
            wait_until(lambda at=share: job.running[at].text().count("partition_claimed") == 2, 30,
                       "the stream reads")
            job.make_zombie(share)
    assert job.landed() < RECORDS, "the kills came while records flowed"
    job.finish()
    for _ in range(2):  # what is left: open parts, and inputs within the grace time
        run("table", "merge", "--seal", data=data, env={**ENV, "LOANSTREAM_TABLE_GRACE": "0"})
    report = run_json("table", "prove", "--complete", data=data)
    assert report["proved"], report
    end_readers(readers, run_json("table", "show", data=data)["prediction"]["rows"])
    assert compare.differences(data / "topics" / TOPIC, data / "warehouse") == []
    own = data / "warehouse/_loanstream"
    assert [p.name for p in (own / "staging").iterdir() if p.suffix == ".staged"] == []
    assert [p for p in (own / "retired").rglob("*") if p.is_file()] == []
    assert len(list((own / "log").iterdir())) < 500
    parts = {}
    for file in run_json("table", "files", data=data):
        if not file["name"].startswith(f"{file['table']}-{file['dt']}-"):  # no merge's output
            parts.setdefault((file["table"], file["part"]), []).append(file["bytes"])
    small = [part for part, sizes in parts.items()
             if len(sizes) > 1 and sum(sizes) / len(sizes) < FILE_SIZE / 2]
    assert small == [], "only parts of large files are left as they are"

"""Chaos, from one seed: members die, sleep, leave and join, brokers die, while one produces.

    ./dev chaos --minutes 10 [--seed N]

Three brokers (replication 3, min.insync 2), three `stream` processes of one or two lines with
merging on and both topics beside the table, a producer.
What happens when is drawn from the seed; how the processes then meet is the machine's. At the end
every record must be in the table once, as the oracle decides it, and every decision and dead letter
on its topic, all copies equal, none that the table lacks.
"""

import argparse
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time

from sink_job import SinkJob
from support.program import wait_until

MOST_MEMORY_MIB = 200  # of a stream process, at its peak
EACH_FEED = 10_000


class Member:
    """One `stream` that is started again whenever it is gone."""

    def __init__(self, job):
        self.job, self.process, self.ended, self.peak_mib = job, None, [], 0
        self.asleep = False
        self.start()

    def start(self):
        self.process = self.job.start("stream", "--quiet")

    def watch(self):
        """Starts it again when it has ended by itself, as a supervisor would."""
        if self.process.alive():
            status = pathlib.Path(f"/proc/{self.process.process.pid}/status")
            try:
                line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
                self.peak_mib = max(self.peak_mib, int(line.split()[1]) // 1024)
            except (OSError, StopIteration):
                pass
            return
        self.ended.append((self.process.process.returncode,
                           self.process.text().strip().splitlines()[-1][:300]))
        self.process.close()
        self.start()

    def kill(self):
        self.wake()
        self.process.kill()
        self.process.close()
        self.start()

    def leave(self):
        self.wake()
        code = self.process.terminate()
        # -15: it was told to end before it had begun.
        assert code in (0, 3, -15), (code, self.process.text()[-2000:])
        self.process.close()
        self.start()

    def sleep(self):
        self.process.process.send_signal(signal.SIGSTOP)
        self.asleep = True

    def wake(self):
        if self.asleep:
            self.process.process.send_signal(signal.SIGCONT)
            self.asleep = False


class Chaos:
    def __init__(self, brokers, folder, seed, seconds, records):
        self.random = random.Random(seed)
        self.brokers, self.seconds, self.records = brokers, seconds, records
        self.job = SinkJob(brokers, folder, self.random.randint(4, 8), table__commit_every="300ms",
                           table__max_open_files="20", table__merge_every="1s", table__grace="0",
                           topic__replication=brokers.count,
                           stream__threads=self.random.randint(1, 2))
        for topic in (self.job.topic, self.job.decisions, self.job.dead):
            brokers.client.alter_config(topic, min_insync_replicas=2)
        self.counts, self.deck = {}, []
        self.fault = None

    def say(self, what):
        self.counts[what.split(":")[0]] = self.counts.get(what.split(":")[0], 0) + 1
        print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)

    def produce(self):
        try:
            for number in range(self.records // EACH_FEED):
                feed = self.job.feed(EACH_FEED, seed=number)
                self.job.run("source", "--file", feed, "--quiet", timeout=300)
                feed.unlink()
        except BaseException as fault:  # told by the main thread
            self.fault = fault

    def disturb(self, members):
        member = self.random.choice(members)
        if not self.deck:  # each kind comes before one comes again
            self.deck = self.random.sample(["kill", "sleep", "leave", "broker"], 4)
        what = self.deck.pop()
        if what == "sleep" and not any(x.asleep for x in members):
            self.say("sleeps past its session")
            member.sleep()
            return (time.monotonic() + self.random.uniform(7, 10), member.wake)
        if what == "leave":
            self.say("leaves and joins")
            member.leave()
        elif what == "broker":
            number = self.random.randrange(3)
            self.say(f"broker dies: {number}")
            self.brokers.kill_broker(number)
            return (time.monotonic() + self.random.uniform(2, 6),
                    lambda: self.brokers.start_broker(number))
        else:
            self.say("killed")
            member.kill()
        return None

    def run(self):
        members = [Member(self.job) for _ in range(3)]
        producer = threading.Thread(target=self.produce)
        producer.start()
        end, later = time.monotonic() + self.seconds, []
        try:
            while time.monotonic() < end or producer.is_alive():
                for member in members:
                    member.watch()
                for due, mend in [x for x in later if x[0] <= time.monotonic()]:
                    mend()
                    later.remove((due, mend))
                busy = any(getattr(mend, "__name__", "") == "<lambda>" for _, mend in later)
                if time.monotonic() < end and not (busy and len(later) > 1):
                    mend = self.disturb(members) if not busy else None
                    if mend:
                        later.append(mend)
                time.sleep(self.random.uniform(0.5, 2))  # the pace of the faults
            for _, mend in later:
                mend()
            producer.join()
            if self.fault:
                raise self.fault
            return self.settle(members)
        finally:
            for member in members:
                member.wake()
                member.process.close()

    def settle(self, members):
        for member in members:
            member.wake()
        topic = self.job.records()
        assert len(topic) == self.records, (len(topic), self.records)
        self.job.wait_landed(self.records, seconds=120)
        for member in members:
            member.watch()
            assert member.process.terminate() == 0, member.process.text()[-2000:]
        ended = [x for member in members for x in member.ended]
        for code, line in ended:
            print(f"ended by itself: exit {code}: {line}")
            assert code == 3, line
        peak = max(member.peak_mib for member in members)
        # Who was killed last may have left what the next start recovers.
        self.job.stream()
        self.job.holds(self.records)
        assert self.job.is_announced()
        self.job.agree_in_bulk()
        assert peak <= MOST_MEMORY_MIB, f"{peak} MiB"
        print(f"{self.records} records, {self.job.partitions} partitions, {self.counts}, "
              f"{len(ended)} ends by itself, peak {peak} MiB: each record once, each decision told")
        return self


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=1)
    arguments.add_argument("--seed", type=int, default=None)
    given = arguments.parse_args()
    seed = given.seed if given.seed is not None else random.randrange(1 << 31)
    print(f"chaos with seed {seed}: ./dev chaos --minutes {given.minutes:g} --seed {seed}")
    from lab.fixtures import running
    from lab.client import Client
    from lab.kraft import Kraft
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with running(Kraft(folder / "brokers", 3)) as brokers:
            brokers.client = Client(brokers.access())
            (folder / "job").mkdir()
            seconds = given.minutes * 60
            records = max(2, round(seconds * 5000 / EACH_FEED)) * EACH_FEED
            Chaos(brokers, folder / "job", seed, seconds, records).run()


if __name__ == "__main__":
    sys.exit(main())

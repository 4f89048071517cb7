"""Runs the program under test: LOANSTREAM_PROGRAM, or build/release/loanstream of this tree."""

import json
import os
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("LOANSTREAM_PROGRAM", str(ROOT / "build/release/loanstream"))


def run(*words, data=None, expect=0, env=None, timeout=120, stdin=None):
    """Runs to the end; returns the CompletedProcess. expect=None takes any exit status."""
    command = [PROGRAM, *map(str, words)]
    if data is not None:
        command += ["--data", str(data)]
    done = subprocess.run(command, capture_output=True, timeout=timeout, input=stdin,
                          env={**os.environ, **(env or {})})
    done.out = done.stdout.decode("utf-8", "replace")
    done.err = done.stderr.decode("utf-8", "replace")
    if expect is not None:
        assert done.returncode == expect, (
            f"{' '.join(command)}: exit {done.returncode}, expected {expect}\n"
            f"{done.out[-3000:]}\n{done.err[-3000:]}")
    return done


def run_json(*words, data=None, expect=0):
    return json.loads(run(*words, "--json", data=data, expect=expect).out)


class Process:
    """A program left running, its output in files so that no pipe can fill up."""

    def __init__(self, *words, data, folder, env=None):
        self.log = pathlib.Path(folder) / f"{words[0]}-{time.monotonic_ns()}.log"
        self.file = open(self.log, "wb")
        self.process = subprocess.Popen(
            [PROGRAM, *map(str, words), *(["--data", str(data)] if data else [])],
            stdout=self.file,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})

    def alive(self):
        return self.process.poll() is None

    def text(self):
        return self.log.read_text(errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=30)

    def terminate(self):
        """SIGTERM, as an init system would; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def wait(self, timeout):
        return self.process.wait(timeout=timeout)

    def close(self):
        if self.alive():
            self.kill()
        self.file.close()


def wait_until(condition, seconds, what):
    """Polls a condition with a deadline; returns its first true value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)

"""A server process: its command, pid file and log; started, paused, killed and stopped by pid."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

POLL_SECONDS = 0.02

COMPLAINT = re.compile(r"ERROR|FATAL|Caused by|Error:|in use")

# The kernel ends a test's servers with it, even if it was killed; but not if it was killed before
# the kernel was asked to.
STILL_OURS = '[ "$PPID" = "$0" ] || exit 1; exec "$@"'


class LabError(Exception):
    """What went wrong and the end of the log that tells why."""


def say(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)


def wait_until(condition, seconds, what):
    """Polls a condition with a deadline; returns its first true value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise LabError(f"not within {seconds} s: {what}")
        time.sleep(POLL_SECONDS)


def _status(pid):
    """(state letter, start time) of a process, None where there is none."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2:].split()
    return fields[0], fields[19]


class Server:
    """One process of a server.

    The pid file holds the process's start time too, so that a pid the kernel has given to
    another process meanwhile is never signalled. Any process that knows the folder can stop it.
    `command` is a function: what it needs (jars) is fetched only when the server is started.
    """

    def __init__(self, name, folder, command, env=None, dies_with_us=True):
        self.name, self.folder, self.command = name, pathlib.Path(folder), command
        self.env, self.dies_with_us = env or {}, dies_with_us
        self.pid_file = self.folder / f"{name}.pid"
        self.log = self.folder / f"{name}.log"
        self._child = None

    def start(self):
        if self.alive():
            raise LabError(f"{self.name} runs already (process {self.pid()})")
        self.folder.mkdir(parents=True, exist_ok=True)
        guard = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", STILL_OURS, str(os.getpid())]
        guard = guard if self.dies_with_us else []
        with open(self.log, "ab") as log:
            log.write(f"--- {self.name} started {time.strftime('%H:%M:%S')}\n".encode())
            log.flush()
            self._child = subprocess.Popen(
                [*guard, *map(str, self.command())], cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, **self.env})
        status = _status(self._child.pid)
        self.pid_file.write_text(f"{self._child.pid} {status[1] if status else 0}\n")

    def pid(self):
        """The process id while it lives, else None."""
        if self._child is not None:
            self._child.poll()  # so that it does not stay a zombie
        try:
            pid, started = self.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        status = _status(pid)
        return int(pid) if status and status[0] != "Z" and status[1] == started else None

    def alive(self):
        return self.pid() is not None

    def ready(self, condition, seconds=90):
        """Waits for the condition; a process that ended meanwhile fails at once, with its log."""
        try:
            wait_until(lambda: not self.alive() or condition(), seconds, f"{self.name} is ready")
        except LabError as failure:
            raise LabError(f"{failure}\n{self.log_end()}") from None
        if not self.alive():
            raise LabError(f"{self.name} ended while it was starting\n{self.log_end()}")

    def signal(self, number):
        pid = self.pid()
        if pid is None:
            raise LabError(f"{self.name} does not run\n{self.log_end()}")
        os.kill(pid, number)

    def _signal_if_alive(self, number):
        """It may end of itself between a look and a signal."""
        with contextlib.suppress(LabError, ProcessLookupError):
            self.signal(number)

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def terminate(self):
        """SIGTERM, which a paused process too must hear; does not wait."""
        self._signal_if_alive(signal.SIGTERM)
        self._signal_if_alive(signal.SIGCONT)

    def kill(self):
        """kill -9, and waits for the end."""
        self._signal_if_alive(signal.SIGKILL)
        wait_until(lambda: not self.alive(), 30, f"{self.name} is dead")
        self.pid_file.unlink(missing_ok=True)

    def stop(self, seconds=20):
        """SIGTERM, then SIGKILL after a while; waits for the end."""
        if self.alive():
            self.terminate()
            try:
                wait_until(lambda: not self.alive(), seconds, f"{self.name} stops")
            except LabError:
                pass
        self.kill()

    def memory_mib(self):
        pid = self.pid()
        if pid is None:
            return 0
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        return next(int(line.split()[1]) // 1024 for line in text.splitlines()
                    if line.startswith("VmRSS"))

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_since_start(self):
        return self.log_text().rpartition(f"--- {self.name} started")[2]

    def log_end(self, lines=12):
        """What a person wants to see: the first complaints since the start, and the last lines.

        A JVM that could not start writes pages about its orderly end; the cause stands before.
        """
        text = self.log_since_start().splitlines()
        complaints = [line for line in text if COMPLAINT.search(line)]
        shown = complaints[:lines] + ["..."] + text[-lines:]
        return f"--- {self.log}\n" + "\n".join(line[:400] for line in shown)

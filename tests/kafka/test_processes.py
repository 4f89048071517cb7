"""The lab starts and ends its own processes and no others, and takes only ports that are free."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from lab.brokers import Brokers
from lab.ports import PortBook, free_port, is_free
from lab.process import LabError, Server, wait_until

TESTS = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture
def server(tmp_path):
    started = []

    def make(script):
        started.append(Server("sleeper", tmp_path, lambda: ["bash", "-c", script]))
        started[-1].start()
        return started[-1]
    yield make
    for one in started:
        one.kill()


@pytest.mark.parametrize("late", [False, True], ids=["", "before it could ask the kernel"])
def test_a_server_dies_with_the_program_that_started_it(tmp_path, late):
    slow = tmp_path / "bin/setpriv"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\n{'while kill -0 $6; do sleep 0.01; done' if late else ''}\n"
                    f'exec {shutil.which("setpriv")} "$@"\n')
    slow.chmod(0o755)
    env = {**os.environ, "PYTHONPATH": str(TESTS), "PATH": f"{slow.parent}:{os.environ['PATH']}"}
    script = ("from lab.process import Server; import time;"
              f"s = Server('s', '{tmp_path}', lambda: ['sleep', '600']); s.start();"
              "print(s.pid(), flush=True); time.sleep(600)")
    with subprocess.Popen([sys.executable, "-c", script], env=env,
                          stdout=subprocess.PIPE) as program:
        pid = int(program.stdout.readline())
        other = Server("s", tmp_path, None)  # as another process sees it: by its pid file
        assert other.pid() == pid
        program.send_signal(signal.SIGKILL)
    wait_until(lambda: not other.alive(), 10, "the server is dead")


def test_a_pid_that_went_to_another_process_is_left_alone(tmp_path):
    server = Server("s", tmp_path, None)
    server.pid_file.write_text(f"{os.getpid()} 1\n")
    assert not server.alive()
    server.stop()  # would end this test


def test_one_that_does_not_heed_sigterm_is_killed(server):
    stubborn = server("trap '' TERM; echo deaf; while :; do sleep 0.1; done")
    stubborn.ready(lambda: "deaf" in stubborn.log_text(), 10)
    stubborn.stop(seconds=0.3)
    assert not stubborn.alive()


def test_one_that_ends_at_the_first_signal_is_stopped_without_complaint(tmp_path):
    class Prompt(Server):
        def signal(self, number):
            super().signal(number)
            wait_until(lambda: not self.alive(), 10, "it has ended")
    server = Prompt("prompt", tmp_path, lambda: ["sleep", "600"])
    server.start()
    server.stop()
    assert not server.alive()


def test_one_that_ends_while_it_starts_fails_at_once_with_its_complaint(server):
    with pytest.raises(LabError, match="(?s)ended while it was starting.*no such disk"):
        server("echo ERROR no such disk; seq 1000").ready(lambda: False, 60)


def test_a_second_start_is_refused(server):
    first = server("sleep 600")
    with pytest.raises(LabError, match="runs already"):
        first.start()


def test_a_taken_standard_port_is_told_and_left(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        port = PortBook(tmp_path, standard=True).get("broker-0", number)
        assert port != number and is_free(port)
        assert f"port {number} is taken" in capsys.readouterr().err
        assert PortBook(tmp_path).get("broker-0") == port  # kept for the next start


def test_a_free_standard_port_is_taken(tmp_path):
    number = free_port()
    assert PortBook(tmp_path, standard=True).get("broker-0", number) == number
    assert PortBook(tmp_path / "test").get("broker-0", number) != number


def test_a_port_that_was_lost_in_a_race_is_another_one_then(tmp_path):
    quicker = []  # the other program, which takes the port between our look and our bind

    class Quick(Brokers):
        def command(self, node):
            if quicker:
                return ["bash", "-c", "echo up; sleep 600"]
            quicker.append(socket.create_server(("127.0.0.1", self.port(node))))
            return ["bash", "-c", "echo bind: Address already in use; exit 1"]

        def wait_ready(self, node):
            self.servers[node].ready(lambda: "up" in self.servers[node].log_since_start(), 10)

    brokers = Quick(tmp_path)
    try:
        brokers.start()
        assert brokers.alive() and brokers.port(0) != quicker[0].getsockname()[1]
    finally:
        brokers.kill()
        quicker[0].close()


def lab(*words):
    done = subprocess.run([sys.executable, "-m", "lab", *map(str, words)], capture_output=True,
                          text=True, env={**os.environ, "PYTHONPATH": TESTS}, timeout=120)
    return done.returncode, done.stdout


def test_the_words_of_the_lab(tmp_path):
    words = ["kafka010", "--folder", tmp_path]
    assert lab(*words, "status") == (1, "kafka010 is down\n")
    try:
        status, said = lab(*words, "up", "--set", "message.max.bytes=4000")
        assert status == 0 and said.startswith("kafka010 is up: localhost:")
        assert lab(*words, "up")[0] == 0  # it is
        assert lab(*words, "status")[0] == 0
        assert "message.max.bytes = 4000" in lab(*words, "logs")[1]
        assert lab(*words, "down") == (0, "kafka010 is down\n")
        assert lab(*words, "status")[0] == 1
        assert (tmp_path / "kafka010/data-0/meta.properties").exists()
    finally:
        assert lab(*words, "down", "--wipe")[0] == 0
    assert not (tmp_path / "kafka010").exists()

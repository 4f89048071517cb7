"""What has threads, in a program under ThreadSanitizer: a race that it sees ends it with 66."""

import http.client
import os
import pty
import re
import socket
import subprocess
import threading

import pytest

from support.program import PROGRAM, Process, run, run_json, wait_until

RECORDS = 3000
PATH = "/api/v1.0/FinTech/streamingdata"
# Small commits and parts, merged as fast as they come: the merging thread always has work.
MERGING = {"LOANSTREAM_STREAM_BATCH_RECORDS": "10", "LOANSTREAM_TABLE_COMMIT_EVERY": "1ms",
           "LOANSTREAM_TABLE_MAX_OPEN_FILES": "3", "LOANSTREAM_TABLE_MERGE_EVERY": "10ms",
           "LOANSTREAM_TABLE_GRACE": "0"}


@pytest.fixture(scope="module")
def applications(tmp_path_factory):
    path = tmp_path_factory.mktemp("feed") / "applications.jsonl"
    path.write_text(run("applicants", "generate", "-n", RECORDS, "--seed", 3, "--dirty", 0.1).out)
    return path


def port_of(serve):
    """Of a server that has been started on any free port."""
    wait_until(lambda: "http://" in serve.text(), 60, "the API is up")
    return int(re.search(r"http://127\.0\.0\.1:(\d+)", serve.text())[1])


def ended(*processes):
    """Each by a signal, in order: no race seen and none lost in the log."""
    assert [process.terminate() for process in processes] == [0] * len(processes), "\n".join(
        process.text()[-6000:] for process in processes)
    for process in processes:
        assert "ThreadSanitizer" not in process.text()


def test_the_build_has_the_sanitizer():
    with open(PROGRAM, "rb") as program:
        assert b"__tsan_init" in program.read()


def test_demo(tmp_path):
    """Server, source loop, stream, snapshot board and live view in one process."""
    done = run("demo", "-n", RECORDS, "--dirty", "0.1", data=tmp_path / "data", timeout=600)
    assert "PROVED:" in done.out and "ThreadSanitizer" not in done.err


@pytest.mark.parametrize("form", ["text", "json"])
def test_three_processes_ended_by_a_signal(tmp_path, applications, form):
    """The API, the source that polls it, and the stream: landing, merging, metrics and log."""
    data, metrics = tmp_path / "data", tmp_path / "metrics.prom"
    env = {**MERGING, "LOANSTREAM_LOG_FORMAT": form}
    processes = []

    def start(*words, data):
        processes.append(Process(*words, data=data, folder=tmp_path, env=env))
        return processes[-1]

    try:
        serve = start("applicants", "serve", applications, "--port", "0", data=None)
        url = f"http://127.0.0.1:{port_of(serve)}{PATH}"
        source = start("source", "--url", url, "--every", "1ms", data=data)
        stream = start("stream", "--metrics", metrics, data=data)
        merged = re.compile(r'event"?[=:]"?merged\b')
        wait_until(lambda: len(merged.findall(stream.text())) > 5, 300, "parts are merged")
        wait_until(lambda: metrics.exists() and "merge" in metrics.read_text(), 60, "metrics")
        ended(source, stream, serve)
        run("stream", "--once", "--quiet", data=data, env=env, timeout=300)
        assert run_json("table", "prove", "--complete", data=data)["proved"]
    finally:
        for process in processes:
            process.close()


def test_a_server_and_many_clients(tmp_path, applications):
    """Whole requests, several a connection, and clients that go away in the middle of one."""
    serve = Process("applicants", "serve", applications, "--repeat", "--port", "0", data=None,
                    folder=tmp_path)
    statuses = []

    def ask(port):
        for _ in range(10):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            for path in (PATH, "/nothing", PATH):
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
            connection.close()
            with socket.create_connection(("127.0.0.1", port), timeout=60) as gone:
                gone.sendall(f"GET {PATH} HTTP/1.1\r\nHost".encode())

    try:
        port = port_of(serve)
        clients = [threading.Thread(target=ask, args=(port,)) for _ in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert sorted(statuses) == [200] * 160 + [404] * 80
        ended(serve)
    finally:
        serve.close()


def test_lines_beside_each_other(tmp_path, applications):
    """Each with its member of the log; one feed of events, one board, and the merging thread."""
    data = tmp_path / "data"
    run("topic", "create", "--partitions", "3", data=data)
    run("source", "--file", applications, "--once", "--quiet", data=data, timeout=600)
    done = run("stream", "--once", data=data, timeout=600,
               env={**MERGING, "LOANSTREAM_STREAM_THREADS": "3"})
    assert "ThreadSanitizer" not in done.err
    assert run_json("table", "prove", "--complete", data=data)["proved"]


def test_decide_on_a_terminal(tmp_path, applications):
    """The reader ahead and the progress bar, which is drawn only on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([PROGRAM, "decide", str(applications), "--out",
                                str(tmp_path / "out.parquet")], stderr=theirs,
                               stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # the terminal's other end is closed
        pass
    os.close(ours)
    assert process.wait(timeout=300) == 0, shown
    assert b"ThreadSanitizer" not in shown

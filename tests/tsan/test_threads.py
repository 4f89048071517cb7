"""What has threads, in a program under ThreadSanitizer: a race that it sees ends it with 66."""

import os
import pty
import subprocess

import pytest

from support.program import PROGRAM, Process, run, run_json, wait_until

RECORDS = 3000


@pytest.fixture(scope="module")
def applications(tmp_path_factory):
    path = tmp_path_factory.mktemp("feed") / "applications.jsonl"
    path.write_text(run("applicants", "generate", "-n", RECORDS, "--seed", 3, "--dirty", 0.1).out)
    return path


def test_the_build_has_the_sanitizer():
    assert b"__tsan_init" in open(PROGRAM, "rb").read()


def test_demo(tmp_path):
    """Server, source loop, stream, snapshot board and live view in one process."""
    done = run("demo", "-n", RECORDS, "--dirty", "0.1", data=tmp_path / "data", timeout=600)
    assert "PROVED:" in done.out and "ThreadSanitizer" not in done.err


@pytest.mark.parametrize("form", ["text", "json"])
def test_three_processes_ended_by_a_signal(tmp_path, applications, form):
    """The applicant API, the source that polls it, and the stream with its metrics and log."""
    data, metrics = tmp_path / "data", tmp_path / "metrics.prom"
    env = {"LOANSTREAM_LOG_FORMAT": form, "LOANSTREAM_LOG_LEVEL": "debug"}
    serve = Process("applicants", "serve", applications, "--port", "0", data=None,
                    folder=tmp_path, env=env)
    try:
        wait_until(lambda: "http://" in serve.text(), 60, "the API is up")
        url = "http://" + serve.text().split("http://")[1].split()[0].rstrip("\",")
        source = Process("source", "--url", url, "--every", "1ms", data=data, folder=tmp_path,
                         env=env)
        stream = Process("stream", "--metrics", metrics, data=data, folder=tmp_path, env=env)
        landed = lambda: "prediction" in str(metrics.exists()) or (  # noqa: E731
            (data / "warehouse").exists()
            and run_json("table", "show", data=data)["records"] > 100)
        wait_until(landed, 120, "records land")
        assert [p.terminate() for p in (source, stream, serve)] == [0, 0, 0]
        for process in (source, stream, serve):
            assert "ThreadSanitizer" not in process.text()
    finally:
        for process in (serve, source, stream):
            process.close()


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

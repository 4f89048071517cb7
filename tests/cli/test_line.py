"""The shape of the replaced system: applicant API, source and stream as processes of their own."""

import re

from oracle import compare
from support.program import Process, run, run_json, wait_until

TOPIC = "fintech_pyspark"


def start_api(folder, *words):
    api = Process("applicants", "serve", "--port", "0", *words, data=None, folder=folder)
    url = wait_until(lambda: re.search(r"applications at (\S+)", api.text()), 20, "the API listens")
    return api, url[1]


def test_three_processes(tmp_path):
    data = tmp_path / "data"
    api, url = start_api(tmp_path, "-n", "200", "--seed", "5")
    stream = Process("stream", TOPIC, data=data, folder=tmp_path)
    source = Process("source", TOPIC, "--url", url, "--every", "0", "--once", data=data,
                     folder=tmp_path)
    assert source.wait(60) == 0, source.text()
    assert "produced 200 to fintech_pyspark, durably" in source.text()
    wait_until(lambda: run_json("table", "show", data=data)["records"] == 200, 30, "all landed")
    assert stream.terminate() == 0, stream.text()
    text = stream.text()
    assert "|annual_inc|" in text and "|funded_amnt|" in text, "each batch and the table are shown"
    assert run_json("table", "prove", "--complete", data=data)["proved"]
    assert compare.differences(data / "topics" / TOPIC, data / "warehouse") == []
    assert api.terminate() == 0, api.text()
    for process in (api, stream, source):
        process.close()


def test_sigterm_commits_what_was_read(tmp_path):
    """commit_every is an hour: only the orderly end can have landed the records."""
    data = tmp_path / "data"
    feed = tmp_path / "some.jsonl"
    feed.write_text(run("applicants", "generate", "-n", "50").out)
    run("source", TOPIC, "--file", feed, "--once", "--quiet", data=data)
    stream = Process("stream", TOPIC, data=data, folder=tmp_path,
                     env={"LOANSTREAM_TABLE_COMMIT_EVERY": "1h"})
    wait_until(lambda: "batch 1:" in stream.text(), 20, "the records are read")
    assert run("table", "show", "--json", data=data).out.count('"records":50') == 0
    assert stream.terminate() == 0, stream.text()
    assert run_json("table", "show", data=data)["records"] == 50
    stream.close()


def test_a_file_is_produced_once(tmp_path):
    data = tmp_path / "data"
    feed = tmp_path / "some.jsonl"
    feed.write_text(run("applicants", "generate", "-n", "50").out)
    for _ in range(2):
        run("source", TOPIC, "--file", feed, "--once", "--quiet", data=data)
    assert (data / "topics" / TOPIC / "0.jsonl").read_text() == feed.read_text()


def test_the_source_waits_for_the_api(tmp_path):
    """The API is down: the source says so, tries again, and produces when it is there."""
    data = tmp_path / "data"
    api, url = start_api(tmp_path, "-n", "1")
    assert api.terminate() == 0
    api.close()
    source = Process("source", TOPIC, "--url", url, "--every", "0", "--once", data=data,
                     folder=tmp_path)
    wait_until(lambda: "tries again" in source.text(), 20, "the source says that it waits")
    port = re.search(r":(\d+)/", url)[1]
    again = Process("applicants", "serve", "--port", port, "-n", "3", data=None, folder=tmp_path)
    assert source.wait(60) == 0, source.text()
    assert "produced 3 to" in source.text()
    again.terminate()
    again.close()
    source.close()

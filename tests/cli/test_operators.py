"""What night operators see of a running stream and do to it: pages, pause, drain, review-all, why."""

import json
import re
import urllib.error
import urllib.request

import pytest

from support.program import Process, run, wait_until

TOPIC = "fintech_pyspark"
LINE = '{"loan_amnt":"5000","annual_inc":"60000","dti":"5","grade":"A","id":"%d"}'


def append(data, first, count):
    with open(data / f"topics/{TOPIC}/0.jsonl", "a", encoding="utf-8") as topic:
        topic.write("".join(LINE % i + "\n" for i in range(first, first + count)))


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Stream:
    def __init__(self, data, folder, *words, port="1"):
        # Port 1 is never ours: any free one is taken, and told.
        self.process = Process("stream", "--quiet", "--set", f"metrics.port={port}", "--set",
                               "table.commit_every=100ms", *words, data=data, folder=folder)
        self.url = wait_until(self._served, 30, "metrics_served")

    def _served(self):
        found = re.search(r"event=metrics_served .* url=(\S+)", self.process.text())
        return found and found[1]

    def metrics(self):
        status, text = get(self.url + "/metrics")
        assert status == 200
        return {k: float(v) for k, v in re.findall(r"^(loanstream_\S+) (\S+)$", text, re.M)}

    def ready(self):
        status, text = get(self.url + "/health/ready")
        answer = json.loads(text)
        assert (status == 200) == answer["ready"]
        return answer.get("reason", "")

    def landed(self):
        return self.metrics()["loanstream_committed_records_total"]


@pytest.fixture(name="data")
def a_topic(tmp_path):
    run("topic", "create", TOPIC, data=tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture(name="start")
def starter(data, tmp_path):
    started = []

    def start(*words, **more):
        started.append(Stream(data, tmp_path, *words, **more))
        return started[-1]
    yield start
    for stream in started:
        stream.process.close()


def test_pages_of_a_running_stream(data, start):
    stream = start()
    append(data, 0, 50)
    wait_until(lambda: stream.landed() == 50, 30, "50 records")
    assert get(stream.url + "/health/live") == (200, '{"live":true}\n')
    assert stream.ready() == ""
    found = stream.metrics()
    of = f'{{topic="{TOPIC}",partition="0"}}'
    assert found["loanstream_lag_records" + of] == 0
    assert found["loanstream_watermark_offset" + of] == 50
    assert found["loanstream_ready"] == 1 and found["loanstream_stuck"] == 0
    assert 0 <= found["loanstream_commit_age_seconds"] < 60
    assert found["loanstream_disk_free_bytes"] > 0
    assert get(stream.url + "/none")[0] == 404
    assert stream.process.terminate() == 0


def test_a_second_stream_waits_and_takes_another_port(data, start):
    first = start()
    port = first.url.rsplit(":", 1)[1]
    second = start(port=port)
    assert second.url != first.url
    assert f"taken={port}" in second.process.text()
    wait_until(lambda: first.ready() == "", 30, "ready")
    wait_until(lambda: second.ready() == "waiting: another process", 30, "waiting")
    first.process.kill()
    wait_until(lambda: second.ready() == "", 30, "taken over")


def test_no_pages_when_they_are_off(data, tmp_path):
    done = run("stream", "--once", "--quiet", "--set", "metrics.port=0", data=data)
    assert "metrics_served" not in done.err

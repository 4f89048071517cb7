"""Log events and metrics of long-running verbs: declared, collapsed, without personal data."""

import json
import re

import pytest

from support.program import ROOT, Process, run, wait_until

EVENTS = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "docs/events.md").read_text(), re.M))
METRICS = set(re.findall(r"^\| `(loanstream_\w+)` \|", (ROOT / "docs/metrics.md").read_text(),
                         re.M))
SECRET = "Zwetschgenknoedel"


@pytest.fixture(name="data")
def dirty_topic(tmp_path):
    feed = tmp_path / "feed.jsonl"
    lines = run("applicants", "generate", "-n", 300, "--dirty", 0.5).out.splitlines()
    lines += [f'{{"loan_amnt":"{SECRET}","emp_title":"{SECRET}"}}', f"{SECRET} is no JSON",
              f'{{"{SECRET}":1,"loan_amnt":[1]}}', f'{{"loan_amnt":"1"}} {SECRET}'] * 5
    feed.write_text("\n".join(lines) + "\n")
    run("source", "--file", feed, "--once", "--quiet", data=tmp_path / "data")
    return tmp_path / "data"


def test_json_lines_are_declared_events(data):
    done = run("stream", "--once", "--quiet", "--set", "log.format=json", data=data)
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert {"stream_started", "partition_claimed", "rejected", "committed",
            "stream_stopped"} <= {line["event"] for line in lines}
    for line in lines:
        assert EVENTS[line["event"]] == line["level"]
    stopped = lines[-1]
    assert stopped["event"] == "stream_stopped" and stopped["records"] == 320


def test_text_lines_hold_nothing_of_the_records(data):
    done = run("stream", "--once", "--quiet", data=data)
    assert "event=rejected" in done.err and SECRET not in done.err
    topic = (data / "topics/fintech_pyspark/0.jsonl").read_text()
    values = set(re.findall(r'"(?:emp_title|member_id|zip_code|url|desc)":"([^"]{4,})"', topic))
    assert values and not [value for value in values if value in done.err]


def test_repeats_are_collapsed_and_counted(tmp_path):
    lines = "not json\n" * 3000
    feed = tmp_path / "feed.jsonl"
    feed.write_text(lines)
    run("source", "--file", feed, "--once", "--quiet", data=tmp_path / "data")
    done = run("stream", "--once", "--quiet", "--set", "stream.batch_records=10",
               data=tmp_path / "data")
    assert done.err.count("event=rejected") == 10


def test_the_least_level(data):
    done = run("stream", "--once", "--quiet", "--set", "log.level=warning", data=data)
    assert "event=rejected" in done.err and "level=info" not in done.err
    assert run("stream", "--once", "--quiet", "--set", "log.level=error", data=data).err == ""


def test_a_source_without_an_api_says_so_and_goes_on(tmp_path):
    source = Process("source", "--url", "http://127.0.0.1:1/none", "--every", "0",
                     data=tmp_path / "data", folder=tmp_path)
    try:
        wait_until(lambda: "event=source_retry" in source.text(), 30, "a retry in the log")
        assert re.search(r"event=source_retry .*cause=\S.* wait_ms=\d+", source.text())
        assert source.terminate() == 0
        assert "event=source_stopped" in source.text()
    finally:
        source.close()


def test_metrics_are_those_of_the_list(data, tmp_path):
    path = tmp_path / "job.prom"
    run("stream", "--once", "--quiet", "--metrics", path, data=data)
    text = path.read_text()
    found = dict(re.findall(r"^(loanstream_\w+(?:\{[^}]*\})?) (\S+)$", text, re.M))
    names = {name.split("{")[0] for name in found}
    more = tmp_path / "more.jsonl"
    more.write_text("{}\n" * 7)
    run("source", "--file", more, "--once", "--quiet", "--metrics", path, data=data)
    of_source = dict(re.findall(r"^(loanstream_\w+) (\S+)$", path.read_text(), re.M))
    assert of_source["loanstream_produced_records_total"] == "7"
    # Those of topics beside the table are told where there are such (tests/kafka/test_sinks.py).
    of_sinks = {name for name in METRICS if name.startswith("loanstream_sink_")}
    assert names | set(of_source) | of_sinks == METRICS and not names & set(of_source)
    assert not names & of_sinks
    assert found["loanstream_records_total"] == "320"
    decided = sum(int(v) for k, v in found.items() if k.startswith("loanstream_decisions"))
    rejected = sum(int(v) for k, v in found.items() if k.startswith("loanstream_rejects"))
    assert decided + rejected == 320 and rejected > 20
    assert found['loanstream_lag_records{topic="fintech_pyspark",partition="0"}'] == "0"
    assert found['loanstream_state{state="stopped"}'] == "1"


def test_metrics_that_cannot_be_written_do_not_stop_the_job(data, tmp_path):
    done = run("stream", "--once", "--quiet", "--metrics", tmp_path / "no/such/folder.prom",
               data=data)
    assert "event=metrics_not_written" in done.err and "no/such" in done.err


def test_a_changed_policy_is_said_once_and_kept_out(data, tmp_path):
    policy = tmp_path / "own.toml"
    text = run("policy", "show", "--source").out.replace("../models/", "embedded:models/")
    policy.write_text(text)
    stream = Process("stream", "--quiet", "--policy", policy, "--set", "table.commit_every=50ms",
                     data=data, folder=tmp_path)
    feed = data / "topics/fintech_pyspark/0.jsonl"
    try:
        wait_until(lambda: "event=committed" in stream.text(), 30, "a commit")
        policy.write_text(text.replace("< 20000", "< 900000"))
        line = '{"loan_amnt":"1","annual_inc":"50000","dti":"5","grade":"A"}\n'

        def said():
            with open(feed, "a", encoding="utf-8") as topic:
                topic.write(line)
            return "event=policy_changed" in stream.text()
        wait_until(said, 30, "policy_changed")
        assert stream.terminate() == 0
        assert stream.text().count("event=policy_changed") == 1
    finally:
        stream.close()
    rows = json.loads(run("table", "sql", "--json", "select distinct policy_hash, rule from "
                          "prediction where source_offset >= 320", data=data).out)
    assert len({row["policy_hash"] for row in rows}) == 1
    assert "income_too_low" not in {row["rule"] for row in rows}

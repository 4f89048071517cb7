"""Dead letters worked off: fix, replay, abandon, and what the table says of it."""

import json

import pytest

from support.program import run, run_json

TOPIC = "fintech_pyspark"
GOOD = '"annual_inc":"50000","dti":"5","grade":"A"'
RECORDS = [
    '{"loan_amnt":"1000",%s}' % GOOD,
    "{'loan_amnt': '2000', 'annual_inc': '50000', 'dti': None, 'emp_title': \"Joe's\"}",
    '{"loan_amnt":"3000",%s} and more' % GOOD,
    '{"loan_amnt":"$4,000.50",%s}' % GOOD,
    '{"loan_amnt":"many",%s}' % GOOD,
    "nothing that helps",
]


@pytest.fixture(name="data")
def landed(tmp_path):
    feed = tmp_path / "some.jsonl"
    feed.write_bytes("\n".join(RECORDS).encode() + b'\n{"loan_amnt":"7000","emp_title":"caf\xe9",'
                     + GOOD.encode() + b"}\n")
    run("source", "--file", feed, "--once", "--quiet", data=tmp_path / "data")
    run("stream", "--once", "--quiet", data=tmp_path / "data")
    return tmp_path / "data"


def at(offset):
    return f"{TOPIC}/0@{offset}"


def stream(data):
    run("stream", "--once", "--quiet", data=data)
    report = run_json("table", "prove", "--complete", data=data)
    assert report["proved"], report


def rows(data, table="prediction"):
    query = (f"select source_topic, source_offset, origin_topic, origin_offset, * from {table} "
             "order by source_topic, source_offset")
    return json.loads(run("table", "sql", "--json", query, data=data).out)


def state(data, offset):
    return run_json("dead", "show", at(offset), data=data)["state"]


@pytest.mark.parametrize("offset, words, amount", [
    (1, ["--repair", "single-quotes"], 2000),
    (2, ["--repair", "trailing-bytes"], 3000),
    (3, ["--repair", "money"], 4000),
    (4, ["--set-field", "loan_amnt=4500"], 4500),
    (6, ["--repair", "latin-1"], 7000),
])
def test_a_fixed_record_is_decided_once_with_its_origin(data, offset, words, amount):
    preview = run("dead", "fix", at(offset), *words, data=data).out
    assert "nothing is written" in preview and f"{amount}" in preview.replace(".5", "")
    assert state(data, offset) == "open"
    said = run("dead", "fix", at(offset), *words, "--yes", "--why", "seen", "--by", "me",
               data=data).out
    assert "1 put up to be decided, 1 produced" in said
    assert state(data, offset) != "open"
    stream(data)
    (row,) = [row for row in rows(data) if row["origin_topic"]]
    assert (row["source_topic"], row["origin_topic"], row["origin_offset"],
            row["funded_amnt"]) == (TOPIC + ".repaired", TOPIC, offset, amount)
    said = run("dead", "fix", at(offset), *words, "--yes", data=data, expect=1).err
    assert "replayed" in said
    stream(data)
    assert len([row for row in rows(data) if row["origin_topic"]]) == 1


def test_a_repair_that_does_not_help_is_refused(data):
    assert "not_json" in run("dead", "fix", at(5), "--repair", "single-quotes", data=data,
                             expect=1).out
    said = run("dead", "fix", at(5), "--repair", "single-quotes", "--yes", data=data, expect=1)
    assert "rejected again" in said.err
    assert state(data, 5) == "open"


def test_all_of_a_cause(data):
    said = run("dead", "fix", "--cause", "not_json", "--repair", "single-quotes", data=data).out
    assert "rejected again: not_json" in said and "puts 1 up" in said
    run("dead", "fix", "--cause", "not_json", "--repair", "single-quotes", "--yes", data=data)
    stream(data)
    assert [row["origin_offset"] for row in rows(data) if row["origin_topic"]] == [1]
    assert (state(data, 1), state(data, 5)) == ("replayed", "open")


def test_other_bytes_from_standard_input(data):
    run("dead", "fix", at(5), "--from", "-", "--yes", data=data, stdin=RECORDS[0].encode())
    stream(data)
    assert [row["origin_offset"] for row in rows(data) if row["origin_topic"]] == [5]


def test_a_replay_after_a_new_policy(data, tmp_path):
    own = tmp_path / "own.toml"
    text = run("policy", "show", "--source").out.replace("../models/", "embedded:models/")
    own.write_text(text.replace('absent = "reject"', 'bad = "missing"'))
    run("dead", "replay", at(4), "--policy", own, data=data)
    run("stream", "--once", "--quiet", "--policy", own, data=data)
    (row,) = [row for row in rows(data) if row["origin_topic"]]
    assert row["origin_offset"] == 4 and row["funded_amnt"] is None


def test_a_failed_replay_is_a_dead_letter_of_its_own(data):
    run("dead", "replay", at(4), data=data)
    stream(data)
    (letter,) = [row for row in rows(data, "dead_letters") if row["origin_topic"]]
    assert (letter["origin_offset"], letter["reason"]) == (4, "not_a_number")
    again = f"{letter['source_topic']}/0@{letter['source_offset']}"
    run("dead", "fix", again, "--set-field", "loan_amnt=10", "--yes", data=data)
    stream(data)
    (row,) = [row for row in rows(data) if row["origin_topic"]]
    assert (row["origin_topic"], row["funded_amnt"]) == (TOPIC + ".repaired", 10)


def test_a_second_record_of_one_origin_is_rejected(data):
    run("dead", "fix", at(4), "--set-field", "loan_amnt=4500", "--yes", data=data)
    topic = data / f"topics/{TOPIC}.repaired/0.jsonl"
    topic.write_bytes(topic.read_bytes() * 2)
    stream(data)
    topic.write_bytes(topic.read_bytes() + topic.read_bytes().splitlines(True)[0])
    stream(data)  # in another run: what came before is known
    assert len([row for row in rows(data) if row["origin_topic"]]) == 1
    again = [row["reason"] for row in rows(data, "dead_letters") if row["origin_topic"]]
    assert again == ["replayed_already"] * 2


def test_abandoned_ones_are_closed(data):
    assert "--why" in run("dead", "abandon", at(5), data=data, expect=2).err
    run("dead", "abandon", at(5), "--why", "a test record", data=data)
    assert state(data, 5) != "open"
    assert "abandoned" in run("dead", "list", "--all", data=data).out
    assert "abandoned" in run("dead", "show", at(5), data=data).out
    assert "abandoned" in run("dead", "fix", at(5), "--repair", "latin-1", data=data, expect=1).err


def test_a_replay_that_died_half_way_is_finished_by_stream(data):
    done = run("dead", "fix", at(4), "--set-field", "loan_amnt=4500", "--yes", data=data,
               expect=None, env={"LOANSTREAM_CRASH_AT": "replay-put"})
    assert done.returncode == 137
    assert state(data, 4) != "open"
    assert not (data / f"topics/{TOPIC}.repaired").exists()
    stream(data)
    assert [row["origin_offset"] for row in rows(data) if row["origin_topic"]] == [4]


def test_a_replay_that_is_not_decided_yet_is_lag(data):
    run("dead", "fix", at(4), "--set-field", "loan_amnt=4500", "--yes", data=data)
    report = run_json("table", "prove", "--complete", data=data, expect=1)
    assert [lag["records"] for lag in report["lag"]] == [1]
    assert report["lag"][0]["source"] == TOPIC + ".repaired/0"
    stream(data)


def test_prove_finds_a_repaired_record_that_nobody_replayed(data):
    run("dead", "fix", at(4), "--set-field", "loan_amnt=4500", "--yes", data=data)
    topic = data / f"topics/{TOPIC}.repaired/0.jsonl"
    line = topic.read_text()
    assert '"offset":4' in line
    topic.write_text(line + line.replace('"offset":4', '"offset":5'))
    run("stream", "--once", "--quiet", data=data)
    said = run("table", "prove", data=data, expect=1).out
    assert f"{TOPIC}/0@5 of {TOPIC}.repaired/0@1 was never replayed" in said


def test_who_and_why_stand_in_the_log(data):
    run("dead", "abandon", at(5), "--why", "no applicant", "--by", "clerk seven", data=data)
    entries = [json.loads(path.read_text())
               for path in (data / "warehouse/_loanstream/log").iterdir()]
    (entry,) = [entry for entry in entries if entry["kind"] == "replay"]
    assert (entry["by"], entry["why"]) == ("clerk seven", "no applicant")
    assert (entry["topic"], entry["offset"]) == (TOPIC, 5)


@pytest.mark.parametrize("words, says", [
    (["dead", "fix"], "one position"),
    (["dead", "fix", at(4)], "how"),
    (["dead", "fix", at(4), "--repair", "magic"], "single-quotes"),
    (["dead", "fix", at(4), "--set-field", "x"], "FIELD=VALUE"),
    (["dead", "fix", "--cause", "not_json", "--set-field", "a=b"], "--repair"),
])
def test_wrong_use(data, words, says):
    done = run(*words, data=data, expect=2)
    assert says in done.err and done.err.count("\n") == 1

"""Words of the command line: help, wrong use, settings, the verbs on an empty and a small table."""

import json
import re

import pytest

from support.program import ROOT, run, run_json

VERBS = ["demo", "applicants serve", "applicants generate", "topic create", "topic list",
         "topic describe", "topic delete", "source", "stream", "table show", "table files",
         "table sql", "table prove", "dead list", "dead show", "dead fix", "dead replay",
         "dead abandon", "policy check", "policy show", "policy diff", "decide", "explain",
         "policy test", "pause", "drain", "resume", "review-all on", "review-all off", "why",
         "config show", "manual", "completion"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    feed = folder / "some.jsonl"
    feed.write_text(run("applicants", "generate", "-n", 200, "--dirty", 0.2).out + "not json\n")
    run("source", "--file", feed, "--once", "--quiet", data=folder / "data")
    run("stream", "--once", "--quiet", data=folder / "data")
    return folder / "data"


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_examples(verb):
    text = run(*verb.split(), "--help").out
    assert f"loanstream {verb}" in text and "Examples:" in text


WRONG = [  # words, exit status, what the one line must say
    (["strem"], 2, "no verb 'strem'; did you mean stream?"),
    (["table", "prov", "x"], 2, "no verb 'table prov'; did you mean prove?"),
    (["table"], 2, "--help"),
    (["stream", "cluster"], 2, "LOANSTREAM_KAFKA_BOOTSTRAP"),
    (["stream", "--partitions", "x"], 2, "--partitions"),
    (["stream", "bad/topic"], 2, "topic name"),
    (["stream", "--policy", "nowhere"], 1, "lendingclub"),
    (["stream", "--set", "table.comit_every=1s"], 2, "did you mean table.commit_every?"),
    (["stream", "--set", "table.commit_every=1y"], 2, "such as 2s"),
    (["stream", "--set", "table.codec=gzip"], 2, "zstd|snappy|none"),
    (["config", "show", "missing.toml"], 2, "missing.toml"),
    (["explain", "nowhere"], 2, "TOPIC/PARTITION@OFFSET"),
    (["topic", "describe", "none"], 1, "topic create"),
    (["decide", "none.csv"], 1, "none.csv"),
    (["source", "--file", "none.csv"], 1, "none.csv"),
]


@pytest.mark.parametrize("words, status, says", WRONG, ids=lambda x: " ".join(x)
                         if isinstance(x, list) else None)
def test_wrong_use_is_one_clear_line(tmp_path, words, status, says):
    own = words[0] not in ("strem",)
    done = run(*words, data=tmp_path / "data" if own else None, expect=status)
    assert says in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_settings_come_from_file_environment_and_words(tmp_path):
    profile = tmp_path / "night.toml"
    profile.write_text('[table]\ncommit_every = "9s"\ncodec = "snappy"\n')
    shown = json.loads(run("config", "show", profile, "--json", "--set", "table.codec=none",
                           env={"LOANSTREAM_STREAM_BATCH_RECORDS": "77"}).out)
    assert shown["table.commit_every"]["value"] == "9s"
    assert shown["table.commit_every"]["from"].endswith("night.toml:2:16")
    assert shown["table.codec"] == {"value": "none", "from": "--set"}
    assert shown["stream.batch_records"]["from"] == "LOANSTREAM_STREAM_BATCH_RECORDS"


def test_an_option_takes_one_value_wherever_it_stands(data, tmp_path):
    feed = data / "topics/fintech_pyspark/0.jsonl"
    first, last = tmp_path / "first.csv", tmp_path / "last.csv"
    run("decide", "--policy", "lendingclub", "--out", first, feed)
    run("decide", feed, "--out", last, "--policy", "lendingclub")
    assert len(first.read_text().splitlines()) == len(last.read_text().splitlines()) > 1


def test_table_verbs(data):
    shown = run_json("table", "show", data=data)
    assert shown["records"] == 201
    rows = json.loads(run("table", "sql", "--json",
                          "select count(*) as n from prediction", data=data).out)
    dead = json.loads(run("table", "sql", "--json",
                          "select count(*) as n from dead_letters", data=data).out)
    assert rows[0]["n"] + dead[0]["n"] == 201
    files = run_json("table", "files", data=data)
    assert files
    assert "PROVED" in run("table", "prove", data=data).out


def test_table_sql_says_what_is_wrong(data):
    assert "selec" in run("table", "sql", "selec 1", data=data, expect=2).err
    assert "nowhere" in run("table", "sql", "select nowhere from prediction", data=data,
                            expect=1).err


def test_dead_letters_are_masked(data):
    listed = run("dead", "list", data=data).out
    assert "not_json" in listed
    at = "fintech_pyspark/0@200"
    masked = run("dead", "show", at, data=data).out
    assert "not json" not in masked
    assert "not json" in run("dead", "show", at, "--raw", data=data).out


def test_explain_tells_the_whole_way(data):
    text = run("explain", "fintech_pyspark/0@0", data=data).out
    assert "landed in prediction" in text and "annual_inc" in text
    assert "not_json" in run("explain", "fintech_pyspark/0@200", data=data).out


def test_decide_gives_the_same_as_the_table(data, tmp_path):
    feed = data / "topics/fintech_pyspark/0.jsonl"
    out, rejects = tmp_path / "decisions.jsonl", tmp_path / "rejects.csv"
    done = run("decide", feed, "--out", out, "--rejects", rejects)
    assert "201 rows" in done.err
    decided = [json.loads(line) for line in out.read_text().splitlines()]
    landed = json.loads(run("table", "sql", "--json", "select source_offset, status, evidence from "
                            "prediction order by source_offset", data=data).out)
    assert [(r["status"], r["evidence"]) for r in decided] == \
        [(r["status"], r["evidence"]) for r in landed]


def test_decide_takes_the_format_that_is_named(data, tmp_path):
    feed = data / "topics/fintech_pyspark/0.jsonl"
    run("decide", feed, "--out", tmp_path / "decisions", "--format", "jsonl")
    assert json.loads((tmp_path / "decisions").read_text().splitlines()[0])["status"]
    assert "parquet" in run("decide", feed, "--out", "x", "--format", "xml", expect=2).err


def test_topic_verbs(tmp_path):
    data = tmp_path / "data"
    run("topic", "create", "one", "--partitions", "3", data=data)
    run("topic", "create", "one", data=data, expect=1)
    run("topic", "create", "one", "--if-missing", data=data)
    assert run("topic", "list", data=data).out == "one\n"
    assert re.search(r"\|\s+2\|", run("topic", "describe", "one", data=data).out)
    run("topic", "delete", "one", data=data)
    assert run("topic", "list", data=data).out == ""


def test_every_command_of_the_readme_is_a_verb():
    text = (ROOT / "README.md").read_text()
    verbs = {tuple(v.split()) for v in VERBS}
    later = {"logs"}  # named as not there yet
    for words in re.findall(r"loanstream ([a-z]+(?: [a-z]+)?)", text):
        parts = tuple(words.split())
        known = parts in verbs or parts[:1] in verbs or parts[0] in later
        assert known or parts[0] in {v[0] for v in verbs}, words

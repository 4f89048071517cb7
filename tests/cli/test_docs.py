"""The examples of the docs, taken out of the pages and run as they stand."""

import json
import re

import pytest

from support.program import ROOT, run

# What the examples of docs/policy.md speak of and do not declare.
UNDECLARED = """
[[field]]
name = "loan_amnt"
clean = "number"
[[field]]
name = "member_id"
clean = "number"
[[field]]
name = "grade"
clean = "text"
[[field]]
name = "purpose"
clean = "text"
[[field]]
name = "term"
clean = "months"
[[reason]]
code = "grade_not_lent"
text = "Credit grade below those for which we lend"
[[reason]]
code = "loan"
text = "Length or purpose of the loan requested"
features = ["term_months", "purpose"]
"""


def blocks(page, language):
    text = (ROOT / "docs" / page).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def model_example():
    (example,) = blocks("model.md", "json")
    return example


@pytest.fixture(name="policy")
def policy_of_the_page(tmp_path):
    (tmp_path / "models").mkdir()
    model = json.loads(model_example())
    model["features"][0]["name"] = "term_months"  # as the page's [model.features] has it
    for holder in [model["reference"]["bins"],
                   *(band["mean_points"] for band in model["reference"]["bands"]),
                   *(sample["in"] for sample in model["golden"])]:
        holder["term_months"] = holder.pop("term")
    (tmp_path / "models/lendingclub.json").write_text(json.dumps(model))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/tables").mkdir()
    (tmp_path / "policies/tables/purposes.csv").write_text("purpose,risk\ncar,0.1\n")
    path = tmp_path / "policies/lendingclub.toml"
    text = "".join(blocks("policy.md", "toml")) + UNDECLARED
    path.write_text(text.replace('features = ["dti"]', "features = []"))
    return path


def test_the_blocks_of_the_policy_page_make_a_policy(policy):
    shown = run("policy", "check", policy).out
    assert "10 fields" in shown
    assert "1 rules" in shown and "model lendingclub of 2 features" in shown


def test_the_model_of_the_model_page_serves(policy, tmp_path):
    model = tmp_path / "model.json"
    model.write_text(model_example())
    text = policy.read_text().replace('"term_months" = "term"', "")
    policy.write_text(text.replace("term_months", "term"))
    feed = tmp_path / "some.jsonl"
    sample = json.loads(model_example())["golden"][2]
    feed.write_text(json.dumps({**sample["in"], "grade": "A", "annual_inc": 1,
                                "loan_amnt": 1, "member_id": 1}) + "\n")
    done = run("decide", feed, "--policy", policy, "--model", model, "--out", tmp_path / "o.jsonl")
    assert "1 rows" in done.err or "1 row" in done.err
    (row,) = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert abs(row["probability_of_default"] - sample["probability_of_default"]) < 1e-12


def test_evidence_has_the_keys_of_the_page_in_their_order(tmp_path):
    text = (ROOT / "docs/policy.md").read_text()
    example = json.loads(re.search(r'^`(\{"in":.*\})`$', text, re.M)[1])
    feed = tmp_path / "some.jsonl"
    feed.write_text(run("applicants", "generate", "-n", 500, "--dirty", 0.2).out)
    run("decide", feed, "--out", tmp_path / "o.jsonl")
    order = list(example)
    seen = set()
    for line in (tmp_path / "o.jsonl").read_text().splitlines():
        keys = list(json.loads(json.loads(line)["evidence"]))
        assert keys == [key for key in order if key in keys]
        seen |= set(keys)
    assert {"in", "points", "lost", "hits", "cut"} <= seen <= set(order)


def test_the_files_of_the_topic_page_look_so(tmp_path):
    page = (ROOT / "docs/topic.md").read_text()
    feed = tmp_path / "some.jsonl"
    feed.write_text('{"a":1}\n{"loanstream_envelope":1,}\n')
    run("source", "--file", feed, "--once", "--quiet", data=tmp_path / "data")
    run("stream", "--once", "--quiet", data=tmp_path / "data")
    topic = tmp_path / "data/topics/fintech_pyspark"
    said = re.search(r'`(\{"format":1,"topic".*?\})`', page)[1].replace("<16 hex digits>", "0")
    assert list(json.loads(said)) == list(json.loads((topic / "topic.json").read_text()))
    said = re.search(r'`\{("next"):N,("ms"):T\}`', page)
    assert [json.loads(x) for x in said.groups()] == list(
        json.loads((topic / "0.position").read_text()))
    written = json.loads((topic / "0.index").read_text().splitlines()[-1])
    said = re.search(r'`\{("offset"):O,("byte"):B,("count"):N,("ms"):T\}`', page)
    also = re.search(r'`("file"):"<sha256>",("row"):R,("step"):S`', page)
    assert [json.loads(x) for x in said.groups() + also.groups()] == list(written)


def test_the_envelope_of_the_topic_page_is_opened(tmp_path):
    page = (ROOT / "docs/topic.md").read_text()
    envelope = re.search(r'^`(\{"loanstream_envelope":1,"base64".*\})`$', page, re.M)[1]
    run("topic", "create", data=tmp_path / "data")
    topic = tmp_path / "data/topics/fintech_pyspark/0.jsonl"
    topic.write_text(envelope.replace('"..."', '"bm90IGpzb24="') + "\n")
    run("stream", "--once", "--quiet", data=tmp_path / "data")
    assert "not json" in run("dead", "show", "fintech_pyspark/0@0", "--raw",
                             data=tmp_path / "data").out
    (row,) = json.loads(run("table", "sql", "--json", "select origin_topic, origin_offset from "
                            "dead_letters", data=tmp_path / "data").out)
    assert row == {"origin_topic": "t", "origin_offset": 42}



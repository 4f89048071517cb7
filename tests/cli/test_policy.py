"""policy check, show and test: what a lender types while it writes a policy of its own."""

import collections
import json
import pathlib
import re

import pytest

from support.program import ROOT, run

SHIPPED = ["lendingclub", "fintech-classic"]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_policies_hold(name):
    said = run("policy", "check", name).out
    assert f"policy {name} holds" in said
    assert re.search(r"policy hash [0-9a-f]{64}\nmodel hash  [0-9a-f]{64}\n", said)


def test_a_copy_of_a_shipped_policy_is_the_same_policy(tmp_path):
    own = tmp_path / "lendingclub.toml"
    text = run("policy", "show", "lendingclub", "--source").out
    own.write_text(text.replace("../models/", "embedded:models/"))
    assert "holds" in run("policy", "check", own).out
    own.write_text(text)
    assert f"{own}:" in run("policy", "check", own, expect=1).err  # its model is not beside it


@pytest.mark.parametrize("old, new, place", [
    ('clean = "months"', 'clean = "month"', "did you mean months?"),
    ("annual_inc < 20000", "anual_inc < 20000", "did you mean annual_inc?"),
    ('reason = "income_too_low"', 'reason = "income_to_low"', "did you mean income_too_low?"),
    ("approve_below = 0.20", "approve_below = 0.50", "cut-offs out of order"),
    ('features = ["dti"]', "features = []", "the model's feature 'dti' has no reason"),
])
def test_a_broken_policy_is_refused_at_its_place(tmp_path, old, new, place):
    own = tmp_path / "own.toml"
    text = run("policy", "show", "--source").out.replace("../models/", "embedded:models/")
    assert text.count(old) >= 1
    own.write_text(text.replace(old, new, 1))
    said = run("policy", "check", own, expect=2).err
    assert place in said and re.search(re.escape(str(own)) + r":\d+:\d+: ", said), said


def test_show_names_fields_rules_and_reasons():
    said = run("policy", "show").out
    for part in ("annual_inc", "grade_not_lent", "Excessive obligations", "approved below 0.2"):
        assert part in said


def test_the_story_in_the_docs_is_played(tmp_path):
    page = (ROOT / "docs/flow.md").read_text()
    story = tmp_path / "docs.story"
    story.write_text(re.search(r"```\n(# name:.*?)```", page, re.S)[1]
                     .replace("tests/data/", f"{ROOT}/tests/data/"))
    assert run("policy", "test", story).out.endswith("1 passed, 0 failed\n")


def test_a_failing_story_is_exit_one_and_update_mends_it(tmp_path):
    story = tmp_path / "own.story"
    story.write_text("# name: mine\n# why: shows\ninput a/0\n{}\nexpect rejects\n")
    said = run("policy", "test", story, expect=1).out
    assert "FAILED mine" in said and f"{story}:5: not as expected" in said
    assert said.endswith("0 passed, 1 failed\n")
    run("policy", "test", story, "--update")
    assert "a/0 @0 | clean | not_a_number | loan_amnt\n" in story.read_text()
    run("policy", "test", story)
    story.write_text("no story")
    assert run("policy", "test", story, expect=2).err.count("\n") == 1
    run("policy", "test", pathlib.Path(tmp_path / "none.story"), expect=1)


@pytest.fixture(name="own")
def own_policy(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(run("policy", "show", "--source").out.replace("../models/", "embedded:models/"))
    return own


CHANGES = [  # in the policy's text, the sentence
    ("annual_inc < 20000", "annual_inc < 25000",
     "rule income_too_low hits when annual_inc < 25000, was annual_inc < 20000"),
    ('outcome = "decline"', 'outcome = "review"',
     "rule grade_not_lent sends to review, it declines before"),
    ("approve_below = 0.20", "approve_below = 0.18",
     "approved below a probability of default of 18 %, was 20 %: fewer are approved"),
    ("decline_from = 0.35", "decline_from = 0.4",
     "declined from a probability of default of 40 %, was 35 %: fewer are declined"),
    ('text = "Purpose of the loan"', 'text = "The purpose of the loan"',
     "reason purpose reads 'The purpose of the loan', was 'Purpose of the loan'"),
    ('"memberId"]', '"id"]', "field member_id is read from member_id, id, was member_id, memberId"),
    ('unit = "USD"\nclean = "number"\nbad = "missing"\ncolumn = "annual_inc"',
     'unit = "EUR"\nclean = "number"\nbad = "missing"\ncolumn = "annual_inc"',
     "field annual_inc is in EUR, was USD"),
    ('"NA", ', "", "texts that mean no value are '', 'n/a', 'null', 'None', was '', 'n/a', 'NA'"),
    ("range = [0, 10000000]", "range = [1, 10000000]",
     "field loan_amnt may be 1 to 10000000, outside it rejects the record, was 0 to 10000000"),
    ('[[rule]]\nname = "gra', '[[derive]]\nname = "d"\nvalue = "dti / 2"\n[[rule]]\nname = "gra',
     "derived field d is new: dti / 2"),
    ('file = "embedded:models/lendingclub.json"', 'file = "MODEL"', "the points of dti move by up"),
]


@pytest.mark.parametrize("old, new, sentence", CHANGES, ids=lambda text: text[:24])
def test_diff_says_each_change(own, tmp_path, old, new, sentence):
    if "MODEL" in new:
        model = json.loads((ROOT / "models/lendingclub.json").read_text())
        (dti,) = [f for f in model["features"] if f["name"] == "dti"]
        dti["woe"][0] += 0.5  # and golden samples that do not meet it
        model["golden"] = [g for g in model["golden"] if g["in"]["dti"] is None
                           or g["in"]["dti"] >= dti["edges"][0]]
        while len(model["golden"]) < 10:
            model["golden"].append(model["golden"][0])
        (tmp_path / "MODEL").write_text(json.dumps(model))
    text = own.read_text()
    assert old in text
    after = tmp_path / "after.toml"
    after.write_text(text.replace(old, new, 1))
    assert f"- {sentence}" in run("policy", "diff", own, after).out


def test_diff_of_a_policy_with_itself(own):
    assert "no difference in what they decide" in run("policy", "diff", "lendingclub", own).out


def test_diff_on_a_file_counts_what_two_runs_of_decide_say(own, tmp_path):
    own.write_text(own.read_text().replace("< 20000", "< 60000").replace("= 0.20", "= 0.12"))
    feed = tmp_path / "some.jsonl"
    feed.write_text(run("applicants", "generate", "-n", 2000, "--dirty", 0.1).out)
    outcomes = []
    for policy in ("lendingclub", own):
        out = tmp_path / "out.jsonl"
        run("decide", feed, "--policy", policy, "--out", out)
        rows = map(json.loads, out.read_text().splitlines())
        outcomes.append({row["source_offset"]: row["status"] for row in rows})
    counted = collections.Counter((outcomes[0].get(i, "rejected"), outcomes[1].get(i, "rejected"))
                                  for i in range(2000))
    said = json.loads(run("policy", "diff", "lendingclub", own, "--on", feed, "--json").out)["on"]
    assert said["applications"] == 2000
    assert said["changed"] == sum(n for (a, b), n in counted.items() if a != b) > 100
    assert {(o["before"], o["after"]): o["applications"] for o in said["outcomes"]
            if o["applications"]} == counted
    text = run("policy", "diff", "lendingclub", own, "--on", feed).out
    assert f"{said['changed']:,} change their outcome" in text


def test_check_finds_rules_that_never_matter(own):
    own.write_text(own.read_text() + """
[[rule]]
name = "never"
when = 'annual_inc < 5 and annual_inc > 10'
outcome = "decline"
reason = "income"
[[rule]]
name = "hidden"
when = 'annual_inc < 10000'
outcome = "review"
reason = "income"
""")
    said = run("policy", "check", own, expect=1).out
    assert re.search(r":\d+:8: rule 'never' can never fire", said)
    assert re.search(r":\d+:8: rule 'hidden' is hidden by 'income_too_low'", said)

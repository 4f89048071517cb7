"""policy check, show and test: what a lender types while it writes a policy of its own."""

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

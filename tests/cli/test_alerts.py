"""deploy/ and docs/runbook.md speak of metrics, reasons, verbs and alerts that there are."""

import functools
import json
import re

import pytest
import yaml

from support.program import ROOT, run

ALERTS = ROOT / "deploy/prometheus/alerts.yml"
BOARD = ROOT / "deploy/grafana/loanstream.json"
RUNBOOK = (ROOT / "docs/runbook.md").read_text()


def rules():
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels():
    return json.loads(BOARD.read_text())["panels"]


@functools.cache
def declared():
    page = run("manual", "--markdown", "metrics").out
    return {name: set(labels.split()) for name, labels in
            re.findall(r"^\| `(loanstream_\w+)` \| \w+ \| `?([\w ]*)`? \|", page, re.M)}


def expressions():
    return [rule["expr"] for rule in rules()] + \
        [target["expr"] for panel in panels() for target in panel["targets"]]


def faults_of(expression):
    """Brackets that do not close, and names that no metric has."""
    opened = []
    for char in re.sub(r'"[^"]*"', "", expression):
        if char in "([{":
            opened.append(char)
        elif char in ")]}" and (not opened or opened.pop() != {")": "(", "]": "[", "}": "{"}[char]):
            return ["a bracket that nothing opened"]
    known = declared()
    faults = ["a bracket that nothing closes"] if opened else []
    for name, labels in re.findall(r"(loanstream_\w+)(?:\{([^}]*)\})?", expression):
        if name not in known:
            faults.append(f"no metric {name}")
        elif not set(re.findall(r"(\w+)\s*[=!]", labels)) <= known[name]:
            faults.append(f"no such label: {name}{{{labels}}}")
    return faults


@pytest.mark.parametrize("expression", expressions())
def test_each_expression_is_of_declared_metrics(expression):
    assert faults_of(expression) == []
    assert "loanstream_" in expression or expression == 'up{job="loanstream"} == 0'


@pytest.mark.parametrize("expression, says", [
    ("sum(loanstream_ready", "closes"), ("loanstream_ready) > 1", "opened"),
    ("rate(loanstream_ready[5m)]", "opened"), ("loanstream_redy == 1", "no metric"),
    ('loanstream_decisions_total{state="x"}', "no such label")])
def test_a_wrong_expression_is_found(expression, says):
    assert any(says in fault for fault in faults_of(expression))


def test_each_alert_has_its_entry_and_each_entry_its_alert():
    entries = re.findall(r"^## (\w+)$", RUNBOOK.split("\n# Alerts\n")[1], re.M)
    assert entries == [rule["alert"] for rule in rules()]
    assert len(set(entries)) == len(entries)
    for rule in rules():
        assert rule["annotations"]["runbook"] == "docs/runbook.md#" + rule["alert"].lower()
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}


def test_each_entry_says_what_it_means_what_to_look_at_and_what_to_type():
    for entry in re.split(r"^## ", RUNBOOK.split("\n# Alerts\n")[1], flags=re.M)[1:]:
        assert re.search(r"\*\*Means:\*\* .*\*\*Look:\*\* .*\*\*Type:\*\* ", entry), entry[:30]


def test_the_reasons_are_those_of_the_program():
    table = RUNBOOK.split("## What a job says")[1].split("##")[0]
    reasons = set(re.findall(r"^\| `([^`]+)` \|", table, re.M))
    code = (ROOT / "src/pipeline/readiness.cc").read_text()
    assert reasons == set(re.findall(r'"([a-z: ]+)"', code.split("namespace loanstream {")[1]))


def test_the_verbs_and_events_are_those_of_the_program():
    verbs = re.findall(r"^## (.+)$", run("manual", "--markdown", "cli").out, re.M)
    for words in re.findall(r"`loanstream ([^`]+)`", RUNBOOK):
        assert any((words + " ").startswith(verb + " ") for verb in verbs), words
    events = run("manual", "--markdown", "events").out
    for name in re.findall(r"events? ((?:`\w+`(?:, )?)+)", RUNBOOK):
        for event in re.findall(r"`(\w+)`", name):
            assert f"| `{event}` |" in events, event
    settings = run("manual", "--markdown", "settings").out
    for name in re.findall(r"(?:stream|table|metrics)\.\w+", RUNBOOK):
        assert f"| `{name}` |" in settings, name

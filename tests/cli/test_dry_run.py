"""stream --dry-run: what a policy would make of a topic, with nothing written."""

import json
import os
import pathlib

import pytest

from support.program import run

DATA = os.environ.get("LOANSTREAM_TEST_DATA")


def tree(folder):
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


@pytest.fixture(name="data")
def small_topic(tmp_path):
    feed = tmp_path / "some.jsonl"
    feed.write_text(
        '{"loan_amnt":"1000","funded_amnt":"1000","annual_inc":"50000","dti":"5","grade":"A",'
        '"revol_utl":"5%","note":"secret words"}\n'
        "not json\n"
        '{"loan_amnt":"x","annual_inc":"y"}\n'
        '{"loanAmount":700,"annualInc":10000,"dti":null,"note":""}\n')
    run("source", "--file", feed, "--once", "--quiet", data=tmp_path / "data")
    return tmp_path / "data"


def test_it_tells_fields_causes_and_rows_and_writes_nothing(data):
    before = tree(data)
    said = json.loads(run("stream", "--dry-run", "--json", data=data).out)
    assert tree(data) == before
    assert (said["records"], said["decided"], said["rejected"]) == (4, 2, 2)
    assert said["from"] == "fintech_pyspark/0@0"
    fields = {field.pop("field"): field for field in said["fields"]}
    assert fields["loan_amnt"] == {"found": 3, "missing": 0, "unreadable": 0,
                                   "keys": "loanAmount, loan_amnt"}
    assert fields["dti"] == {"found": 2, "missing": 1, "unreadable": 0, "keys": "dti"}
    assert fields["revol_util"]["keys"] == ""
    assert said["unused"] == {"revol_utl": 1, "note": 2}  # the likely slip first
    causes = [(c["stage"], c["reason"], c["field"], c["example"]) for c in said["causes"]]
    assert causes == [("decode", "not_json", "", "fintech_pyspark/0@1"),
                      ("clean", "not_a_number", "loan_amnt", "fintech_pyspark/0@2")]
    assert [row["position"] for row in said["rows"]] == ["fintech_pyspark/0@0",
                                                         "fintech_pyspark/0@3"]
    assert said["rows"][1]["status"] == "declined" and said["rows"][1]["reasons"]


def test_the_text_names_the_field_that_a_key_is_like(data):
    said = run("stream", "--dry-run", "--limit", 1, data=data).out
    assert "1 records from" in said and "revol_utl (like revol_util?)" in said
    assert "secret words" not in said  # keys, not what no field uses


def test_it_goes_on_where_the_table_would(data, tmp_path):
    run("stream", "--once", "--quiet", data=data)
    feed = tmp_path / "more.jsonl"
    feed.write_text('{"loan_amnt":"1","annual_inc":"50000","dti":"5"}\n')
    run("source", "--file", feed, "--once", "--quiet", data=data)
    before = tree(data)
    said = json.loads(run("stream", "--dry-run", "--json", data=data).out)
    assert said["from"] == "fintech_pyspark/0@4" and said["records"] == 1
    assert tree(data) == before
    run("stream", "--once", "--quiet", data=data)
    assert json.loads(run("stream", "--dry-run", "--json", data=data).out)["records"] == 0


def test_wrong_use(data):
    assert "topic create" in run("stream", "--dry-run", data=data / "none", expect=1).err
    assert not (data / "none").exists()
    assert "--dry-run" in run("stream", "--limit", 5, data=data, expect=2).err
    assert "number" in run("stream", "--dry-run", "--limit", "x", data=data, expect=2).err


# Fields that a file does not have under any name, and why.
NOT_THERE = {
    "lc_2007_2011_a.csv.gz": {"emp_months"},
    "lc_2007_2015_74_a.csv.gz": {"emp_months", "pub_rec_bankruptcies"},
    "lc_2009_2018_150_a.csv.gz": {"emp_months", "member_id"},  # the column is gone
    "lc_2011_74_first1000.csv.gz": {"emp_months", "pub_rec_bankruptcies"},
    "lc_2016q1_2017_137_a.csv.gz": {"emp_months"},
    "lc_2018q1_openintro_55.csv.gz": {  # inquiries of 12 months are something else
        "emp_months", "member_id", "funded_amnt", "inq_last_6mths", "mths_since_last_record",
        "pub_rec", "revol_bal", "revol_util"},
    "lc_indiana_val_139.csv.gz": {"emp_months", "member_id"},
    "lc_raw_111_sample4.csv": {"emp_months"},
}


@pytest.mark.skipif(not DATA, reason="LOANSTREAM_TEST_DATA is not set")
@pytest.mark.parametrize("name", NOT_THERE)
def test_every_dialect_has_its_fields_found_and_is_decided(tmp_path, name):
    data = tmp_path / "data"
    run("source", "--file", pathlib.Path(DATA) / name, "--once", "--quiet", data=data)
    said = json.loads(run("stream", "--dry-run", "--json", "--limit", 30000, data=data).out)
    never = {field["field"] for field in said["fields"] if field["found"] == 0}
    assert never == NOT_THERE[name]
    assert said["rejected"] == 0
    unread = {f["field"]: f["unreadable"] for f in said["fields"] if f["unreadable"]}
    assert unread == {}

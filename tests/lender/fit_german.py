#!/usr/bin/env python3
"""Fits german.json, the model of tests/lender/german.toml, by the means of models/fit.py.

  python3 tests/lender/fit_german.py --data germancredit.csv.gz --out german.json

Every third row is kept for the test. The same input gives the same bytes.
"""

import argparse
import csv
import json
import math
import pathlib
import sys

import numpy

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "models"))
import fit  # noqa: E402

TEXTS = {"checking": "status_of_existing_checking_account", "credit_history": "credit_history",
         "purpose": "purpose", "savings": "savings_account_and_bonds",
         "guarantor": "other_debtors_or_guarantors", "property": "property", "housing": "housing"}
LENGTHS = [(13, "up to one year"), (25, "up to two years"), (49, "up to four years"),
           (math.inf, "longer")]


def columns_of(rows):
    """The policy's fields and derived fields, made here a second time on purpose."""
    with open(HERE / "tables/employment.csv", newline="", encoding="utf-8") as file:
        years = {row["since"]: float(row["years"]) for row in csv.DictReader(file)}
    columns = {name: [row[key] for row in rows] for name, key in TEXTS.items()}
    columns["length"] = [next(label for edge, label in LENGTHS
                              if int(row["duration_in_month"]) < edge) for row in rows]
    columns["monthly amount"] = numpy.array([float(row["credit_amount"]) /
                                             int(row["duration_in_month"]) for row in rows])
    columns["years employed"] = numpy.array([years[row["present_employment_since"]]
                                             for row in rows])
    columns["other plans"] = numpy.array([float(row["other_installment_plans"] != "none")
                                          for row in rows])
    columns["installment_rate"] = numpy.array(
        [float(row["installment_rate_in_percentage_of_disposable_income"]) for row in rows])
    return columns


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", default=str(HERE / "german.json"))
    arguments = parser.parse_args()
    with fit.gzip.open(arguments.data, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    bad = numpy.array([int(row["creditability"] == "bad") for row in rows])
    held = numpy.arange(len(rows)) % 3 == 2
    train = columns_of([row for row, out in zip(rows, held) if not out])
    test = columns_of([row for row, out in zip(rows, held) if out])
    y, y_test = bad[~held], bad[held]
    bins = [fit.TextBins(name, train[name], y) if isinstance(train[name], list)
            else fit.NumberBins(name, train[name], y) for name in train]
    model = fit.Model("german-credit", bins, train, y)
    written = model.to_json(train, y, test, y_test,
                            "German credit (Hofmann, 1994), two rows of three")
    written["trained"]["script"] = "tests/lender/fit_german.py"
    pathlib.Path(arguments.out).write_text(json.dumps(written, indent=1) + "\n")
    print(f"{arguments.out}: {len(written['features'])} features, {written['metrics']}")


if __name__ == "__main__":
    main()

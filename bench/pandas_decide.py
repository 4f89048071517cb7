#!/usr/bin/env python3
"""The pandas program that `loanstream decide` is measured against: a CSV in, decisions as CSV out.

  python3 bench/pandas_decide.py APPLICATIONS.csv OUT.csv

What an analyst writes: columns cleaned and scored as vectors, reasons for the declined rows, and
the evidence text row by row, by the same lendingclub policy and scorecard.
"""

import math
import sys

import numpy
import pandas

from python_line import Line, number_text

CHUNK = 100_000


def cleaned(frame, line):
    """One vector a field: floats with NaN, texts with None."""
    columns = {}
    for slot, (name, _, is_text) in enumerate(line.fields):
        keys = [key for key, where in line.slot_of_key.items()
                if where == slot and key in frame.columns]
        if not keys:
            columns[name] = numpy.full(len(frame), None if is_text else math.nan,
                                       dtype=object if is_text else float)
            continue
        text = frame[keys[0]].str.strip()
        text = text.mask(text.isin(line.missing))
        if is_text:
            columns[name] = text.astype(object).where(text.notna(), None).to_numpy()
            continue
        if name == "emp_years":
            text = text.replace("< 1 year", "0")
        text = text.str.replace(r"\+? *(?:%|months?|years?)?$", "", regex=True)
        columns[name] = pandas.to_numeric(text, errors="coerce").to_numpy(float)
    loan, funded = columns["loan_amnt"], columns["funded_amnt"]
    columns["loan_amnt"] = numpy.where(numpy.isnan(loan), funded, loan)
    columns["funded_amnt"] = numpy.where(numpy.isnan(funded), loan, funded)
    columns["filled"] = [(numpy.isnan(loan), "loan_amnt"), (numpy.isnan(funded), "funded_amnt")]
    years, months = columns["emp_years"], columns["emp_months"]
    columns["emp_length"] = numpy.where(numpy.isnan(years), months / 12, years)
    return columns


def bins(feature, values):
    if feature.is_text:
        look = pandas.Series(values).map(feature.group)
        return look.fillna(feature.other).where(pandas.notna(pandas.Series(values)),
                                                feature.missing).to_numpy(int)
    found = numpy.searchsorted(feature.edges, values, side="right")
    return numpy.where(numpy.isnan(values), feature.missing, found)


def texts(values):
    if values.dtype == object:
        return ["null" if v is None else '"' + v.replace('"', '\\"') + '"' for v in values]
    return ["null" if v != v else number_text(v) for v in values.tolist()]


def evidence(columns, line, placed, count):
    shown = [(name, texts(columns[line.fields[slot][0]])) for slot, name in line.evidence]
    shown.append(('"emp_length":', texts(columns["emp_length"])))
    inputs = [[name + text for text in column] for name, column in shown]
    points = [[f.bins[i][2] for i in place.tolist()] for f, place in zip(line.features, placed)]
    parts = ['{"in":{' + ",".join(row) + "}" for row in zip(*inputs)]
    filled = [",".join(f'"{name}"' for mask, name in columns["filled"] if mask[i])
              for i in range(count)]
    parts = [part + (f',"filled":[{names}]' if names else "")
             for part, names in zip(parts, filled)]
    return [part + ',"points":{' + ",".join(row) + "}" for part, row in zip(parts, zip(*points))]


def decide(frame, line, first):
    columns = cleaned(frame, line)
    count = len(frame)
    placed = [bins(f, columns[name]) for name, f in zip(line.names, line.features)]
    z = numpy.full(count, line.intercept)
    points = []
    for feature, place in zip(line.features, placed):
        z = z + numpy.array([b[0] for b in feature.bins])[place]
        points.append(numpy.array([b[1] for b in feature.bins])[place])
    risk = 1 / (1 + numpy.exp(-z))
    grade = pandas.Series(columns["grade"]).isin(["E", "F", "G"]).to_numpy()
    low = columns["annual_inc"] < 20000
    incomplete = numpy.isnan(columns["annual_inc"]) | numpy.isnan(columns["dti"])
    by_rule = grade | low | incomplete
    status = numpy.select([grade | low, incomplete, risk < line.cut[0], risk < line.cut[1]],
                          ["declined", "review", "approved", "review"], "declined")
    text = evidence(columns, line, placed, count)
    reasons = numpy.full((5, count), None, dtype=object)
    for i in range(count):
        hits = [word for word, mask in (("grade_not_lent", grade), ("income_too_low", low),
                                        ("application_incomplete", incomplete)) if mask[i]]
        if hits:
            given = hits if status[i] == "review" else hits[:int(grade[i]) + int(low[i])]
            reasons[:len(given), i] = given
            text[i] += ',"hits":[' + ",".join(f'"{hit}"' for hit in hits) + "]"
        elif status[i] == "declined":
            order, fifth, lost = line.lost([p[i] for p in points])
            reasons[:len(order), i] = [line.codes[r] for r in order]
            if fifth is not None:
                reasons[4, i] = line.codes[fifth]
                order = order + [fifth]
            text[i] += ',"lost":{' + ",".join(
                f'"{line.codes[r]}":{lost[r]:.1f}' for r in order) + "}"
        text[i] += line.cut_text
    whole = {name: pandas.array(columns[name], dtype="Float64").astype("Int64")
             for name in ("annual_inc", "funded_amnt", "member_id")}
    member = columns["member_id"]
    return pandas.DataFrame({
        "annual_inc": whole["annual_inc"], "data": risk.astype("float32"),
        "funded_amnt": whole["funded_amnt"], "member_id": whole["member_id"], "status": status,
        "application_id": [f"file-0-{first + i}" if v != v else number_text(v)
                           for i, v in enumerate(member.tolist())],
        "probability_of_default": risk, "points": numpy.floor(sum(points) + 0.5).astype(int),
        **{f"reason_{i + 1}": reasons[i] for i in range(5)}, "evidence": text,
        "rule": numpy.where(by_rule, reasons[0], None),
        "scored_by": numpy.where(by_rule, "rule", "model"), "policy": line.policy["name"],
        "policy_hash": line.policy_hash, "model": line.model_name,
        "model_hash": line.model_hash, "source_offset": numpy.arange(first, first + count)})


def main():
    line, first = Line(), 0
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        for frame in pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False,
                                     chunksize=CHUNK):
            frame = frame.reset_index(drop=True)
            decide(frame, line, first).to_csv(out, header=first == 0, index=False)
            first += len(frame)


if __name__ == "__main__":
    main()

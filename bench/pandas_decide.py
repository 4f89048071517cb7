#!/usr/bin/env python3
"""The pandas program that `loanstream decide` is measured against: a CSV in, decisions as CSV out.

  python3 bench/pandas_decide.py APPLICATIONS.csv OUT.csv

What a competent analyst writes, by the lendingclub policy and scorecard: only the columns that
count are read, cleaned and scored as vectors, each different value is written out once, reasons
are looked for in the declined rows alone, and the evidence texts are joined row by row.
"""

import math
import sys
import time

import numpy
import pandas

from python_line import DECIDED, NOT_LENT, REST, Line, value_text

CHUNK = 50_000


def cleaned(frame, line):
    """One vector a field: floats with NaN, texts with None. And which values could not be read."""
    columns, bad = {}, {}
    for name, keys, verb in zip(line.names, line.keys_of, line.words):
        given = [key for key in keys if key in frame.columns]
        if not given:
            columns[name] = numpy.full(len(frame), None if verb == "text" else math.nan,
                                       dtype=object if verb == "text" else float)
            continue
        text = frame[given[0]].str.strip()
        text = text.mask(text.isin(line.missing))
        if verb == "text":
            columns[name] = text.astype(object).where(text.notna(), None).to_numpy()
            continue
        if verb == "years":
            text = text.replace("< 1 year", "0")
            numbers = text.str.extract(r"^(\d+)(?:\.0*)?\+?(?: *years?)?$", expand=False)
        elif verb == "months":
            numbers = text.str.replace(r" *months?$", "", regex=True)
        elif verb == "percent":
            numbers = text.str.replace(r" *%$", "", regex=True)
        else:
            numbers = text
        values = pandas.to_numeric(numbers, errors="coerce").to_numpy(float, na_value=math.nan)
        columns[name] = numpy.where(numpy.isinf(values), math.nan, values)
        wrong = numpy.isnan(columns[name]) & text.notna().to_numpy()
        if wrong.any():
            bad[name] = wrong
    return columns, bad


def filled_amounts(columns, bad):
    loan, funded = columns["loan_amnt"], columns["funded_amnt"]
    filled = {"loan_amnt": numpy.isnan(loan), "funded_amnt": numpy.isnan(funded)}
    if any(name in bad for name in filled) or (filled["loan_amnt"] & filled["funded_amnt"]).any():
        raise ValueError("an amount is no number, or neither is there")
    columns["loan_amnt"] = numpy.where(filled["loan_amnt"], funded, loan)
    columns["funded_amnt"] = numpy.where(filled["funded_amnt"], loan, funded)
    years, months = columns["emp_years"], columns["emp_months"]
    columns["emp_length"] = numpy.where(numpy.isnan(years), months / 12, years)
    return {name: mask for name, mask in filled.items() if mask.any()}


def places(feature, values):
    """Of each row its bin."""
    if feature.is_text:
        series = pandas.Series(values)
        found = series.map(feature.group).fillna(feature.other)
        return found.where(series.notna(), feature.missing).to_numpy(int)
    found = numpy.searchsorted(feature.edges, values, side="right")
    return numpy.where(numpy.isnan(values), feature.missing, found)


def each_once(values, write):
    """`write` of every value, called once for each different one."""
    codes, different = pandas.factorize(values, use_na_sentinel=False)
    return numpy.array([write(None if value != value else value)
                        for value in different.tolist()], dtype=object)[codes]


def marked(masks, count):
    """Of each row the names whose mask holds, in quotes."""
    texts = [[] for _ in range(count)]
    for name, mask in masks.items():
        for row in mask.nonzero()[0].tolist():
            texts[row].append(f'"{name}"')
    return texts


def evidence(columns, line, placed, filled, bad):
    count = len(columns["dti"])
    inputs = [each_once(columns[name], lambda value, name=name: f'"{name}":{value_text(value)}')
              for name in line.shown]
    points = [numpy.array([text for _, _, text in feature.bins], dtype=object)[place]
              for feature, place in zip(line.features.values(), placed)]
    inputs, points = map(",".join, zip(*inputs)), map(",".join, zip(*points))
    if not filled and not bad:
        return [f'{{"in":{{{one}}},"points":{{{other}}}' for one, other in zip(inputs, points)]
    out = []
    for one, fell, wrong, other in zip(inputs, marked(filled, count), marked(bad, count), points):
        text = f'{{"in":{{{one}}}'
        text += f',"filled":[{",".join(fell)}]' if fell else ""
        text += f',"bad":[{",".join(wrong)}]' if wrong else ""
        out.append(text + f',"points":{{{other}}}')
    return out


def decide(frame, line, first):
    columns, bad = cleaned(frame, line)
    filled = filled_amounts(columns, bad)
    count = len(frame)
    placed = [places(f, columns[name]) for name, f in line.features.items()]
    z, points = numpy.full(count, line.intercept), []
    for feature, place in zip(line.features.values(), placed):
        z = z + numpy.array([term for term, _, _ in feature.bins])[place]
        points.append(numpy.array([point for _, point, _ in feature.bins])[place])
    risk = 1 / (1 + numpy.exp(-z))
    rules = {"grade_not_lent": pandas.Series(columns["grade"]).isin(NOT_LENT).to_numpy(),
             "income_too_low": columns["annual_inc"] < 20000,
             "application_incomplete": numpy.isnan(columns["annual_inc"]) |
             numpy.isnan(columns["dti"])}
    grade, low, incomplete = rules.values()
    by_rule = grade | low | incomplete
    status = numpy.select([grade | low, incomplete, risk < line.cut[0], risk < line.cut[1]],
                          ["declined", "review", "approved", "review"], "declined").astype(object)
    texts = evidence(columns, line, placed, filled, bad)
    reasons = numpy.full((5, count), None, dtype=object)
    for row in by_rule.nonzero()[0].tolist():
        hits = [name for name, mask in rules.items() if mask[row]]
        given = hits if status[row] == "review" else [name for name in hits
                                                      if name != "application_incomplete"]
        reasons[:len(given), row] = given
        texts[row] += ',"hits":["' + '","'.join(hits) + '"]'
    rule = numpy.where(by_rule, reasons[0], None)
    matrix = numpy.array(points)
    for row in (~by_rule & (status == "declined")).nonzero()[0].tolist():
        codes, fifth, lost = line.lost(matrix[:, row].tolist())
        reasons[:, row] = [*codes, fifth]
        if lost:
            texts[row] += f',"lost":{{{lost}}}'
        else:
            status[row] = "review"
    whole = {name: pandas.array(numpy.trunc(columns[name]), dtype="Int64")
             for name in ("annual_inc", "funded_amnt", "member_id")}
    member = columns["member_id"]
    out = pandas.DataFrame({
        **whole, "data": risk.astype("float32"), "status": status,
        "application_id": [f"file-0-{first + i}" if v != v else value_text(v)
                           for i, v in enumerate(member.tolist())],
        "probability_of_default": risk, "points": numpy.floor(sum(points) + 0.5).astype(int),
        **{f"reason_{i + 1}": reasons[i] for i in range(5)},
        "evidence": [text + line.cut_text for text in texts], "rule": rule,
        "scored_by": numpy.where(by_rule, "rule", "model"), **line.versions,
        "program": "pandas_decide", "source_topic": "file", "source_partition": 0,
        "source_offset": numpy.arange(first, first + count),
        "decided_ms": int(time.time() * 1000)})
    return out.reindex(columns=[*DECIDED, *REST])


def main():
    line, first = Line(), 0
    wanted = {key for keys in line.keys_of for key in keys}
    with open(sys.argv[2], "w", encoding="utf-8", newline="") as out:
        for frame in pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False,
                                     usecols=wanted.__contains__, chunksize=CHUNK):
            decide(frame, line, first).to_csv(out, header=first == 0, index=False)
            first += len(frame)


if __name__ == "__main__":
    main()

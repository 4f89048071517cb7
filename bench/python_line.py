#!/usr/bin/env python3
"""The plain Python program that loanstream is measured against: the same topic, columns, reasons.

  python3 bench/python_line.py TOPIC_FOLDER OUT.parquet

What a competent engineer writes with orjson and pyarrow for the lendingclub policy: one pass, no
objects per field, bins and texts of points made beforehand, columns written in row groups. It has
no dead letters, no recovery and no log; what it cannot decide ends it.
"""

import bisect
import hashlib
import json
import math
import pathlib
import re
import sys
import time

import orjson
import pyarrow
import pyarrow.parquet
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[1]
POLICY = ROOT / "policies/lendingclub.toml"
ROWS_AT_ONCE = 65536
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z", re.A)
PERCENT = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?: *%)?\Z", re.A)
MONTHS = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?: *months?)?\Z", re.A)
YEARS = re.compile(r"(\d+)(?:\.0+)?\+?(?: *years?)?\Z", re.A)


class Bad(Exception):
    pass


def number(text):
    if not NUMBER.match(text):
        raise Bad
    return float(text)


def by(pattern):
    def read(text):
        found = pattern.match(text)
        if not found:
            raise Bad
        return float(found[1])
    return read


def years(text):
    return 0.0 if text == "< 1 year" else by(YEARS)(text)


VERBS = {"number": number, "percent": by(PERCENT), "months": by(MONTHS), "years": years,
         "text": str}


def number_text(value):
    whole = int(value)
    return str(whole) if whole == value and -1e16 < value < 1e16 else repr(value)


class Feature:
    """Bins made beforehand: of each its term, its points and their text."""

    def __init__(self, table, intercept, count, scale):
        factor = scale["pdo"] / math.log(2)
        offset = scale["points"] - factor * math.log(scale["odds"])
        woes = list(table["woe"])
        if table["type"] == "text":
            woes.append(table["other_woe"])
            self.group = {text: i for i, group in enumerate(table["groups"]) for text in group}
        else:
            self.edges = table["edges"]
        self.is_text = table["type"] == "text"
        woes.append(table["missing_woe"])
        terms = [table["coefficient"] * woe for woe in woes]
        points = [-(term + intercept / count) * factor + offset / count for term in terms]
        self.bins = [(term, p, f'"{table["name"]}":{p:.1f}') for term, p in zip(terms, points)]
        self.missing, self.other = len(woes) - 1, len(woes) - 2

    def look(self, value):
        if value is None:
            return self.bins[self.missing]
        if self.is_text:
            return self.bins[self.group.get(value, self.other)]
        return self.bins[bisect.bisect_right(self.edges, value)]


class Line:
    def __init__(self):
        policy = tomllib.loads(POLICY.read_text())
        model_path = (POLICY.parent / policy["model"]["file"]).resolve()
        model = json.loads(model_path.read_text())
        self.policy, self.model_name = policy, model["name"]
        digest = hashlib.sha256(POLICY.read_bytes()).hexdigest()
        self.policy_hash = hashlib.sha256(f"{digest} {POLICY.name}\n".encode()).hexdigest()
        self.model_hash = hashlib.sha256(model_path.read_bytes()).hexdigest()
        self.missing = set(policy["input"]["missing"])
        self.fields = [(f["name"], VERBS[f["clean"]], f["clean"] == "text")
                       for f in policy["field"]]
        self.slot_of_key = {key: i for i, f in enumerate(policy["field"])
                            for key in f.get("keys", [f["name"]])}
        self.slot = {f[0]: i for i, f in enumerate(self.fields)}
        self.intercept = model["intercept"]
        self.features = [Feature(f, model["intercept"], len(model["features"]), model["scale"])
                         for f in model["features"]]
        self.names = [f["name"] for f in model["features"]]
        self.cut = policy["decision"]["approve_below"], policy["decision"]["decline_from"]
        self.cut_text = f',"cut":[{number_text(self.cut[0])},{number_text(self.cut[1])}]}}'
        self.near = self.approved_near(model["reference"])
        self.reason_of = [next(i for i, r in enumerate(policy["reason"])
                               if name in r.get("features", [])) for name in self.names]
        self.codes = [r["code"] for r in policy["reason"]]
        self.inquiries = next(i for i, r in enumerate(policy["reason"]) if r.get("inquiries"))
        used = set(self.names) | {"annual_inc", "funded_amnt", "member_id", "grade", "dti",
                                  "emp_years", "emp_months"}
        self.evidence = [(i, f'"{name}":') for i, (name, _, _) in enumerate(self.fields)
                         if name in used]

    def approved_near(self, reference):
        taken, rows = [], 0
        for band in reversed(reference["bands"]):
            if band["pd_below"] <= self.cut[0] and rows < 0.05 * reference["rows"]:
                taken.append(band)
                rows += band["rows"]
        taken = taken or reference["bands"][:1]
        rows = sum(band["rows"] for band in taken)
        return [sum(b["rows"] * b["mean_points"][name] for b in taken) / rows
                for name in self.names]

    def clean(self, record):
        values, bad, filled = [None] * len(self.fields), [], []
        slot_of_key, fields, missing = self.slot_of_key, self.fields, self.missing
        for key, value in record.items():
            slot = slot_of_key.get(key)
            if slot is None or value is None:
                continue
            text = (value if type(value) is str else str(value)).strip()
            if text in missing:
                continue
            try:
                values[slot] = fields[slot][1](text)
            except Bad:
                bad.append(slot)
        loan, funded = self.slot["loan_amnt"], self.slot["funded_amnt"]
        for one, other in ((loan, funded), (funded, loan)):
            if values[one] is None and one not in bad:
                if values[other] is None:
                    raise ValueError("neither amount is there")
                values[one] = values[other]
                filled.append(one)
        return values, bad, filled

    def lost(self, points):
        lost = [0.0] * len(self.codes)
        for reason, near, point in zip(self.reason_of, self.near, points):
            lost[reason] += near - point
        order = sorted((i for i, loss in enumerate(lost) if loss > 0), key=lambda i: -lost[i])
        reasons = order[:4]
        fifth = self.inquiries if self.inquiries in order[4:] else None
        return reasons, fifth, lost

    def decide(self, record):
        """status, scored_by, rule, reasons (5), evidence, pd, points, the cleaned values"""
        values, bad, filled = self.clean(record)
        slot = self.slot
        emp = values[slot["emp_years"]]
        if emp is None and values[slot["emp_months"]] is not None:
            emp = values[slot["emp_months"]] / 12
        z, points, texts = self.intercept, [], []
        for name, feature in zip(self.names, self.features):
            value = emp if name == "emp_length" else values[slot[name]]
            term, point, text = feature.look(value)
            z += term
            points.append(point)
            texts.append(text)
        risk = 1 / (1 + math.exp(-z))
        income, grade = values[slot["annual_inc"]], values[slot["grade"]]
        hits, codes, rule, fifth, lost = [], [], None, None, None
        if grade in ("E", "F", "G"):
            hits.append("grade_not_lent")
        if income is not None and income < 20000:
            hits.append("income_too_low")
        declined = list(hits)
        if income is None or values[slot["dti"]] is None:
            hits.append("application_incomplete")
        if hits:
            status, scored_by = ("declined" if declined else "review"), "rule"
            codes = declined or hits
            rule = codes[0]
        else:
            scored_by = "model"
            if risk < self.cut[0]:
                status = "approved"
            elif risk < self.cut[1]:
                status = "review"
            else:
                reasons, fifth, lost = self.lost(points)
                status = "declined" if reasons else "review"
                codes = [self.codes[i] for i in reasons]
        evidence = self.evidence_of(values, emp, bad, filled, texts, hits)
        if lost is not None and codes:
            given = reasons + ([fifth] if fifth is not None else [])
            evidence += ',"lost":{' + ",".join(
                f'"{self.codes[i]}":{lost[i]:.1f}' for i in given) + "}"
        if hits:
            evidence += ',"hits":[' + ",".join(f'"{hit}"' for hit in hits) + "]"
        codes = (codes + [None] * 4)[:4] + [None if fifth is None else self.codes[fifth]]
        return status, scored_by, rule, codes, evidence + self.cut_text, risk, points, values

    def evidence_of(self, values, emp, bad, filled, texts, hits):
        parts = []
        for slot, name in self.evidence:
            value = values[slot]
            if value is None:
                parts.append(name + "null")
            elif type(value) is str:
                parts.append(name + orjson.dumps(value).decode())
            else:
                parts.append(name + number_text(value))
        parts.append('"emp_length":' + ("null" if emp is None else number_text(emp)))
        out = '{"in":{' + ",".join(parts) + "}"
        for word, slots in (("filled", filled), ("bad", bad)):
            if slots:
                names = ",".join(f'"{self.fields[slot][0]}"' for slot in sorted(slots))
                out += f',"{word}":[{names}]'
        return out + ',"points":{' + ",".join(texts) + "}"


COLUMNS = [("annual_inc", pyarrow.int32()), ("data", pyarrow.float32()),
           ("funded_amnt", pyarrow.int32()), ("member_id", pyarrow.int32()),
           ("status", pyarrow.string()), ("application_id", pyarrow.string()),
           ("probability_of_default", pyarrow.float64()), ("points", pyarrow.int32()),
           *((f"reason_{i}", pyarrow.string()) for i in range(1, 6)),
           ("evidence", pyarrow.string()), ("rule", pyarrow.string()),
           ("scored_by", pyarrow.string()), ("source_offset", pyarrow.int64()),
           ("decided_ms", pyarrow.int64())]
CONSTANT = [("policy", pyarrow.string()), ("policy_hash", pyarrow.string()),
            ("model", pyarrow.string()), ("model_hash", pyarrow.string()),
            ("program", pyarrow.string()), ("source_topic", pyarrow.string()),
            ("source_partition", pyarrow.int32()), ("origin_topic", pyarrow.string()),
            ("origin_partition", pyarrow.int32()), ("origin_offset", pyarrow.int64()),
            ("event_ms", pyarrow.int64())]


def whole(value):
    return None if value is None else int(value)


def write(writer, schema, columns, constants):
    rows = len(columns[0])
    arrays = [pyarrow.array(column, type_) for column, (_, type_) in zip(columns, COLUMNS)]
    arrays += [pyarrow.repeat(pyarrow.scalar(value, type_), rows)
               for value, (_, type_) in zip(constants, CONSTANT)]
    writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
    for column in columns:
        column.clear()


def main():
    topic, out = pathlib.Path(sys.argv[1]), sys.argv[2]
    line = Line()
    schema = pyarrow.schema(COLUMNS + CONSTANT)
    produced = json.loads(topic.joinpath("0.index").read_text().splitlines()[0])["ms"]
    constants = [line.policy["name"], line.policy_hash, line.model_name, line.model_hash,
                 "python_line", topic.name, 0, None, None, None, produced]
    columns = [[] for _ in COLUMNS]
    appends = [column.append for column in columns]
    income, funded, member = (line.slot[n] for n in ("annual_inc", "funded_amnt", "member_id"))
    loads, decide = orjson.loads, line.decide
    with pyarrow.parquet.ParquetWriter(out, schema, compression="zstd") as writer, \
            open(topic / "0.jsonl", "rb") as records:
        for offset, record in enumerate(records):
            status, scored_by, rule, codes, evidence, risk, points, values = decide(loads(record))
            number = values[member]
            row = (whole(values[income]), risk, whole(values[funded]), whole(number), status,
                   f"{topic.name}-0-{offset}" if number is None else number_text(number), risk,
                   math.floor(sum(points) + 0.5), *codes, evidence, rule, scored_by, offset,
                   int(time.time() * 1000))
            for append, value in zip(appends, row):
                append(value)
            if len(columns[0]) == ROWS_AT_ONCE:
                write(writer, schema, columns, constants)
        if columns[0]:
            write(writer, schema, columns, constants)


if __name__ == "__main__":
    main()

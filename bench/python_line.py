#!/usr/bin/env python3
"""The plain Python program that loanstream is measured against: the same topic, columns, reasons.

  python3 bench/python_line.py TOPIC_FOLDER OUT.parquet

What a competent engineer writes with orjson and pyarrow for the lendingclub policy: no object a
record or field, each text is cleaned, placed in its bin and written out for the evidence once and
then looked up, rows become columns and row groups in batches. It has no dead letters, no recovery
and no log; what it cannot decide ends it.
"""

import bisect
import hashlib
import json
import math
import operator
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
BATCH_ROWS = 4096
GROUP_ROWS = 10 * BATCH_ROWS  # what loanstream's row groups hold of these records
MOST_REMEMBERED = 4096         # texts of one field
NUMBER = r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"


def by(pattern):
    match = re.compile(pattern, re.ASCII).fullmatch

    def read(text):
        found = match(text)
        number = float(found[1]) if found else math.inf
        return None if math.isinf(number) else number + 0.0
    return read


years = by(r"(\d+)(?:\.0*)?\+?(?: *years?)?")
VERBS = {"number": by(NUMBER), "percent": by(NUMBER + "(?: *%)?"),
         "months": by(NUMBER + "(?: *months?)?"),
         "years": lambda text: 0.0 if text == "< 1 year" else years(text), "text": str}


def value_text(value):
    if value is None:
        return "null"
    if type(value) is str:
        return orjson.dumps(value).decode()
    whole = int(value)
    return str(whole) if whole == value and -1e16 < value < 1e16 else repr(value)


class Feature:
    """One of the model: of each bin its term, its points and their text, made beforehand."""

    def __init__(self, table, intercept, count, scale):
        factor = scale["pdo"] / math.log(2)
        offset = scale["points"] - factor * math.log(scale["odds"])
        woes = list(table["woe"])
        self.is_text = table["type"] == "text"
        if self.is_text:
            woes.append(table["other_woe"])
            self.group = {text: i for i, group in enumerate(table["groups"]) for text in group}
        else:
            self.edges = table["edges"]
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


class Cells(dict):
    """Of each text that a field has had: value, evidence text, term, points, text of the points.

    A value that cannot be read is not remembered, nor a JSON number, which equals true or 1.0.
    """

    def __init__(self, read, remembered):
        super().__init__()
        self.read, self.remembered = read, remembered

    def __missing__(self, raw):
        cell, is_bad = self.read(raw)
        if not is_bad and type(raw) in self.remembered:
            if len(self) == MOST_REMEMBERED:
                self.clear()
            self[raw] = cell
        return cell


class Line:
    def __init__(self):
        policy = tomllib.loads(POLICY.read_text())
        model_path = (POLICY.parent / policy["model"]["file"]).resolve()
        model = json.loads(model_path.read_text())
        digest = hashlib.sha256(POLICY.read_bytes()).hexdigest()
        self.versions = {
            "policy": policy["name"], "model": model["name"],
            "policy_hash": hashlib.sha256(f"{digest} {POLICY.name}\n".encode()).hexdigest(),
            "model_hash": hashlib.sha256(model_path.read_bytes()).hexdigest()}
        self.missing = set(policy["input"]["missing"])
        self.names = [field["name"] for field in policy["field"]]
        self.words = [field["clean"] for field in policy["field"]]
        self.keys_of = [field.get("keys", [field["name"]]) for field in policy["field"]]
        self.keys = [keys[0] for keys in self.keys_of]
        self.aliased = [slot for slot, keys in enumerate(self.keys_of) if len(keys) > 1]
        self.slot = {name: slot for slot, name in enumerate(self.names)}
        self.read_model(policy, model)
        self.bad = []  # slots, in the record at hand
        self.cells = [self.cells_of(slot) for slot in range(len(self.names))]
        self.employment = Cells(lambda years: (self.cell("emp_length", years), False),
                                (float, type(None)))

    def read_model(self, policy, model):
        self.intercept = model["intercept"]
        self.features = {f["name"]: Feature(f, model["intercept"], len(model["features"]),
                                            model["scale"]) for f in model["features"]}
        places = self.slot | {"emp_length": len(self.names)}
        self.scored = operator.itemgetter(*(places[name] for name in self.features))
        used = set(self.features) | {"annual_inc", "funded_amnt", "member_id", "grade", "dti",
                                     "emp_years", "emp_months"}
        self.shown = [name for name in places if name in used]
        self.evidence = operator.itemgetter(*(places[name] for name in self.shown))
        self.cut = policy["decision"]["approve_below"], policy["decision"]["decline_from"]
        self.cut_text = f',"cut":[{value_text(self.cut[0])},{value_text(self.cut[1])}]}}'
        self.near = self.approved_near(model["reference"])
        self.codes = [reason["code"] for reason in policy["reason"]]
        self.reason_of = [next(i for i, reason in enumerate(policy["reason"])
                               if name in reason.get("features", [])) for name in self.features]
        self.inquiries = next(i for i, reason in enumerate(policy["reason"])
                              if reason.get("inquiries"))

    def approved_near(self, reference):
        taken, rows = [], 0
        for band in reversed(reference["bands"]):
            if band["pd_below"] <= self.cut[0] and rows < 0.05 * reference["rows"]:
                taken.append(band)
                rows += band["rows"]
        taken = taken or reference["bands"][:1]
        rows = sum(band["rows"] for band in taken)
        return [sum(band["rows"] * band["mean_points"][name] for band in taken) / rows
                for name in self.features]

    def cell(self, name, value):
        text = value_text(value)
        feature = self.features.get(name)
        return (value, f'"{name}":{text}', *(feature.look(value) if feature else (0, 0, "")))

    def cells_of(self, slot):
        name, verb = self.names[slot], VERBS[self.words[slot]]
        without = self.cell(name, None)

        def read(raw):
            if raw is None:
                return without, False
            if type(raw) is not str:
                if type(raw) in (dict, list):
                    raise ValueError(f"{name} is nested")
                raw = str(raw).lower()
            text = raw.strip(" \t\n\r\f\v")
            if text in self.missing:
                return without, False
            value = verb(text)
            if value is None:
                self.bad.append(slot)
            return self.cell(name, value), value is None
        return Cells(read, (str, type(None)))

    def clean(self, record):
        """The cells of a record, by slot, then employment length; the amounts that fell back."""
        raws = list(map(record.get, self.keys))
        for slot in self.aliased:
            if raws[slot] is None:
                raws[slot] = next((record[key] for key in self.keys_of[slot] if key in record),
                                  None)
        self.bad.clear()
        cells = list(map(operator.getitem, self.cells, raws))
        filled = []
        loan, funded = self.slot["loan_amnt"], self.slot["funded_amnt"]
        if cells[loan][0] is None or cells[funded][0] is None:
            filled = self.fall_back(cells, loan, funded)
        emp = cells[self.slot["emp_years"]][0]
        if emp is None and cells[self.slot["emp_months"]][0] is not None:
            emp = cells[self.slot["emp_months"]][0] / 12
        cells.append(self.employment[emp])
        return cells, filled

    def fall_back(self, cells, loan, funded):
        one, other = (loan, funded) if cells[loan][0] is None else (funded, loan)
        if cells[other][0] is None or one in self.bad:
            raise ValueError("an amount is no number, or neither is there")
        cells[one] = self.cell(self.names[one], cells[other][0])
        return [one]

    def lost(self, points):
        lost = [0.0] * len(self.codes)
        for reason, near, point in zip(self.reason_of, self.near, points):
            lost[reason] += near - point
        order = sorted((i for i, loss in enumerate(lost) if loss > 0), key=lambda i: -lost[i])
        fifth = self.inquiries if self.inquiries in order[4:] else None
        given = order[:4] if fifth is None else [*order[:4], fifth]
        text = ",".join(f'"{self.codes[i]}":{lost[i]:.1f}' for i in given)
        codes = ([self.codes[i] for i in order[:4]] + [None] * 4)[:4]
        return codes, None if fifth is None else self.codes[fifth], text

    def decide(self, record):
        """The columns of Row, below, that the record decides."""
        cells, filled = self.clean(record)
        _, _, terms, points, texts = zip(*self.scored(cells))
        risk = 1 / (1 + math.exp(-sum(terms, self.intercept)))
        slot = self.slot
        income, grade = cells[slot["annual_inc"]][0], cells[slot["grade"]][0]
        evidence = '{"in":{' + ",".join([cell[1] for cell in self.evidence(cells)]) + "}"
        for word, slots in (("filled", filled), ("bad", self.bad)):
            if slots:
                names = ",".join(f'"{self.names[i]}"' for i in sorted(slots))
                evidence += f',"{word}":[{names}]'
        evidence += ',"points":{' + ",".join(texts) + "}"
        rule, scored_by, codes, fifth = None, "model", NO_CODES, None
        if grade in NOT_LENT or income is None or income < 20000 or cells[slot["dti"]][0] is None:
            declined = ["grade_not_lent"] if grade in NOT_LENT else []
            if income is not None and income < 20000:
                declined.append("income_too_low")
            incomplete = income is None or cells[slot["dti"]][0] is None
            hits = declined + ["application_incomplete"] * incomplete
            status, scored_by = "declined" if declined else "review", "rule"
            codes = ((declined or hits) + [None] * 4)[:4]
            rule = codes[0]
            evidence += ',"hits":["' + '","'.join(hits) + '"]'
        elif risk < self.cut[0]:
            status = "approved"
        elif risk < self.cut[1]:
            status = "review"
        else:
            codes, fifth, lost = self.lost(points)
            status = "declined" if lost else "review"
            evidence += f',"lost":{{{lost}}}' if lost else ""
        member = cells[slot["member_id"]]
        return (whole(income), risk, whole(cells[slot["funded_amnt"]][0]), whole(member[0]), status,
                None if member[0] is None else member[1][12:], risk,
                math.floor(sum(points) + 0.5), *codes, fifth, evidence + self.cut_text, rule,
                scored_by)


NOT_LENT = frozenset("EFG")
NO_CODES = (None,) * 4


def whole(value):
    return None if value is None else int(value)


TEXT, INT, BIGINT = pyarrow.string(), pyarrow.int32(), pyarrow.int64()
DECIDED = {"annual_inc": INT, "data": pyarrow.float32(), "funded_amnt": INT, "member_id": INT,
           "status": TEXT, "application_id": TEXT, "probability_of_default": pyarrow.float64(),
           "points": INT, **{f"reason_{i}": TEXT for i in range(1, 6)}, "evidence": TEXT,
           "rule": TEXT, "scored_by": TEXT}
REST = {"policy": TEXT, "policy_hash": TEXT, "model": TEXT, "model_hash": TEXT, "program": TEXT,
        "source_topic": TEXT, "source_partition": INT, "source_offset": BIGINT,
        "origin_topic": TEXT, "origin_partition": INT, "origin_offset": BIGINT,
        "event_ms": BIGINT, "decided_ms": BIGINT}
PLAIN = {"evidence", "application_id", "source_offset", "probability_of_default", "data"}


class Table:
    """Rows on their way to the file: a batch of them as tuples, a row group of batches."""

    def __init__(self, path, topic, versions):
        self.schema = pyarrow.schema((DECIDED | REST).items())
        self.writer = pyarrow.parquet.ParquetWriter(
            path, self.schema, compression="zstd",
            use_dictionary=[name for name in self.schema.names if name not in PLAIN])
        self.topic = topic.name
        self.constants = versions | {"program": "python_line", "source_topic": topic.name,
                                     "source_partition": 0}
        entries = [json.loads(entry) for entry in open(topic / "0.index", "rb")]
        self.produced = [entry["offset"] for entry in entries], [entry["ms"] for entry in entries]
        self.batches, self.rows, self.offset = [], 0, 0

    def add(self, rows):
        offsets, begin = range(self.offset, self.offset + len(rows)), self.offset
        columns = dict(zip(DECIDED, map(list, zip(*rows))))
        names = columns["application_id"]
        if None in names:
            columns["application_id"] = [f"{self.topic}-0-{begin + i}" if name is None else name
                                         for i, name in enumerate(names)]
        first, times = self.produced
        columns["source_offset"] = offsets
        columns["event_ms"] = [times[bisect.bisect_right(first, offset) - 1] for offset in offsets]
        constants = self.constants | {"decided_ms": int(time.time() * 1000)}
        self.batches.append(pyarrow.RecordBatch.from_arrays(
            [pyarrow.array(columns[field.name], field.type) if field.name in columns else
             pyarrow.repeat(pyarrow.scalar(constants.get(field.name), field.type), len(rows))
             for field in self.schema], schema=self.schema))
        self.offset += len(rows)
        self.rows += len(rows)
        if self.rows >= GROUP_ROWS:
            self.write()

    def write(self):
        if self.batches:
            self.writer.write_table(pyarrow.Table.from_batches(self.batches))
        self.batches, self.rows = [], 0


def main():
    topic, line, rows = pathlib.Path(sys.argv[1]), Line(), []
    table = Table(sys.argv[2], topic, line.versions)
    loads, decide, append = orjson.loads, line.decide, rows.append
    with open(topic / "0.jsonl", "rb", buffering=1 << 20) as records:
        for record in records:
            append(decide(loads(record)))
            if len(rows) == BATCH_ROWS:
                table.add(rows)
                rows.clear()
    if rows:
        table.add(rows)
    table.write()
    table.writer.close()


if __name__ == "__main__":
    main()

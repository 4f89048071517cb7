"""A policy file read for the oracle: fields, rules as Python functions, model, reasons.

Written from docs/policy.md and docs/model.md alone; shares no code with the program.
"""

import hashlib
import json
import math
import pathlib
import re
import tomllib

from oracle.derive import Derive

WORD = re.compile(r'\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)'
                  r'|"(?P<text>(?:[^"\\]|\\["\\])*)"|(?P<word>\w+)'
                  r'|(?P<sign>==|!=|<=|>=|[-+*/()<>,\[\]]))')


class Rule:
    def __init__(self, table, text_fields):
        self.name, self.outcome, self.reason = table["name"], table["outcome"], table["reason"]
        self.condition = Parser(table["when"], text_fields)
        self.hit = self.condition.parsed()
        self.fields = self.condition.fields


class Parser:
    """A rule's expression to a function of a row {field: value or None}. Missing is None."""

    def __init__(self, text, text_fields):
        self.tokens, self.at, self.fields = [], 0, set()
        self.text_fields = text_fields
        place = 0
        text = text.rstrip()
        while place < len(text):
            found = WORD.match(text, place)
            if not found:
                raise ValueError(f"cannot read {text[place:]!r}")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            place = found.end()

    def parsed(self):
        function = self.any()
        if self.at != len(self.tokens):
            raise ValueError(f"unexpected {self.tokens[self.at]}")
        return function

    def take(self, *values):
        if self.at < len(self.tokens) and self.tokens[self.at][1] in values \
                and self.tokens[self.at][0] != "text":
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def any(self):
        left = self.all()
        while self.take("or"):
            left = (lambda a, b: lambda row: a(row) or b(row))(left, self.all())
        return left

    def all(self):
        left = self.negated()
        while self.take("and"):
            left = (lambda a, b: lambda row: a(row) and b(row))(left, self.negated())
        return left

    def negated(self):
        if self.take("not"):
            inner = self.negated()
            return lambda row: not inner(row)
        return self.compared()

    def compared(self):
        left = self.sum()
        sign = self.take("==", "!=", "<=", ">=", "<", ">")
        if sign:
            right = self.sum()
            test = {"==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
                    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
                    ">=": lambda a, b: a >= b}[sign]

            def compare(row):
                a, b = left(row), right(row)
                return a is not None and b is not None and test(a, b)
            return compare
        before = self.at
        negate = bool(self.take("not"))
        if not self.take("in"):
            self.at = before
            return left
        items = self.items()
        return lambda row: (v := left(row)) is not None and (v in items) != negate

    def items(self):
        self.take("[")
        items = []
        while not self.take("]"):
            minus = -1 if self.take("-") else 1
            kind, value = self.tokens[self.at]
            self.at += 1
            items.append(value if kind == "text" else minus * float(value))
            self.take(",")
        return items

    def sum(self):
        left = self.product()
        while sign := self.take("+", "-"):
            left = self.arithmetic(left, sign, self.product())
        return left

    def product(self):
        left = self.signed()
        while sign := self.take("*", "/"):
            left = self.arithmetic(left, sign, self.signed())
        return left

    @staticmethod
    def arithmetic(left, sign, right):
        def compute(row):
            a, b = left(row), right(row)
            if a is None or b is None or (sign == "/" and b == 0):
                return None
            value = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b,
                     "/": lambda: a / b}[sign]()
            return value if math.isfinite(value) else None
        return compute

    def signed(self):
        if self.take("-"):
            inner = self.signed()
            return lambda row: None if inner(row) is None else -inner(row)
        return self.atom()

    def atom(self):
        if self.take("("):
            inner = self.any()
            self.take(")")
            return inner
        kind, value = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            number = float(value)
            return lambda row: number
        if kind == "text":
            text = re.sub(r'\\(.)', r"\1", value)
            return lambda row: text
        if value in ("true", "false"):
            return lambda row: value == "true"
        if value == "missing" and self.take("("):
            name = self.tokens[self.at][1]
            self.at += 1
            self.take(")")
            self.fields.add(name)
            return lambda row: row[name] is None
        if value == "first" and self.take("("):
            return self.first()
        self.fields.add(value)
        return lambda row: row[value]

    def first(self):
        choices = [self.sum()]
        while self.take(","):
            choices.append(self.sum())
        self.take(")")
        return lambda row: next((v for c in choices if (v := c(row)) is not None), None)


class Model:
    """docs/model.md, in its own words."""

    def __init__(self, path):
        raw = pathlib.Path(path).read_bytes()
        self.hash = hashlib.sha256(raw).hexdigest()
        self.json = json.loads(raw)
        self.name, self.intercept = self.json["name"], self.json["intercept"]
        self.features = self.json["features"]
        scale = self.json["scale"]
        self.factor = scale["pdo"] / math.log(2)
        self.offset = scale["points"] - self.factor * math.log(scale["odds"])
        self.groups = [{t: i for i, g in enumerate(f.get("groups", [])) for t in g}
                       for f in self.features]

    def woe(self, at, value):
        feature = self.features[at]
        if value is None:
            return feature["missing_woe"]
        if feature["type"] == "text":
            group = self.groups[at].get(value)
            return feature["other_woe"] if group is None else feature["woe"][group]
        return feature["woe"][sum(1 for edge in feature["edges"] if edge <= value)]

    def score(self, values):
        """values in the order of the features -> probability of default, points by feature."""
        z, points, n = self.intercept, [], len(self.features)
        for at, value in enumerate(values):
            term = self.features[at]["coefficient"] * self.woe(at, value)
            z += term
            points.append(-(term + self.intercept / n) * self.factor + self.offset / n)
        return 1 / (1 + math.exp(-z)), points, self.offset - self.factor * z

    def approved_near(self, cut_off):
        reference = self.json["reference"]
        taken, rows = [], 0
        for band in reversed(reference["bands"]):
            if band["pd_below"] <= cut_off and rows < 0.05 * reference["rows"]:
                taken.append(band)
                rows += band["rows"]
        taken = taken or [reference["bands"][0]]
        rows = sum(band["rows"] for band in taken)
        return [sum(b["rows"] * b["mean_points"][f["name"]] for b in taken) / rows
                for f in self.features]


class Policy:
    def __init__(self, path):
        path = pathlib.Path(path)
        raw = path.read_bytes()
        table = tomllib.loads(raw.decode())
        self.name = table["name"]
        self.envelope = []  # source.envelope, which is no part of the policy
        self.input = table.get("input", {})
        self.missing = set(self.input.get("missing", [""]))
        self.id_field = self.input.get("id_field")
        self.fields = table["field"]
        self.field_of_key = {key: f["name"] for f in self.fields if "constant" not in f
                             for key in f.get("keys", [f["name"]])}
        text_fields = {f["name"] for f in self.fields if f.get("clean") == "text"}
        self.derives = []
        for one in table.get("derive", []):
            self.derives.append(Derive(one, path.parent, text_fields, Parser))
            if self.derives[-1].is_text:
                text_fields.add(one["name"])
        files = {path.name: raw}
        for one in self.derives:
            if one.file:
                files[one.file] = (path.parent / one.file).read_bytes()
        lines = sorted(f"{hashlib.sha256(b).hexdigest()} {name}\n" for name, b in files.items())
        self.hash = hashlib.sha256("".join(lines).encode()).hexdigest()
        self.rules = [Rule(rule, text_fields) for rule in table.get("rule", [])]
        self.reasons = table.get("reason", [])
        self.model, self.inputs = None, []
        if "model" in table:
            self.model = Model(path.parent / table["model"]["file"])
            names = table["model"].get("features", {})
            self.inputs = [names.get(f["name"], f["name"]) for f in self.model.features]
            self.approve_below = table["decision"]["approve_below"]
            self.decline_from = table["decision"]["decline_from"]
            self.near = self.model.approved_near(self.approve_below)
        used = {f["name"] for f in self.fields if "column" in f} | set(self.inputs)
        for rule in self.rules:
            used |= rule.fields
        used |= {one.name for one in self.derives if one.column}
        for one in reversed(self.derives):
            if one.name in used:
                used |= one.inputs
        in_order = [f["name"] for f in self.fields] + [one.name for one in self.derives]
        self.evidence_fields = [name for name in in_order if name in used]

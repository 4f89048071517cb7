"""Random strings through every cleaning verb: the program gives what the oracle gives.

The short form plays one seed, --full a new one with more records; LOANSTREAM_SEED=N plays another
again. Which seed it was stands in the message.
"""

import json
import os
import random

import pyarrow.parquet
import pytest

from oracle import compare
from oracle.policy import Policy
from support.program import run

FULL = bool(os.environ.get("LOANSTREAM_FULL"))
SEED = int(os.environ.get("LOANSTREAM_SEED") or (random.randrange(1 << 32) if FULL else 1))
RECORDS = 40_000 if FULL else 4_000

VERBS = "number percent months years digits integer month_date text".split()
NUMERIC = VERBS[:-1]
COLUMNS = {"annual_inc": "number", "funded_amnt": "integer", "member_id": "digits"}
HEAD = """format = 1
name = "random-values"
title = "Every verb under one outcome"
[input]
missing = ["", "n/a", "NA", "null", "-"]
"""
REASON = '[[reason]]\ncode = "empty"\ntext = "Application incomplete"\n'

WHOLE = ["", "n/a", "NA", " NA ", "N/A", "null", "None", "-", "--", "< 1 year", "<1 year", "1 year",
         "10+ years", "10++ years", " 36 months", "36 month", "36 Months", "6.99%", "6.99 %",
         "6.99 %%", "%", "Dec-2011", "dEC-2011", "Dez-2011", "Dec-11", "2011-12", "2011-13",
         "2011-00", "2011-12-01", "2011-12T", "2011-12x", "inf", "-inf", "nan", "Infinity", "0x10",
         "1_000", "1,000", "1.000,5", "$5000", "true", "1e", "1e+", ".", "-.", ".e1", "1.", ".5",
         "-0", "-0.0", "1e308", "1e309", "-1e309", "1e-400", "4.9e-324", "2.4703282292062327e-324",
         "2.4703282292062328e-324", "1.7976931348623158e308", "1.7976931348623159e308",
         "9007199254740993", "9007199254740992.9999999999", "2147483647", "2147483647.9",
         "2147483648", "-2147483648.9", "-2147483649", "8.5e-1000000000000", "0e99999999999999999",
         "00012", "+5", "++5", "+-5", "5 5", "\u0663\u0664", "\uff11\uff12", "\u00b2", "\u2212" "5",
         "5\u00a0", "\ufeff5", "5\x00", "\x005", "5\x1c", "5\x85", "1\u202f000"]
PIECES = list("0123456789" * 3 + "+-..eE%  ,\t\n\f\v_<xT") + [
    "\r\n", "\x00", "\x1f", "\u00a0", "\u0661", "\uff15", "\u2007", "\U0001d7d8", "year", "years",
    "month", "months", " years", " %", "NA", "n/a", "Jan-", "jun-", "-01", "2011", "e308", "e-324",
    "0" * 30, "9" * 30, "\\", '"', "\u00e9"]


class Values:
    """Values as a feed might hold them: from the grammars of the verbs, some with a slip."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def digits(self):
        longest = self.random.choice([1, 2, 5, 9, 17, 25, 400])
        return "".join(self.random.choices("0123456789", k=self.random.randint(1, longest)))

    def number(self):
        pick = self.random.random
        text = self.random.choice(["", "", "", "-", "+"])
        text += self.digits() if pick() < 0.9 else ""
        text += "." + (self.digits() if pick() < 0.8 else "") if pick() < 0.5 else ""
        if pick() < 0.3:
            sign = self.random.choice(["", "-", "+"])
            text += self.random.choice("eE") + sign + str(self.random.randint(0, 340))
        return text

    def right(self):
        spaces = " " * self.random.randint(0, 2)
        form = self.random.randrange(7)
        if form < 2:
            text = self.number()
        elif form == 2:
            text = self.number() + spaces + self.random.choice(["%", "month", "months"])
        elif form == 3:
            text = self.digits() + self.random.choice(["", ".0", ".00", "+", ".0+"]) + \
                self.random.choice(["", spaces + "year", spaces + "years"])
        elif form == 4:
            text = self.random.choice(["Jan", "FEB", "mar", "Sep", "Oct", "Dec", "Abc"]) + \
                f"-{self.random.randrange(10000):04}"
        elif form == 5:
            text = f"{self.random.randrange(10000):04}-{self.random.randrange(14):02}" + \
                self.random.choice(["", "-", "-01", "T00:00", "x"])
        else:
            text = self.random.choice(WHOLE)
        edges = ["", "", "", " ", "\t", " \v\f", "\r\n"]
        return self.random.choice(edges) + text + self.random.choice(edges)

    def slip(self, text):
        at = self.random.randint(0, len(text))
        past = at + self.random.randint(0, 2)
        return text[:at] + self.random.choice(["", self.random.choice(PIECES)]) + text[past:]

    def text(self):
        chance = self.random.random()
        if chance < 0.2:
            return "".join(self.random.choices(PIECES, k=self.random.randint(0, 8)))
        return self.right() if chance < 0.65 else self.slip(self.right())

    def json(self):
        """A value's JSON: mostly a string, escaped one way or the other; or a bare token."""
        chance = self.random.random()
        if chance < 0.85:
            # U+0000 in a policy field is no JSON: few, or they would hide all the rest.
            text = self.text()
            if self.random.random() < 0.97:
                text = text.replace("\x00", "")
            return json.dumps(text, ensure_ascii=self.random.random() < 0.5)
        if chance < 0.9:
            return self.random.choice(["null", "true", "false", "{}", "[1]", '{"a":[]}', "-0.0"])
        return self.token()

    def record(self, keys):
        """Members in the policy's order, mostly written as in the record before."""
        def space():
            return " " * self.random.randint(0, 2) if self.random.random() < 0.03 else ""
        return "{" + ",".join(f'{space()}"{key}"{space()}:{space()}{self.json()}{space()}'
                              for key in keys) + "}"

    def token(self):
        """A number that JSON takes, of any size."""
        whole = self.digits().lstrip("0") or "0"
        fraction = "." + self.digits() if self.random.random() < 0.5 else ""
        exponent = f"e{self.random.randint(-340, 320)}" if self.random.random() < 0.3 else ""
        return self.random.choice(["", "-"]) + whole + fraction + exponent


def field(name, verb, *more):
    return "\n".join(["[[field]]", f'name = "{name}"', f'clean = "{verb}"', *more]) + "\n"


def policy_of(fields):
    """A rule that reads every field: so evidence tells the value of each."""
    names = [part.split('"')[1] for part in fields]
    when = " and ".join(f"missing({name})" for name in names)
    rule = f'[[rule]]\nname = "empty"\nwhen = "{when}"\noutcome = "review"\nreason = "empty"\n'
    return HEAD + "".join(fields) + rule + REASON


POLICIES = {
    "missing": [field(verb, verb, 'bad = "missing"') for verb in VERBS],
    "zero": [field(verb, verb, 'bad = "zero"', 'absent = "zero"') for verb in NUMERIC],
    "range": [field(verb, verb, 'bad = "missing"', "range = [-10, 24144.5]", 'outside = "missing"')
              for verb in NUMERIC],
    "fallback": [field(verb, verb, 'bad = "missing"', f'fallback = "{other}"')
                 for verb, other in zip(NUMERIC, NUMERIC[1:] + NUMERIC[:1])],
    "columns": [field(verb + "_", verb, 'bad = "missing"', f'column = "{column}"')
                for column, verb in COLUMNS.items()],
    **{f"reject-{verb}": [field(verb, verb, 'absent = "reject"')] for verb in VERBS},
    **{f"column-{column}": [field(column, verb, f'column = "{column}"')]
       for verb, column in zip(NUMERIC, list(COLUMNS) * 3)},
}


def rows_of(path):
    found = {}
    for row in pyarrow.parquet.ParquetFile(path).read().to_pylist():
        found.setdefault(row["source_offset"], []).append(row)
    return found


@pytest.mark.parametrize("name", POLICIES)
def test_random_values(tmp_path, name):
    path = tmp_path / "random-values.toml"
    path.write_text(policy_of(POLICIES[name]))
    policy = Policy(path)
    values = Values(f"{SEED} {name}")
    keys = [field["name"] for field in policy.fields]
    records = [values.record(keys).encode() for _ in range(RECORDS)]
    feed = tmp_path / "random.jsonl"
    feed.write_bytes(b"".join(record + b"\n" for record in records))
    out, dead = tmp_path / "out.parquet", tmp_path / "dead.parquet"
    run("decide", feed, "--policy", path, "--out", out, "--rejects", dead, timeout=600)
    landed, rejected = rows_of(out), rows_of(dead)
    assert len(landed) > RECORDS / 40  # else the values are not worth their name
    assert sum(map(len, [*landed.values(), *rejected.values()])) == RECORDS
    for offset, record in enumerate(records):
        wrong = compare.compare_one(record, policy, ("file", 0, offset),
                                    landed.get(offset, []), rejected.get(offset, []))
        assert wrong is None, f"LOANSTREAM_SEED={SEED}: {record!r}: {wrong}"

"""The table of cases (tests/data/cleaning.tsv), run by the oracle."""

import pathlib
import re

import pytest

from oracle.clean import clean
from oracle.decode import Rejected, decode
from oracle.policy import Policy

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tests/data"
LET = {}


def unescape(text):
    """The table's own escapes, to bytes."""
    out, at = b"", 0
    while at < len(text):
        rest = text[at:]
        if found := re.match(r"\\x([0-9A-Fa-f]{2})", rest):
            out += bytes([int(found[1], 16)])
        elif found := re.match(r"\\\*(\d+)\(([^)]*)\)", rest):
            out += unescape(found[2]) * int(found[1])
        elif found := re.match(r"\\@(\w+);", rest):
            out += unescape(LET[found[1]])
        else:
            found = re.match(r"(?s).", rest)
            out += found[0].encode()
        at += found.end()
    return out


def cases():
    for number, line in enumerate((DATA / "cleaning.tsv").read_text().split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        columns = line.split("\t")
        if columns[0] == "let":
            LET[columns[1]] = "\t".join(columns[2:])
            continue
        yield pytest.param(columns[1], unescape(columns[2]), columns[3:],
                           id=f"{number} {columns[0]}")


POLICIES = {}


def policy_named(name):
    if name not in POLICIES:
        shipped = ROOT / f"policies/{name}.toml"
        POLICIES[name] = Policy(shipped if shipped.exists() else DATA / f"{name}.toml")
    return POLICIES[name]


def shown(name, cleaned):
    value = cleaned.values[name]
    return value, name in cleaned.bad, name in cleaned.filled


@pytest.mark.parametrize("policy, record, expected", list(cases()))
def test_case(policy, record, expected):
    policy = policy_named(policy)
    reject = [e for e in expected if e.startswith("reject ")]
    try:
        cleaned = clean(decode(record, policy), policy)
    except Rejected as rejected:
        words = f"reject {rejected.reason}" + (f" {rejected.field}" if rejected.field else "")
        assert reject == [words]
        return
    assert not reject
    for one in expected:
        name, _, text = one.partition("=")
        filled = text.endswith(" filled")
        text = text.removesuffix(" filled")
        bad = text.endswith(" bad")
        text = text.removesuffix(" bad")
        if text == "missing":
            value = None
        elif text.startswith('"'):
            value = unescape(text[1:text.rindex('"')]).decode()
        else:
            value = float(text)
        assert shown(name, cleaned) == (value, bad, filled), one

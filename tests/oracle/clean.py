"""Raw values to cleaned ones: the verbs and the order of docs/policy.md "[[field]]"."""

import math
import re

from oracle.decode import NESTED, Rejected

TRIMMED = " \t\n\r\f\v"
NUMBER = r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
FORMS = {
    "number": re.compile(NUMBER + r"\Z"),
    "percent": re.compile(NUMBER + r"(?: *%)?\Z"),
    "months": re.compile(NUMBER + r"(?: *months?)?\Z"),
    "years": re.compile(r"([0-9]+)(?:\.0+)?\+?(?: *years?)?\Z"),
    "digits": re.compile(r"([0-9]+)\Z"),
    "integer": re.compile(r"([+-]?[0-9]+)\Z"),
}
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
NAMED_MONTH = re.compile(r"([A-Za-z]{3})-([0-9]{4})\Z")
NUMBERED_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})(?:[-T].*)?\Z", re.S)
LONGEST_TEXT = 65535
LOWEST_INT, HIGHEST_INT = -2**31, 2**31 - 1


class Bad(Exception):
    pass


def month_date(text):
    if found := NAMED_MONTH.match(text):
        month, year = found[1].lower(), int(found[2])
        if month in MONTHS:
            return float(year * 12 + MONTHS.index(month))
    elif found := NUMBERED_MONTH.match(text):
        year, month = int(found[1]), int(found[2])
        if 1 <= month <= 12:
            return float(year * 12 + month - 1)
    raise Bad


def apply_verb(verb, text, missing):
    """A float, a str, or None for no value; Bad for what the verb cannot read."""
    if verb != "digits":
        text = text.strip(TRIMMED)
        if text in missing:
            return None
    if verb == "text":
        if len(text.encode()) > LONGEST_TEXT:
            raise Bad
        return str(text)
    if verb == "month_date":
        return month_date(text)
    if verb == "years" and text == "< 1 year":
        return 0.0
    found = FORMS[verb].match(text)
    if not found:
        raise Bad
    number = float(found[1])
    if not math.isfinite(number):
        raise Bad
    return number + 0.0


class Cleaned:
    def __init__(self):
        self.values, self.bad, self.filled = {}, set(), set()


def clean(raw, policy):
    """Step by step over all fields, then the first refusal in file order."""
    out, refused, absent = Cleaned(), {}, set()
    for field in policy.fields:
        read(field, raw, policy, out, refused, absent)
    own = dict(out.values)
    for field in policy.fields:
        name, other = field["name"], field.get("fallback")
        if other is None or name not in absent:
            continue
        if other in refused:
            absent.discard(name)
        elif own[other] is not None:
            out.values[name] = own[other]
            out.filled.add(name)
            absent.discard(name)
    for field in policy.fields:
        settle(field, out, refused, absent)
    for field in policy.fields:
        if field["name"] in refused:
            raise Rejected("clean", refused[field["name"]], field["name"])
    for one in policy.derives:
        out.values[one.name] = one.make(out.values)
    for one in policy.derives:
        if one.column and not in_int_column(out.values[one.name]):
            raise Rejected("clean", "out_of_range", one.name)
    return out


def in_int_column(value):
    return value is None or LOWEST_INT <= math.trunc(value) <= HIGHEST_INT


def read(field, raw, policy, out, refused, absent):
    name = field["name"]
    out.values[name] = None
    if "constant" in field:
        out.values[name] = float(field["constant"])
        return
    value = raw.get(name)
    if value is NESTED:
        refused[name] = "nested_value"
        return
    if value is None:
        absent.add(name)
        return
    try:
        out.values[name] = apply_verb(field["clean"], value, policy.missing)
        if out.values[name] is None:
            absent.add(name)
    except Bad:
        outcome = field.get("bad", "reject")
        if outcome == "reject":
            usual = "out_of_range" if field["clean"] == "text" else "not_a_number"
            refused[name] = field.get("reject_as", usual)
        else:
            out.bad.add(name)
            out.values[name] = 0.0 if outcome == "zero" else None


def settle(field, out, refused, absent):
    name = field["name"]
    if name in absent:
        outcome = field.get("absent", "missing")
        if outcome == "reject":
            refused[name] = field.get("reject_as", "missing_value")
        elif outcome == "zero":
            out.values[name] = 0.0
    value = out.values[name]
    if name in refused or not isinstance(value, float):
        return
    if "range" in field and not field["range"][0] <= value <= field["range"][1]:
        if field.get("outside", "reject") == "reject":
            refused[name] = "out_of_range"
        else:
            out.values[name] = None
            out.bad.add(name)
        return
    if "column" in field and not in_int_column(value):
        refused[name] = "out_of_range"

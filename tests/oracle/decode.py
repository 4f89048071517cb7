"""Bytes of one record to the raw values of the policy's fields, by docs/policy.md "[input]".

Most records are judged by Python's own JSON parser; what it refuses goes through a plain scanner
written from the page, which is more lenient where the policy does not look.
"""

import json
import re

SPACE = " \t\n\r"
DEEPEST = 64
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Rejected(Exception):
    def __init__(self, stage, reason, field=None):
        super().__init__(stage, reason, field)
        self.stage, self.reason, self.field = stage, reason, field


class Token(str):
    """A number, true or false, as its text."""


NESTED = object()


def not_json():
    return Rejected("decode", "not_json")


def byte_steps(record, settings):
    if settings.get("drop_newlines"):
        record = record.replace(b"\n", b"").replace(b"\r", b"")
    for _ in range(settings.get("squeeze_spaces", 0)):
        record = record.replace(b"  ", b" ")
    if settings.get("drop_non_ascii"):
        record = bytes(b for b in record if b < 0x80)
    return record


def decode(record, policy, most_bytes=10 << 20):
    """{field name: str | Token | None | NESTED} of the keys that are there."""
    if len(record) > most_bytes:
        raise Rejected("decode", "too_large")
    if policy.envelope or record.startswith(b"\0"):
        from oracle.message import open_message  # which needs this module
        record = open_message(record, policy.envelope)
    record = byte_steps(record, policy.input)
    if not record.strip(SPACE.encode()):
        raise Rejected("decode", "empty")
    try:
        text = record.decode("utf-8")
    except UnicodeDecodeError:
        raise Rejected("decode", "invalid_utf8") from None
    values = quickly(text, policy)
    return Scanner(text, policy).values() if values is None else values


def no_constant(_):
    raise ValueError("NaN and Infinity are no JSON")


class Pairs(list):
    pass


def quickly(text, policy):
    """None when the record needs the scanner: refused by json, or a doubt that it cannot settle."""
    if "\\" in text or text.count("[") + text.count("{") > 1:
        return None
    try:
        pairs = json.loads(text, object_pairs_hook=Pairs, parse_int=Token, parse_float=Token,
                           parse_constant=no_constant)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, Pairs):
        return None
    values = {}
    for key, value in pairs:
        name = policy.field_of_key.get(key)
        if name is None:
            continue
        if name in values:
            raise Rejected("decode", "duplicate_key", name)
        if value is True or value is False:
            value = Token("true" if value else "false")
        values[name] = value
    return values


class Scanner:
    def __init__(self, text, policy):
        self.text, self.policy, self.at = text, policy, 0

    def space(self):
        while self.at < len(self.text) and self.text[self.at] in SPACE:
            self.at += 1

    def peek(self):
        return self.text[self.at] if self.at < len(self.text) else ""

    def take(self, sign):
        if self.peek() != sign:
            raise not_json()
        self.at += 1

    def values(self):
        self.space()
        if self.peek() != "{":
            starts = tuple('["-0123456789') + ("true", "false", "null")
            other = self.text.startswith(starts, self.at)
            raise Rejected("decode", "not_an_object") if other else not_json()
        self.at += 1
        found = {}
        first = True
        while True:
            self.space()
            if self.peek() == "}":
                self.at += 1
                break
            if not first:
                self.take(",")
                self.space()
            first = False
            self.member(found)
        self.space()
        if self.at < len(self.text):
            raise Rejected("decode", "trailing_bytes")
        return found

    def member(self, found):
        if self.peek() != '"':
            raise not_json()
        key = self.unescaped(self.string())
        self.space()
        self.take(":")
        self.space()
        name = self.policy.field_of_key.get(key)
        if name is not None and name in found:
            raise Rejected("decode", "duplicate_key", name)
        value = self.value(judge=name is not None)
        if name is not None:
            found[name] = value

    def string(self):
        """The characters between two quotes, escapes as they stand."""
        begin = self.at = self.at + 1
        while True:
            c = self.peek()
            if c == "":
                raise not_json()
            if c == '"':
                self.at += 1
                return self.text[begin:self.at - 1]
            self.at += 2 if c == "\\" else 1
            if self.at > len(self.text):
                raise not_json()

    def unescaped(self, raw):
        if any(c < " " for c in raw):
            raise not_json()
        if "\\" not in raw:
            return raw
        out, at = [], 0
        while at < len(raw):
            if raw[at] != "\\":
                out.append(raw[at])
                at += 1
                continue
            letter = raw[at + 1]
            at += 2
            if letter != "u":
                if letter not in ESCAPES:
                    raise not_json()
                out.append(ESCAPES[letter])
                continue
            unit, at = self.unit(raw, at)
            if 0xD800 <= unit < 0xDC00:
                if raw[at:at + 2] != "\\u":
                    raise not_json()
                low, at = self.unit(raw, at + 2)
                if not 0xDC00 <= low < 0xE000:
                    raise not_json()
                unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
            elif unit == 0 or 0xDC00 <= unit < 0xE000:
                raise not_json()
            out.append(chr(unit))
        return "".join(out)

    @staticmethod
    def unit(raw, at):
        digits = raw[at:at + 4]
        if not re.fullmatch("[0-9a-fA-F]{4}", digits):
            raise not_json()
        return int(digits, 16), at + 4

    def value(self, judge):
        c = self.peek()
        if c == '"':
            raw = self.string()
            return self.unescaped(raw) if judge else None
        if c and c in "{[":
            self.nested()
            return NESTED
        begin = self.at
        while self.peek() != "" and self.peek() not in ",}]" + SPACE:
            self.at += 1
        token = self.text[begin:self.at]
        if not token:
            raise not_json()
        if not judge or token == "null":
            return None
        if token not in ("true", "false") and not NUMBER.match(token):
            raise not_json()
        return Token(token)

    def nested(self):
        closing = []
        while True:
            c = self.peek()
            if c == "":
                raise not_json()
            if c == '"':
                self.string()
                continue
            self.at += 1
            if c in "{[":
                closing.append("}" if c == "{" else "]")
                if len(closing) + 1 > DEEPEST:
                    raise not_json()
            elif c in "}]":
                if closing.pop() != c:
                    raise not_json()
                if not closing:
                    return

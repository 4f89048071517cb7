"""A message to the bytes of the application in it, by docs/kafka.md "Envelopes"."""

from oracle.decode import DEEPEST, SPACE, Rejected, not_json


def open_message(message, path):
    begin = 0
    if len(message) >= 5 and message[0] == 0:
        begin = 5
        if not message[5:].lstrip(SPACE.encode()).startswith(b"{"):
            raise Rejected("decode", "not_json_schema")
    if not path:
        return message[begin:]
    # Bytes as characters of the same number: only ASCII is looked at.
    walk = Walk(message[begin:].decode("latin-1"), path)
    return walk.found_in_document().encode("latin-1")


class Walk:
    def __init__(self, text, path):
        self.text, self.path, self.at, self.found = text, path, 0, None

    def space(self):
        while self.text[self.at:self.at + 1] and self.text[self.at] in SPACE:
            self.at += 1

    def take(self, sign):
        if self.text[self.at:self.at + 1] != sign:
            raise not_json()
        self.at += 1

    def found_in_document(self):
        self.space()
        rest = self.text[self.at:]
        if not rest:
            raise Rejected("decode", "empty")
        if rest[0] != "{":
            other = rest.startswith((*'["-0123456789', "true", "false", "null"))
            raise Rejected("decode", "not_an_object") if other else not_json()
        self.object(self.path)
        self.space()
        if self.at < len(self.text):
            raise Rejected("decode", "trailing_bytes")
        if self.found == "null":
            raise Rejected("decode", "deleted")
        if self.found is None or self.found[0] != "{":
            raise Rejected("decode", "no_envelope")
        return self.found

    def object(self, path):
        self.take("{")
        members, here = 0, 0
        while True:
            self.space()
            if self.text[self.at:self.at + 1] == "}":
                self.at += 1
                return
            if members:
                self.take(",")
                self.space()
            members += 1
            key = self.string()
            self.space()
            self.take(":")
            self.space()
            if key != path[0]:
                self.value()
                continue
            here += 1
            if here == 2:
                raise Rejected("decode", "duplicate_key")
            if len(path) > 1 and self.text[self.at:self.at + 1] == "{":
                self.object(path[1:])
                continue
            value = self.value()
            if len(path) == 1:
                self.found = value

    def string(self):
        self.take('"')
        begin = self.at
        while self.text[self.at:self.at + 1] != '"':
            if self.at >= len(self.text):
                raise not_json()
            self.at += 2 if self.text[self.at] == "\\" else 1
        self.at += 1
        return self.text[begin:self.at - 1]

    def value(self):
        begin = self.at
        first = self.text[self.at:self.at + 1]
        if first == '"':
            self.string()
        elif first and first in "{[":
            self.nested()
        else:
            while self.text[self.at:self.at + 1] and self.text[self.at] not in ",}]" + SPACE:
                self.at += 1
            if self.at == begin:
                raise not_json()
        return self.text[begin:self.at]

    def nested(self):
        closing = ""
        while self.at < len(self.text):
            sign = self.text[self.at]
            if sign == '"':
                self.string()
                continue
            self.at += 1
            if sign in "{[":
                if len(closing) + len(self.path) >= DEEPEST:
                    raise not_json()
                closing += "}" if sign == "{" else "]"
            elif sign in "}]":
                if closing[-1] != sign:
                    raise not_json()
                closing = closing[:-1]
                if not closing:
                    return
        raise not_json()

"""Derived fields: docs/policy.md "[[derive]]"."""

import csv
import pathlib

from oracle.clean import FORMS, TRIMMED


def as_number(text):
    found = FORMS["number"].match(text.strip(TRIMMED))
    if not found:
        raise ValueError(f"{text!r} is no number")
    return float(found[1]) + 0.0


class Derive:
    """One [[derive]] table; make(values) gives its value. `parse` reads an expression."""

    def __init__(self, table, folder, texts, parse):
        self.name, self.column = table["name"], table.get("column")
        self.file = None
        if "value" in table:
            self.expression(parse(table["value"], texts))
            self.is_text = False
        elif "bucket" in table:
            self.bucket(table["bucket"], table["edges"], table.get("labels"))
            self.is_text = "labels" in table
        else:
            self.is_text = table.get("type", "number") == "text"
            self.file = table["table"]
            self.lookup(table, pathlib.Path(folder) / self.file, table["lookup"] in texts)

    def expression(self, parser):
        function = parser.parsed()
        self.inputs = parser.fields

        def make(values):
            value = function(values)
            if value is True or value is False:
                return 1.0 if value else 0.0
            return None if value is None else value + 0.0
        self.make = make

    def bucket(self, name, edges, labels):
        self.inputs = {name}

        def make(values):
            if values[name] is None:
                return None
            at = sum(1 for edge in edges if edge <= values[name])
            return labels[at] if labels else float(at)
        self.make = make

    def lookup(self, table, path, key_is_text):
        self.inputs = {table["lookup"]}
        answers = {}
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                key, answer = row[table["key"]], row[table["take"]]
                if not self.is_text:
                    answer = as_number(answer) if answer.strip(TRIMMED) else None
                answers[key if key_is_text else as_number(key)] = answer or (
                    answer if answer == 0 else None)
        otherwise = table.get("otherwise")
        if isinstance(otherwise, int):
            otherwise = float(otherwise)

        def make(values):
            value = values[table["lookup"]]
            return None if value is None else answers.get(value, otherwise)
        self.make = make

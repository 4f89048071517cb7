"""A record's bytes to the row that must stand in the table, or the dead letter."""

import math
import struct

from oracle.clean import clean
from oracle.decode import Rejected, decode

INT_COLUMNS = ("annual_inc", "funded_amnt", "member_id")


def number_as_text(number):
    if number == int(number) and abs(number) < 1e16:
        return str(int(number))
    return repr(number)


def as_float(number):
    """A double as the FLOAT column holds it."""
    return struct.unpack("f", struct.pack("f", number))[0]


def decide(record, policy, position):
    """(row, None) or (None, Rejected). position: (source_topic, partition, offset)."""
    try:
        cleaned = clean(decode(record, policy), policy)
    except Rejected as rejected:
        return None, rejected
    return Decision(policy, cleaned, position).row(), None


class Decision:
    def __init__(self, policy, cleaned, position):
        self.policy, self.cleaned, self.position = policy, cleaned, position
        self.values = cleaned.values
        self.hits = [rule for rule in policy.rules if rule.hit(self.values)]
        self.pd = self.points = self.lost = None
        self.total = None
        if policy.model:
            inputs = [self.values[name] for name in policy.inputs]
            self.pd, self.points, self.total = policy.model.score(inputs)
        self.settle()

    def settle(self):
        """Decline beats review beats the model."""
        self.reasons, self.fifth, self.rule = [], None, None
        for outcome, status in (("decline", "declined"), ("review", "review")):
            hits = [rule for rule in self.hits if rule.outcome == outcome]
            if hits:
                self.status, self.scored_by, self.rule = status, "rule", hits[0].name
                self.reasons = list(dict.fromkeys(rule.reason for rule in hits))[:4]
                return
        if self.pd is None:
            self.status, self.scored_by = "review", "fallback"
            return
        self.scored_by = "model"
        if self.pd < self.policy.approve_below:
            self.status = "approved"
        elif self.pd < self.policy.decline_from:
            self.status = "review"
        else:
            self.decline()

    def decline(self):
        names = [f["name"] for f in self.policy.model.features]
        by_feature = {n: near - p for n, near, p in zip(names, self.policy.near, self.points)}
        losses = []
        for reason in self.policy.reasons:
            loss = sum(by_feature[f] for f in reason.get("features", []) if f in by_feature)
            if loss > 0:
                losses.append((reason["code"], loss, reason.get("inquiries", False)))
        losses.sort(key=lambda item: -item[1])
        if not losses:
            self.status = "review"
            return
        self.status = "declined"
        self.reasons = [code for code, _, _ in losses[:4]]
        self.lost = {code: loss for code, loss, _ in losses[:4]}
        for code, loss, inquiries in losses[4:]:
            if inquiries:
                self.fifth = code
                self.lost[code] = loss

    def application_id(self):
        value = self.values[self.policy.id_field] if self.policy.id_field else None
        if value is None:
            return "{}-{}-{}".format(*self.position)
        return value if isinstance(value, str) else number_as_text(value)

    def evidence(self):
        policy = self.policy
        in_order = [f["name"] for f in policy.fields]
        found = {"in": {name: self.values[name] for name in policy.evidence_fields}}
        for key in ("filled", "bad"):
            names = [n for n in in_order if n in getattr(self.cleaned, key)]
            if names:
                found[key] = names
        if policy.model:
            found["points"] = {f["name"]: p for f, p in zip(policy.model.features, self.points)}
        if self.lost:
            found["lost"] = self.lost
        if self.hits:
            found["hits"] = [rule.name for rule in self.hits]
        if policy.model:
            found["cut"] = [policy.approve_below, policy.decline_from]
        return found

    def row(self):
        policy = self.policy
        column = {f["column"]: self.values[f["name"]] for f in policy.fields if "column" in f}
        column |= {one.column: self.values[one.name] for one in policy.derives if one.column}
        row = {name: None if column.get(name) is None else math.trunc(column[name])
               for name in INT_COLUMNS}
        reasons = (self.reasons + [None] * 4)[:4] + [self.fifth]
        row.update({f"reason_{i + 1}": code for i, code in enumerate(reasons)})
        row.update({
            "data": None if self.pd is None else as_float(self.pd), "status": self.status,
            "application_id": self.application_id(), "probability_of_default": self.pd,
            "points": None if self.pd is None else math.floor(abs(self.total) + 0.5)
            * (1 if self.total >= 0 else -1),
            "evidence": self.evidence(), "rule": self.rule, "scored_by": self.scored_by,
            "policy": policy.name, "policy_hash": policy.hash,
            "model": policy.model.name if policy.model else None,
            "model_hash": policy.model.hash if policy.model else None})
        return row

#!/usr/bin/env python3
"""Fits the shipped scorecards and writes them in the format of docs/model.md.

  python3 models/fit.py --train train.csv.gz --test test.csv.gz [--out models]

The CSVs hold cleaned LendingClub columns (a term of 36, a rate of 10.65) and y: 1 for a loan that
was charged off. Only columns known at application are used. Left out: the state of residence (it
stands for who lives there); grade, rate and instalment, which are the lender's own judgement of the
same applicant and no reason that an applicant could be told (a rule has its own say on grades);
verification status and the time since the last delinquency, whose risk runs against what the reason
would have to say (verified incomes default more often). The same input gives the same bytes.
"""

import argparse
import csv
import gzip
import json
import math
import pathlib

import numpy

NUMBERS = ["term", "loan_amnt", "emp_length", "annual_inc", "dti", "delinq_2yrs", "inq_last_6mths",
           "mths_since_last_record",
           "open_acc", "pub_rec", "revol_bal", "revol_util", "total_acc", "pub_rec_bankruptcies"]
TEXTS = ["home_ownership", "purpose"]
CLASSIC_NUMBERS = ["annual_inc", "int_rate", "term", "loan_amnt", "funded_amnt"]
BINS = 10            # quantiles
SMALLEST_BIN = 0.03  # of the training rows
BANDS = 20
RIDGE = 1.0          # on coefficients, not on the intercept
SCALE = {"points": 600, "odds": 19, "pdo": 50}


def read(path):
    with gzip.open(path, "rt", newline="") if path.endswith(".gz") else open(path, newline="") as f:
        rows = list(csv.DictReader(f))
    for row in rows:
        row.setdefault("funded_amnt", row.get("loan_amnt", ""))
    return rows, numpy.array([int(row["y"]) for row in rows])


def number(text):
    return float(text) if text not in ("", "NA") else math.nan


def classic(text):
    """The old job's isdigit-or-zero."""
    value = number(text)
    return value if value == value and value == int(value) else 0.0


def woe(bad, good, all_bad, all_good):
    """ln((good / all good) / (bad / all bad)); half a row in an empty cell."""
    return math.log(((good or 0.5) / all_good) / ((bad or 0.5) / all_bad))


def rank(values):
    return numpy.argsort(numpy.argsort(values, kind="mergesort"), kind="mergesort")


class NumberBins:
    def __init__(self, name, values, y):
        self.name = name
        known = values[~numpy.isnan(values)]
        cuts = numpy.quantile(known, numpy.arange(1, BINS) / BINS, method="inverted_cdf")
        # A cut c puts x < c to the left: at the lowest value it would cut nothing off.
        # Counts that are mostly 0 have no quantile above it, so 0 against the rest is tried too.
        above = known[known > known.min()]
        self.edges = sorted({float(c) for c in [*cuts, above.min()] if c > known.min()})
        self.merge_small(values)
        self.merge_to_monotone(values, y)
        self.fit(values, y)

    def merge_small(self, values):
        smallest = SMALLEST_BIN * len(values)
        while self.edges:
            counts = numpy.bincount(self.codes(values), minlength=len(self.edges) + 2)[:-1]
            small = int(numpy.argmin(counts))
            if counts[small] >= smallest:
                return
            neighbours = [i for i in (small - 1, small + 1) if 0 <= i < len(counts)]
            other = min(neighbours, key=lambda i: counts[i])
            del self.edges[min(small, other)]

    def merge_to_monotone(self, values, y):
        """Risk only rises, or only falls, with the value: a reason then points one way."""
        known = ~numpy.isnan(values)
        rising = numpy.corrcoef(rank(values[known]), y[known])[0, 1] > 0
        while self.edges:
            codes = self.codes(values)[known]
            rates = [y[known][codes == c].mean() for c in range(len(self.edges) + 1)]
            steps = [(b - a) * (1 if rising else -1) for a, b in zip(rates, rates[1:])]
            worst = int(numpy.argmin(steps))
            if steps[worst] >= 0:
                return
            del self.edges[worst]

    def codes(self, values):
        missing = numpy.isnan(values)
        codes = numpy.searchsorted(self.edges, numpy.where(missing, 0, values), side="right")
        return numpy.where(missing, len(self.edges) + 1, codes)

    def fit(self, values, y):
        self.woe = table_of(self.codes(values), y, len(self.edges) + 2)

    def to_json(self, coefficient):
        return {"name": self.name, "type": "number", "coefficient": coefficient,
                "edges": self.edges, "woe": self.woe[:-1], "missing_woe": self.woe[-1]}


class TextBins:
    def __init__(self, name, values, y):
        self.name = name
        counts = {}
        for value in values:
            counts[value] = counts.get(value, 0) + 1
        counts.pop("", None)
        smallest = SMALLEST_BIN / 3 * len(values)
        self.groups = [[v] for v in sorted(counts) if counts[v] >= smallest]
        rare = [v for v in sorted(counts) if counts[v] < smallest]
        if rare:
            self.groups.append(rare)
        self.fit(values, y)

    def codes(self, values):
        place = {v: i for i, group in enumerate(self.groups) for v in group}
        other, missing = len(self.groups), len(self.groups) + 1
        return numpy.array([missing if v == "" else place.get(v, other) for v in values])

    def fit(self, values, y):
        self.woe = table_of(self.codes(values), y, len(self.groups) + 2)

    def to_json(self, coefficient):
        return {"name": self.name, "type": "text", "coefficient": coefficient,
                "groups": self.groups, "woe": self.woe[:-2], "other_woe": self.woe[-2],
                "missing_woe": self.woe[-1]}


def table_of(codes, y, count):
    """WOE by bin; 0 (neutral) where training has no row at all."""
    all_bad, all_good = int(y.sum()), int((1 - y).sum())
    table = []
    for code in range(count):
        here = y[codes == code]
        bad = int(here.sum())
        table.append(woe(bad, len(here) - bad, all_bad, all_good) if len(here) else 0.0)
    return table


def logistic(x, y):
    """Newton's method with a ridge; intercept first."""
    x = numpy.column_stack([numpy.ones(len(x)), x])
    ridge = numpy.full(x.shape[1], RIDGE)
    ridge[0] = 0
    beta = numpy.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + numpy.exp(-x @ beta))
        gradient = x.T @ (y - p) - ridge * beta
        hessian = (x * (p * (1 - p))[:, None]).T @ x + numpy.diag(ridge)
        step = numpy.linalg.solve(hessian, gradient)
        beta = beta + step
        if numpy.abs(step).max() < 1e-12:
            break
    return beta


def auc(y, score):
    order = numpy.argsort(score, kind="mergesort")
    ranks = numpy.empty(len(score))
    ranks[order] = numpy.arange(1, len(score) + 1)
    values, inverse, counts = numpy.unique(score, return_inverse=True, return_counts=True)
    sums = numpy.bincount(inverse, ranks)
    ranks = (sums / counts)[inverse]  # ties at half
    bad = int(y.sum())
    return float((ranks[y == 1].sum() - bad * (bad + 1) / 2) / (bad * (len(y) - bad)))


def ks(y, score):
    order = numpy.argsort(-score, kind="mergesort")
    bad = numpy.cumsum(y[order]) / y.sum()
    good = numpy.cumsum(1 - y[order]) / (1 - y).sum()
    last = numpy.append(numpy.diff(score[order]) != 0, True)
    return float(numpy.abs(bad - good)[last].max())


class Model:
    """One scorecard: bins, coefficients, and the exact arithmetic of docs/model.md."""

    def __init__(self, name, bins, columns, y):
        self.name, self.bins = name, bins
        while True:
            x = self.woe_matrix(columns)
            beta = logistic(x, y)
            wrong = [i for i in range(len(self.bins)) if beta[i + 1] >= 0]
            if not wrong:
                break
            del self.bins[max(wrong, key=lambda i: beta[i + 1])]
        # Twelve digits are plenty and keep the file the same on other machines.
        self.intercept = round(float(beta[0]), 12)
        self.coefficients = [round(float(b), 12) for b in beta[1:]]
        for one in self.bins:
            one.woe = [round(w, 12) for w in one.woe]

    def woe_matrix(self, columns):
        return numpy.column_stack([numpy.array(b.woe)[b.codes(columns[b.name])] for b in self.bins])

    def margins(self, columns):
        z = numpy.full(len(next(iter(columns.values()))), self.intercept)
        for one, coefficient in zip(self.bins, self.coefficients):
            terms = numpy.array([coefficient * w for w in one.woe])
            z = z + terms[one.codes(columns[one.name])]
        return z

    def probabilities(self, columns):
        return numpy.array([1 / (1 + math.exp(-z)) for z in self.margins(columns)])

    def points(self, columns):
        """By feature: a row's points."""
        factor = SCALE["pdo"] / math.log(2)
        offset = SCALE["points"] - factor * math.log(SCALE["odds"])
        n = len(self.bins)
        return {one.name: numpy.array([-(c * w + self.intercept / n) * factor + offset / n
                                       for w in one.woe])[one.codes(columns[one.name])]
                for one, c in zip(self.bins, self.coefficients)}

    def reference(self, columns):
        pd = self.probabilities(columns)
        order = numpy.argsort(pd, kind="mergesort")
        points = self.points(columns)
        bands = []
        parts = numpy.array_split(order, BANDS)
        for part, following in zip(parts, parts[1:] + [None]):
            bands.append({
                "pd_below": 1.0 if following is None else round(float(pd[following[0]]), 12),
                "rows": len(part),
                "mean_points": {n: round(float(p[part].mean()), 6) for n, p in points.items()}})
        shares = {}
        for one in self.bins:
            counts = numpy.bincount(one.codes(columns[one.name]), minlength=len(one.woe))
            shares[one.name] = [round(float(c) / len(pd), 6) for c in counts]
        return {"rows": len(pd), "bins": shares, "bands": bands}

    def golden(self, columns, rows):
        """Every few hundredth row, then one where all is missing and one with unseen values."""
        samples = []
        chosen = list(range(0, rows, max(1, rows // 12)))
        for row in chosen:
            values = {one.name: columns[one.name][row] for one in self.bins}
            samples.append({n: None if v == "" or v != v else v if isinstance(v, str) else float(v)
                            for n, v in values.items()})
        samples.append({one.name: None for one in self.bins})
        samples.append({one.name: "never seen" if isinstance(one, TextBins) else 1e9
                        for one in self.bins})
        golden = []
        for sample in samples:
            column = {n: [("" if v is None else v)] if isinstance(b, TextBins)
                      else numpy.array([math.nan if v is None else v])
                      for (n, v), b in zip(sample.items(), self.bins)}
            golden.append({"in": sample,
                           "probability_of_default": float(self.probabilities(column)[0])})
        return golden

    def to_json(self, train, y, test, y_test, described):
        pd = self.probabilities(test)
        a = auc(y_test, pd)
        return {
            "format": 1, "kind": "scorecard", "name": self.name, "version": "1",
            "trained": {"rows": len(y), "bad": int(y.sum()), "data": described,
                        "script": "models/fit.py"},
            "metrics": {"test_rows": len(y_test), "auc": round(a, 5),
                        "ks": round(ks(y_test, pd), 5), "gini": round(2 * a - 1, 5)},
            "scale": SCALE, "intercept": self.intercept,
            "features": [b.to_json(c) for b, c in zip(self.bins, self.coefficients)],
            "reference": self.reference(train), "golden": self.golden(train, len(y))}


def columns_of(rows, numbers, texts, convert=number):
    columns = {n: numpy.array([convert(row[n]) if n == "annual_inc" else number(row[n])
                               for row in rows]) for n in numbers}
    columns.update({t: [row[t] for row in rows] for t in texts})
    return columns


def fit(name, train, y, test, y_test, numbers, texts, described, convert=number):
    columns = columns_of(train, numbers, texts, convert)
    bins = [NumberBins(n, columns[n], y) for n in numbers]
    bins += [TextBins(t, columns[t], y) for t in texts]
    model = Model(name, bins, columns, y)
    return model.to_json(columns, y, columns_of(test, numbers, texts, convert), y_test, described)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--out", default=str(pathlib.Path(__file__).parent))
    parser.add_argument("--with", dest="more", default="", help="more features, to compare")
    parser.add_argument("--without", default="", help="fewer features, to compare")
    arguments = parser.parse_args()
    (train, y), (test, y_test) = read(arguments.train), read(arguments.test)
    numbers = NUMBERS + [n for n in arguments.more.split(",") if n]
    without = set(arguments.without.split(","))
    models = [
        fit("lendingclub", train, y, test, y_test, [n for n in numbers if n not in without],
            [t for t in TEXTS if t not in without],
            "LendingClub loans issued 2007-2011, a training split of 14,815 rows"),
        fit("fintech-classic", train, y, test, y_test, CLASSIC_NUMBERS, [],
            "the same rows as the replaced job's cleaning leaves them", classic)]
    for model in models:
        path = pathlib.Path(arguments.out) / (model["name"] + ".json")
        path.write_text(json.dumps(model, indent=1) + "\n")
        print(f"{path}: {len(model['features'])} features, {model['metrics']}")


if __name__ == "__main__":
    main()

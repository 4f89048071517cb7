#!/usr/bin/env python3
"""Compares generated applications with real ones, column by column and pair by pair.

  python3 tools/compare_generator.py DATA --program build/release/loanstream [-n N] [--seed S]
      [--json] [--write docs/generator.md]

Each column is compared with the larger of the two public samples that have it: `full` (504 rows,
every column) or `quarter` (4,934 rows, 22 columns). The distance is the largest difference between
two distribution functions (Kolmogorov and Smirnov), or half the sum of all differences between
shares (total variation) for words. `noise` is what a sample of that size differs by from its own
source, by chance, in 19 cases of 20; `apart` is the distance between the two real samples.
"""

import argparse
import collections
import csv
import gzip
import io
import json
import math
import pathlib
import subprocess

import numpy

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
WORDS = ["term", "grade", "sub_grade", "emp_length", "home_ownership", "verification_status",
         "loan_status", "pymnt_plan", "purpose", "title", "addr_state", "initial_list_status",
         "application_type", "verification_status_joint"]
DATES = ["earliest_cr_line", "last_pymnt_d", "next_pymnt_d", "last_credit_pull_d"]
# Identifiers and free texts; the month of issue, which the generator spreads over the quarter.
NOT_COMPARED = ["id", "member_id", "url", "desc", "emp_title", "zip_code", "issue_d"]
FEWEST = 30  # values, to say anything of a distribution
PAIRS = """int_rate sub_grade|installment loan_amnt|annual_inc loan_amnt|annual_inc dti|int_rate dti
int_rate revol_util|int_rate annual_inc|int_rate inq_last_6mths|int_rate term|loan_amnt term
revol_bal annual_inc|revol_bal revol_util|revol_util bc_util|revol_bal total_rev_hi_lim
open_acc total_acc|open_acc num_sats|open_acc dti|total_acc earliest_cr_line|mort_acc tot_cur_bal
mort_acc home_ownership|annual_inc mort_acc|annual_inc tot_cur_bal|emp_length mort_acc
delinq_2yrs mths_since_last_delinq|delinq_2yrs pct_tl_nvr_dlq|pub_rec pub_rec_bankruptcies
pub_rec revol_bal|inq_last_6mths inq_last_12m|inq_last_12m acc_open_past_24mths
num_tl_op_past_12m acc_open_past_24mths|num_bc_tl num_bc_sats|num_rev_accts num_op_rev_tl
total_bal_il total_il_high_credit_limit|open_il_6m total_bal_il|all_util revol_util|dti total_bal_il
bc_open_to_buy total_bc_limit|percent_bc_gt_75 bc_util|avg_cur_bal tot_cur_bal
verification_status loan_amnt|int_rate loan_status"""
ORDERS = {
    "term": [" 36 months", " 60 months"], "home_ownership": ["RENT", "OWN", "MORTGAGE"],
    "verification_status": ["Not Verified", "Source Verified", "Verified"],
    "sub_grade": [letter + step for letter in "ABCDEFG" for step in "12345"],
    "emp_length": ["n/a", "< 1 year", "1 year", *(f"{n} years" for n in range(2, 10)), "10+ years"],
    "loan_status": ["Fully Paid", "Current", "In Grace Period", "Late (16-30 days)",
                    "Late (31-120 days)", "Charged Off"]}


def number(text):
    text = text.strip().rstrip("%")
    return float(text) if text else numpy.nan


def month(text):
    return int(text[4:]) * 12.0 + MONTHS.index(text[:3]) if text else numpy.nan


def column(rows, name):
    """As numbers, nan where missing; words by their order where they have one."""
    if name in DATES:
        return numpy.array([month(row[name]) for row in rows])
    if name in ORDERS:
        return numpy.array([float(ORDERS[name].index(row[name])) for row in rows])
    return numpy.array([number(row[name]) for row in rows])


def full_rows(data):
    with gzip.open(data / "lc_2016q1_2017_137_a.csv.gz", "rt", newline="") as file:
        return list(csv.DictReader(file))


def installment(row):
    months, monthly = int(row["term"].split()[0]), float(row["int_rate"]) / 1200
    value = float(row["funded_amnt"]) * monthly / (1 - (1 + monthly) ** -months)
    return math.ceil(value * 100 - 1e-6) / 100


def quarter_rows(data):
    """As the download has them: its words are written otherwise, and a few columns follow."""
    with gzip.open(data / "lc_2016q1_modeldata_a.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    lengths = {"emp_unk": "n/a", "emp_lt_1": "< 1 year", "emp_ge_10": "10+ years",
               "emp_1": "1 year"}
    for row in rows:
        row["term"] = f" {row['term'][-2:]} months"
        row["verification_status"] = row["verification_status"].replace("_", " ")
        row["emp_length"] = lengths.get(row["emp_length"], row["emp_length"][4:] + " years")
        row["loan_amnt"] = row["funded_amnt_inv"] = row["funded_amnt"]
        row["grade"] = row["sub_grade"][0]
        row["installment"] = str(installment(row))
        del row["Class"]
    return rows


def generated_rows(program, count, seed):
    text = subprocess.run([program, "applicants", "generate", "-n", str(count), "--seed", str(seed),
                           "--dirty", "0", "--format", "csv"], check=True, capture_output=True,
                          text=True).stdout
    rows = text.split("\n", 1)[1].split("\n\n\n")[0]
    return list(csv.DictReader(io.StringIO(rows)))


def furthest(one, two):
    """Kolmogorov and Smirnov's distance."""
    one, two = numpy.sort(one), numpy.sort(two)
    at = numpy.concatenate([one, two])
    return float(numpy.max(numpy.abs(numpy.searchsorted(one, at, "right") / len(one)
                                     - numpy.searchsorted(two, at, "right") / len(two))))


def shares(rows, name):
    counts = collections.Counter(row[name] for row in rows)
    return {word: count / len(rows) for word, count in counts.items()}


def variation(one, two):
    return sum(abs(one.get(word, 0) - two.get(word, 0)) for word in {*one, *two}) / 2


def distance(real, made, name):
    if name in WORDS:
        return variation(shares(real, name), shares(made, name))
    a, b = column(real, name), column(made, name)
    a, b = a[~numpy.isnan(a)], b[~numpy.isnan(b)]
    return furthest(a, b) if min(len(a), len(b)) >= FEWEST else None


def noise(real, made, name):
    """The distance of two samples of one source that 1 in 20 exceeds."""
    if name not in WORDS:
        known = int((~numpy.isnan(column(real, name))).sum())
        return 1.36 * (1 / max(known, 1) + 1 / len(made)) ** 0.5
    random = numpy.random.default_rng(1)
    words, parts = zip(*shares(made, name).items())
    draws = random.multinomial(len(real), numpy.array(parts) / sum(parts), 400) / len(real)
    return float(numpy.quantile(numpy.abs(draws - numpy.array(parts)).sum(axis=1) / 2, 0.95))


def described(rows, name):
    if name in WORDS:
        common = sorted(shares(rows, name).items(), key=lambda item: -item[1])[:3]
        return ", ".join(f"{word.strip() or '(none)'} {100 * share:.1f} %"
                         for word, share in common)
    values = column(rows, name)
    values = values[~numpy.isnan(values)]
    if len(values) == 0:
        return "-"
    low, middle, high = numpy.quantile(values, [0.05, 0.5, 0.95], method="inverted_cdf")
    if name in DATES:
        return " ".join(f"{MONTHS[int(v) % 12]}-{int(v) // 12}" for v in (low, middle, high))
    return f"{values.mean():,.5g}: {low:,.5g} {middle:,.5g} {high:,.5g}"


def missing(rows, name):
    return sum(row[name] == "" for row in rows) / len(rows)


def compared_columns(full, quarter, made):
    result = []
    for name in made[0]:
        if name in NOT_COMPARED:
            continue
        both = name in quarter[0]
        real = quarter if both else full
        result.append({
            "column": name, "sample": "quarter" if both else "full",
            "missing": [missing(real, name), missing(made, name)],
            "real": described(real, name), "generated": described(made, name),
            "distance": distance(real, made, name), "noise": noise(real, made, name),
            "apart": distance(full, quarter, name) if both else None})
    return result


def ranks(values):
    """Mean ranks where values are equal."""
    _, codes, counts = numpy.unique(values, return_inverse=True, return_counts=True)
    return (numpy.cumsum(counts) - (counts - 1) / 2)[codes]


def rank_correlation(rows, one, two):
    a, b = column(rows, one), column(rows, two)
    both = ~(numpy.isnan(a) | numpy.isnan(b))
    return float(numpy.corrcoef(ranks(a[both]), ranks(b[both]))[0, 1])


def compared_pairs(full, quarter, made):
    result = []
    for pair in PAIRS.replace("\n", "|").split("|"):
        one, two = pair.split()
        real = quarter if one in quarter[0] and two in quarter[0] else full
        result.append({"pair": [one, two], "sample": "quarter" if real is quarter else "full",
                       "real": rank_correlation(real, one, two),
                       "generated": rank_correlation(made, one, two)})
    return result


def page(report):
    def three(value):
        return "-" if value is None else f"{value:.3f}"

    lines = ["| column | sample | missing %, real / generated | real | generated | distance | "
             "noise | apart |", "|---|---|---|---|---|---|---|---|"]
    for row in report["columns"]:
        real, made = row["missing"]
        lines.append(f"| {row['column']} | {row['sample']} | {100 * real:.1f} / {100 * made:.1f} | "
                     f"{row['real']} | {row['generated']} | {three(row['distance'])} | "
                     f"{three(row['noise'])} | {three(row['apart'])} |")
    lines += ["", "| pair | sample | real | generated | difference |", "|---|---|---|---|---|"]
    for row in report["pairs"]:
        lines.append(f"| {row['pair'][0]}, {row['pair'][1]} | {row['sample']} | {row['real']:.2f} |"
                     f" {row['generated']:.2f} | {row['generated'] - row['real']:+.2f} |")
    known = [row["distance"] for row in report["columns"] if row["distance"] is not None]
    apart = [abs(row["generated"] - row["real"]) for row in report["pairs"]]
    lines += ["", f"Over {len(known)} columns the distance has the median "
              f"{numpy.median(known):.3f} "
              f"and the greatest value {max(known):.3f}; over {len(apart)} pairs the correlations "
              f"differ by {numpy.median(apart):.2f} at the median and {max(apart):.2f} at most."]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--program", required=True)
    parser.add_argument("-n", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=pathlib.Path)
    arguments = parser.parse_args()
    full, quarter = full_rows(arguments.data), quarter_rows(arguments.data)
    made = generated_rows(arguments.program, arguments.n, arguments.seed)
    report = {"columns": compared_columns(full, quarter, made),
              "pairs": compared_pairs(full, quarter, made)}
    print(json.dumps(report) if arguments.json else page(report))
    if arguments.write:
        before, rest = arguments.write.read_text().split("<!-- comparison -->\n")
        after = rest.split("<!-- /comparison -->")[1]
        arguments.write.write_text(f"{before}<!-- comparison -->\n{page(report)}\n"
                                   f"<!-- /comparison -->{after}")


if __name__ == "__main__":
    main()

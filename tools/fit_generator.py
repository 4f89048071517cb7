#!/usr/bin/env python3
"""Makes src/feed/applicant_statistics.h: what the generator knows of real applications.

  python3 tools/fit_generator.py DATA [--out src/feed/applicant_statistics.h]

DATA holds two public samples of loans of the first quarter of 2016: one with every column (504
rows), one with 22 of them (4,934 rows). From each trait only an aggregate is kept: the shares of a
count's values, or 25 quantiles of an amount in three digits, and one correlation for each pair.
Where both samples have a trait or a pair, the larger one is taken. No row and no text is kept.
docs/generator.md explains the model.
"""

import argparse
import collections
import csv
import gzip
import pathlib
import statistics

import numpy

NORMAL = statistics.NormalDist()
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
KNOTS = 25
FURTHEST = 3.0         # deviations: beyond them an amount stays where it is
LEAST_EIGENVALUE = 0.02
LONGEST_COUNT = 40     # a count's last value stands for all above it
PURPOSES = ["credit_card", "debt_consolidation", "home_improvement", "other", "major_purchase",
            "medical", "car", "small_business", "moving", "vacation", "house", "renewable_energy"]
HOMES = ["RENT", "OWN", "MORTGAGE"]
VERIFICATIONS = ["Not Verified", "Source Verified", "Verified"]
OUTCOMES = ["Fully Paid", "Current", "In Grace Period", "Late (16-30 days)", "Late (31-120 days)",
            "Charged Off"]
LENGTHS = ["n/a", "< 1 year", "1 year", *(f"{years} years" for years in range(2, 10)), "10+ years"]
KINDS = ["INDIVIDUAL", "JOINT", "DIRECT_PAY"]
STEPS = [5000, 1000, 500, 100, 25]              # what requested amounts are multiples of
INCOME_STEPS = [10000, 5000, 1000, 500, 100, 10, 1]
NEVER = numpy.inf  # months since something that never was


def read(path):
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


class Sample:
    """Columns of a file as numbers, nan where empty."""

    def __init__(self, rows):
        self.rows = rows

    def __getitem__(self, name):
        return numpy.array([float(row[name].strip().rstrip("%")) if row[name].strip() else numpy.nan
                            for row in self.rows])

    def texts(self, name):
        return [row[name] for row in self.rows]

    def codes(self, name, words):
        return numpy.array([float(words.index(text)) for text in self.texts(name)])


def where(condition, values):
    """The values where the condition holds; elsewhere the trait does not exist."""
    return numpy.where(condition, values, numpy.nan)


def or_never(values):
    return numpy.where(numpy.isnan(values), NEVER, values)


def sub_grades(sample):
    return numpy.array([5.0 * "ABCDEFG".index(text[0]) + int(text[1]) - 1
                        for text in sample.texts("sub_grade")])


def before(one, other):
    """How many months before the other event, where that was, the one was, if ever."""
    return where(~numpy.isnan(other), or_never(numpy.maximum(one - other, 0)))


def loan_traits(s):
    return {
        "sub_grade": sub_grades(s),
        "term": numpy.array([float("60" in text) for text in s.texts("term")]),
        "loan_amount": s["funded_amnt"],
        "annual_income": where(s["annual_inc"] > 0, s["annual_inc"]),
        "dti": numpy.minimum(s["dti"], 100),
        "employment": s.codes("emp_length", LENGTHS),
        "home": s.codes("home_ownership", HOMES),
        "verification": s.codes("verification_status", VERIFICATIONS),
        "purpose": s.codes("purpose", PURPOSES),
        "list_status": s.codes("initial_list_status", ["w", "f"]),
        "application_kind": s.codes("application_type", KINDS),
        "outcome": s.codes("loan_status", OUTCOMES),
    }


def trouble_traits(s):
    late = s["mths_since_last_delinq"]
    revolving, cards = s["mths_since_recent_revol_delinq"], s["mths_since_recent_bc_dlq"]
    was_late = ~numpy.isnan(late)
    accounts_late = numpy.round((100 - s["pct_tl_nvr_dlq"]) * s["total_acc"] / 100)
    other = s["pub_rec"] - s["pub_rec_bankruptcies"] - s["tax_liens"]
    return {
        "months_since_delinquency": or_never(late),
        "delinquencies_more": where(s["delinq_2yrs"] > 0, s["delinq_2yrs"] - 1),
        "revolving_delinquency_before": before(revolving, late),
        "card_delinquency_before": before(cards, revolving),
        "derogatory_before": before(s["mths_since_last_major_derog"], late),
        "accounts_late_more": where(was_late, numpy.maximum(accounts_late - 1, 0)),
        "accounts_very_late": s["num_accts_ever_120_pd"],
        "late_ninety_days": s["num_tl_90g_dpd_24m"],
        "bankruptcies": s["pub_rec_bankruptcies"],
        "tax_liens": s["tax_liens"],
        "records_other": numpy.maximum(other, 0),
        "months_since_record": where(s["pub_rec"] > 0, s["mths_since_last_record"]),
        "collections": s["collections_12_mths_ex_med"],
        "charge_offs": s["chargeoff_within_12_mths"],
        "collection_amount": s["tot_coll_amt"],
    }


def inquiry_traits(s):
    since = or_never(s["mths_since_recent_inq"])
    return {
        "months_since_inquiry": since,
        "inquiries_half_year": where(since <= 6, s["inq_last_6mths"]),
        "inquiries_year_more": where(since <= 12, numpy.maximum(s["inq_last_12m"] - 1, 0)),
        "inquiries_finance": s["inq_fi"],
        "credit_unions": s["total_cu_tl"],
    }


def revolving_traits(s):
    cards, active = s["num_bc_sats"], s["num_actv_bc_tl"]
    others_active = s["num_actv_rev_tl"] - active
    others_open = s["num_op_rev_tl"] - cards
    closed = s["num_rev_accts"] - s["num_op_rev_tl"]
    has_cards = cards > 0
    balance = s["total_bc_limit"] - s["bc_open_to_buy"]
    one = 1 / numpy.maximum(active, 1)
    with numpy.errstate(divide="ignore", invalid="ignore"):
        largest = (s["max_bal_bc"] / balance - one) / (1 - one)
        share = s["total_bc_limit"] / s["total_rev_hi_lim"]
    since = s["mo_sin_rcnt_rev_tl_op"]
    year, two_years = s["open_rv_12m"], s["open_rv_24m"]
    return {
        "cards_active": active,
        "cards_idle": numpy.maximum(cards - active, 0),
        "cards_closed": s["num_bc_tl"] - cards,
        "revolvers_active": others_active,
        "revolvers_idle": numpy.maximum(others_open - others_active, 0),
        "revolvers_closed": numpy.maximum(closed - s["num_bc_tl"] + cards, 0),
        "months_since_revolver": since,
        "revolvers_year_more": where(since <= 12, numpy.maximum(year - 1, 0)),
        "revolvers_two_years_more": where(since <= 24, two_years - numpy.maximum(year, 1)),
        "months_since_oldest_revolver": s["mo_sin_old_rev_tl_op"],
        "card_before": where(has_cards, numpy.maximum(s["mths_since_recent_bc"] - since, 0)),
        "revolving_limit": s["total_rev_hi_lim"],
        "revolving_used": s["revol_util"],
        "card_limit_share": where(has_cards, 1000 * numpy.minimum(share, 1)),
        "card_used": where(has_cards, s["bc_util"]),
        "largest_card_share": where(has_cards & (active > 1) & (balance > 0),
                                    1000 * numpy.clip(largest, 0, 1)),
        "cards_nearly_full": where(has_cards, s["percent_bc_gt_75"]),
    }


def installment_traits(s):
    year, two_years = s["open_il_12m"], s["open_il_24m"]
    limit = s["total_il_high_credit_limit"]
    with numpy.errstate(divide="ignore", invalid="ignore"):
        used = where(limit > 0, 1000 * s["total_bal_il"] / limit)
    return {
        "installments_open": s["open_il_6m"],
        "installments_closed": numpy.maximum(s["num_il_tl"] - s["open_il_6m"], 0),
        "installments_year_more": where(year > 0, year - 1),
        "installments_two_years_more": where(two_years > 0, two_years - numpy.maximum(year, 1)),
        "installment_limit": where(s["open_il_6m"] > 0, limit),
        "installment_used": used,
    }


def account_traits(s):
    installments = s["open_il_6m"]
    mortgage_balance = s["tot_cur_bal"] - s["total_bal_ex_mort"]
    mortgage_limit = (s["tot_hi_cred_lim"] - s["total_rev_hi_lim"]
                      - s["total_il_high_credit_limit"])
    open_others = s["open_acc"] - s["num_op_rev_tl"] - installments
    with numpy.errstate(divide="ignore", invalid="ignore"):
        mortgage_used = where((mortgage_balance > 0) & (mortgage_limit > 0),
                              1000 * numpy.minimum(mortgage_balance / mortgage_limit, 1))
    recent = or_never(numpy.fmin(s["mo_sin_rcnt_rev_tl_op"], s["mths_since_rcnt_il"]))
    return {
        "months_since_installment": s["mths_since_rcnt_il"],
        "months_since_oldest_installment": s["mo_sin_old_il_acct"],
        "accounts_half_year_more": where(recent <= 6, numpy.maximum(s["open_acc_6m"] - 1, 0)),
        "accounts_year_more": s["num_tl_op_past_12m"] - s["open_il_12m"] - s["open_rv_12m"],
        "accounts_two_years_more": numpy.maximum(
            s["acc_open_past_24mths"] - s["open_il_24m"] - s["open_rv_24m"], 0),
        "mortgages": s["mort_acc"],
        "mortgages_open": where(s["mort_acc"] > 0, numpy.maximum(open_others, 0)),
        "accounts_other": numpy.maximum(
            s["total_acc"] - s["num_rev_accts"] - s["num_il_tl"] - s["mort_acc"], 0),
        "mortgage_balance": where(open_others > 0, mortgage_balance),
        "mortgage_used": mortgage_used,
        "months_older": numpy.maximum(age_months(s) - numpy.fmax(
            s["mo_sin_old_il_acct"], s["mo_sin_old_rev_tl_op"]), 0),
    }


def age_months(s):
    """From the earliest credit line to March 2016."""
    return numpy.array([(2016 - int(text[4:])) * 12 + 2.0 - MONTHS.index(text[:3])
                        for text in s.texts("earliest_cr_line")])


def all_traits(s):
    return {**loan_traits(s), **trouble_traits(s), **inquiry_traits(s), **revolving_traits(s),
            **installment_traits(s), **account_traits(s)}


def traits_of_quarter(s):
    """The traits that the larger sample has; its texts are written otherwise."""
    lengths = {"emp_unk": 0, "emp_lt_1": 1, "emp_ge_10": 11}
    return {
        "sub_grade": sub_grades(s),
        "term": numpy.array([float("60" in text) for text in s.texts("term")]),
        "loan_amount": s["funded_amnt"],
        "annual_income": where(s["annual_inc"] > 0, s["annual_inc"]),
        "employment": numpy.array([float(lengths.get(text, 0) or int(text[4:]) + 1)
                                   if text != "emp_unk" else 0.0
                                   for text in s.texts("emp_length")]),
        "verification": numpy.array([float(VERIFICATIONS.index(text.replace("_", " ")))
                                     for text in s.texts("verification_status")]),
        "delinquencies_more": where(s["delinq_2yrs"] > 0, s["delinq_2yrs"] - 1),
        "revolving_used": s["revol_util"],
        "inquiries_finance": s["inq_fi"],
        **installment_traits(s),
    }


def is_count(name, values):
    known = values[numpy.isfinite(values)]
    return "months" not in name and not name.endswith("_before") \
        and bool(numpy.all(known == numpy.round(known))) and len(set(known)) <= LONGEST_COUNT \
        and not name.endswith(("_amount", "_used", "_share", "_full"))


def thresholds(values, levels):
    """Between which normal deviates each value lies; half a row for a value that was not met."""
    counts = numpy.bincount(values.astype(int), minlength=levels).astype(float)
    counts[counts == 0] = 0.5
    shares = numpy.cumsum(counts)[:-1] / counts.sum()
    return [round(NORMAL.inv_cdf(share), 3) for share in shares]


def in_digits(value, digits):
    return float(f"{value:.{digits}g}")


def quantiles(values):
    """(low, high, knots): all below deviate low is the least value, all above high has none."""
    finite = numpy.sort(values[numpy.isfinite(values)])
    share_never = numpy.mean(~numpy.isfinite(values))
    share_least = numpy.mean(values == finite[0]) if finite[0] == 0 else 0
    high = NORMAL.inv_cdf(1 - share_never) if share_never > 0 else FURTHEST
    low = NORMAL.inv_cdf(share_least) if share_least > 0.002 else -FURTHEST
    low, high = round(max(low, -FURTHEST), 3), round(min(high, FURTHEST), 3)
    knots = []
    for z in numpy.linspace(low, high, KNOTS):
        share = NORMAL.cdf(z) / (1 - share_never)
        knots.append(float(numpy.quantile(finite, min(share, 1.0))))
    if share_least > 0.002:  # the first positive values, not the step up to them
        knots[0] = float(numpy.min(finite[finite > 0]))
    ends = {0, 1, KNOTS - 2, KNOTS - 1}
    return low, high, [in_digits(v, 2 if i in ends else 3) for i, v in enumerate(knots)]


def scores(values):
    """Each value's mean normal deviate; nan where the trait does not exist."""
    known = ~numpy.isnan(values)
    distinct, codes, counts = numpy.unique(values[known], return_inverse=True, return_counts=True)
    edges = numpy.concatenate([[0], numpy.cumsum(counts) / counts.sum()])
    density = [NORMAL.pdf(NORMAL.inv_cdf(e)) if 0 < e < 1 else 0.0 for e in edges]
    means = -numpy.diff(density) / numpy.diff(edges)
    result = numpy.full(len(values), numpy.nan)
    result[known] = means[codes] if len(distinct) > 1 else 0.0
    return result


def correlation(one, two):
    """Of the normal deviates behind two traits. A mean score's variance is what grouping left of
    the deviate's 1, so that the covariance is that times as small as the correlation."""
    both = ~(numpy.isnan(one) | numpy.isnan(two))
    if both.sum() < 40:
        return 0.0
    a, b = one[both], two[both]
    weight = numpy.nanvar(one) * numpy.nanvar(two)
    if weight < 1e-3:
        return 0.0
    value = numpy.mean((a - a.mean()) * (b - b.mean())) / weight
    noise = 1 / numpy.sqrt(both.sum() * weight)
    return float(numpy.clip(value, -0.97, 0.97)) if abs(value) > noise else 0.0


def correlations(names, full, quarter):
    full = {name: scores(full[name]) for name in names}
    quarter = {name: scores(quarter[name]) for name in quarter}
    matrix = numpy.eye(len(names))
    for i, a in enumerate(names):
        for j, b in enumerate(names[:i]):
            source = quarter if a in quarter and b in quarter else full
            matrix[i, j] = matrix[j, i] = correlation(source[a], source[b])
    for _ in range(50):  # to the nearest that is one
        values, vectors = numpy.linalg.eigh(matrix)
        if values[0] >= LEAST_EIGENVALUE / 2:
            break
        matrix = (vectors * numpy.maximum(values, LEAST_EIGENVALUE)) @ vectors.T
        scale = numpy.sqrt(numpy.diag(matrix))
        matrix /= numpy.outer(scale, scale)
    rounded = numpy.round(matrix * 1000)
    numpy.linalg.cholesky(rounded / 1000)
    return rounded.astype(int)


def wrapped(items, indent="    "):
    lines, line = [], indent
    for item in items:
        if len(line) + len(item) + 2 > 100:
            lines.append(line.rstrip())
            line = indent
        line += item + ", "
    return "\n".join([*lines, line.rstrip()]) + "\n"


def text_of(value):
    return str(int(value)) if value == int(value) else str(value)


def rate_cards(quarter):
    """Each sub-grade's two commonest rates: the card of January and the later one."""
    rates = collections.defaultdict(collections.Counter)
    for row in quarter.rows:
        rates[row["sub_grade"]][round(float(row["int_rate"]) * 100)] += 1
    cards = []
    for letter in "ABCDEFG":
        for step in "12345":
            common = [rate for rate, _ in rates[letter + step].most_common(2)]
            later = common[0]
            rivals = [rate for rate in common[1:] if rates[letter + step][rate] > 1]
            cards.append((rivals[0] if rivals else later, later))
    return cards


def multiples(values, steps):
    """Of 1000, how many are multiples of each step and of none before it."""
    left, shares = numpy.ones(len(values), bool), []
    for step in steps:
        fits = left & (values % step == 0)
        shares.append(round(1000 * float(numpy.mean(fits))))
        left &= ~fits
    shares[-1] += 1000 - sum(shares)
    return shares


HEAD = """\
// What the generator knows of real applications: quantiles, shares and correlations, none of them
// a row. Constant data. Made by tools/fit_generator.py, explained in docs/generator.md; not to be
// edited by hand.
// clang-format off
#pragma once

#include <cstdint>
#include <string_view>

namespace loanstream::applicant_statistics {

"""


def enumeration(name, items):
    camel = ["k" + "".join(word.capitalize() for word in item.split("_")) for item in items]
    return f"enum {name} : int {{\n{wrapped([*camel, 'k' + name + 's'])}}};\n\n"


def texts(name, items):
    return (f"inline constexpr std::string_view {name}[] = {{\n"
            + wrapped([f'"{item}"' for item in items]) + "};\n")


def statistics_text(full, quarter):
    traits, larger = all_traits(full), traits_of_quarter(quarter)
    names = list(traits)
    taken = {name: larger.get(name, traits[name]) for name in names}
    words = {"home": HOMES, "purpose": PURPOSES, "sub_grade": range(35), "outcome": OUTCOMES}
    known = {name: taken[name][~numpy.isnan(taken[name])] for name in names}
    counts = [n for n in names if is_count(n, known[n])]
    amounts = [n for n in names if n not in counts]
    names = counts + amounts
    body = enumeration("Trait", names)
    body += f"inline constexpr int kCounts = {len(counts)};\n"
    body += "// A count is the number of its thresholds below its normal deviate.\n"
    body += "struct Thresholds {\n    int begin, end;\n};\n"
    table, ranges = [], []
    for name in counts:
        top = int(known[name].max()) + 1
        row = thresholds(known[name], max(top, len(words.get(name, []))))
        ranges.append(f"{{{len(table)}, {len(table) + len(row)}}}")
        table += [text_of(value) for value in row]
    body += "inline constexpr Thresholds kThresholdsOf[] = {\n" + wrapped(ranges) + "};\n"
    body += "inline constexpr double kThresholds[] = {\n" + wrapped(table) + "};\n\n"
    body += "// An amount: nothing, or the least, below `low`; none above `high`; knots between.\n"
    body += f"inline constexpr int kKnots = {KNOTS};\n"
    body += "struct Quantiles {\n    double low, high;\n    double knots[kKnots];\n};\n"
    body += "inline constexpr Quantiles kQuantiles[] = {\n"
    for name in amounts:
        low, high, knots = quantiles(known[name])
        body += f"    // {name}\n    {{{text_of(low)}, {text_of(high)}, {{\n"
        body += wrapped([text_of(v) for v in knots], "     ").rstrip(",\n") + "}},\n"
    body += "};\n\n// Of normal deviates, of 1000: the lower triangle, row by row.\n"
    matrix = correlations(names, traits, larger)
    body += "inline constexpr std::int16_t kCorrelations[] = {\n"
    body += wrapped([str(matrix[i, j]) for i in range(len(names)) for j in range(i)]) + "};\n\n"
    return body + shares_text(full, quarter)


def shares_text(full, quarter):
    body = "// Of 1000, multiples of a step and of none before it.\nstruct Step {\n"
    body += "    int dollars, share;\n};\n"
    for name, steps, values in (("Amount", STEPS, quarter["funded_amnt"]),
                                ("Income", INCOME_STEPS, quarter["annual_inc"])):
        rows = [f"{{{step}, {share}}}" for step, share in zip(steps, multiples(values, steps))]
        body += f"inline constexpr Step k{name}Steps[] = {{\n" + wrapped(rows) + "};\n"
    body += ("\n// Of each sub-grade, in hundredths of a percent: January's rate and the "
             "later one.\n")
    body += "struct Rates {\n    int january, later;\n};\n"
    body += "inline constexpr Rates kRates[] = {\n" + wrapped(
        [f"{{{a}, {b}}}" for a, b in rate_cards(quarter)]) + "};\n\n"
    states = collections.Counter(quarter.texts("addr_state"))
    body += ("struct StateShare {\n    std::string_view name;\n    int share;  // of all shares\n"
             "};\n")
    body += "inline constexpr StateShare kStates[] = {\n" + wrapped(
        [f'{{"{name}", {count}}}' for name, count in sorted(states.items())]) + "};\n\n"
    body += texts("kHomes", HOMES) + texts("kVerifications", VERIFICATIONS)
    body += texts("kPurposes", PURPOSES) + texts("kOutcomes", OUTCOMES)
    body += texts("kEmploymentLengths", LENGTHS) + texts("kApplicationKinds", KINDS)
    return body + "\n}  // namespace loanstream::applicant_statistics\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(
        __file__).resolve().parents[1] / "src/feed/applicant_statistics.h")
    arguments = parser.parse_args()
    full = Sample(read(arguments.data / "lc_2016q1_2017_137_a.csv.gz"))
    quarter = Sample(read(arguments.data / "lc_2016q1_modeldata_a.csv.gz"))
    arguments.out.write_text(HEAD + statistics_text(full, quarter))


if __name__ == "__main__":
    main()

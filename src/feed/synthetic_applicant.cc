#include "feed/synthetic_applicant.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace loanstream {

using namespace applicant_statistics;

namespace {

constexpr std::int64_t kAugust = 19;  // of 2017, when the payments were looked at

std::int64_t nearest(double value) { return static_cast<std::int64_t>(value + 0.5); }

template <std::size_t count>
std::int64_t rounded(double dollars, const Step (&steps)[count], RandomBits& random) {
    std::int64_t left = random.whole(0, 999);
    for (const Step& step : steps) {
        left -= step.share;
        if (left >= 0 || dollars < 1.5 * step.dollars) continue;
        return nearest(dollars / step.dollars) * step.dollars;
    }
    return nearest(dollars / steps[count - 1].dollars) * steps[count - 1].dollars;
}

std::int64_t to_hundreds(double dollars) { return nearest(dollars / 100) * 100; }

Months months(const TraitValues& values, Trait trait) {
    if (values.is_never(trait)) return std::nullopt;
    return values.whole(trait);
}

// So many months before another event, where that was.
Months before(Months other, const TraitValues& values, Trait trait) {
    constexpr std::int64_t kFurthest = 150;
    if (!other || values.is_never(trait)) return std::nullopt;
    return std::min(*other + values.whole(trait), std::max(kFurthest, *other));
}

SyntheticLoan loan_of(const TraitValues& v, RandomBits& random) {
    SyntheticLoan loan{};
    loan.dollars = rounded(v.amount(kLoanAmount), kAmountSteps, random);
    loan.invested = loan.dollars;
    if (random.chance(0.008)) loan.invested -= random.whole(1, 2) * 25;
    loan.term_months = v.whole(kTerm) == 1 ? 60 : 36;
    loan.sub_grade = static_cast<int>(v.whole(kSubGrade));
    // January's rates stand with 28 % of the loans.
    loan.month = random.chance(0.28) ? 0 : random.whole(1, 2);
    loan.rate_hundredths =
        loan.month == 0 ? kRates[loan.sub_grade].january : kRates[loan.sub_grade].later;
    loan.installment_cents = installment_cents(loan);
    loan.outcome = static_cast<int>(v.whole(kOutcome));
    loan.is_first_list = v.whole(kListStatus) == 1;
    return loan;
}

// Principal and interest of the first `count` installments.
void pay(const SyntheticLoan& loan, std::int64_t count, SyntheticPayments& paid) {
    double monthly = static_cast<double>(loan.rate_hundredths) / 120000;
    paid.left = loan.dollars * 100;
    for (; paid.made < count; ++paid.made) {
        std::int64_t interest = nearest(static_cast<double>(paid.left) * monthly);
        paid.interest += interest;
        paid.principal += loan.installment_cents - interest;
        paid.left -= loan.installment_cents - interest;
    }
    paid.last = count > 0 ? loan.installment_cents : 0;
    paid.last_month = loan.month + count;
}

SyntheticPayments payments_of(const SyntheticLoan& loan, RandomBits& random) {
    SyntheticPayments paid;
    std::int64_t due = kAugust - loan.month;
    enum { kFullyPaid, kCurrent, kGrace, kLate, kVeryLate, kChargedOff };  // as kOutcomes
    bool is_late = loan.outcome == kGrace || loan.outcome == kLate || loan.outcome == kVeryLate;
    std::int64_t count = loan.outcome == kCurrent      ? due
                         : loan.outcome == kFullyPaid  ? random.whole(0, due - 1)
                         : loan.outcome == kChargedOff ? random.whole(1, due - 5)
                         : loan.outcome == kVeryLate   ? due - random.whole(1, 3)
                                                       : due - 1;
    pay(loan, count, paid);
    paid.goes_on = is_late || loan.outcome == kCurrent;
    if (loan.outcome == kFullyPaid) {
        double monthly = static_cast<double>(loan.rate_hundredths) / 120000;
        std::int64_t interest = nearest(static_cast<double>(paid.left) * monthly);
        paid.last = paid.left + interest;
        paid.interest += interest;
        paid.principal += paid.left;
        paid.left = 0;
        paid.last_month += 1;
    }
    if (loan.outcome == kChargedOff) {
        if (random.chance(0.4)) paid.recovered = paid.left * random.whole(3, 25) / 100;
        paid.collection_fee = paid.recovered * 18 / 100;
        paid.left = 0;
    }
    if (random.chance(is_late ? 0.2 : 0.03)) paid.late_fee = 1500;
    return paid;
}

SyntheticPerson person_of(const TraitValues& v, RandomBits& random) {
    SyntheticPerson person{};
    person.employment = static_cast<int>(v.whole(kEmployment));
    person.home = static_cast<int>(v.whole(kHome));
    person.verification = static_cast<int>(v.whole(kVerification));
    person.purpose = static_cast<int>(v.whole(kPurpose));
    person.kind = static_cast<int>(v.whole(kApplicationKind));
    person.income_cents = rounded(v.amount(kAnnualIncome), kIncomeSteps, random) * 100;
    if (random.chance(0.015)) person.income_cents += random.whole(1, 99);
    person.dti_hundredths = nearest(v.amount(kDti) * 100);
    if (person.kind == 1) {  // with a second person, who has debts of another size
        person.joint_income = person.income_cents / 100 + random.whole(8, 80) * 1000;
        double share = static_cast<double>(person.income_cents) /
                       static_cast<double>(person.joint_income * 100);
        person.joint_dti_hundredths =
            nearest(static_cast<double>(person.dti_hundredths) * share + random.uniform() * 1000);
    }
    return person;
}

SyntheticTrouble trouble_of(const TraitValues& v, std::int64_t accounts, RandomBits& random) {
    SyntheticTrouble t{};
    t.delinquency = months(v, kMonthsSinceDelinquency);
    t.revolving_delinquency = before(t.delinquency, v, kRevolvingDelinquencyBefore);
    t.card_delinquency = before(t.revolving_delinquency, v, kCardDelinquencyBefore);
    t.derogatory = before(t.delinquency, v, kDerogatoryBefore);
    bool is_recent = t.delinquency && *t.delinquency < 24;
    t.delinquencies = is_recent ? 1 + v.whole(kDelinquenciesMore) : 0;
    t.accounts_late = t.delinquency ? std::min(1 + v.whole(kAccountsLateMore), accounts - 1) : 0;
    t.very_late = v.whole(kAccountsVeryLate);
    t.ninety_days = is_recent ? v.whole(kLateNinetyDays) : 0;
    t.now = is_recent && *t.delinquency < 2 && random.chance(0.2) ? 1 : 0;
    t.now_dollars = t.now * random.whole(20, 4200);
    t.thirty_days = t.now * random.whole(0, 1);
    t.bankruptcies = v.whole(kBankruptcies);
    t.liens = v.whole(kTaxLiens);
    t.records = t.bankruptcies + t.liens + v.whole(kRecordsOther);
    if (t.records > 0) t.record = months(v, kMonthsSinceRecord);
    t.collections = v.whole(kCollections);
    t.charge_offs = v.whole(kChargeOffs);
    t.collection_dollars = v.whole(kCollectionAmount);
    return t;
}

SyntheticInquiries inquiries_of(const TraitValues& v) {
    SyntheticInquiries i{};
    i.since = months(v, kMonthsSinceInquiry);
    i.half_year = i.since && *i.since <= 6 ? v.whole(kInquiriesHalfYear) : 0;
    i.year = i.since && *i.since <= 12 ? 1 + v.whole(kInquiriesYearMore) : 0;
    i.year = std::max(i.year, i.half_year);
    i.finance = v.whole(kInquiriesFinance);
    return i;
}

void add_opened(const TraitValues& v, SyntheticAccounts& a) {
    auto since = [](Months event) {
        return event.value_or(std::numeric_limits<std::int64_t>::max());
    };
    a.revolvers_year = a.since_revolver <= 12 ? 1 + v.whole(kRevolversYearMore) : 0;
    if (a.since_revolver <= 24)
        a.revolvers_two_years =
            std::max<std::int64_t>(a.revolvers_year, 1) + v.whole(kRevolversTwoYearsMore);
    a.installments_year = since(a.since_installment) <= 12 ? 1 + v.whole(kInstallmentsYearMore) : 0;
    if (since(a.since_installment) <= 24)
        a.installments_two_years =
            std::max<std::int64_t>(a.installments_year, 1) + v.whole(kInstallmentsTwoYearsMore);
    a.revolvers = std::max(a.revolvers, a.revolvers_two_years);
    a.installments = std::max(a.installments, a.installments_two_years);
    a.since_any = std::min(a.since_revolver, since(a.since_installment));
    a.year = a.revolvers_year + a.installments_year + v.whole(kAccountsYearMore);
    a.two_years = a.revolvers_two_years + a.installments_two_years;
    a.two_years = std::max(a.two_years + v.whole(kAccountsTwoYearsMore), a.year);
    a.half_year = a.since_any <= 6 ? std::min(1 + v.whole(kAccountsHalfYearMore), a.year) : 0;
}

SyntheticAccounts accounts_of(const TraitValues& v) {
    SyntheticAccounts a{};
    a.cards_active = v.whole(kCardsActive);
    a.cards_open = a.cards_active + v.whole(kCardsIdle);
    a.cards = a.cards_open + v.whole(kCardsClosed);
    std::int64_t others_active = v.whole(kRevolversActive);
    if (a.cards_active + others_active == 0) others_active = 1;
    a.revolvers_active = a.cards_active + others_active;
    a.revolvers_open = a.cards_open + others_active + v.whole(kRevolversIdle);
    a.revolvers = a.revolvers_open + (a.cards - a.cards_open) + v.whole(kRevolversClosed);
    a.installments_open = v.whole(kInstallmentsOpen);
    a.installments = a.installments_open + v.whole(kInstallmentsClosed);
    a.mortgages = v.whole(kMortgages);
    a.mortgages_open = a.mortgages > 0 ? std::min(v.whole(kMortgagesOpen), a.mortgages) : 0;
    a.credit_unions = v.whole(kCreditUnions);
    a.oldest_revolver = v.whole(kMonthsSinceOldestRevolver);
    a.since_revolver = std::min(v.whole(kMonthsSinceRevolver), a.oldest_revolver);
    a.oldest = a.oldest_revolver;
    if (a.installments > 0) {
        a.oldest_installment = months(v, kMonthsSinceOldestInstallment);
        a.since_installment = std::min(v.whole(kMonthsSinceInstallment), *a.oldest_installment);
        a.oldest = std::max(a.oldest, *a.oldest_installment);
    }
    a.oldest += v.whole(kMonthsOlder);
    if (a.cards_open > 0)
        a.since_card = std::min(a.since_revolver + v.whole(kCardBefore), a.oldest_revolver);
    add_opened(v, a);
    a.open = a.revolvers_open + a.installments_open + a.mortgages_open;
    a.total = a.revolvers + a.installments + a.mortgages + v.whole(kAccountsOther);
    return a;
}

SyntheticBalances balances_of(const TraitValues& v, const SyntheticAccounts& a,
                              RandomBits& random) {
    SyntheticBalances b{};
    b.revolving_limit = std::max<std::int64_t>(to_hundreds(v.amount(kRevolvingLimit)), 100);
    b.revolving_used = nearest(v.amount(kRevolvingUsed) * 10);
    b.revolving = (b.revolving_limit * b.revolving_used + 500) / 1000;
    if (a.cards_open > 0) {
        b.card_limit =
            to_hundreds(static_cast<double>(b.revolving_limit) * v.amount(kCardLimitShare) / 1000);
        b.card_limit = std::clamp<std::int64_t>(b.card_limit, 100, b.revolving_limit);
        b.cards = nearest(static_cast<double>(b.card_limit) * v.amount(kCardUsed) / 100);
        // What the cards do not owe the other accounts do, and they have limits too.
        std::int64_t least = b.revolving - (b.revolving_limit - b.card_limit);
        b.cards = std::clamp(b.cards, std::max<std::int64_t>(least, 0), b.revolving);
        b.card_used = (b.cards * 1000 + b.card_limit / 2) / b.card_limit;
        std::int64_t full =
            nearest(v.amount(kCardsNearlyFull) * static_cast<double>(a.cards_open) / 100);
        b.nearly_full = (full * 1000 + a.cards_open / 2) / a.cards_open;
        double one = 1 / static_cast<double>(std::max<std::int64_t>(a.cards_active, 1));
        double share = one + (1 - one) * v.amount(kLargestCardShare) / 1000;
        b.largest_card = nearest(static_cast<double>(b.cards) * share);
    }
    if (a.installments_open > 0) {
        b.installment_limit = nearest(v.amount(kInstallmentLimit));
        b.installments =
            nearest(static_cast<double>(b.installment_limit) * v.amount(kInstallmentUsed) / 1000);
        b.knows_installment_use = b.installments > 0 && !random.chance(0.04);
    }
    if (a.mortgages_open > 0) {
        b.mortgages = nearest(v.amount(kMortgageBalance));
        b.mortgage_limit = nearest(static_cast<double>(b.mortgages) * 1000 /
                                   std::max(v.amount(kMortgageUsed), 1.0));
    }
    return b;
}

}  // namespace

std::int64_t installment_cents(const SyntheticLoan& loan) {
    double monthly = static_cast<double>(loan.rate_hundredths) / 120000;
    double growth = 1;
    for (std::int64_t i = 0; i < loan.term_months; ++i) growth *= 1 + monthly;
    double cents = static_cast<double>(loan.dollars * 100) * monthly * growth / (growth - 1);
    auto whole = static_cast<std::int64_t>(cents - 1e-6);
    return whole + 1;
}

SyntheticApplicant SyntheticApplicant::draw(const TraitModel& model, RandomBits& random) {
    TraitValues values;
    model.draw(random, values);
    SyntheticApplicant a{};
    a.loan = loan_of(values, random);
    a.payments = payments_of(a.loan, random);
    a.person = person_of(values, random);
    a.accounts = accounts_of(values);
    a.trouble = trouble_of(values, a.accounts.total, random);
    a.inquiries = inquiries_of(values);
    a.balances = balances_of(values, a.accounts, random);
    return a;
}

}  // namespace loanstream

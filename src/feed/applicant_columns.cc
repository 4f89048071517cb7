#include "feed/applicant_columns.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/check.h"
#include "feed/applicant_words.h"

namespace loanstream {

using namespace applicant_statistics;

const std::array<std::string_view, kApplicantColumns> kApplicantColumnNames = {
    "id",
    "member_id",
    "loan_amnt",
    "funded_amnt",
    "funded_amnt_inv",
    "term",
    "int_rate",
    "installment",
    "grade",
    "sub_grade",
    "emp_title",
    "emp_length",
    "home_ownership",
    "annual_inc",
    "verification_status",
    "issue_d",
    "loan_status",
    "pymnt_plan",
    "url",
    "desc",
    "purpose",
    "title",
    "zip_code",
    "addr_state",
    "dti",
    "delinq_2yrs",
    "earliest_cr_line",
    "inq_last_6mths",
    "mths_since_last_delinq",
    "mths_since_last_record",
    "open_acc",
    "pub_rec",
    "revol_bal",
    "revol_util",
    "total_acc",
    "initial_list_status",
    "out_prncp",
    "out_prncp_inv",
    "total_pymnt",
    "total_pymnt_inv",
    "total_rec_prncp",
    "total_rec_int",
    "total_rec_late_fee",
    "recoveries",
    "collection_recovery_fee",
    "last_pymnt_d",
    "last_pymnt_amnt",
    "next_pymnt_d",
    "last_credit_pull_d",
    "collections_12_mths_ex_med",
    "mths_since_last_major_derog",
    "policy_code",
    "application_type",
    "annual_inc_joint",
    "dti_joint",
    "verification_status_joint",
    "acc_now_delinq",
    "tot_coll_amt",
    "tot_cur_bal",
    "open_acc_6m",
    "open_il_6m",
    "open_il_12m",
    "open_il_24m",
    "mths_since_rcnt_il",
    "total_bal_il",
    "il_util",
    "open_rv_12m",
    "open_rv_24m",
    "max_bal_bc",
    "all_util",
    "total_rev_hi_lim",
    "inq_fi",
    "total_cu_tl",
    "inq_last_12m",
    "acc_open_past_24mths",
    "avg_cur_bal",
    "bc_open_to_buy",
    "bc_util",
    "chargeoff_within_12_mths",
    "delinq_amnt",
    "mo_sin_old_il_acct",
    "mo_sin_old_rev_tl_op",
    "mo_sin_rcnt_rev_tl_op",
    "mo_sin_rcnt_tl",
    "mort_acc",
    "mths_since_recent_bc",
    "mths_since_recent_bc_dlq",
    "mths_since_recent_inq",
    "mths_since_recent_revol_delinq",
    "num_accts_ever_120_pd",
    "num_actv_bc_tl",
    "num_actv_rev_tl",
    "num_bc_sats",
    "num_bc_tl",
    "num_il_tl",
    "num_op_rev_tl",
    "num_rev_accts",
    "num_rev_tl_bal_gt_0",
    "num_sats",
    "num_tl_120dpd_2m",
    "num_tl_30dpd",
    "num_tl_90g_dpd_24m",
    "num_tl_op_past_12m",
    "pct_tl_nvr_dlq",
    "percent_bc_gt_75",
    "pub_rec_bankruptcies",
    "tax_liens",
    "tot_hi_cred_lim",
    "total_bal_ex_mort",
    "total_bc_limit",
    "total_il_high_credit_limit",
};

int applicant_column(std::string_view name) {
    auto found = std::find(kApplicantColumnNames.begin(), kApplicantColumnNames.end(), name);
    LOANSTREAM_CHECK(found != kApplicantColumnNames.end());
    return static_cast<int>(found - kApplicantColumnNames.begin());
}

void ApplicantTexts::append(std::int64_t number) {
    char digits[24];
    auto written = std::to_chars(digits, digits + sizeof digits, number);
    bytes_.append(digits, written.ptr);
}

void ApplicantTexts::text(std::string_view text) {
    bytes_ += text;
    end();
}

void ApplicantTexts::whole(std::int64_t number) {
    append(number);
    end();
}

void ApplicantTexts::months(Months months) {
    if (months) append(*months);
    end();
}

void ApplicantTexts::tenths(std::int64_t number, std::string_view unit) {
    append(number / 10);
    if (number % 10 != 0) {
        bytes_ += '.';
        bytes_ += static_cast<char>('0' + number % 10);
    }
    text(unit);
}

void ApplicantTexts::hundredths(std::int64_t number) {
    append(number / 100);
    if (std::int64_t rest = number % 100; rest != 0) {
        bytes_ += '.';
        bytes_ += static_cast<char>('0' + rest / 10);
        if (rest % 10 != 0) bytes_ += static_cast<char>('0' + rest % 10);
    }
    end();
}

void ApplicantTexts::append_cents(std::int64_t number) {
    append(number / 100);
    bytes_ += '.';
    bytes_ += static_cast<char>('0' + number / 10 % 10);
    bytes_ += static_cast<char>('0' + number % 10);
}

void ApplicantTexts::cents(std::int64_t number) {
    append_cents(number);
    end();
}

void ApplicantTexts::month(std::int64_t from_january) {
    constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    constexpr std::int64_t kBegin = 2016 * 12;
    bytes_ += kMonths[(kBegin + from_january) % 12];
    bytes_ += '-';
    whole((kBegin + from_january) / 12);
}

void ApplicantTexts::fill(const SyntheticApplicant& a, std::int64_t member, RandomBits& random) {
    bytes_.clear();
    count_ = 0;
    add_loan(a, member);
    add_person(a, member, random);
    add_history(a);
    add_payments(a, random);
    add_joint(a);
    add_openings(a);
    add_ages(a);
    add_counts(a, random);
    LOANSTREAM_CHECK(count_ == kApplicantColumns);
}

void ApplicantTexts::add_loan(const SyntheticApplicant& a, std::int64_t member) {
    const SyntheticLoan& loan = a.loan;
    whole(member - 2'000'000);
    whole(member);
    whole(loan.dollars);
    whole(loan.dollars);
    whole(loan.invested);
    text(loan.term_months == 36 ? " 36 months" : " 60 months");
    bytes_.append(loan.rate_hundredths < 1000 ? 2 : 1, ' ');
    append_cents(loan.rate_hundredths);
    text("%");
    hundredths(loan.installment_cents);
    char grade = static_cast<char>('A' + loan.sub_grade / 5);
    text({&grade, 1});
    bytes_ += grade;
    whole(loan.sub_grade % 5 + 1);
}

void ApplicantTexts::add_person(const SyntheticApplicant& a, std::int64_t member,
                                RandomBits& random) {
    const SyntheticPerson& person = a.person;
    if (person.employment != 0) append_occupation(bytes_, random);
    end();
    text(kEmploymentLengths[person.employment]);
    text(kHomes[person.home]);
    hundredths(person.income_cents);
    text(kVerifications[person.verification]);
    month(a.loan.month);
    text(kOutcomes[a.loan.outcome]);
    text(random.chance(0.002) ? "y" : "n");
    bytes_ += "https://lendingclub.com/browse/loanDetail.action?loan_id=";
    whole(member - 2'000'000);
    none();
    text(kPurposes[person.purpose]);
    text(random.chance(0.07) ? std::string_view() : title_of(kPurposes[person.purpose]));
    Place place = place_of_living(random);
    for (std::int64_t digit : {place.zip / 100, place.zip / 10 % 10, place.zip % 10})
        bytes_ += static_cast<char>('0' + digit);
    text("xx");
    text(place.state);
    hundredths(person.dti_hundredths);
}

void ApplicantTexts::add_history(const SyntheticApplicant& a) {
    const SyntheticTrouble& trouble = a.trouble;
    whole(trouble.delinquencies);
    month(a.loan.month - a.accounts.oldest);
    whole(a.inquiries.half_year);
    months(trouble.delinquency);
    months(trouble.record);
    whole(a.accounts.open);
    whole(trouble.records);
    whole(a.balances.revolving);
    tenths(a.balances.revolving_used, "%");
    whole(a.accounts.total);
    text(a.loan.is_first_list ? "f" : "w");
}

void ApplicantTexts::add_payments(const SyntheticApplicant& a, RandomBits& random) {
    const SyntheticPayments& paid = a.payments;
    std::int64_t total = paid.principal + paid.interest + paid.late_fee + paid.recovered;
    auto fee = [&](std::int64_t number) { number == 0 ? text("0.0") : hundredths(number); };
    cents(paid.left);
    cents(paid.left);
    for (std::int64_t number : {total, total, paid.principal, paid.interest}) cents(number);
    for (std::int64_t number : {paid.late_fee, paid.recovered, paid.collection_fee}) fee(number);
    constexpr std::int64_t kSeen = 19;  // August 2017
    if (paid.last > 0)
        month(paid.last_month);
    else
        none();
    hundredths(paid.last);
    if (paid.goes_on)
        month(kSeen + 1);
    else
        none();
    month(random.chance(0.86) ? kSeen : random.whole(std::min(paid.last_month, kSeen), kSeen));
    whole(a.trouble.collections);
    months(a.trouble.derogatory);
    text("1");
    text(kApplicationKinds[a.person.kind]);
}

void ApplicantTexts::add_joint(const SyntheticApplicant& a) {
    if (a.person.joint_income > 0) {
        whole(a.person.joint_income);
        hundredths(a.person.joint_dti_hundredths);
        text(kVerifications[0]);
    } else {
        for (int i = 0; i < 3; ++i) none();
    }
    whole(a.trouble.now);
    whole(a.trouble.collection_dollars);
    whole(a.balances.revolving + a.balances.installments + a.balances.mortgages);
}

void ApplicantTexts::add_openings(const SyntheticApplicant& a) {
    const SyntheticAccounts& accounts = a.accounts;
    const SyntheticBalances& owed = a.balances;
    auto percent = [&](std::int64_t part, std::int64_t of) { whole((part * 100 + of / 2) / of); };
    whole(accounts.half_year);
    whole(accounts.installments_open);
    whole(accounts.installments_year);
    whole(accounts.installments_two_years);
    months(accounts.since_installment);
    whole(owed.installments);
    if (owed.knows_installment_use)
        percent(owed.installments, owed.installment_limit);
    else
        none();
    whole(accounts.revolvers_year);
    whole(accounts.revolvers_two_years);
    whole(owed.largest_card);
    percent(owed.revolving + owed.installments, owed.revolving_limit + owed.installment_limit);
    whole(owed.revolving_limit);
    whole(a.inquiries.finance);
    whole(accounts.credit_unions);
    whole(a.inquiries.year);
    whole(accounts.two_years);
    std::int64_t all = owed.revolving + owed.installments + owed.mortgages;
    whole((all + accounts.open / 2) / accounts.open);
    if (accounts.cards_open > 0) {
        whole(std::max<std::int64_t>(owed.card_limit - owed.cards, 0));
        tenths(owed.card_used);
    } else {
        none();
        none();
    }
    whole(a.trouble.charge_offs);
    whole(a.trouble.now_dollars);
}

void ApplicantTexts::add_ages(const SyntheticApplicant& a) {
    months(a.accounts.oldest_installment);
    whole(a.accounts.oldest_revolver);
    whole(a.accounts.since_revolver);
    whole(a.accounts.since_any);
    whole(a.accounts.mortgages);
    months(a.accounts.since_card);
    months(a.trouble.card_delinquency);
    months(a.inquiries.since);
    months(a.trouble.revolving_delinquency);
    whole(a.trouble.very_late);
}

void ApplicantTexts::add_counts(const SyntheticApplicant& a, RandomBits& random) {
    const SyntheticAccounts& accounts = a.accounts;
    const SyntheticBalances& owed = a.balances;
    for (std::int64_t number :
         {accounts.cards_active, accounts.revolvers_active, accounts.cards_open, accounts.cards,
          accounts.installments, accounts.revolvers_open, accounts.revolvers,
          accounts.revolvers_active, accounts.open - a.trouble.now})
        whole(number);
    text(random.chance(0.05) ? "" : "0");
    whole(a.trouble.thirty_days);
    whole(a.trouble.ninety_days);
    whole(accounts.year);
    std::int64_t late = a.trouble.accounts_late;
    tenths(((accounts.total - late) * 1000 + accounts.total / 2) / accounts.total);
    if (accounts.cards_open > 0)
        tenths(owed.nearly_full);
    else
        none();
    whole(a.trouble.bankruptcies);
    whole(a.trouble.liens);
    whole(owed.revolving_limit + owed.installment_limit + owed.mortgage_limit);
    whole(owed.revolving + owed.installments);
    whole(owed.card_limit);
    whole(owed.installment_limit);
}

}  // namespace loanstream

// One synthetic application as numbers that fit together: balances that add up, counts that hold
// one another, months in their order, a payment history that follows from the loan. Made from the
// traits of a TraitModel. A value; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "feed/random_bits.h"
#include "feed/trait_model.h"

namespace loanstream {

using Months = std::optional<std::int64_t>;  // since something; nothing: it never was

struct SyntheticLoan {
    std::int64_t dollars, invested, term_months, rate_hundredths, installment_cents;
    int sub_grade;               // 0 (A1) to 34 (G5)
    std::int64_t month;          // of issue, from January 2016 as 0
    int outcome;                 // of applicant_statistics::kOutcomes
    bool is_first_list = false;  // listed as a fraction, not as a whole
};

// In cents, as of August 2017.
struct SyntheticPayments {
    std::int64_t made = 0, principal = 0, interest = 0, late_fee = 0, recovered = 0,
                 collection_fee = 0, left = 0, last = 0;
    std::int64_t last_month = 0;  // from January 2016 as 0
    bool goes_on = false;
};

struct SyntheticPerson {
    int employment, home, verification, purpose, kind;
    std::int64_t income_cents, dti_hundredths;
    std::int64_t joint_income = 0, joint_dti_hundredths = 0;
};

struct SyntheticTrouble {
    Months delinquency, revolving_delinquency, card_delinquency, derogatory, record;
    std::int64_t delinquencies, accounts_late, very_late, ninety_days, now, now_dollars,
        thirty_days, bankruptcies, liens, records, collections, charge_offs, collection_dollars;
};

struct SyntheticInquiries {
    Months since;
    std::int64_t half_year, year, finance;
};

struct SyntheticAccounts {
    std::int64_t cards_active, cards_open, cards, revolvers_active, revolvers_open, revolvers;
    std::int64_t installments_open, installments, mortgages, mortgages_open, open, total;
    std::int64_t credit_unions;
    std::int64_t revolvers_year, revolvers_two_years, installments_year, installments_two_years;
    std::int64_t half_year, year, two_years;
    std::int64_t since_revolver, oldest_revolver, since_any, oldest;
    Months since_installment, oldest_installment, since_card;
};

// In dollars; shares in tenths of a percent.
struct SyntheticBalances {
    std::int64_t revolving, revolving_limit, revolving_used;
    std::int64_t cards, card_limit, card_used, largest_card, nearly_full;
    std::int64_t installments, installment_limit, mortgages, mortgage_limit;
    bool knows_installment_use = false;
};

struct SyntheticApplicant {
    SyntheticLoan loan;
    SyntheticPayments payments;
    SyntheticPerson person;
    SyntheticTrouble trouble;
    SyntheticInquiries inquiries;
    SyntheticAccounts accounts;
    SyntheticBalances balances;

    static SyntheticApplicant draw(const TraitModel& model, RandomBits& random);
};

// What is paid each month: the annuity formula, rounded up to the cent as LendingClub does.
std::int64_t installment_cents(const SyntheticLoan& loan);

}  // namespace loanstream

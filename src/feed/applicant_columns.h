// The 111 columns of LendingClub's 2016 download, and a synthetic application as their texts, as
// that file has them (" 36 months", "  6.99%", "31.6%", nothing for what is missing). The texts are
// plain ASCII that neither JSON nor CSV has to escape. Owned by the generator; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "feed/synthetic_applicant.h"

namespace loanstream {

inline constexpr int kApplicantColumns = 111;
extern const std::array<std::string_view, kApplicantColumns> kApplicantColumnNames;
int applicant_column(std::string_view name);  // the name must be one of them

class ApplicantTexts {
public:
    void fill(const SyntheticApplicant& applicant, std::int64_t member, RandomBits& random);
    std::string_view operator[](int column) const {
        auto i = static_cast<std::size_t>(column);
        return std::string_view(bytes_).substr(ends_[i], ends_[i + 1] - ends_[i]);
    }

private:
    void add_loan(const SyntheticApplicant& applicant, std::int64_t member);
    void add_person(const SyntheticApplicant& applicant, std::int64_t member, RandomBits& random);
    void add_history(const SyntheticApplicant& applicant);
    void add_payments(const SyntheticApplicant& applicant, RandomBits& random);
    void add_joint(const SyntheticApplicant& applicant);
    void add_openings(const SyntheticApplicant& applicant);
    void add_ages(const SyntheticApplicant& applicant);
    void add_counts(const SyntheticApplicant& applicant, RandomBits& random);

    void text(std::string_view text);
    void none() { text({}); }
    void whole(std::int64_t number);
    void months(Months months);
    void tenths(std::int64_t number, std::string_view unit = {});  // "31.6", "29"
    void hundredths(std::int64_t number);                          // "336.64", "229.5", "21"
    void cents(std::int64_t number);                               // always two decimals
    void month(std::int64_t from_january);                         // of 2016: "Mar-2016"
    void append(std::int64_t number);
    void append_cents(std::int64_t number);
    void end() { ends_[static_cast<std::size_t>(++count_)] = bytes_.size(); }

    std::string bytes_;
    std::array<std::size_t, kApplicantColumns + 1> ends_{};
    int count_ = 0;
};

}  // namespace loanstream

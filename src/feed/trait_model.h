// Draws the traits of an applicant together: normal deviates correlated as in real applications,
// each turned into a count or an amount by that trait's own distribution (a Gaussian copula).
// Owned by the generator; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "feed/applicant_statistics.h"
#include "feed/random_bits.h"

namespace loanstream {

class TraitValues {
public:
    static constexpr double kNever = std::numeric_limits<double>::infinity();
    double& operator[](applicant_statistics::Trait trait) { return values_[trait]; }
    double amount(applicant_statistics::Trait trait) const { return values_[trait]; }
    bool is_never(applicant_statistics::Trait trait) const { return values_[trait] == kNever; }
    // To the nearest; not to be asked where it is never.
    std::int64_t whole(applicant_statistics::Trait trait) const {
        return static_cast<std::int64_t>(values_[trait] + 0.5);
    }

private:
    std::array<double, applicant_statistics::kTraits> values_{};
};

class TraitModel {
public:
    TraitModel();
    void draw(RandomBits& random, TraitValues& values) const;

private:
    // Column by column, the lower triangle filled up with zeros: its square is the correlations.
    std::array<double, applicant_statistics::kTraits * applicant_statistics::kTraits> root_{};
};

}  // namespace loanstream

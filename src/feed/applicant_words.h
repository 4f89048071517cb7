// The words of synthetic applications: occupations, titles of loans, states with their first three
// digits of a postal code. The occupations are generic ones, of no real applicant. Constant data.
#pragma once

#include <string>
#include <string_view>

#include "feed/random_bits.h"

namespace loanstream {

void append_occupation(std::string& out, RandomBits& random);

// As LendingClub's own form titles a loan of that purpose.
std::string_view title_of(std::string_view purpose);

struct Place {
    std::string_view state;
    std::int64_t zip;  // first three digits
};
Place place_of_living(RandomBits& random);  // states by their share of real applications

}  // namespace loanstream

// Which rules of a policy can never matter: none of the values that its fields can have satisfies
// them, or another rule always hits where they do. Exact for conditions that compare one field
// with constants; comparisons of several fields are taken as they stand, so that what is reported
// always holds, and not everything that holds is reported. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"

namespace loanstream {

struct RuleFinding {
    std::string place;  // file:line:column
    std::string what, mend;
    std::string line() const { return place + ": " + what + "; " + mend; }
};

std::vector<RuleFinding> find_idle_rules(const Policy& policy);

}  // namespace loanstream

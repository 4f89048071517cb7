// The cleaning verbs of docs/policy.md "[[field]]", each from a value's text to a cell. Pure; any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace loanstream {

// The texts that mean "no value", looked up by length first.
class MissingTexts {
public:
    explicit MissingTexts(std::vector<std::string> texts);
    bool holds(std::string_view trimmed) const {
        return (lengths_ >> (trimmed.size() & 63) & 1) != 0 && found(trimmed);
    }

private:
    bool found(std::string_view trimmed) const;
    std::vector<std::string> texts_;
    std::uint64_t lengths_ = 0;  // bit n: some text has length n modulo 64
};

std::string_view trimmed(std::string_view text);

enum class VerbOutcome { kValue, kMissing, kBad };
VerbOutcome apply_verb(CleaningVerb verb, std::string_view text, const MissingTexts& missing,
                       Cell& out);

}  // namespace loanstream

// Decimal text to double, exactly, by the grammar of docs/policy.md (not JSON's). Pure; any thread.
#pragma once

#include <string_view>

namespace loanstream {

// [+-]? (digits [. digits?] | . digits) ([eE] [+-]? digits)? at the start of the text. Gives the
// bytes it took, 0 when no number stands there or it is infinite; minus zero becomes zero.
std::size_t read_number(std::string_view text, double& out);

}  // namespace loanstream

// Numbers and texts as the evidence and the ids show them (docs/policy.md "Numbers as text").
// Each writes at `out`, which has room, and gives the end. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace loanstream {

inline constexpr std::size_t kLongestNumber = 32;
inline constexpr std::size_t kLongestOneDecimal = 320;

// The shortest form that reads back exactly; whole numbers below 1e16 without decimals.
char* write_number(char* out, double number);

// With exactly one decimal, correctly rounded.
char* write_one_decimal(char* out, double number);

// A JSON string with its quotes; needs 6 * size + 2 bytes. The text is valid UTF-8.
char* write_json_string(char* out, std::string_view text);

}  // namespace loanstream

// One value of a row that another program wrote, as `table compare` sees it: the same number
// compares equal whether it comes as INT, FLOAT, DECIMAL or text ("65000.0" and 65000), and empty
// text is a missing value. Values, views into the reader's batch; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace loanstream {

struct InputValue {
    enum class Kind : std::uint8_t { kMissing, kWhole, kNumber, kText };
    Kind kind = Kind::kMissing;
    std::int64_t whole = 0;
    double number = 0;
    std::string_view text;

    static InputValue of(std::int64_t whole) { return {Kind::kWhole, whole, 0, {}}; }
    static InputValue of(double number) { return {Kind::kNumber, 0, number, {}}; }
    // A FLOAT is taken for the decimal text that it is shown as: 0.1f is 0.1.
    static InputValue of(float number);
    static InputValue of(std::string_view text);

    std::string shown() const;  // "null" where it is missing; long text cut, on one line
};

// A value in eight bytes: numbers below 2^53 as they are, everything else as 51 bits of a hash.
// Equal values have equal cells.
using PackedValue = std::uint64_t;
inline constexpr PackedValue kMissingValue = 0x7FF8'0000'0000'0001;
PackedValue packed(const InputValue& value);
bool is_number(PackedValue cell);
double number_of(PackedValue cell);  // of one that is a number

// Appends the value as part of a key: whole and decimal numbers exactly, however they are written.
// Digits with leading zeros, or with an exponent but no point ("12e4"), are text: ids look so.
// False: it is missing.
bool append_key(std::string& key, const InputValue& value);

// 96 bits of a hash of a key: of 10 million keys two are alike with a chance of 10^-15.
struct KeyHash {
    std::uint64_t high = 0;
    std::uint32_t low = 0;
};
KeyHash hash_of_key(std::string_view key);

}  // namespace loanstream

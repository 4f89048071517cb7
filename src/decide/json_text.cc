#include "decide/json_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace loanstream {

namespace {

// Below it a decimal of this many digits stands for one double only, so that a decimal which
// reads back exactly is the shortest one once its trailing zeros are gone.
constexpr double kFifteenDigits = 1e15;

char* write_whole(char* out, std::int64_t number) {
    return std::to_chars(out, out + kLongestNumber, number).ptr;
}

char* write_fraction(char* out, std::uint64_t digits, int decimals) {
    for (int i = decimals - 1; i >= 0; --i) {
        out[i] = static_cast<char>('0' + digits % 10);
        digits /= 10;
    }
    return out + decimals;
}

// Two decimals hold most of what applications carry; nullptr: this number needs more.
char* write_hundredths(char* out, double magnitude) {
    double scaled = std::nearbyint(magnitude * 100);
    if (!(scaled < kFifteenDigits) || scaled / 100 != magnitude) return nullptr;
    auto hundredths = static_cast<std::uint64_t>(scaled);
    out = write_whole(out, static_cast<std::int64_t>(hundredths / 100));
    *out++ = '.';
    std::uint64_t rest = hundredths % 100;
    return rest % 10 == 0 ? write_fraction(out, rest / 10, 1) : write_fraction(out, rest, 2);
}

}  // namespace

char* write_number(char* out, double number) {
    double magnitude = std::fabs(number);
    if (magnitude < 1e16 && number == static_cast<double>(static_cast<std::int64_t>(number)))
        return write_whole(out, static_cast<std::int64_t>(number));
    if (number < 0) *out++ = '-';
    if (char* end = write_hundredths(out, magnitude)) return end;
    auto form = magnitude >= 1e-4 && magnitude < 1e16 ? std::chars_format::fixed
                                                      : std::chars_format::scientific;
    return std::to_chars(out, out + kLongestNumber, magnitude, form).ptr;
}

char* write_one_decimal(char* out, double number) {
    double scaled = number * 10;
    double nearest = std::nearbyint(scaled);
    // Near a tie only the exact value of the double can tell.
    if (std::fabs(number) < 1e6 && std::fabs(scaled - nearest) < 0.499999) {
        auto tenths = static_cast<std::uint64_t>(std::fabs(nearest));
        if (std::signbit(number)) *out++ = '-';
        out = write_whole(out, static_cast<std::int64_t>(tenths / 10));
        *out++ = '.';
        return write_fraction(out, tenths % 10, 1);
    }
    return std::to_chars(out, out + kLongestOneDecimal, number, std::chars_format::fixed, 1).ptr;
}

char* write_json_string(char* out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    *out++ = '"';
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && c != '"' && c != '\\') [[likely]] {
            *out++ = c;
            continue;
        }
        *out++ = '\\';
        switch (c) {
            case '"':
            case '\\': *out++ = c; break;
            case '\b': *out++ = 'b'; break;
            case '\f': *out++ = 'f'; break;
            case '\n': *out++ = 'n'; break;
            case '\r': *out++ = 'r'; break;
            case '\t': *out++ = 't'; break;
            default:
                std::memcpy(out, "u00", 3);
                out[3] = kHex[byte >> 4];
                out[4] = kHex[byte & 15];
                out += 5;
        }
    }
    *out++ = '"';
    return out;
}

}  // namespace loanstream

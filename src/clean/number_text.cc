#include "clean/number_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace loanstream {

namespace {

// Powers of ten that a double holds exactly.
constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr std::uint64_t kMostExact = 1ull << 53;

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool read_slowly(const char* begin, const char* end, double& out) {
    if (*begin == '+') ++begin;
    auto [stopped, status] = std::from_chars(begin, end, out);
    // Too large or too small for from_chars, which does not say which: strtod does.
    if (status == std::errc::result_out_of_range)
        out = std::strtod(std::string(begin, end).c_str(), nullptr);
    out += 0.0;
    return std::isfinite(out);
}

}  // namespace

std::size_t read_number(std::string_view text, double& out) {
    const char *begin = text.data(), *end = begin + text.size(), *at = begin;
    bool minus = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) ++at;
    std::uint64_t digits = 0;
    const char* first = at;
    while (at < end && is_digit(*at)) digits = digits * 10 + static_cast<unsigned>(*at++ - '0');
    auto count = at - first;
    long power = 0;
    if (at < end && *at == '.') {
        const char* point = at++;
        while (at < end && is_digit(*at)) digits = digits * 10 + static_cast<unsigned>(*at++ - '0');
        power = -(at - point - 1);
        count += at - point - 1;
    }
    if (count == 0) return 0;
    if (at < end && (*at == 'e' || *at == 'E')) {
        const char* exponent = at + 1;
        if (exponent < end && (*exponent == '+' || *exponent == '-')) ++exponent;
        if (exponent < end && is_digit(*exponent)) {
            while (exponent < end && is_digit(*exponent)) ++exponent;
            at = exponent;
            count = 99;  // rare: the slow way
        }
    }
    auto taken = static_cast<std::size_t>(at - begin);
    // Exact operands and one rounding give the nearest double (Clinger 1990).
    if (count <= 19 && digits <= kMostExact && power >= -22) {
        double value = static_cast<double>(digits) / kPowers[-power];
        out = minus && value != 0 ? -value : value;
        return taken;
    }
    return read_slowly(begin, at, out) ? taken : 0;
}

}  // namespace loanstream

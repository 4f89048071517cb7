#include "decide/json_text.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

namespace loanstream {
namespace {

std::string number(double value) {
    char text[kLongestNumber];
    return std::string(text, write_number(text, value));
}

std::string one_decimal(double value) {
    char text[kLongestOneDecimal];
    return std::string(text, write_one_decimal(text, value));
}

TEST(JsonText, NumbersAsPythonWritesThem) {
    struct Case {
        double value;
        const char* text;
    };
    const Case cases[] = {
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {-1, "-1"},
        {100000, "100000"},
        {0.5, "0.5"},
        {-0.25, "-0.25"},
        {10.65, "10.65"},
        {162.87, "162.87"},
        {0.1, "0.1"},
        {0.01, "0.01"},
        {0.001, "0.001"},
        {0.0001, "0.0001"},
        {0.00001, "1e-05"},
        {0.000012345, "1.2345e-05"},
        {1e15, "1000000000000000"},
        {9999999999999998.0, "9999999999999998"},
        {1e16, "1e+16"},
        {1.5e300, "1.5e+300"},
        {-1.5e-300, "-1.5e-300"},
        {123456789.125, "123456789.125"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {4.35, "4.35"},
        {1e13 + 0.25, "10000000000000.25"},
        {99999999999999.98, "99999999999999.98"},
        {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
        {std::numeric_limits<double>::denorm_min(), "5e-324"},
        {-std::numeric_limits<double>::max(), "-1.7976931348623157e+308"},
    };
    for (const auto& test : cases) EXPECT_EQ(number(test.value), test.text);
}

TEST(JsonText, NumbersReadBackExactly) {
    std::mt19937_64 random(11);
    for (int i = 0; i < 40'000; ++i) {
        double value = std::bit_cast<double>(random());
        if (i % 2 == 0)
            value = static_cast<double>(static_cast<std::int64_t>(random() >> 20)) / 100;
        if (!std::isfinite(value)) continue;
        std::string text = number(value);
        EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
        char shortest[40];
        int digits = 1;
        do std::snprintf(shortest, sizeof shortest, "%.*e", digits - 1, value);
        while (std::strtod(shortest, nullptr) != value && ++digits <= 17);
        std::size_t count = 0;
        std::string mantissa = text.substr(0, text.find('e'));
        mantissa.erase(0, mantissa.find_first_not_of("-0."));
        while (mantissa.find('.') == mantissa.npos && mantissa.ends_with('0')) mantissa.pop_back();
        for (char c : mantissa) count += c >= '0' && c <= '9';
        EXPECT_LE(count, static_cast<std::size_t>(digits)) << text << " " << shortest;
    }
}

TEST(JsonText, OneDecimalAsPrintfWritesIt) {
    std::mt19937_64 random(12);
    auto expected = [](double value) {
        char text[400];
        std::snprintf(text, sizeof text, "%.1f", value);
        return std::string(text);
    };
    for (double value : {0.0, -0.0, 0.05, 0.15, 0.25, 0.35, -0.04, -0.05, 1.25, 2.5, 99.95, 1e6,
                         999999.95, 1e15, 1e300, -1e300, 0.049999999999999996})
        EXPECT_EQ(one_decimal(value), expected(value));
    for (int i = 0; i < 100'000; ++i) {
        double value = (static_cast<double>(random() >> 11) - 0x1p52) / 0x1p44;
        if (i % 2 == 0)
            value = static_cast<double>(static_cast<int>(random() % 200'000) - 100'000) / 20;
        EXPECT_EQ(one_decimal(value), expected(value));
    }
}

}  // namespace
}  // namespace loanstream

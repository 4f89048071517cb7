#include "base/time_text.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

TEST(TimeText, TimesAreUtc) {
    struct Case {
        const char* text;
        std::int64_t ms;
    };
    for (const auto& [text, ms] : {Case{"1970-01-01", 0}, Case{"2026-11-23", 1795392000000},
                                   Case{"2026-11-23T10:00:00Z", 1795428000000},
                                   Case{"2024-02-29T23:59:59", 1709251199000}}) {
        auto time = parse_time(text);
        ASSERT_TRUE(time) << text;
        EXPECT_EQ(time->value, ms) << text;
    }
    for (const char* wrong : {"2026-02-30", "2026-11-23T25:00:00Z", "2026-11-23 10:00:00",
                              "2026-11-23T10:00:00+01:00", "2026-11-2", "-5", "2026-11-23Z1"})
        EXPECT_FALSE(parse_time(wrong)) << wrong;
}

}  // namespace
}  // namespace loanstream

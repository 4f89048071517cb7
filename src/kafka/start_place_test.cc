#include "kafka/start_place.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

TEST(StartPlace, EachFormIsRead) {
    EXPECT_EQ(StartPlace::parse("earliest")->kind, StartPlace::Kind::kEarliest);
    EXPECT_EQ(StartPlace::parse("latest")->kind, StartPlace::Kind::kLatest);
    EXPECT_EQ(StartPlace::parse("time:1700000000123")->time, EpochMs(1700000000123));
    EXPECT_EQ(StartPlace::parse("group:1")->group, "1");
}

TEST(StartPlace, OtherWordsAreRefused) {
    for (const char* wrong : {"", "Latest", "group:", "time:", "time:monday", "offset:3"}) {
        auto place = StartPlace::parse(wrong);
        ASSERT_FALSE(place) << wrong;
        EXPECT_EQ(place.error().code, ErrorCode::kUsage) << wrong;
    }
}

TEST(StartPlace, TimesAreUtc) {
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

TEST(StartPlace, OffsetsFromLines) {
    auto place = StartPlace::from_csv("partition,offset\r\n0,1500\n\n3,0\n", "o.csv");
    ASSERT_TRUE(place) << place.error().line();
    EXPECT_EQ(place->offsets, (std::map<std::int32_t, Offset>{{0, Offset(1500)}, {3, Offset(0)}}));
}

TEST(StartPlace, WrongLinesAreNamed) {
    struct Case {
        const char* bytes;
        const char* where;
    };
    for (const auto& [bytes, where] :
         {Case{"0,1\n0,2\n", "o.csv:2"}, Case{"0,1\nx,2\n", "o.csv:2"},
          Case{"0,1\n1,-2\n", "o.csv:2"}, Case{"partition,offset\n", "o.csv"}, Case{"", "o.csv"}}) {
        auto place = StartPlace::from_csv(bytes, "o.csv");
        ASSERT_FALSE(place) << bytes;
        EXPECT_EQ(place.error().where, where) << bytes;
    }
}

}  // namespace
}  // namespace loanstream

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

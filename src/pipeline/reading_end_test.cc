#include "pipeline/reading_end.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace loanstream {
namespace {

RawBatch batch() {
    RawBatch made;
    made.range = {Offset(10), Offset(20)};
    for (int i : {10, 11, 14, 19}) {
        RawRecord record;
        record.offset = Offset(i);
        record.event_ms = i == 11 ? -1 : 1000 + i;
        made.records.push_back(record);
    }
    return made;
}

struct Case {
    const char* text;
    bool ends;
    std::int64_t next;
    std::size_t records;
};

TEST(ReadingEnd, CutsWhatLiesBehind) {
    for (const Case& one : {Case{"21", false, 20, 4},
                            {"20", true, 20, 4},
                            {"19", true, 19, 3},
                            {"15", true, 15, 3},
                            {"12", true, 12, 2},
                            {"10", true, 10, 0},
                            {"3", true, 10, 0},
                            {"time:2000", false, 20, 4},
                            {"time:1019", true, 19, 3},
                            {"time:1011", true, 14, 2},
                            {"time:0", true, 10, 0}}) {
        SCOPED_TRACE(one.text);
        RawBatch cut = batch();
        auto end = ReadingEnd::parse(one.text);
        ASSERT_TRUE(end) << end.error().line();
        EXPECT_EQ(cut_at(*end, cut), one.ends);
        EXPECT_EQ(cut.range.begin, Offset(10));
        EXPECT_EQ(cut.range.next, Offset(one.next));
        EXPECT_EQ(cut.records.size(), one.records);
    }
}

TEST(ReadingEnd, RefusesWhatIsNeither) {
    for (const char* text : {"", "-1", "5x", "time:", "time:yesterday", "latest"}) {
        auto end = ReadingEnd::parse(text);
        ASSERT_FALSE(end) << text;
        EXPECT_EQ(end.error().code, ErrorCode::kUsage);
    }
    EXPECT_FALSE(ReadingEnd{}.is_set());
}

TEST(EndTogether, OnlyWhenAllAreThereAtOneTime) {
    EndTogether end(2);
    EXPECT_FALSE(end.all_at_end(0, true));
    EXPECT_FALSE(end.all_at_end(0, false));
    EXPECT_FALSE(end.all_at_end(1, true));
    EXPECT_TRUE(end.all_at_end(0, true));
    EXPECT_TRUE(end.all_at_end(1, false));
}

}  // namespace
}  // namespace loanstream

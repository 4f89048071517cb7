#include "log/layout.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

TEST(Layout, Paths) {
    Layout layout("/data/warehouse/");
    TablePart part{{"prediction", "2026-11-23"}, 3};
    EXPECT_EQ(layout.entry(7), "/data/warehouse/_loanstream/log/00000000000000000007.json");
    EXPECT_EQ(layout.final_file(part, "x.parquet"),
              "/data/warehouse/prediction/dt=2026-11-23/part=3/x.parquet");
    EXPECT_EQ(layout.staged_file("x.parquet"), "/data/warehouse/_loanstream/staging/x.staged");
    EXPECT_EQ(layout.retired(part),
              "/data/warehouse/_loanstream/retired/prediction/dt=2026-11-23/part=3");
    EXPECT_EQ(layout.partition_lock("a-1", PartitionId(2)),
              "/data/warehouse/_loanstream/locks/a-1-2.lock");
    EXPECT_EQ(layout.delivered("decisions-d"), "/data/warehouse/_loanstream/delivered/decisions-d");
}

TEST(Layout, EntryNumbers) {
    EXPECT_EQ(entry_number("00000000000000000007.json"), 7u);
    EXPECT_EQ(entry_number("18446744073709551615.json"), ~0ULL);
    for (const char* name : {"", "7.json", "0000000000000000000x.json", "00000000000000000007.tmp",
                             "18446744073709551616.json", "000000000000000000007.json"})
        EXPECT_EQ(entry_number(name), std::nullopt) << name;
}

TEST(Layout, TemporaryNames) {
    std::string path = Layout("/w").temporary("loan01.4711", 255);
    EXPECT_EQ(path, "/w/_loanstream/staging/temporary-loan01.4711-00000000000000ff");
    EXPECT_EQ(temporary_member("temporary-loan01.4711-00000000000000ff"), "loan01.4711");
    EXPECT_EQ(temporary_member("temporary-00000000000000ff"), std::nullopt);
    EXPECT_EQ(temporary_member("prediction-t-0-1-0-3-00000000000000ff.staged"), std::nullopt);
}

TEST(DataFileName, RoundTrips) {
    for (const char* topic : {"fintech_pyspark", "a-b-1-2", "x.y", "-", "1"}) {
        DataFileName name{"dead_letters",           topic,   PartitionId(3), Epoch(12),
                          {Offset(0), Offset(700)}, 0xabcULL};
        for (const char* ending : {"", ".parquet", ".staged"}) {
            auto parsed = DataFileName::parse(name.base() + ending);
            ASSERT_TRUE(parsed) << name.base();
            EXPECT_EQ(*parsed, name);
        }
    }
}

TEST(DataFileName, LongTopicsStayBelowALimit) {
    std::string topic(200, 'x');
    DataFileName name{"dead_letters",
                      topic_in_name(topic),
                      PartitionId(2147483647),
                      Epoch(999999),
                      {Offset(0), Offset(9'000'000'000'000'000)},
                      ~0ULL};
    EXPECT_LE(name.base().size() + 8, 255u);
    EXPECT_EQ(DataFileName::parse(name.base()), name);
    EXPECT_NE(topic_in_name(topic), topic_in_name(topic + "y"));
}

TEST(DataFileName, RefusesOthers) {
    for (const char* name :
         {"", "x", "prediction-t-0-1-0-3", "prediction-t-0-1-5-3-00000000000000ff",
          "prediction-t-0-1-0-3-00000000000000fg", "prediction-t-0-1-0-3-00000000000000ff.tmp",
          "prediction-t-0-1-0-03-00000000000000ff", "prediction-0-1-0-3-00000000000000ff",
          "Prediction-t-0-1-0-3-00000000000000ff", "-t-0-1-0-3-00000000000000ff",
          "prediction-t-99999999999-1-0-3-00000000000000ff", "temporary-abc-00000000000000ff"})
        EXPECT_EQ(DataFileName::parse(name), std::nullopt) << name;
}

TEST(Days, OfInstants) {
    EXPECT_EQ(day_of(EpochMs(0)), "1970-01-01");
    EXPECT_EQ(day_of(EpochMs(1795391999999)), "2026-11-22");
    EXPECT_EQ(day_of(EpochMs(1795392000000)), "2026-11-23");
    for (const char* good : {"2026-11-23", "2024-02-29"}) EXPECT_TRUE(is_day(good)) << good;
    for (const char* bad : {"2026-11-31", "2023-02-29", "2026-1-23", "2026-11-2x", "", "x"})
        EXPECT_FALSE(is_day(bad)) << bad;
}

}  // namespace
}  // namespace loanstream

#include "table/decision_file.h"

#include <gtest/gtest.h>

#include "table/table_world.h"

namespace loanstream {

using namespace table_world;

namespace {

struct Written {
    MemoryEnv env;
    LocalFileStore files{env};
    BatchFixture batches;
    Written() { EXPECT_TRUE(env.make_folders("/o")); }

    std::string write(const std::string& path, const TableDeclaration& table,
                      const BatchShape& shape, int times = 1) {
        auto file = DecisionFile::create(env, path, *format_of(path), table, "tested 1");
        if (!file) {
            ADD_FAILURE() << file.error().line();
            return {};
        }
        for (int i = 0; i < times; ++i)
            EXPECT_TRUE((*file)->write(batches.batch(kZero, Offset(i * shape.records), shape),
                                       EpochMs(1234)));
        EXPECT_FALSE(env.files().contains(path)) << "seen before it is whole";
        EXPECT_TRUE((*file)->finish());
        EXPECT_EQ(env.files().size(), 1u) << "something else is left";
        return env.files()[path];
    }
};

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

}  // namespace

TEST(DecisionFile, Csv) {
    Written w;
    auto lines = lines_of(w.write("/o/a.csv", prediction_table(), {.records = 3}));
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_TRUE(lines[0].starts_with("annual_inc,data,funded_amnt,member_id,status,"));
    EXPECT_EQ(lines[2],
              "20001,0.00010027073,1001,,review,applicants-0-1,0.0001002707309736288,301,,,,,,"
              "\"{\"\"in\"\":{\"\"annual_inc\"\":20001}}\",,model,tested," +
                  w.batches.policy->hash + ",tested_model," + w.batches.policy->model_hash +
                  ",tested 1,applicants,0,1,,,,1700000000001,1234");
}

TEST(DecisionFile, JsonlOfRejectsKeepsTheirBytes) {
    Written w;
    auto lines =
        lines_of(w.write("/o/a.jsonl", dead_letters_table(), {.records = 4, .reject_every = 2}));
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[1],
              "{\"source_topic\":\"applicants\",\"source_partition\":0,\"source_offset\":2,"
              "\"origin_topic\":null,\"origin_partition\":null,\"origin_offset\":null,"
              "\"stage\":\"decode\",\"reason\":\"not_json\",\"field\":null,"
              "\"detail\":\"at byte 3\",\"raw\":\"{\\\"n\\\": 2}\",\"event_ms\":1700000000002,"
              "\"decided_ms\":1234,\"policy\":\"tested\",\"policy_hash\":\"" +
                  w.batches.policy->hash + "\",\"program\":\"tested 1\"}");
}

TEST(DecisionFile, ParquetHoldsAllRowsOverRowGroups) {
    Written w;
    w.write("/o/a.parquet", prediction_table(), {.records = 30'000}, 3);
    auto scan = TableScan::open(w.files, "/o/a.parquet", prediction_table());
    ASSERT_TRUE(scan) << scan.error().line();
    EXPECT_EQ((*scan)->rows(), 90'000);
    auto rows = (*scan)->read({"source_offset", "status"}, 65'534, 4);
    ASSERT_EQ(rows->size(), 4u);
    EXPECT_EQ((*rows)[3][0], "65537");
}

TEST(DecisionFile, AnEmptyOneIsWhole) {
    Written w;
    w.write("/o/a.parquet", dead_letters_table(), {.records = 3});
    EXPECT_EQ((*TableScan::open(w.files, "/o/a.parquet", dead_letters_table()))->rows(), 0);
}

TEST(DecisionFile, LeavesNothingWhenItIsNotFinished) {
    Written w;
    ASSERT_TRUE(
        DecisionFile::create(w.env, "/o/a.csv", DecisionFormat::kCsv, prediction_table(), "t"));
    EXPECT_TRUE(w.env.files().empty());
}

TEST(DecisionFile, RefusesWhatItCannotWrite) {
    MemoryEnv env;
    EXPECT_FALSE(format_of("a.xlsx"));
    EXPECT_FALSE(DecisionFile::create(env, "-", DecisionFormat::kParquet, prediction_table(), "t"));
}

}  // namespace loanstream

#include "table/table_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "table/columns.h"
#include "table/decision_file.h"
#include "table/table_world.h"

namespace loanstream {

namespace {

using testing::HasSubstr;

// Files of this machine: the CSV reader knows no other.
struct Folder {
    std::unique_ptr<Env> env = make_system_env();
    LocalFileStore files{*env};
    std::string path = testing::TempDir() + "compare-" + std::to_string(env->random());
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() { std::filesystem::remove_all(path); }

    std::string write(const std::string& name, const std::string& text) {
        std::string file = path + "/" + name;
        std::filesystem::create_directories(folder_of(file));
        std::ofstream(file) << text;
        return file;
    }
    Result<ComparisonReport> compare(const std::string& before, const std::string& after,
                                     const CompareRequest& request) {
        TRY(auto one, find_row_files(*env, files, before));
        TRY(auto other, find_row_files(*env, files, after));
        return compare_tables(files, one, other, request);
    }
    ComparisonReport of(const std::string& before, const std::string& after,
                        CompareRequest request = {{"k"}, {}, 1e-6, 10}) {
        auto report = compare(write("a.csv", before), write("b.csv", after), request);
        EXPECT_TRUE(report) << report.error().line();
        return report.value_or(ComparisonReport{});
    }
};

std::string keys_of(const std::vector<ComparedExample>& examples) {
    std::string text;
    for (const auto& example : examples) text += (text.empty() ? "" : " ") + example.key;
    return text;
}

std::string key_of(const InputValue& value) {
    std::string key;
    EXPECT_TRUE(append_key(key, value));
    return key;
}

InputValue text(std::string_view value) { return InputValue::of(value); }

}  // namespace

TEST(InputValue, NumbersAreEqualHoweverTheyAreWritten) {
    for (auto [one, other] : std::vector<std::pair<const char*, const char*>>{
             {"65000.0", "65000"},
             {" 65000", "65000"},
             {"6.5E4", "65000"},
             {"1e-05", "0.00001"},
             {"-0", "0.0"},
             {"007", "7"},
             {"9007199254740993.0", "9007199254740993"},
             {"4.0004999E7", "40004999"}})
        EXPECT_EQ(packed(text(one)), packed(text(other))) << one;
    EXPECT_EQ(packed(text("65000.0")), packed(InputValue::of(std::int64_t{65000})));
    EXPECT_EQ(packed(text("0.1")), packed(InputValue::of(0.1f)));
    EXPECT_EQ(packed(text("0.1")), packed(InputValue::of(0.1)));
    EXPECT_EQ(packed(text("")), kMissingValue);
    for (auto [one, other] :
         std::vector<std::pair<const char*, const char*>>{{"1", "2"},
                                                          {"a", "b"},
                                                          {"a", "a "},
                                                          {"0", ""},
                                                          {"NaN", ""},
                                                          {"inf", ""},
                                                          {"9007199254740992", "9007199254740993"},
                                                          {"12 000", "12000"}})
        EXPECT_NE(packed(text(one)), packed(text(other))) << one;
    EXPECT_FALSE(is_number(packed(text("x"))));
    EXPECT_FALSE(is_number(kMissingValue));
    EXPECT_TRUE(is_number(packed(text("-1"))));
}

TEST(InputValue, KeysAreExact) {
    for (auto [one, other] : std::vector<std::pair<const char*, const char*>>{
             {"40004999.0", "40004999"},
             {"4.0004999E7", "40004999"},
             {"0.50", "0.5"},
             {"1.5E-3", "0.0015"},
             {"-0.0", "0"},
             {"+7", "7"},
             {"7.", "7"},
             {"123456789012345678901.0", "123456789012345678901"}})
        EXPECT_EQ(key_of(text(one)), key_of(text(other))) << one;
    EXPECT_EQ(key_of(InputValue::of(40004999.0)), key_of(text("40004999")));
    EXPECT_EQ(key_of(InputValue::of(1e20)), key_of(text("100000000000000000000")));
    // Ids of digits that are no numbers.
    for (auto [one, other] : std::vector<std::pair<const char*, const char*>>{
             {"007", "7"}, {"12e4", "120000"}, {"a", "b"}, {"1-2", "12"}})
        EXPECT_NE(key_of(text(one)), key_of(text(other))) << one;
    std::string key;
    EXPECT_FALSE(append_key(key, text("")));
}

TEST(TableComparison, AlikeWhateverTheOrderOfRowsAndColumns) {
    Folder folder;
    auto report = folder.of("k,data,status\n1,0.1,approved\n2,,review\n",
                            "status,k,data\nreview,2.0,\napproved,1,0.10000000001\n");
    EXPECT_TRUE(report.same()) << report.text();
    EXPECT_EQ(report.verdict(), "SAME: 2 rows of 2 keys, alike in 2 columns");
    EXPECT_THAT(report.text(), HasSubstr("money is not compared: no funded_amnt in both\n"));
}

TEST(TableComparison, StatusMovesMoney) {
    Folder folder;
    auto report = folder.of(
        "k,status,funded_amnt\n1,approved,1000\n2,approved,2000.50\n3,declined,400\n4,,70\n",
        "k,status,funded_amnt\n1,declined,1000\n2,approved,2000.5\n3,approved,500\n4,odd,70\n");
    EXPECT_EQ(report.statuses, (std::vector<std::string>{"approved", "declined", "null", "odd"}));
    EXPECT_EQ(report.status_changed, 3);
    const StatusMove* move = report.move("declined", "approved");
    ASSERT_NE(move, nullptr);
    EXPECT_EQ(move->funded_old, 40000);
    EXPECT_EQ(move->funded_new, 50000);
    EXPECT_EQ(keys_of(move->examples), "3");
    EXPECT_EQ(report.approved_old, 300050);
    EXPECT_EQ(report.approved_new, 250050);
    EXPECT_THAT(report.text(), HasSubstr("approved money: 3,000.50 old, 2,500.50 new, -500 net\n"));
    EXPECT_THAT(report.text(), HasSubstr("400 -> 500"));
    EXPECT_THAT(report.text(), HasSubstr("funded_amnt: 1 of 4 rows change\n  3: 400 -> 500\n"));
}

TEST(TableComparison, ScoresBeyondTheTolerance) {
    Folder folder;
    std::string before = "k,data,other\n", after = before;
    for (int i = 1; i <= 100; ++i) {
        before += std::to_string(i) + ",0.5,0.5\n";
        after += std::to_string(i) + "," + std::to_string(0.5 + i * 1e-6) + ",0.5\n";
    }
    auto report = folder.of(before + "101,,1\n", after + "101,0.1,1\n");
    EXPECT_EQ(report.score.changed, 100);  // the first is within 1e-6 * 1.5
    EXPECT_EQ(report.score.only_new, 1);
    EXPECT_NEAR(report.score.largest, 100e-6, 1e-9);
    EXPECT_NEAR(report.score.mean, 51e-6, 1e-9);
    EXPECT_NEAR(report.score.median, 51e-6, 1e-9);
    EXPECT_NEAR(report.score.ninety, 90e-6, 1.5e-6);
    EXPECT_EQ(keys_of(report.score.examples), "101 100 99 98 97 96 95 94 93 92");
    EXPECT_EQ(folder.of(before, after, {{"k"}, {}, 1e-3, 10}).score.changed, 0);
    // No other number has a tolerance: money is exact.
    EXPECT_EQ(folder.of("k,annual_inc\n1,65000\n", "k,annual_inc\n1,65000.01\n").rows_changed, 1);
}

TEST(TableComparison, RepeatedKeys) {
    Folder folder;
    auto report =
        folder.of("k,v\n1,a\n1,b\n2,a\n2,b\n3,a\n", "k,v\n1,a\n2,b\n1,b\n2,a\n3,a\n3,a\n");
    EXPECT_EQ(report.before.repeated_keys, 2);
    EXPECT_EQ(keys_of(report.before.repeated), "1 2");
    EXPECT_EQ(keys_of(report.after.repeated), "1 2 3");
    EXPECT_EQ(report.keys_with_unequal_rows, 1);
    EXPECT_THAT(report.text(), HasSubstr("1 key in another number of rows, not compared:\n"
                                         "  3: 1 -> 2\n"));
    EXPECT_EQ(report.rows_compared, 4);  // in order of appearance: key 2 differs, key 1 does not
    EXPECT_EQ(report.rows_changed, 2);
    EXPECT_TRUE(folder.of("k,v\n1,a\n1,b\n", "k,v\n1,a\n1,b\n").same());
    // Many rows of one key stay in their order, whatever lies between them.
    std::string alone = "k,v\n", among = "k,v\n";
    for (int i = 0; i < 1000; ++i) {
        std::string row = "1," + std::to_string(i) + "\n";
        alone += row;
        among += row;
        for (int j = 0; j < 30; ++j) among += std::to_string(2 + i * 30 + j) + ",x\n";
    }
    EXPECT_EQ(folder.of(alone, among).rows_changed, 0);
    // Every way to write a null.
    EXPECT_TRUE(folder.of("k,v\n1,\n2,NULL\n3,null\n4,\\N\n", "k,v\n1,\"\"\n2,\n3,\n4,\n").same());
}

TEST(TableComparison, KeysOfOneSideAndRowsWithoutKey) {
    Folder folder;
    auto report = folder.of("k,status,funded_amnt\n1,approved,5\n,approved,1\n2,review,1\n",
                            "k,status,funded_amnt\n3,approved,7\n2,review,1\n");
    EXPECT_EQ(keys_of(report.before.only_here), "1");
    EXPECT_EQ(keys_of(report.after.only_here), "3");
    EXPECT_EQ(report.after.approved_only_here, 700);
    EXPECT_EQ(report.before.rows_without_key, 1);
    EXPECT_THAT(report.text(), HasSubstr("without key in " + folder.path + "/a.csv: row 2\n"));
    EXPECT_EQ(report.verdict(),
              "DIFFERS: 1 key only in old, 1 key only in new, 1 row of old without key, not "
              "compared");
    // A feed without the key in any row is not "same".
    EXPECT_FALSE(folder.of("k,v\n,1\n", "k,v\n,1\n").same());
}

TEST(TableComparison, KeysOfSeveralColumns) {
    Folder folder;
    CompareRequest request{{"t", "k"}, {"v"}, 1e-6, 10};
    auto report =
        folder.of("t,k,v,w\na,11,1,1\na1,1,2,2\n", "t,k,v,w\na,11,1,9\na1,1,3,2\n", request);
    EXPECT_EQ(report.rows_compared, 2);
    ASSERT_EQ(report.changes.size(), 1u);
    EXPECT_EQ(keys_of(report.changes[0].examples), "a1,1");
}

TEST(TableComparison, TenThousandsOfRowsInAnyOrder) {
    Folder folder;
    constexpr int kRows = 60'000, kStep = 7919;  // a prime: every row once, far from its place
    std::string before = "k,v\n", after = "k,v\n";
    for (int i = 0; i < kRows; ++i) {
        before += std::to_string(i) + "," + std::to_string(i) + "\n";
        int other = static_cast<int>(static_cast<long>(i) * kStep % kRows);
        if (other == 123) continue;
        after +=
            std::to_string(other) + "," + std::to_string(other % 1000 == 7 ? -1 : other) + "\n";
    }
    auto report = folder.of(before, after, {{"k"}, {}, 1e-6, 3});
    EXPECT_EQ(report.rows_compared, kRows - 1);
    EXPECT_EQ(report.rows_changed, 60);
    EXPECT_EQ(keys_of(report.changes[0].examples), "7 1007 2007");
    EXPECT_EQ(report.changes[0].examples[2].was, "2007");
    EXPECT_EQ(report.changes[0].examples[2].is, "-1");
    EXPECT_EQ(keys_of(report.before.only_here), "123");
}

TEST(TableComparison, ParquetAgainstCsv) {
    using namespace table_world;
    MemoryEnv memory;
    LocalFileStore stored(memory);
    ASSERT_TRUE(memory.make_folders("/o"));
    BatchFixture batches;
    auto write = [&](const std::string& path) {
        auto file = DecisionFile::create(memory, path, *format_of(path), prediction_table(), "t");
        ASSERT_TRUE(
            (*file)->write(batches.batch(kZero, Offset(0), {.records = 20'000}), EpochMs(5)));
        ASSERT_TRUE((*file)->finish());
    };
    write("/o/a.csv");
    write("/o/a.parquet");
    Folder folder;
    folder.write("a.csv", memory.files()["/o/a.csv"]);
    folder.write("a.parquet", memory.files()["/o/a.parquet"]);
    auto report = folder.compare(folder.path + "/a.csv", folder.path + "/a.parquet",
                                 {{"source_offset"}, {}, 1e-6, 10});
    ASSERT_TRUE(report) << report.error().line();
    EXPECT_TRUE(report->same()) << report->text();
    EXPECT_EQ(report->rows_compared, 20'000);
    EXPECT_EQ(report->columns.size(), prediction_table().columns.size() - 1);
}

TEST(RowFiles, FoldersAndPatterns) {
    Folder folder;
    folder.write("t/dt=1/part-0.csv", "k,v\n1,a\n");
    folder.write("t/dt=2/part-0.csv", "k,w,v\n2,x,b\n");
    folder.write("t/dt=2/part-1.csv", "");  // as Spark writes one without rows
    folder.write("t/_SUCCESS", "");
    folder.write("t/_temporary/part-9.csv", "k,v\n9,z\n");
    folder.write("t/.part-0.csv.crc", "x");
    auto found = find_row_files(*folder.env, folder.files, folder.path + "/t");
    ASSERT_TRUE(found) << found.error().line();
    EXPECT_EQ(found->paths.size(), 2u);
    EXPECT_EQ(found->columns, (std::vector<std::string>{"k", "v"}));
    auto matched = find_row_files(*folder.env, folder.files, folder.path + "/t/dt=*/*-0.csv");
    ASSERT_TRUE(matched) << matched.error().line();
    EXPECT_EQ(matched->paths, found->paths);
    for (const char* none : {"/none", "/t/*.parquet", "/t/_temporary/x", "/t/_SUCCESS"})
        EXPECT_FALSE(find_row_files(*folder.env, folder.files, folder.path + none)) << none;
    folder.write("w/warehouse/_loanstream/x", "");
    EXPECT_THAT(find_row_files(*folder.env, folder.files, folder.path + "/w").error().line(),
                HasSubstr("is a warehouse of loanstream"));
}

TEST(RowFiles, WhatCannotBeReadSaysWhere) {
    Folder folder;
    std::string good = folder.write("good.csv", "k,v\n1,a\n");
    auto line_of = [&](const std::string& name, const std::string& bytes) {
        auto report = folder.compare(folder.write(name, bytes), good, {{"k"}, {}, 1e-6, 10});
        return report ? "none" : report.error().line();
    };
    EXPECT_THAT(line_of("a.csv", "k,v\n1,a\n2,b,c\n"),
                HasSubstr("a.csv:3: 3 values in a row of 2"));
    EXPECT_THAT(line_of("b.csv", "k,k\n"), HasSubstr("b.csv:1: column 'k' stands twice"));
    EXPECT_THAT(line_of("c.csv", ""), HasSubstr("is empty, without a header"));
    EXPECT_THAT(line_of("d.parquet", "PAR1 no"), HasSubstr("d.parquet: Parquet: "));
    EXPECT_THAT(line_of("e.csv", "v\n1\n"), HasSubstr("no column 'k'; --key takes of these: v"));
    EXPECT_EQ(line_of("f.csv", "\xEF\xBB\xBFk,v\n\n1,a\n"), "none");
}

TEST(ComparisonReport, PageEscapesWhatTheFilesSay) {
    Folder folder;
    auto report =
        folder.of("k,status,<i>\n<b>&\"',approved,1\n", "k,status,<i>\n<b>&\"',<script>,2\n");
    std::string page = report.html();
    EXPECT_EQ(page.find("<b>"), page.npos);
    EXPECT_EQ(page.find("<script"), page.npos);
    EXPECT_EQ(page.find("<i>"), page.npos);
    EXPECT_EQ(page.find("http"), page.npos);
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
    EXPECT_THAT(page, HasSubstr("&lt;b&gt;&amp;&quot;&#39;"));
    EXPECT_THAT(page, HasSubstr("prefers-color-scheme: dark"));
}

}  // namespace loanstream

#include "table/sql.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "table/batch_fixture.h"
#include "table/query_words.h"
#include "table/table_sink.h"
#include "table/table_world.h"

namespace loanstream {

using namespace table_world;

namespace {

// A warehouse on this disk, and duckdb over it.
class SqlTest : public testing::Test {
protected:
    void SetUp() override {
        const char* chosen = std::getenv("LOANSTREAM_DUCKDB");
        duckdb_ = chosen != nullptr ? chosen : LOANSTREAM_DUCKDB_PATH;
        if (duckdb_.empty()) GTEST_SKIP() << "no duckdb: LOANSTREAM_DUCKDB is not set";
        folder_ = testing::TempDir() + "sql [it's *]" + std::to_string(env_->random());
        auto opened = Warehouse::open(*env_, files_, in_folder(folder_ + "/warehouse"));
        ASSERT_TRUE(opened) << opened.error().line();
        warehouse_ = std::move(*opened);
    }
    void TearDown() override {
        if (!folder_.empty()) std::filesystem::remove_all(folder_);
    }
    void land(std::int64_t records) {
        TableSinkSettings settings;
        settings.program = "tested 1";
        TableSink sink(*env_, *warehouse_, settings);
        ASSERT_TRUE(sink.claim(kZero));
        ASSERT_TRUE(
            sink.write(batches_.batch(kZero, Offset(0), {.records = records, .reject_every = 5})));
        ASSERT_TRUE(sink.commit());
    }
    // What duckdb prints on both outputs, and its status.
    std::pair<int, std::string> query(const std::string& text, SqlForm form = SqlForm::kCsv) {
        std::string path = folder_ + "/output";
        int output = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        auto status = run_sql(*env_, *warehouse_, {duckdb_, text, form, output, output});
        ::close(output);
        if (!status) return {-1, status.error().line()};
        std::stringstream all;
        all << std::ifstream(path).rdbuf();
        return {*status, all.str()};
    }
    std::vector<std::string> beside() {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder_))
            names.push_back(entry.path().filename());
        std::ranges::sort(names);
        return names;
    }

    std::unique_ptr<Env> env_ = make_system_env();
    LocalFileStore files_{*env_};
    BatchFixture batches_;
    std::string duckdb_, folder_;
    std::unique_ptr<Warehouse> warehouse_;
};

}  // namespace

TEST_F(SqlTest, CountsWhatTheLogNamesAndCleansUp) {
    land(20);
    auto [status, out] = query(
        "select count(*) as n, min(dt) = strftime(epoch_ms(min(decided_ms)), '%Y-%m-%d') as same, "
        "max(part) as part, typeof(min(dt)) as dt_type from prediction");
    EXPECT_EQ(out, "n,same,part,dt_type\n16,true,0,VARCHAR\n");
    EXPECT_EQ(status, 0);
    EXPECT_EQ(query("from dead_letters select count(*) as n", SqlForm::kJson).second,
              "[{\"n\":4}]\n");
    EXPECT_EQ(beside(), (std::vector<std::string>{"output", "warehouse"}));
}

TEST_F(SqlTest, AnEmptyTableHasAllItsColumns) {
    auto [status, out] = query("select count(*) as n from (describe prediction)");
    EXPECT_EQ(out, "n\n" + std::to_string(prediction_table().columns.size() + 2) + "\n");
    EXPECT_EQ(query("select sum(annual_inc) as s, count(dt) as n from prediction").second,
              "s,n\nNULL,0\n");
    EXPECT_EQ(query("select count(raw) as n from dead_letters").second, "n\n0\n");
}

TEST_F(SqlTest, OnlyReads) {
    land(20);
    std::string before = warehouse_->live_files()->front().sha256;
    for (const char* text :
         {"copy prediction to 'out.csv'", "select 1; copy (select 1) to 'x.parquet'",
          "drop view prediction", ".shell id", ".output x", "attach 'x.db'", "install httpfs"}) {
        auto [status, out] = query(text);
        EXPECT_EQ(status, -1) << text << ": " << out;
    }
    for (const char* text : {"select * from read_csv('/etc/passwd')",
                             "select * from read_text('../../warehouse/_loanstream/log/*')",
                             "select getenv('HOME')", "select nothing from prediction"}) {
        auto [status, out] = query(text);
        EXPECT_EQ(status, 1) << text << ": " << out;
    }
    EXPECT_EQ(beside(), (std::vector<std::string>{"output", "warehouse"}));
}

TEST_F(SqlTest, FoldersOfTheDeadAreRemovedAndThoseOfTheLivingStay) {
    land(5);
    std::string dead = folder_ + "/warehouse.reading-1", living = folder_ + "/warehouse.reading-2";
    ASSERT_TRUE(env_->make_folders(dead + "/1/prediction/dt=x/part=0"));
    ASSERT_TRUE(env_->make_folders(living));
    std::ofstream(dead + "/1/prediction/dt=x/part=0/file") << "x";
    auto lock = env_->try_lock(living + "/lock");
    ASSERT_TRUE(lock && *lock);
    EXPECT_EQ(query("select 1 as n").second, "n\n1\n");
    EXPECT_EQ(beside(), (std::vector<std::string>{"output", "warehouse", "warehouse.reading-2"}));
}

TEST(OnlyReads, LooksAtTheFirstWordOfEachStatement) {
    struct Case {
        const char* query;
        bool good;
    };
    for (const Case& c :
         {Case{"SELECT 1", true}, Case{"-- copy\n/* drop */ with a as (select 1) from a;", true},
          Case{"(select 1)", true}, Case{"select ';drop'; from prediction", true},
          Case{"explain analyze select 1", true},
          Case{"explain (analyze, format json) select 1", true}, Case{"select $$; copy x$$", true},
          Case{"", false}, Case{" ; -- nothing", false}, Case{"copy prediction to 'x'", false},
          Case{"select 1; COPY a TO 'x'", false}, Case{"explain analyze copy a to 'x'", false},
          Case{"select 'it''s'; drop view a", false},
          Case{"select $a$ $a$; export database 'x'", false},
          Case{"select \"a\"\"b\"; set x=1", false}, Case{".shell id", false},
          Case{"'select'", false}})
        EXPECT_EQ(check_only_reads(c.query).has_value(), c.good) << c.query;
}

}  // namespace loanstream

#include "table/prove.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/memory_env.h"
#include "table/parquet_file.h"
#include "table/prove_positions.h"
#include "table/row_buffers.h"
#include "table/table_world.h"

namespace loanstream {

using namespace table_world;

namespace {

// A topic that holds what was written, and can be cut or grow.
struct FakeTopic : SourceCounter {
    std::vector<Extent> extents;
    std::int64_t missing = 0;  // records that the topic has more than offsets say
    Result<std::vector<Extent>> partitions(const std::string&) override { return extents; }
    Result<std::int64_t> count(const SourcePartition&, OffsetRange range) override {
        return range.next - range.begin + missing;
    }
};

// Two partitions, three commits, rejects among them.
struct Landed : World {
    FakeTopic topic;
    Landed() {
        claim(kZero, 0);
        claim(kOne, 0);
        for (int i = 0; i < 3; ++i) {
            write(kZero, i * 20, {.records = 20, .reject_every = 7});
            write(kOne, i * 10, {.records = 10});
            commit();
        }
        topic.extents = {{kZero, Offset(0), Offset(60)}, {kOne, Offset(0), Offset(30)}};
    }
    ProveReport proved(ProveRequest request = {}) {
        auto report = prove(env, files, "/w", request, &topic);
        EXPECT_TRUE(report) << report.error().line();
        return report.value_or(ProveReport{});
    }
    LiveFile file_of(const char* table, std::int64_t begin) {
        for (auto& file : live())
            if (file.place.day.table == table && file.ranges[0].source == kZero &&
                file.ranges[0].range.begin.value == begin)
                return file;
        ADD_FAILURE() << "no file";
        return {};
    }
    std::string path(const LiveFile& file) { return *warehouse->locate(file); }
    std::string entry(std::uint64_t number) { return warehouse->layout().entry(number); }
    std::string bytes(const std::string& at) { return env.files()[at]; }
    // The file with other rows: [begin, begin + records) of partition 0.
    void rewrite(const LiveFile& file, std::int64_t begin, std::int64_t records, bool twice) {
        const auto& batch = batches.batch(kZero, Offset(begin), {.records = records});
        RowBuffers rows(prediction_table());
        rows.append(batch, 0, batch.decisions.size(), {env.now(), "tested 1"});
        if (twice) rows.append(batch, 0, 1, {env.now(), "tested 1"});
        std::string at = path(file);
        ASSERT_TRUE(env.remove_file(at));
        auto made = ParquetFile::create(files, at, prediction_table(), Codec::kZstd);
        ASSERT_TRUE((*made)->write_group(rows.columns()));
        ASSERT_TRUE((*made)->finish({}));
    }
};

struct Sabotage {
    const char* name;
    std::function<void(Landed&)> plant;
    std::string letter;
    std::string told;  // part of the first failure
};

std::vector<Sabotage> sabotages_of_files() {
    return {
        {"file deleted",
         [](Landed& w) { ASSERT_TRUE(w.env.remove_file(w.path(w.file_of("prediction", 20)))); },
         "b", "the log names this file and it is gone"},
        {"byte flipped",
         [](Landed& w) {
             auto at = w.path(w.file_of("prediction", 20));
             auto bytes = w.bytes(at);
             bytes[100] = static_cast<char>(bytes[100] ^ 1);
             w.env.overwrite(at, bytes);
         },
         "b", "its checksum is not the one in the log"},
        {"file cut",
         [](Landed& w) {
             auto at = w.path(w.file_of("dead_letters", 20));
             w.env.overwrite(at, w.bytes(at).substr(0, 50));
         },
         "b", "50 bytes, and the log says"},
        {"row removed", [](Landed& w) { w.rewrite(w.file_of("prediction", 20), 22, 16, false); },
         "b", "bytes, and the log says"},
        {"row doubled", [](Landed& w) { w.rewrite(w.file_of("prediction", 20), 22, 16, true); },
         "b", "bytes, and the log says"},
        {"foreign file",
         [](Landed& w) {
             auto file = w.file_of("prediction", 0);
             w.env.overwrite(w.warehouse->layout().part(file.place) + "/stranger.parquet",
                             w.bytes(w.path(file)));
         },
         "c", "stranger.parquet: the log does not name it"},
        {"foreign folder",
         [](Landed& w) {
             ASSERT_TRUE(w.env.make_folders("/w/dead_letters/dt=2023-99-99"));
             w.env.overwrite("/w/dead_letters/dt=2023-99-99/x.parquet", "");
         },
         "c", "dead_letters/dt=2023-99-99: the log does not name it"},
    };
}

std::vector<Sabotage> sabotages_of_the_log() {
    return {
        {"middle log entry removed", [](Landed& w) { ASSERT_TRUE(w.env.remove_file(w.entry(3))); },
         "a", "3"},
        {"last log entry removed",
         [](Landed& w) { ASSERT_TRUE(w.env.remove_file(w.entry(w.warehouse->last_number()))); },
         "c", "the log does not name it"},
        {"first log entry removed", [](Landed& w) { ASSERT_TRUE(w.env.remove_file(w.entry(0))); },
         "a", ""},
        {"all log entries removed",
         [](Landed& w) {
             for (std::uint64_t n = 0; n <= w.warehouse->last_number(); ++n)
                 ASSERT_TRUE(w.env.remove_file(w.entry(n)));
         },
         "a", ""},
        {"log entry edited",
         [](Landed& w) {
             auto bytes = w.bytes(w.entry(4));
             auto at = bytes.find("\"rows\":");
             ASSERT_NE(at, bytes.npos);
             bytes[at + 7] = bytes[at + 7] == '9' ? '8' : '9';
             w.env.overwrite(w.entry(4), bytes);
         },
         "a", "00000000000000000004.json"},
        {"log entries swapped",
         [](Landed& w) {
             auto third = w.bytes(w.entry(3)), fourth = w.bytes(w.entry(4));
             w.env.overwrite(w.entry(3), fourth);
             w.env.overwrite(w.entry(4), third);
         },
         "a", "00000000000000000003.json"},
    };
}

std::vector<Sabotage> sabotages_of_versions_and_topic() {
    return {
        {"policy gone",
         [](Landed& w) {
             ASSERT_TRUE(w.env.remove_file(
                 w.warehouse->layout().version(w.batches.policy->files[0].sha256)));
         },
         "b", "a policy or model that rows were decided by is gone"},
        {"model changed",
         [](Landed& w) {
             w.env.overwrite(w.warehouse->layout().version(w.batches.policy->model_hash), "x");
         },
         "b", "versions/"},
        {"topic cut", [](Landed& w) { w.topic.extents[0].watermark = Offset(59); }, "e",
         "the topic ends at offset 59 and the table has come to 60"},
        {"records lost to retention",
         [](Landed& w) { w.topic.extents[0] = {kZero, Offset(61), Offset(70)}; }, "e",
         "offsets 60 to 60 went from the topic before they were decided"},
        {"topic counts other records", [](Landed& w) { w.topic.missing = 1; }, "e",
         "the topic holds 61 records in offsets 0 to 59 and the table 60"},
    };
}

}  // namespace

TEST(Prove, AWholeWarehouseIsProved) {
    Landed world;
    ProveReport report = world.proved({.complete = true});
    EXPECT_TRUE(report.proved) << report.text();
    EXPECT_EQ(report.positions, 90);
    EXPECT_EQ(report.steps.size(), 5u);
    EXPECT_TRUE(
        report.text().ends_with("PROVED: each of 90 records stands exactly once in the table\n"))
        << report.text();
    EXPECT_NE(report.json().find("\"proved\": true"), std::string::npos);
}

class ProveSabotage : public testing::TestWithParam<std::vector<Sabotage> (*)()> {};

TEST_P(ProveSabotage, IsFoundWithItsPlace) {
    for (const auto& sabotage : GetParam()()) {
        SCOPED_TRACE(sabotage.name);
        Landed world;
        sabotage.plant(world);
        ProveReport report = world.proved();
        EXPECT_FALSE(report.proved);
        ASSERT_FALSE(report.failures.empty());
        EXPECT_EQ(report.failures[0].substr(0, 1), sabotage.letter) << report.failures[0];
        EXPECT_NE(report.failures[0].find(sabotage.told), std::string::npos) << report.failures[0];
        EXPECT_NE(report.text().find("NOT PROVED: " + report.failures[0]), std::string::npos);
        EXPECT_EQ(report.text().find("\nPROVED"), std::string::npos);
    }
}

INSTANTIATE_TEST_SUITE_P(All, ProveSabotage,
                         testing::Values(&sabotages_of_files, &sabotages_of_the_log,
                                         &sabotages_of_versions_and_topic));

TEST(Prove, LagIsReportedAndFailsOnlyWhenCompleteIsAsked) {
    Landed world;
    world.topic.extents[1].watermark = Offset(35);
    ProveReport report = world.proved();
    EXPECT_TRUE(report.proved) << report.text();
    ASSERT_EQ(report.lag.size(), 1u);
    EXPECT_EQ(report.lag[0].records, 5);
    EXPECT_FALSE(world.proved({.complete = true}).proved);
}

TEST(Prove, APartitionThatWasNeverClaimedIsLag) {
    Landed world;
    world.topic.extents.push_back(
        {{"applicants", Incarnation(0), PartitionId(2)}, Offset(0), Offset(4)});
    EXPECT_TRUE(world.proved().proved);
    EXPECT_FALSE(world.proved({.complete = true}).proved);
}

TEST(Prove, WhatRetentionTookAfterItWasDecidedIsOnlyNotCounted) {
    Landed world;
    world.topic.extents[0].first = Offset(25);
    ProveReport report = world.proved({.complete = true});
    EXPECT_TRUE(report.proved) << report.text();
    EXPECT_NE(report.text().find("65 records counted again, 25 no longer there to count"),
              std::string::npos)
        << report.text();
}

TEST(Prove, AcceptedLossesHold) {
    Landed world;
    const auto* state = world.warehouse->state().partition({"applicants", PartitionId(0)});
    ASSERT_TRUE(world.warehouse->append(
        LostEntry{kZero, state->epoch, {Offset(60), Offset(65)}, "retention", "operator"}));
    world.topic.extents[0] = {kZero, Offset(65), Offset(65)};
    EXPECT_TRUE(world.proved({.complete = true}).proved);
}

TEST(Prove, HoldsAcrossCheckpointsAndHoles) {
    World world;
    world.claim(kZero, 0);
    for (int i = 0; i < 230; ++i) {
        world.write(kZero, i * 4, {.records = 4, .reject_every = 9, .hole_every = 5});
        world.commit();
    }
    auto report = prove(world.env, world.files, "/w", {}, nullptr);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->proved) << report->text();
    EXPECT_EQ(report->positions, 920 - 184);
}

TEST(Prove, QuickLeavesPositionsOut) {
    Landed world;
    ProveReport report = world.proved({.quick = true});
    EXPECT_TRUE(report.proved);
    EXPECT_EQ(report.steps.size(), 3u);
    EXPECT_EQ(report.positions, 0);
}

TEST(Prove, NoWarehouseIsAnErrorAndNotAnAnswer) {
    MemoryEnv env;
    LocalFileStore files(env);
    auto report = prove(env, files, "/nowhere", {}, nullptr);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::kNotFound);
}

// Step d alone, as if log and checksums had been forged along with the rows.
TEST(ProvePositions, FindsWhatChecksumsDoNot) {
    struct Case {
        const char* name;
        std::int64_t begin, records;
        bool twice;
        const char* told;
    };
    for (const Case& c : {Case{"row removed", 20, 19, false, "rows of applicants/0, and the log"},
                          Case{"row doubled", 20, 20, true, "applicants/0@20 stands here a"},
                          Case{"row of the other table", 20, 20, false, "a second time"},
                          Case{"row of another range", 21, 20, false, "outside the file's"}}) {
        SCOPED_TRACE(c.name);
        Landed world;
        world.rewrite(world.file_of("prediction", 20), c.begin, c.records, c.twice);
        std::string told;
        auto tell = [&](const std::string& place, const std::string& what) {
            told += place + ": " + what;
        };
        auto counts = prove_positions(*world.warehouse, world.live(), {}, tell);
        ASSERT_TRUE(counts);
        EXPECT_NE(told.find(c.told), std::string::npos) << told;
    }
}

}  // namespace loanstream

#include "table/table_sink.h"

#include <gtest/gtest.h>

#include "table/table_world.h"

namespace loanstream {

using namespace table_world;

TEST(TableSink, LandsDecisionsAndRejectsOfTwoPartitionsInOneEntry) {
    World world;
    world.claim(kZero, 0);
    world.claim(kOne, 0);
    world.write(kZero, 0, {.records = 10, .reject_every = 5});
    world.write(kOne, 0, {.records = 7});
    world.write(kZero, 10, {.records = 5, .reject_every = 5});
    EXPECT_EQ(world.sink->pending().rows, 22);
    auto before = world.warehouse->last_number();
    Receipt receipt = world.commit();
    EXPECT_EQ(world.warehouse->last_number(), before + 1);
    ASSERT_EQ(receipt.landed().size(), 2u);
    EXPECT_EQ(receipt.landed()[0].range, (OffsetRange{Offset(0), Offset(15)}));
    EXPECT_EQ(receipt.landed()[0].decided, 12);
    EXPECT_EQ(receipt.landed()[0].rejected, 3);
    EXPECT_EQ(receipt.landed()[1].records, 7);
    EXPECT_EQ(world.sink->pending().rows, 0);

    auto files = world.live();
    ASSERT_EQ(files.size(), 3u);
    for (const auto& file : files) {
        auto scan = world.scan(file);
        EXPECT_EQ(scan->rows(), file.rows);
        EXPECT_EQ(file.ranges.size(), 1u);
    }
    EXPECT_EQ(world.staged(), 0u);
}

TEST(TableSink, RowsComeBackAsDecided) {
    World world;
    world.claim(kZero, 0);
    const auto& batch = world.batches.batch(kZero, Offset(0), {.records = 8, .reject_every = 4});
    ASSERT_TRUE(world.sink->write(batch));
    world.commit();
    std::map<std::string, LiveFile> files;
    for (const auto& file : world.live()) files[file.place.day.table] = file;

    auto scan = world.scan(files["prediction"]);
    auto rows = scan->read(
        {"annual_inc", "member_id", "status", "reason_1", "reason_4", "reason_5", "application_id",
         "evidence", "rule", "source_topic", "source_offset", "origin_topic", "model", "program"},
        0, 100);
    ASSERT_TRUE(rows) << rows.error().line();
    ASSERT_EQ(rows->size(), 6u);
    for (std::size_t i = 0; i < rows->size(); ++i) {
        const auto& row = (*rows)[i];
        const Decision& d = batch.decisions[i];
        EXPECT_EQ(row[0], std::to_string(d.annual_inc));
        EXPECT_EQ(row[1], std::nullopt);
        EXPECT_EQ(row[2], name_of(d.status));
        EXPECT_EQ(row[3].has_value(), d.reason_count > 0);
        if (d.reason_count > 0) {
            EXPECT_EQ(row[3], world.batches.policy->reasons[d.reasons[0]].code);
        }
        EXPECT_EQ(row[4].has_value(), d.reason_count == 4);
        EXPECT_EQ(row[5].has_value(), d.has_inquiry_reason);
        EXPECT_EQ(row[6], d.application_id);
        EXPECT_EQ(row[7], d.evidence);
        EXPECT_EQ(row[8].has_value(), d.rule >= 0);
        EXPECT_EQ(row[9], "applicants");
        EXPECT_EQ(row[10], std::to_string(batch.raw->records[d.record].offset.value));
        EXPECT_EQ(row[11], std::nullopt);
        EXPECT_EQ(row[12], "tested_model");
        EXPECT_EQ(row[13], "tested 1");
    }
    auto dead = world.scan(files["dead_letters"])
                    ->read({"reason", "raw", "detail", "field", "source_offset"}, 0, 100);
    ASSERT_EQ(dead->size(), 2u);
    EXPECT_EQ((*dead)[1], (TextRow{"not_json", "{\"n\": 4}", "at byte 3", std::nullopt, "4"}));
}

TEST(TableSink, FootersCarryTheRange) {
    World world;
    world.claim(kZero, 0);
    world.write(kZero, 0, {.records = 3});
    world.commit();
    std::map<std::string, std::string> footer;
    for (auto& [key, value] : world.scan(world.live()[0])->metadata()) footer[key] = value;
    EXPECT_EQ(footer["loanstream.format"], "1");
    EXPECT_EQ(footer["loanstream.table"], "prediction");
    EXPECT_EQ(footer["loanstream.ranges"],
              "[{\"topic\":\"applicants\",\"partition\":0,\"incarnation\":0,\"epoch\":1,"
              "\"begin\":0,\"next\":3,\"records\":3,\"decided\":3,\"rejected\":0,\"policy\":\"" +
                  world.batches.policy->hash + "\",\"model\":\"" +
                  world.batches.policy->model_hash + "\"}]");
}

TEST(TableSink, MemoryIsBoundedByRowGroupsAndTheFileTakesItsRangesName) {
    World world({.most_buffered_bytes = 20'000});
    world.claim(kZero, 0);
    world.claim(kOne, 0);
    for (int i = 0; i < 10; ++i) {
        world.write(kZero, i * 50, {.records = 50, .evidence_bytes = 200});
        world.write(kOne, i * 5, {.records = 5, .evidence_bytes = 200});
    }
    EXPECT_GT(world.staged(), 0u);
    world.commit();
    EXPECT_EQ(world.staged(), 0u);
    for (const auto& file : world.live()) {
        EXPECT_EQ(DataFileName::parse(file.name)->range, file.ranges[0].range);
        auto rows = world.scan(file)->read({"source_offset", "evidence"}, 0, 1000);
        ASSERT_EQ(rows->size(), static_cast<std::size_t>(file.rows));
        for (std::size_t i = 0; i < rows->size(); ++i) EXPECT_EQ((*rows)[i][0], std::to_string(i));
    }
}

TEST(TableSink, ANewDayCommitsWhatWaitsAndDecidedMsNeverRunsBackwards) {
    World world;
    world.claim(kZero, 0);
    world.write(kZero, 0, {.records = 2});
    std::string today = day_of(world.env.now());
    world.env.advance(std::chrono::hours(24));
    EXPECT_TRUE(world.sink->wants_commit());
    world.write(kZero, 2, {.records = 3});
    EXPECT_TRUE(world.sink->wants_commit());
    Receipt receipt = world.commit();
    ASSERT_EQ(receipt.landed().size(), 2u);
    EXPECT_EQ(receipt.landed()[1].range.begin, Offset(2));
    std::vector<std::string> days;
    for (const auto& file : world.live()) days.push_back(file.place.day.dt);
    EXPECT_EQ(days, (std::vector<std::string>{today, day_of(world.env.now())}));

    std::int64_t last = world.env.now().value;
    world.env.advance(-std::chrono::hours(24));
    world.start();
    world.claim(kZero, 5);
    world.write(kZero, 5, {.records = 1});
    world.commit();
    auto rows = world.scan(world.live().back())->read({"decided_ms"}, 0, 10);
    EXPECT_EQ((*rows)[0][0], std::to_string(last));
}

TEST(TableSink, AChangeOfPolicyStartsAnotherRange) {
    World world;
    world.claim(kZero, 0);
    world.write(kZero, 0, {.records = 2});
    std::string first = world.batches.policy->hash;
    world.batches = BatchFixture();
    auto& policy = *world.batches.policy;
    policy.files[0].bytes += "# changed\n";
    policy.files[0].sha256 = sha256_hex(policy.files[0].bytes);
    policy.hash = sha256_hex(policy.files[0].sha256 + " tested.toml\n");
    world.write(kZero, 2, {.records = 2});
    EXPECT_EQ(world.commit().landed().size(), 2u);
    EXPECT_EQ(world.warehouse->state().versions().size(), 3u);  // two policies, one model
    for (const auto& hash : {first, policy.hash})
        EXPECT_TRUE(world.warehouse->read_version(hash)) << hash;
}

TEST(TableSink, HolesAloneMakeARangeWithoutFile) {
    World world;
    world.claim(kZero, 0);
    world.write(kZero, 0, {.records = 5, .hole_every = 1});
    EXPECT_EQ(world.commit().landed().size(), 1u);
    EXPECT_TRUE(world.live().empty());
    EXPECT_EQ(world.warehouse->state().quiet().size(), 1u);
    EXPECT_EQ(world.commit().landed().size(), 0u);
}

TEST(TableSink, ReleaseDropsWithoutATrace) {
    World world({.most_buffered_bytes = 100});
    world.claim(kZero, 0);
    world.write(kZero, 0);
    EXPECT_EQ(world.staged(), 1u);
    ASSERT_TRUE(world.sink->release(kZero));
    EXPECT_EQ(world.staged(), 0u);
    EXPECT_EQ(world.sink->pending().rows, 0);
    world.claim(kZero, 0);
}

TEST(TableSink, TheNewOwnerFencesTheOld) {
    World world;
    world.claim(kZero, 0);
    world.claim(kOne, 0);
    world.write(kZero, 0);
    world.write(kOne, 0);
    auto rival = Warehouse::open(world.env, world.files, in_folder("/w"));
    ASSERT_TRUE((*rival)->claim({"applicants", PartitionId(0)}));
    Receipt receipt = world.commit();
    ASSERT_EQ(receipt.fenced().size(), 1u);
    EXPECT_EQ(receipt.fenced()[0], kZero);
    ASSERT_EQ(receipt.landed().size(), 1u);
    EXPECT_EQ(receipt.landed()[0].source, kOne);
    EXPECT_EQ(world.staged(), 0u);
}

TEST(TableSink, SmallOrLateRowsWantACommit) {
    World world({.most_pending_rows = 15});
    world.claim(kZero, 0);
    EXPECT_FALSE(world.sink->wants_commit());
    world.write(kZero, 0, {.records = 14});
    EXPECT_FALSE(world.sink->wants_commit());
    world.write(kZero, 14, {.records = 1});
    EXPECT_TRUE(world.sink->wants_commit());
}

}  // namespace loanstream

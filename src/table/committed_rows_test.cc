#include "table/committed_rows.h"

#include <gtest/gtest.h>

#include <map>

#include "log/merger.h"
#include "table/part_writer.h"
#include "table/sink_message.h"
#include "table/table_world.h"

namespace loanstream {

using namespace table_world;

namespace {

constexpr std::string_view kPrediction = kPredictionTable, kDead = kDeadLettersTable;

struct Outcome {
    std::vector<std::int64_t> offsets;
    std::vector<std::string> values;  // as sinks send them
    std::string error;
};

Outcome read(Warehouse& warehouse, std::string_view table, const SourcePartition& source,
             std::int64_t begin, std::int64_t next) {
    Outcome out;
    bool decisions = table == kPrediction;
    auto rows = CommittedRows::open(warehouse, {table, source, {Offset(begin), Offset(next)}},
                                    decisions ? decision_columns() : dead_letter_columns());
    if (!rows) return {{}, {}, rows.error().line()};
    while (true) {
        auto some = (*rows)->next();
        if (!some) {
            out.error = some.error().line();
            return out;
        }
        if (some->empty()) return out;
        for (const CommittedRow& row : *some) {
            out.offsets.push_back(row.offset.value);
            out.values.push_back(decisions ? decision_message(row.cells, {}).value
                                           : dead_letter_message(row.cells).value);
        }
    }
}

std::unique_ptr<Warehouse> reader_of(World& world) {
    auto opened = Warehouse::open_to_read(world.env, world.files, "/w");
    EXPECT_TRUE(opened) << opened.error().line();
    return std::move(*opened);
}

// Offsets of [begin, next) that become decisions (or, with `dead`, dead letters) of the shape.
std::vector<std::int64_t> expected(const BatchShape& shape, bool dead, std::int64_t begin,
                                   std::int64_t next) {
    std::vector<std::int64_t> out;
    for (std::int64_t o = begin; o < next; ++o) {
        bool hole = shape.hole_every > 0 && o % shape.hole_every == 0;
        bool reject = shape.reject_every > 0 && o % shape.reject_every == 0;
        if (!hole && reject == dead) out.push_back(o);
    }
    return out;
}

constexpr BatchShape kShape{.records = 700, .reject_every = 5, .hole_every = 7};

// Two partitions side by side in each commit.
void land(World& world, int commits, int from = 0) {
    for (int i = from; i < from + commits; ++i) {
        world.write(kZero, i * kShape.records, kShape);
        world.write(kOne, i * kShape.records, kShape);
        world.commit();
    }
}

// Everything that is sealed by now, merged by a member of its own.
void merge(World& world) {
    auto member = Warehouse::open(world.env, world.files, in_folder("/w"));
    ASSERT_TRUE(member);
    auto sealed = (*member)->seal_open_parts();
    ASSERT_TRUE(sealed) << sealed.error().line();
    ParquetPartWriter writer(world.files, {Codec::kZstd, "tested 1", 128 << 20});
    Merger merger(world.env, **member, writer, {std::chrono::milliseconds(0)});
    for (int i = 0; i < 3; ++i) {
        auto round = merger.round();
        ASSERT_TRUE(round) << round.error().line();
        ASSERT_TRUE(round->refused.empty());
        world.env.advance(std::chrono::milliseconds(10));
    }
}

}  // namespace

TEST(CommittedRows, EachRangeOfSmallFiles) {
    World world;
    world.claim(kZero, 0);
    world.claim(kOne, 0);
    land(world, 3);
    auto reader = reader_of(world);
    for (const auto& source : {kZero, kOne})
        for (auto [begin, next] : std::vector<std::pair<std::int64_t, std::int64_t>>{
                 {0, 2100}, {0, 1}, {699, 701}, {700, 1400}, {1, 2099}, {5, 6}, {7, 8}, {3, 3}}) {
            Outcome decided = read(*reader, kPrediction, source, begin, next);
            EXPECT_EQ(decided.error, "");
            EXPECT_EQ(decided.offsets, expected(kShape, false, begin, next))
                << begin << ' ' << next;
            EXPECT_EQ(read(*reader, kDead, source, begin, next).offsets,
                      expected(kShape, true, begin, next));
        }
}

TEST(CommittedRows, MergedRowsAreTheSameBytes) {
    World world;
    world.claim(kZero, 0);
    world.claim(kOne, 0);
    land(world, 3);
    auto reader = reader_of(world);
    std::map<std::pair<std::string_view, SourcePartition>, Outcome> before;
    for (auto table : {kPrediction, kDead})
        for (const auto& source : {kZero, kOne})
            before[{table, source}] = read(*reader, table, source, 0, 2100);
    merge(world);
    auto merged = reader_of(world)->live_files();
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->size(), 2u);
    for (const LiveFile& file : *merged) EXPECT_FALSE(file.generation.empty());
    land(world, 1, 3);  // beside the merged ones
    for (auto table : {kPrediction, kDead})
        for (const auto& source : {kZero, kOne}) {
            // One reader still has the state before the merge, the other has what is after it.
            for (auto* one : {reader.get(), world.warehouse.get()}) {
                Outcome after = read(*one, table, source, 0, 2100);
                EXPECT_EQ(after.error, "");
                EXPECT_EQ(after.offsets, (before[{table, source}].offsets));
                EXPECT_EQ(after.values, (before[{table, source}].values));
            }
            EXPECT_EQ(read(*reader, table, source, 1999, 2800).offsets,
                      expected(kShape, table == kDead, 1999, 2800));
        }
}

// The files that were planned are merged and gone before they are opened.
TEST(CommittedRows, AMergeWhileItReads) {
    World world;
    world.claim(kZero, 0);
    world.claim(kOne, 0);
    land(world, 3);
    auto reader = reader_of(world);
    auto rows = CommittedRows::open(*reader, {kPrediction, kZero, {Offset(10), Offset(2100)}},
                                    decision_columns());
    ASSERT_TRUE(rows);
    std::vector<std::int64_t> offsets;
    for (int i = 0;; ++i) {
        auto some = (*rows)->next();
        ASSERT_TRUE(some) << some.error().line();
        if (some->empty()) break;
        for (const auto& row : *some) offsets.push_back(row.offset.value);
        if (i == 0) merge(world);
    }
    EXPECT_EQ(offsets, expected(kShape, false, 10, 2100));
}

TEST(CommittedRows, RangesWithoutAFile) {
    World world;
    world.claim(kZero, 0);
    world.write(kZero, 0, {.records = 10});
    world.write(kZero, 10, {.records = 5, .hole_every = 1});  // holes alone
    world.commit();
    world.write(kZero, 15, {.records = 5, .hole_every = 1});  // a quiet range
    world.commit();
    ASSERT_TRUE(world.sink->skip_to(kZero, Offset(30), "retention"));
    world.write(kZero, 30, {.records = 5, .reject_every = 1});  // dead letters alone
    world.commit();
    auto reader = reader_of(world);
    EXPECT_EQ(read(*reader, kPrediction, kZero, 0, 35).offsets,
              expected({.records = 10}, false, 0, 10));
    EXPECT_EQ(read(*reader, kPrediction, kZero, 12, 35).error, "");
    EXPECT_EQ(read(*reader, kDead, kZero, 0, 35).offsets.size(), 5u);
}

// What is not committed is never given, and what nobody knows of is no empty range.
TEST(CommittedRows, NothingThatTheLogDoesNotHave) {
    World world;
    world.claim(kZero, 0);
    world.write(kZero, 0);
    world.commit();
    auto reader = reader_of(world);
    world.write(kZero, 10);
    EXPECT_NE(read(*reader, kPrediction, kZero, 0, 20).error.find("what became of each offset"),
              std::string::npos);
    EXPECT_NE(read(*reader, kPrediction, kOne, 0, 1).error, "");
    world.commit();  // read on by itself
    EXPECT_EQ(read(*reader, kPrediction, kZero, 0, 20).offsets.size(), 20u);
}

TEST(CommittedRows, AnotherFileInItsPlaceIsDamage) {
    World world;
    world.claim(kZero, 0);
    world.claim(kOne, 0);
    land(world, 1);
    std::map<SourcePartition, std::string> paths;
    for (const LiveFile& file : world.live())
        if (file.place.day.table == kPrediction)
            paths[file.ranges[0].source] = *world.warehouse->locate(file);
    world.env.overwrite(paths[kZero], world.env.files()[paths[kOne]]);
    EXPECT_NE(read(*world.warehouse, kPrediction, kZero, 0, 700).error.find("out of its place"),
              std::string::npos);
}

}  // namespace loanstream

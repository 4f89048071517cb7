// Merging real Parquet files: no row changes, ranges and footers go with them, and whatever is not
// as the log says is refused.
#include "table/part_writer.h"

#include <nlohmann/json.hpp>

#include "table/table_world.h"

namespace loanstream::table_world {
namespace {

constexpr std::chrono::hours kGrace{1};

struct MergingWorld : World {
    LocalFileStore merge_files{env};
    ParquetPartWriter writer{merge_files, {Codec::kZstd, "tested 1", 128 << 20}};
    std::unique_ptr<Warehouse> own;
    std::unique_ptr<Merger> merger;

    MergingWorld() {
        auto settings = in_folder("/w");
        own = std::move(*Warehouse::open(env, merge_files, settings));
        merger = std::make_unique<Merger>(env, *own, writer, MergeSettings{});
        claim(kZero, 0);
        claim(kOne, 0);
    }
    // Some commits on one day, then the next day.
    void land_a_day() {
        for (int i = 0; i < 6; ++i) {
            write(kZero, i * 50, {.records = 50, .reject_every = 7, .hole_every = 11});
            if (i % 2 == 0) write(kOne, i / 2 * 30, {.records = 30});
            commit();
            env.advance(std::chrono::minutes(1));
        }
        env.advance(std::chrono::hours(26));
    }
    std::vector<TextRow> rows(std::string_view table) {
        std::vector<TextRow> all;
        std::vector<std::string_view> columns;
        for (const auto& column : table_named(table)->columns) columns.push_back(column.name);
        for (const LiveFile& file : live()) {
            if (file.place.day.table != table) continue;
            auto read = scan(file)->read(columns, 0, file.rows);
            EXPECT_TRUE(read) << read.error().line();
            all.insert(all.end(), read->begin(), read->end());
        }
        std::ranges::sort(all);
        return all;
    }
};

TEST(PartWriter, EveryRowGoesOver) {
    MergingWorld world;
    world.land_a_day();
    auto before = world.rows("prediction"), dead = world.rows("dead_letters");
    ASSERT_GT(before.size(), 200u);
    ASSERT_GT(dead.size(), 10u);
    auto round = world.merger->round();
    ASSERT_TRUE(round) << round.error().line();
    ASSERT_EQ(round->merged.size(), 2u);
    ASSERT_TRUE(world.warehouse->reload());
    auto live = world.live();
    ASSERT_EQ(live.size(), 2u);
    EXPECT_EQ(world.rows("prediction"), before);
    EXPECT_EQ(world.rows("dead_letters"), dead);
    for (const LiveFile& file : live) {
        EXPECT_FALSE(file.generation.empty());
        EXPECT_EQ(world.files.stat(*world.warehouse->locate(file)).value()->bytes,
                  static_cast<std::uint64_t>(file.bytes));
    }
    const LiveFile& merged = live[0].place.day.table == kPredictionTable ? live[0] : live[1];
    ASSERT_EQ(merged.ranges.size(), 2u);  // one a source partition
    EXPECT_EQ(merged.ranges[0].range, (OffsetRange{Offset(0), Offset(300)}));
    EXPECT_EQ(merged.ranges[1].range, (OffsetRange{Offset(0), Offset(90)}));
    for (const auto& [key, value] : world.scan(merged)->metadata()) {
        if (key != "loanstream.ranges") continue;
        auto ranges = nlohmann::json::parse(value);
        ASSERT_EQ(ranges.size(), 2u);
        EXPECT_EQ(ranges[0]["begin"], 0);
        EXPECT_EQ(ranges[0]["next"], 300);
        EXPECT_EQ(ranges[0]["decided"],
                  ranges[0]["records"].get<int>() - ranges[0]["rejected"].get<int>());
    }
    world.env.advance(kGrace);
    auto tidy = world.merger->round();
    ASSERT_TRUE(tidy) << tidy.error().line();
    EXPECT_EQ(tidy->tidied, 2);
    EXPECT_EQ(world.rows("prediction"), before);
}

TEST(PartWriter, WhatTheLogDoesNotSayIsRefused) {
    MergingWorld world;
    world.land_a_day();
    std::string path = *world.warehouse->locate(world.live().front());
    std::string bytes = *world.files.read(path, 1 << 20);
    bytes[bytes.size() / 2] ^= 1;
    world.env.overwrite(path, bytes);
    auto round = world.merger->round();
    ASSERT_TRUE(round) << round.error().line();
    ASSERT_EQ(round->refused.size(), 1u);
    const Error& refused = round->refused.front().second;
    EXPECT_EQ(refused.code, ErrorCode::kDamaged);
    EXPECT_NE(refused.where.find(path), std::string::npos) << refused.line();
    EXPECT_EQ(round->merged.size(), 1u);  // the other table's
    EXPECT_TRUE(world.env.list("/w/_loanstream/retired/" + world.live().front().place.text())
                    .value_or(std::vector<FileInfo>{})
                    .empty());
}

TEST(PartWriter, OutputsAreCutAtTheirSize) {
    MergingWorld world;
    world.land_a_day();
    auto before = world.rows("prediction");
    ParquetPartWriter small(world.merge_files, {Codec::kNone, "tested 1", 10'000});
    Merger merger(world.env, *world.own, small, MergeSettings{});
    auto round = merger.round();
    ASSERT_TRUE(round) << round.error().line();
    EXPECT_GT(round->merged.back().outputs, 1);
    ASSERT_TRUE(world.warehouse->reload());
    EXPECT_EQ(world.rows("prediction"), before);
}

}  // namespace
}  // namespace loanstream::table_world

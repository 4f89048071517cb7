// A warehouse with two days, merged and open parts, to be damaged, repaired and copied in tests.
// One thread.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "table/log_repair.h"
#include "table/part_writer.h"
#include "table/prove.h"
#include "table/table_reader.h"
#include "table/table_world.h"

namespace loanstream::table_world {

using Outcome = RepairReport::Outcome;

// A topic that still has everything, or nothing any more.
struct FakeTopic : SourceCounter {
    std::vector<Extent> extents;
    Result<std::vector<Extent>> partitions(const std::string&) override { return extents; }
    Result<std::int64_t> count(const SourcePartition&, OffsetRange range) override {
        return range.next - range.begin;
    }
};

using Rows = std::vector<TextRow>;

// Two days, the first of them sealed and in part merged, then a day with open parts.
struct Landed : World {
    FakeTopic topic;
    RepairRequest request;

    explicit Landed(bool merges = true) {
        claim(kZero, 0);
        claim(kOne, 0);
        for (int i = 0; i < 3; ++i) land(i);
        env.advance(std::chrono::hours(26));
        if (merges) merge();
        EXPECT_TRUE(warehouse->reload());
        for (int i = 3; i < 5; ++i) land(i);
        request.yes = true;
    }
    void land(int i) {
        write(kZero, i * 20, {.records = 20, .reject_every = 7});
        write(kOne, i * 10, {.records = 10, .hole_every = 4});
        commit();
    }
    void merge(std::chrono::milliseconds grace = std::chrono::hours(1)) {
        auto own = std::move(*Warehouse::open(env, files, in_folder("/w")));
        ParquetPartWriter writer(files, {Codec::kZstd, "tested 1", 128 << 20});
        auto round = Merger(env, *own, writer, {grace, 128 << 20}).round();
        ASSERT_TRUE(round) << round.error().line();
    }

    Rows rows(const std::string& folder = "/w") {
        Rows all;
        auto opened = Warehouse::open_to_read(env, files, folder);
        EXPECT_TRUE(opened) << opened.error().line();
        auto now = (*opened)->live_files();
        EXPECT_TRUE(now) << now.error().line();
        for (const LiveFile& file : *now) {
            std::vector<std::string_view> columns;
            for (const auto& column : table_named(file.place.day.table)->columns)
                columns.push_back(column.name);
            auto scan = open_live(**opened, file);
            EXPECT_TRUE(scan) << scan.error().line();
            auto read = (*scan)->read(columns, 0, file.rows);
            all.insert(all.end(), read->begin(), read->end());
        }
        std::ranges::sort(all);
        return all;
    }
    RepairReport repaired() {
        auto report = repair(env, files, "/w", request, &topic);
        EXPECT_TRUE(report) << report.error().line();
        return report.value_or(RepairReport{});
    }
    ProveReport proved() {
        auto report = prove(env, files, "/w", {}, nullptr);
        EXPECT_TRUE(report) << report.error().line();
        return report.value_or(ProveReport{});
    }
    // Everything stays, and new owners go on where the old ones stood.
    void expect_all_there(const Rows& before, Offset zero = Offset(100)) {
        EXPECT_TRUE(proved().proved) << proved().text();
        EXPECT_EQ(rows(), before);
        EXPECT_EQ(repaired().outcome, Outcome::kNothing);
        auto epoch = warehouse->state().partition({"applicants", PartitionId(0)})->epoch;
        start();
        claim(kZero, zero.value);
        claim(kOne, 50);
        EXPECT_GT(warehouse->state().partition({"applicants", PartitionId(0)})->epoch, epoch);
        write(kZero, zero.value, {.records = 20, .reject_every = 7});
        commit();
        EXPECT_TRUE(proved().proved) << proved().text();
    }

    std::string entry(std::uint64_t number) { return warehouse->layout().entry(number); }
    std::uint64_t last() {
        EXPECT_TRUE(warehouse->reload());
        return warehouse->last_number();
    }
    void remove(const std::string& path) { ASSERT_TRUE(env.remove_file(path)) << path; }
    void tear(const std::string& path) { env.overwrite(path, env.files()[path].substr(0, 99)); }
    void remove_log() {
        for (std::uint64_t n = 0, end = last(); n <= end; ++n) (void)env.remove_file(entry(n));
        ASSERT_TRUE(env.remove_folder(warehouse->layout().log()));
    }
    std::vector<std::string> files_with(const std::string& word) {
        std::vector<std::string> paths;
        for (const auto& [path, bytes] : env.files())
            if (path.find(word) != path.npos) paths.push_back(path);
        return paths;
    }
    // The one whose path has all words.
    std::string file_with(const std::string& word, const std::string& other) {
        for (const std::string& path : files_with(word))
            if (path.find(other) != path.npos) return path;
        ADD_FAILURE() << "no file with " << word << " and " << other;
        return {};
    }
    // As others see the warehouse: everything but locks.
    std::map<std::string, std::string> world_now() { return env.files(); }
};

}  // namespace loanstream::table_world

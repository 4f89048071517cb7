// A warehouse in a memory machine for tests: writers that stage tiny files, and the checker of
// what must hold whenever everyone is at rest. Test code; one thread.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/faulty_env.h"
#include "base/memory_env.h"
#include "base/sha256.h"
#include "log/merger.h"
#include "log/warehouse.h"

namespace loanstream::protocol_world {

inline constexpr const char* kFolder = "/w";
inline constexpr const char* kPolicy =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
inline const TopicPartition kFirst{"t", PartitionId(0)};
inline const TopicPartition kSecond{"t", PartitionId(1)};

// Sees to it that an error shows as text in a failing test.
#define EXPECT_OK(result)                                                   \
    do {                                                                    \
        auto&& checked_ = (result);                                         \
        EXPECT_TRUE(checked_) << (checked_ ? "" : checked_.error().line()); \
    } while (false)

// One member: a Warehouse on its own view of the machine.
struct Writer {
    FaultyEnv env;
    LocalFileStore files;
    std::unique_ptr<Warehouse> warehouse;
    std::map<TopicPartition, Claimed> claimed;

    explicit Writer(Env& machine) : env(machine), files(env) {}

    Result<void> open(WarehouseSettings settings = {}) {
        settings.folder = kFolder;
        TRY(warehouse, Warehouse::open(env, files, std::move(settings)));
        return {};
    }

    Result<void> claim(const TopicPartition& source) {
        TRY(Claimed got, warehouse->claim(source));
        claimed[source] = got;
        return {};
    }

    // The next `count` offsets of each partition: all decided but the last, which is rejected. A
    // file's bytes are its lines, one an offset.
    Result<CommitRequest> stage(const std::vector<TopicPartition>& sources, int count) {
        CommitRequest request;
        std::string dt = day_of(env.now());
        for (const TopicPartition& source : sources) {
            const Claimed& c = claimed.at(source);
            OffsetRange range{c.next, c.next + count};
            auto index = static_cast<std::uint32_t>(request.ranges.size());
            request.ranges.push_back(
                {c.source, c.epoch, range, count, count - 1, 1, env.now(), kPolicy, {}});
            for (std::string_view table : {kPredictionTable, kDeadLettersTable}) {
                bool dead = table == kDeadLettersTable;
                std::string bytes;
                for (int i = 0; i < count; ++i)
                    if ((i == count - 1) == dead)
                        bytes += c.source.text() + "@" + std::to_string((c.next + i).value) + "\n";
                if (bytes.empty()) continue;
                StagedFile file{index,
                                {std::string(table), dt},
                                warehouse->name_file(table, c, range),
                                dead ? 1 : count - 1,
                                static_cast<std::int64_t>(bytes.size()),
                                sha256_hex(bytes)};
                TRY_VOID(files.write_new(warehouse->layout().staged_file(file.name), bytes));
                request.files.push_back(std::move(file));
            }
        }
        return request;
    }

    Result<CommitOutcome> commit(const CommitRequest& request) {
        TRY(CommitOutcome outcome, warehouse->commit(request));
        for (std::size_t i = 0; i < request.ranges.size(); ++i) {
            TopicPartition source = topic_partition_of(request.ranges[i].source);
            if (outcome.ranges[i] == RangeOutcome::kCommitted)
                claimed.at(source).next = request.ranges[i].range.next;
            else
                claimed.erase(source);
        }
        return outcome;
    }

    // Stage, commit, publish, maintain.
    Result<void> land(const std::vector<TopicPartition>& sources, int count) {
        TRY(CommitRequest request, stage(sources, count));
        TRY_VOID(commit(request));
        TRY_VOID(warehouse->publish());
        return warehouse->maintain();
    }
};

// Merges files of lines.
class LinesWriter : public PartWriter {
public:
    explicit LinesWriter(FileStore& files) : files_(files) {}
    Result<std::vector<LiveFile>> write(const PartToWrite& request) override {
        LiveFile output{
            request.part,      request.output_name(0), 0, 0, {}, joined_ranges(request.inputs),
            request.generation};
        std::string bytes;
        for (std::size_t i = 0; i < request.inputs.size(); ++i) {
            TRY(std::string read, files_.read(request.paths[i], 1 << 20));
            if (sha256_hex(read) != request.inputs[i].sha256)
                return fail(ErrorCode::kDamaged, "not what the log says", request.paths[i]);
            bytes += read;
            output.rows += request.inputs[i].rows;
        }
        output.bytes = static_cast<std::int64_t>(bytes.size());
        output.sha256 = sha256_hex(bytes);
        TRY_VOID(files_.write_new(join_path(request.folder, output.name), bytes));
        return std::vector<LiveFile>{output};
    }

private:
    FileStore& files_;
};

// A member that merges, on a machine's view of its own or on that of a writer.
struct MergingMember {
    LocalFileStore files;
    LinesWriter writer{files};
    std::unique_ptr<Warehouse> warehouse;
    std::unique_ptr<Merger> merger;

    explicit MergingMember(Env& view) : files(view), env(view) {}
    Result<void> open(WarehouseSettings settings = {}) {
        settings.folder = kFolder;
        TRY(warehouse, Warehouse::open(env, files, std::move(settings)));
        merger = std::make_unique<Merger>(env, *warehouse, writer, MergeSettings{});
        return {};
    }
    Env& env;
};

// With nobody at work and every partition claimed anew: each offset below `next` lies once in a
// published file that the log names, nothing else lies in the tables, nothing dead is staged.
// `merging`: replaced files may still lie under retired/.
inline void expect_whole(MemoryEnv& machine, bool merging = false) {
    LocalFileStore files(machine);
    auto opened = Warehouse::open_to_read(machine, files, kFolder);
    ASSERT_TRUE(opened) << opened.error().line();
    Warehouse& warehouse = **opened;
    auto live = warehouse.live_files();
    ASSERT_TRUE(live) << live.error().line();
    std::map<std::string, int> seen;
    std::set<std::string> named;
    for (const LiveFile& file : *live) {
        auto path_now = warehouse.locate(file);
        ASSERT_TRUE(path_now) << path_now.error().line();
        std::string path = warehouse.layout().final_file(file.place, file.name);
        EXPECT_TRUE(merging || *path_now == path) << *path_now;
        EXPECT_TRUE(named.insert(path).second) << path;
        path = *path_now;
        auto bytes = files.read(path, 1 << 20);
        ASSERT_TRUE(bytes) << bytes.error().line();
        EXPECT_EQ(sha256_hex(*bytes), file.sha256) << path;
        for (std::size_t at = 0; at < bytes->size(); at = bytes->find('\n', at) + 1)
            ++seen[bytes->substr(at, bytes->find('\n', at) - at)];
    }
    for (const auto& [part, open] : warehouse.state().merges())
        for (const std::string& input : open.merge.inputs)
            if (open.switched_ms < 0) named.insert(warehouse.layout().final_file(part, input));
    std::int64_t records = 0;
    for (const auto& [key, state] : warehouse.state().partitions())
        for (Offset o = state.first; o < state.next; o = o + 1, ++records)
            EXPECT_EQ(seen[state.source.text() + "@" + std::to_string(o.value)], 1)
                << state.source.text() << "@" << o.value;
    EXPECT_EQ(static_cast<std::int64_t>(seen.size()), records);
    for (const auto& [path, bytes] : machine.files()) {
        bool retired = merging && path.starts_with(warehouse.layout().retired());
        EXPECT_FALSE(path.ends_with(".parquet") && !named.contains(path) && !retired)
            << "foreign " << path;
        EXPECT_FALSE(path.ends_with(".staged")) << "left in staging: " << path;
    }
}

// A new member takes every partition over and lands on; then everything must hold.
inline void expect_recovers(MemoryEnv& machine, const std::vector<TopicPartition>& sources) {
    Writer heir(machine);
    ASSERT_NO_FATAL_FAILURE(EXPECT_OK(heir.open()));
    for (const TopicPartition& source : sources) EXPECT_OK(heir.claim(source));
    if (testing::Test::HasFailure()) return;
    expect_whole(machine);
    EXPECT_OK(heir.land(sources, 3));
    expect_whole(machine);
}

}  // namespace loanstream::protocol_world

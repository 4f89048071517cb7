#include "table/prove_positions.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>
#include <unordered_map>

#include "table/table_reader.h"

namespace loanstream {

namespace {

constexpr std::int64_t kChunk = 4096;  // offsets

// The offsets seen of one source partition, a bit each.
class SeenOffsets {
public:
    // False: seen before.
    bool add(std::int64_t offset) {
        std::int64_t key = offset / kChunk;
        if (chunk_ == nullptr || key != key_) {
            chunk_ = &chunks_[key];
            key_ = key;
        }
        auto bit = static_cast<std::size_t>(offset % kChunk);
        std::uint64_t mask = std::uint64_t{1} << (bit % 64);
        std::uint64_t& word = (*chunk_)[bit / 64];
        bool fresh = (word & mask) == 0;
        word |= mask;
        return fresh;
    }

private:
    using Chunk = std::array<std::uint64_t, kChunk / 64>;
    std::unordered_map<std::int64_t, Chunk> chunks_;  // references hold while it grows
    Chunk* chunk_ = nullptr;
    std::int64_t key_ = 0;
};

// Indices of files, those that share a range together.
std::vector<std::vector<std::size_t>> groups_of(const std::vector<LiveFile>& files) {
    std::vector<std::size_t> leader(files.size());
    std::iota(leader.begin(), leader.end(), 0);
    auto find = [&](std::size_t i) {
        while (leader[i] != i) i = leader[i] = leader[leader[i]];
        return i;
    };
    std::map<std::tuple<SourcePartition, OffsetRange>, std::size_t> first;
    for (std::size_t i = 0; i < files.size(); ++i)
        for (const auto& range : files[i].ranges) {
            auto [known, fresh] = first.try_emplace({range.source, range.range}, i);
            if (!fresh) leader[find(i)] = find(known->second);
        }
    std::map<std::size_t, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < files.size(); ++i) groups[find(i)].push_back(i);
    std::vector<std::vector<std::size_t>> out;
    for (auto& [key, group] : groups) out.push_back(std::move(group));
    return out;
}

class PositionProof {
public:
    PositionProof(Warehouse& warehouse, const std::map<SourcePartition, Offset>& from,
                  const TellFailure& tell)
        : warehouse_(warehouse), from_(from), tell_(tell) {}

    Result<void> read(const LiveFile& file) {
        auto scan = open_live(warehouse_, file);
        if (!scan) return could_not(file, scan.error());
        Reading reading{file, file.place.text() + "/" + file.name, {}, {}, 0, 0};
        for (const auto& range : file.ranges) reading.topics.push_back(range.source.source_topic());
        reading.rows.assign(file.ranges.size(), 0);
        auto take = [&](const TableScan::Positions& rows) -> Result<void> {
            for (std::size_t i = 0; i < rows.offsets.size(); ++i) take_row(reading, rows, i);
            return {};
        };
        if (auto read = (*scan)->read_positions(take); !read) return could_not(file, read.error());
        for (std::size_t i = 0; i < file.ranges.size(); ++i)
            if (reading.rows[i] != file.ranges[i].rows)
                tell_(reading.place, std::to_string(reading.rows[i]) + " rows of " +
                                         file.ranges[i].source.text() + ", and the log says " +
                                         std::to_string(file.ranges[i].rows));
        bool decided = file.place.day.table == kPredictionTable;
        (decided ? counts.decided : counts.rejected) += reading.taken;
        return {};
    }
    void next_group() { seen_.clear(); }

    PositionCounts counts;

private:
    struct Reading {
        const LiveFile& file;
        std::string place;
        std::vector<std::string> topics;  // of the file's ranges
        std::vector<std::int64_t> rows;   // ... found
        std::size_t range;                // of the row before
        std::int64_t taken;
    };

    Result<void> could_not(const LiveFile& file, const Error& error) {
        if (error.code == ErrorCode::kNotFound) return std::unexpected(error);
        tell_(file.place.text() + "/" + file.name, error.what);
        return {};
    }

    static bool is_of(const Reading& reading, std::size_t range, std::string_view topic,
                      std::int64_t partition, std::int64_t offset) {
        const FileRange& r = reading.file.ranges[range];
        return r.range.contains(Offset(offset)) && r.source.partition.value == partition &&
               reading.topics[range] == topic;
    }

    void take_row(Reading& reading, const TableScan::Positions& rows, std::size_t i) {
        std::string_view topic = rows.topics[i];
        std::int64_t partition = rows.partitions[i], offset = rows.offsets[i];
        auto position = [&] {
            return std::string(topic) + "/" + std::to_string(partition) + "@" +
                   std::to_string(offset);
        };
        std::size_t count = reading.file.ranges.size(), tried = 0;
        while (tried < count && !is_of(reading, reading.range, topic, partition, offset)) {
            reading.range = (reading.range + 1) % count;
            ++tried;
        }
        if (tried == count)
            return tell_(reading.place, position() + " stands here, outside the file's ranges");
        const SourcePartition& source = reading.file.ranges[reading.range].source;
        if (!seen_[source].add(offset))
            return tell_(reading.place, position() + " stands here a second time");
        reading.rows[reading.range] += 1;
        reading.taken += 1;
        if (day_of(EpochMs(rows.decided_ms[i])) != reading.file.place.day.dt)
            tell_(reading.place, position() + " was not decided on the day it lies in");
        auto from = from_.find(source);
        if (from != from_.end() && from->second.value <= offset) counts.rows_from[source] += 1;
    }

    Warehouse& warehouse_;
    const std::map<SourcePartition, Offset>& from_;
    const TellFailure& tell_;
    std::map<SourcePartition, SeenOffsets> seen_;
};

}  // namespace

Result<PositionCounts> prove_positions(Warehouse& warehouse, const std::vector<LiveFile>& files,
                                       const std::map<SourcePartition, Offset>& from,
                                       const TellFailure& tell) {
    PositionProof proof(warehouse, from, tell);
    for (const auto& group : groups_of(files)) {
        for (std::size_t i : group) TRY_VOID(proof.read(files[i]));
        proof.next_group();
    }
    return proof.counts;
}

}  // namespace loanstream

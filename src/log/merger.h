// Seals the days that are over, merges each sealed part once, switches readers to the output and
// deletes the inputs after the grace time (rules 14, 16 to 20 and 34 of docs/delivery.md). Works
// beside any number of writers and other mergers. Owned by one thread, with a Warehouse of its own:
// after an error that Warehouse may take no more entries; open both anew.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/env.h"
#include "log/warehouse.h"

namespace loanstream {

struct MergeSettings {
    std::chrono::milliseconds grace{3'600'000};  // inputs are kept this long after the switch
    std::int64_t file_size = 128LL << 20;        // parts of files half as large are left alone
};

// Is it worth merging? One file, or large ones, are left as they are.
bool is_worth_merging(const std::vector<LiveFile>& files, std::int64_t file_size);

// The ranges of a file that holds the rows of these, in their order; ranges of one epoch that touch
// become one. Memory and manifests stay small: a day of commits is a handful of ranges.
std::vector<FileRange> joined_ranges(const std::vector<LiveFile>& files);

struct PartToWrite {
    TablePart part;
    std::string generation;  // 16 hex digits
    std::string folder;      // where the outputs go; it exists
    std::vector<LiveFile> inputs;
    std::vector<std::string> paths;  // of the inputs
    // "<table>-<dt>-<part>-<generation>-<n>.parquet"
    std::string output_name(int n) const;
};

// Copies the rows of a part; the table module knows how.
class PartWriter {
public:
    virtual ~PartWriter() = default;
    // Every row of the inputs, once, in synced files under `folder`; read back and compared before
    // it returns. kInvalidData or kDamaged: an input is not what the log says.
    virtual Result<std::vector<LiveFile>> write(const PartToWrite& request) = 0;
};

struct MergedPart {
    TablePart part;
    std::int64_t files = 0, outputs = 0, rows = 0, bytes = 0, bytes_before = 0;
};

// What one round has done, and what it leaves to later ones.
struct MergeRound {
    std::vector<MergedPart> merged;
    std::int64_t switched = 0;
    std::int64_t tidied = 0;   // parts whose inputs are deleted
    std::int64_t waiting = 0;  // parts whose inputs wait for the grace time
    // Parts with files that are not what the log says: left as they are.
    std::vector<std::pair<TablePart, Error>> refused;
    std::int64_t backlog = 0;  // sealed parts that are worth merging and are not merged yet
    std::vector<std::string> completed;  // days marked complete
};

class Merger {
public:
    Merger(Env& env, Warehouse& warehouse, PartWriter& writer, MergeSettings settings)
        : env_(env), warehouse_(warehouse), writer_(writer), settings_(settings) {}

    // Called before each part; true: leave the rest to a later round.
    void stop_when(std::function<bool()> stop) { stop_ = std::move(stop); }

    // One pass over all that is due. kOutside with one line where the file system cannot exchange
    // two folders: nothing is merged then.
    Result<MergeRound> round();

private:
    Result<bool> probe();
    Result<std::vector<TablePart>> parts_due();
    Result<std::vector<LiveFile>> write_generation(const PartToWrite& request);
    Result<void> merge_part(const TablePart& part, MergeRound& round);
    Result<bool> put_merge(const MergeEntry& entry);
    Result<bool> stands(const TablePart& part, const std::string& generation);
    Result<void> finish_merges(MergeRound& round);
    Result<bool> switch_part(const MergeEntry& merge);
    Result<bool> tidy_part(const MergeEntry& merge);
    Result<void> put_in_place(const MergeEntry& merge);
    Result<void> remove_generation(const std::string& folder);
    Result<void> sweep_generations();
    bool stopped() const { return stop_ && stop_(); }

    Env& env_;
    Warehouse& warehouse_;
    PartWriter& writer_;
    MergeSettings settings_;
    std::function<bool()> stop_;
    bool probed_ = false;
    std::set<TablePart> left_alone_;  // sealed, and not worth merging or not to be merged
    std::set<TablePart> tidied_;      // the log still carries them
};

}  // namespace loanstream

// A warehouse by its log: the delivery protocol of docs/delivery.md. A writer claims source
// partitions, commits staged files, publishes them, checkpoints; a reader only loads. Each
// Warehouse is one member: one thread at a time, any number of them, in this process or others, on
// one warehouse. After an error while an entry is put the outcome is not known: every later call of
// that writer gives the same error, and a new Warehouse finds out by claiming anew.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/file_store.h"
#include "log/chain.h"
#include "log/layout.h"
#include "log/state.h"

namespace loanstream {

struct WarehouseSettings {
    std::string folder;                       // the warehouse
    std::string member;                       // empty: chosen at random; [A-Za-z0-9._]{1,64}
    std::int64_t max_open_files = 500;        // a part is sealed at this many
    std::int64_t max_open_files_late = 5000;  // from the day's twentieth part on
    std::int64_t file_size = 128LL << 20;     // ... or at this many bytes
    std::int64_t checkpoint_every = 200;      // entries
};

// What a claim gives its owner.
struct Claimed {
    SourcePartition source;  // with the incarnation that the log knows
    Epoch epoch;
    Offset next;              // where to go on
    EpochMs decided_ms_last;  // decided_ms starts no earlier
};

// A Parquet file in staging: written, closed and synced by the table, not yet named by an entry.
struct StagedFile {
    std::uint32_t range = 0;  // index into CommitRequest::ranges
    TableDay day;             // commit() chooses the part
    std::string name;         // DataFileName::base() + ".parquet"; lies at Layout::staged_file
    std::int64_t rows = 0, bytes = 0;
    std::string sha256;
};

struct CommitRequest {
    std::vector<CommittedRange> ranges;  // at most one a source partition
    std::vector<StagedFile> files;       // of any tables
};

enum class RangeOutcome { kCommitted, kFenced };

struct CommitOutcome {
    std::vector<RangeOutcome> ranges;  // as in the request
    std::vector<CommittedFile> files;  // of the committed ranges, `range` as in the request
    std::uint64_t entry = 0;           // its number, when any range is committed
};

class Warehouse {
public:
    // Makes what is missing (folders, entry 0), loads and syncs. kDamaged, kUnknownFormat.
    static Result<std::unique_ptr<Warehouse>> open(Env& env, FileStore& files,
                                                   WarehouseSettings settings);
    // Loads and never writes, not even a folder; kNotFound when there is no log.
    static Result<std::unique_ptr<Warehouse>> open_to_read(Env& env, FileStore& files,
                                                           const std::string& folder);

    const LogState& state() const { return chain_.state(); }
    const Layout& layout() const { return layout_; }
    FileStore& files() { return files_; }
    const std::string& member() const { return settings_.member; }
    std::uint64_t last_number() const { return chain_.last_number(); }  // newest entry read

    // Reads on to the end of the log.
    Result<void> reload();

    // --- writers
    // nullopt: another process of this machine holds the partition. Beneath it lies the epoch.
    Result<std::optional<std::unique_ptr<FileLock>>> try_lock(const TopicPartition& source);
    // Claims, then recovers: publishes what is committed and still staged, sweeps what is dead.
    Result<Claimed> claim(const TopicPartition& source);
    // A fresh name for a file of this range: DataFileName::base() + ".parquet".
    std::string name_file(std::string_view table, const Claimed& claimed, OffsetRange range);
    // Syncs the staging folder, puts one entry for all, syncs it. A range whose partition has a
    // newer owner is left out and its staged files are removed; the others stand.
    Result<CommitOutcome> commit(const CommitRequest& request);
    // Moves committed files to their final names; also those that an earlier try left. After an
    // error it may be called again.
    Result<void> publish();
    // Seals full parts and, when enough entries have gathered, parts of days that are over;
    // checkpoints and truncates. Cheap when nothing is due; call after each publish.
    Result<void> maintain();
    // --- the merger's steps (log/merger.h)
    // Seals the open parts of days that are over.
    Result<void> seal_past_days();
    // Seals every open part of several files, full or not.
    Result<void> seal_open_parts();
    // Removes what dead owners of any partition have left in staging, also since their successor
    // swept.
    Result<void> sweep_dead();
    // Publishes every commit of a sealed part and makes that durable, whoever renamed the files.
    Result<void> publish_part(const TablePart& part);
    // The live files of one day, of open and sealed parts.
    Result<std::vector<LiveFile>> day_files(TableDay day);
    // Do the outputs of this merge lie in the part's folder?
    Result<bool> is_in_place(const MergeEntry& merge);

    // Keeps bytes under versions/<sha256>, durable when this returns; gives the hash. A policy is
    // kept as its files and, under the policy hash, the lines that the hash was made from.
    Result<std::string> keep_version(std::string_view bytes);
    // Puts lost, reset, replay, merge or switched (checked against the state).
    Result<std::uint64_t> append(const EntryBody& body);

    // --- readers and writers
    // Every file that readers see, sealed parts (from manifests) first. Reloads when a manifest
    // has gone meanwhile.
    Result<std::vector<LiveFile>> live_files();
    // Where the file lies now: final, staged, final again, retired. kNotFound: reload and look
    // for what replaced it; still named by the log then, the file is missing.
    Result<std::string> locate(const LiveFile& file);
    Result<std::string> read_version(std::string_view sha256);  // kNotFound, kDamaged

private:
    Warehouse(Env& env, FileStore& files, WarehouseSettings settings);
    struct Pending;  // a commit that is not decided yet
    Result<void> prepare();
    Result<void> begin_where_nothing_is();
    Result<void> remove_unborn_log(const std::string& folder);
    Result<void> recover(const TopicPartition& source, Epoch epoch);
    Result<void> sweep(const TopicPartition& source, Epoch epoch,
                       const std::vector<FileInfo>& staged);
    Result<bool> publish_file(const TablePart& place, const std::string& name);
    Result<void> drop_fenced(Pending& pending, bool remove_files);
    Result<void> seal(const TableDay& day, bool (Warehouse::*due)(const TableDay&) const);
    bool is_full(const TableDay& day) const;
    bool is_past(const TableDay& day) const;
    bool has_several(const TableDay& day) const;
    bool checkpoint_is_due() const;
    Result<void> checkpoint();
    Result<void> publish_all();
    Result<std::set<TablePart>> merges_done();
    Result<bool> make_room(const Pending& pending);
    std::int64_t most_files(const TableDay& day) const;
    Result<std::vector<DayState>> write_manifests();
    Result<std::vector<LiveFile>> sealed_files(const DayState& day);
    Result<void> truncate();
    Result<void> remove_manifests(const std::set<std::string>& kept);
    Result<std::vector<LiveFile>> read_manifest(const DayState& day);
    Result<void> newer_state_for(const Error& error);

    Env& env_;
    FileStore& files_;
    WarehouseSettings settings_;
    Layout layout_;
    LogChain chain_;
    std::vector<CommittedFile> unpublished_;  // of our own commits
};

}  // namespace loanstream

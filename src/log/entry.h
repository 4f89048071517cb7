// The entries of a warehouse's log and their bytes (docs/delivery.md). One entry is one JSON file;
// decoding checks every type and bound, so that a garbled file is an Error and never a state.
// Values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "log/layout.h"

namespace loanstream {

inline constexpr int kLogFormat = 2;       // the newest that is known; order entries have it
inline constexpr int kManifestFormat = 1;  // of every manifest
inline constexpr std::uint64_t kMostEntryBytes = 256ULL << 20;

// A source partition's new owner; older epochs are dead from this entry on.
struct ClaimEntry {
    SourcePartition source;
    Epoch epoch;
    std::string member;
};

// One source partition's share of a commit. records == decided + rejected <= next - begin.
struct CommittedRange {
    SourcePartition source;
    Epoch epoch;
    OffsetRange range;
    std::int64_t records = 0, decided = 0, rejected = 0;
    EpochMs decided_ms_last;  // never below that of the commit before, across owners too
    std::string policy_hash;  // SHA-256, in hex
    std::string model_hash;   // empty without a model
};

// A Parquet file that this commit adds; it holds rows of one range.
struct CommittedFile {
    std::uint32_t range = 0;  // index into CommitEntry::ranges
    TablePart place;
    std::string name;  // final base name; see Layout for where it lies
    std::int64_t rows = 0, bytes = 0;
    std::string sha256;
};

struct CommitEntry {
    std::string member;
    std::vector<CommittedRange> ranges;
    std::vector<CommittedFile> files;
};

// Closes the open part of a day; the next one is open from this entry on.
struct SealEntry {
    TablePart part;
};

// The rows of one range in one file; several of them where files have been merged.
struct FileRange {
    SourcePartition source;
    Epoch epoch;
    OffsetRange range;
    std::int64_t rows = 0;
};

// A file that readers see.
struct LiveFile {
    TablePart place;
    std::string name;
    std::int64_t rows = 0, bytes = 0;
    std::string sha256;
    std::vector<FileRange> ranges;
    std::string generation;  // of the merge that wrote it; empty: a commit did
};

// Replaces all files of one sealed part. At most one a part, ever.
struct MergeEntry {
    TablePart part;
    std::string generation;
    std::vector<std::string> inputs;  // names
    std::vector<LiveFile> outputs;
};

// The switch to a merge's outputs is durable: the grace time of the inputs starts at at_ms.
struct SwitchedEntry {
    TablePart part;
    std::string generation;
};

// Accepts that [begin, next) will never be decided: retention took it.
struct LostEntry {
    SourcePartition source;
    Epoch epoch;
    OffsetRange range;
    std::string why, by;
};

// The topic was made anew: `source` is the partition before, its offsets end at `begin`; the next
// incarnation starts at `next`.
struct ResetEntry {
    SourcePartition source;
    Epoch epoch;
    Offset begin, next;
    std::string why, by;
};

// A dead letter was repaired (sha256 of the repaired bytes) or, with an empty sha256, abandoned.
struct ReplayEntry {
    Position origin;
    std::string sha256, why, by;
};

enum class OrderKind { kPause, kDrain, kResume, kReviewAll, kReviewEnds };
std::string_view name_of(
    OrderKind kind);  // "pause", "drain", "resume", "review_all", "review_ends"

inline constexpr std::int32_t kAllPartitions = -1;

// What an operator tells the jobs of a topic; it stands until its opposite comes.
struct OrderEntry {
    std::string topic;
    std::int32_t partition = kAllPartitions;
    OrderKind order = OrderKind::kPause;
    std::string why, by;
};

// An order in force: kPause, kDrain or kReviewAll.
struct StandingOrder {
    OrderEntry order;
    EpochMs since;
};

// How far one source partition has come.
struct PartitionState {
    SourcePartition source;  // with the newest incarnation
    Epoch epoch;
    std::string member;
    Offset first, next;  // of this incarnation; all of [first, next) is landed or accepted as lost
    EpochMs decided_ms_last;
    std::string policy_hash, model_hash;
    std::int64_t records = 0, decided = 0, rejected = 0;  // of this incarnation
    // Nothing is known of it but its owners: where reading begins is not written down yet.
    bool is_only_claimed() const {
        return source.incarnation == Incarnation() && next == Offset(0) && policy_hash.empty();
    }
};

// An incarnation that a reset has ended.
struct EndedIncarnation {
    SourcePartition source;
    Offset first, next;
    std::int64_t records = 0, decided = 0, rejected = 0;
    std::string why, by;
};

// A range without any file: it held no record (holes only). With the files' ranges and the lost
// ones these tile [first, next) of each incarnation, also when the commits are long truncated.
struct QuietRange {
    SourcePartition source;
    OffsetRange range;
};

// A day of a table: its open part is `seals`; the files of older parts stand in the manifest.
struct DayState {
    TableDay day;
    std::int32_t seals = 0;
    std::vector<std::int32_t> merged;  // parts, ascending; never merged again
    std::string manifest;              // base name in manifests/; empty: none yet
    std::string sha256;
    std::int64_t files = 0, rows = 0, bytes = 0;  // of the manifest
};

// A merge whose inputs may still lie somewhere.
struct OpenMerge {
    MergeEntry merge;
    std::int64_t switched_ms = -1;  // -1: not switched yet
};

// All that the entries below it say. Entry 0 is an empty one.
struct CheckpointEntry {
    std::vector<PartitionState> partitions;
    std::vector<EndedIncarnation> ended;
    std::vector<DayState> days;
    std::vector<LiveFile> files;  // those that no manifest holds: of open parts; all published
    std::vector<OpenMerge> merges;
    std::vector<QuietRange> quiet;
    std::vector<LostEntry> lost;
    std::vector<ReplayEntry> replays;
    std::vector<std::string> versions;  // every policy and model hash ever used, ascending
    std::vector<StandingOrder> orders{};
};

using EntryBody = std::variant<CheckpointEntry, ClaimEntry, CommitEntry, SealEntry, MergeEntry,
                               SwitchedEntry, LostEntry, ResetEntry, ReplayEntry, OrderEntry>;

struct Entry {
    std::string prev;  // SHA-256 of the whole entry before; empty for entry 0
    std::string id;    // 32 random hex digits, new for each attempt
    EpochMs at_ms;     // the writer's clock; for people, never compared
    EntryBody body;
};

std::string_view kind_of(const EntryBody& body);  // "commit"

std::string encode_entry(const Entry& entry);
// kInvalidData: garbled, or its own checksum does not hold; kUnknownFormat: a later version's.
Result<Entry> decode_entry(std::string_view bytes);

// A manifest: all live files of the sealed parts of one day.
std::string encode_manifest(const TableDay& day, const std::vector<LiveFile>& files);
Result<std::vector<LiveFile>> decode_manifest(const TableDay& day, std::string_view bytes);

}  // namespace loanstream

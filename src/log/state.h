// What the log says, folded entry by entry. Pure: no disk, no clock. Every entry is checked against
// all below it, both before a put and when read back; an entry in the log that does not pass is
// damage. One thread at a time; copies are independent.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "log/entry.h"

namespace loanstream {

// A partition of a topic in whatever incarnation is the newest.
struct TopicPartition {
    std::string topic;
    PartitionId partition;
    friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};
TopicPartition topic_partition_of(const SourcePartition& source);

// A file committed since the newest checkpoint; recovery publishes what is still staged.
struct RecentFile {
    TablePart place;
    std::string name;
    TopicPartition source;
    Epoch epoch;
};

// Where an order stands: at most one hold and one review-all a place.
struct OrderPlace {
    std::string topic;
    std::int32_t partition = kAllPartitions;
    bool is_review = false;
    friend auto operator<=>(const OrderPlace&, const OrderPlace&) = default;
};

class LogState {
public:
    // kFenced: the epoch is not the newest. kDamaged: begin is not the last next, the part is
    // sealed, the incarnation is another, a bound is broken. Changes nothing.
    Result<void> check(const EntryBody& body) const;
    // check() and then the change. A checkpoint on a state that is not new must say the same.
    Result<void> apply(const EntryBody& body, EpochMs at);

    // nullptr: never claimed.
    const PartitionState* partition(const TopicPartition& key) const;
    const DayState* day(const TableDay& day) const;
    std::int32_t open_part(const TableDay& day) const;
    struct OpenPart {
        std::int64_t files = 0, bytes = 0;
    };
    OpenPart open_part_size(const TableDay& day) const;
    const std::map<TableDay, OpenPart>& open_parts() const { return open_sizes_; }  // not empty

    const std::map<TopicPartition, PartitionState>& partitions() const { return partitions_; }
    const std::map<TableDay, DayState>& days() const { return days_; }
    const std::vector<EndedIncarnation>& ended() const { return ended_; }
    // Files that no manifest holds yet, in the order of the log. Outputs of a merge are among
    // them until the next checkpoint; its inputs are not (nor are those in a manifest live).
    const std::vector<LiveFile>& files() const { return files_; }
    const std::vector<RecentFile>& recent_files() const { return recent_files_; }
    const std::map<TablePart, OpenMerge>& merges() const { return merges_; }
    const std::vector<QuietRange>& quiet() const { return quiet_; }
    const std::vector<LostEntry>& lost() const { return lost_; }
    const std::vector<ReplayEntry>& replays() const { return replays_; }
    const std::set<std::string>& versions() const { return versions_; }
    const std::map<OrderPlace, StandingOrder>& orders() const { return orders_; }
    // The pause or drain that holds this partition, its own or its topic's; null: none. What holds
    // all of a topic holds its repaired records as well.
    const StandingOrder* hold_of(const TopicPartition& source) const;
    // The order to refer everything of this topic to review; null: none.
    const StandingOrder* review_all_of(const std::string& topic) const;

    // Is every file of this day that a manifest must hold in the one that `day` names?
    bool manifest_is_current(const TableDay& day) const;
    // Replaces what manifests hold and gives the whole as a checkpoint. `days` are the rewritten;
    // `done` are merges whose outputs are in place for good and whose inputs are gone.
    CheckpointEntry checkpoint(const std::vector<DayState>& days,
                               const std::set<TablePart>& done) const;

private:
    Result<void> check_one(const CheckpointEntry&) const;
    Result<void> check_one(const ClaimEntry&) const;
    Result<void> check_one(const CommitEntry&) const;
    Result<void> check_one(const SealEntry&) const;
    Result<void> check_one(const MergeEntry&) const;
    Result<void> check_one(const SwitchedEntry&) const;
    Result<void> check_one(const LostEntry&) const;
    Result<void> check_one(const ResetEntry&) const;
    Result<void> check_one(const ReplayEntry&) const;
    Result<void> check_one(const OrderEntry&) const;
    void apply_one(const CheckpointEntry&, EpochMs);
    void apply_one(const ClaimEntry&, EpochMs);
    void apply_one(const CommitEntry&, EpochMs);
    void apply_one(const SealEntry&, EpochMs);
    void apply_one(const MergeEntry&, EpochMs);
    void apply_one(const SwitchedEntry&, EpochMs);
    void apply_one(const LostEntry&, EpochMs);
    void apply_one(const ResetEntry&, EpochMs);
    void apply_one(const ReplayEntry&, EpochMs);
    void apply_one(const OrderEntry&, EpochMs);
    Result<const PartitionState*> owned(const SourcePartition& source, Epoch epoch,
                                        Offset begin) const;
    Result<void> check_file(const CommitEntry& entry, const CommittedFile& file) const;
    void add_live(LiveFile file);
    void add_quiet(const CommittedRange& range);
    void index_files();

    bool fresh_ = true;  // nothing applied yet
    std::map<TopicPartition, PartitionState> partitions_;
    std::vector<EndedIncarnation> ended_;
    std::map<TableDay, DayState> days_;
    std::map<TableDay, OpenPart> open_sizes_;
    std::vector<LiveFile> files_;
    std::vector<RecentFile> recent_files_;
    std::map<TablePart, OpenMerge> merges_;
    std::set<TableDay> days_to_rewrite_;
    std::vector<QuietRange> quiet_;
    std::vector<LostEntry> lost_;
    std::vector<ReplayEntry> replays_;
    std::set<std::string> versions_;
    std::map<OrderPlace, StandingOrder> orders_;
};

}  // namespace loanstream

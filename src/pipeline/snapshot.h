// What the run loop shows to the world: one immutable picture after each step. The loop makes it;
// any thread may take the newest. Nobody reads the loop's own state.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/ids.h"
#include "decide/decided_batch.h"
#include "pipeline/orders.h"

namespace loanstream {

// One landed-to-be row as people see it, in the old job's five columns and its reasons.
struct RecentRow {
    std::string position;
    std::string application_id;
    std::string annual_inc, data, funded_amnt, member_id;  // "null" where missing
    std::string status;
    std::string scored_by;
    std::vector<std::string> reasons;  // texts for the applicant
};

struct PartitionProgress {
    SourcePartition source;
    Offset next;       // first offset not yet committed
    Offset read_next;  // first offset not yet polled
    Offset watermark;  // one past the last record there is; lag = watermark - next
    Hold hold = Hold::kNone;
};

enum class LoopState { kStarting, kWaiting, kRunning, kDraining, kStopped };
std::string_view name_of(LoopState state);  // "running"

struct Snapshot {
    LoopState state = LoopState::kStarting;
    std::int64_t records = 0, decided = 0, rejected = 0;  // since start; records = the other two
    std::array<std::int64_t, 3> by_status{};              // index: Status
    std::map<std::string, std::int64_t> by_reject;        // reason class -> count
    std::int64_t commits = 0, committed_records = 0;
    std::int64_t last_commit_ms = -1;  // epoch ms
    std::int64_t freshness_ms = -1;    // of the last commit: its end - its oldest record's event
    std::vector<PartitionProgress> partitions;
    std::vector<SourcePartition> waiting_for;
    std::deque<RecentRow> recent;  // oldest first, at most kRecentRows
    std::int64_t batch = 0;        // number of the last batch
    std::string fault{};           // why nothing comes, such as a broker that does not answer
    std::int64_t faults = 0;       // how often that began
    std::vector<SourcePartition> fenced;  // another has claimed them
    bool refers_all = false;              // to review, by an operator's order
    std::int64_t started_ms = -1;         // epoch ms
    std::int64_t number = 0;              // of this picture; 0: the loop has made none
};

inline constexpr std::size_t kRecentRows = 20;

// Holds the newest snapshot.
class SnapshotBoard {
public:
    virtual ~SnapshotBoard() = default;
    virtual void post(std::shared_ptr<const Snapshot> snapshot) {
        std::lock_guard lock(mutex_);
        newest_ = std::move(snapshot);
    }
    std::shared_ptr<const Snapshot> newest() const {
        std::lock_guard lock(mutex_);
        return newest_;
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Snapshot> newest_ = std::make_shared<Snapshot>();
};

RecentRow recent_row(const DecidedBatch& batch, const Decision& decision);

}  // namespace loanstream

#include "pipeline/joined_board.h"

#include <algorithm>

namespace loanstream {

namespace {

// A line that runs says more than one that waits, and a job is stopped when all of it is.
int rank_of(LoopState state) {
    switch (state) {
        case LoopState::kRunning: return 0;
        case LoopState::kDraining: return 1;
        case LoopState::kWaiting: return 2;
        case LoopState::kStarting: return 3;
        case LoopState::kStopped: return 4;
    }
    return 4;
}

void add(Snapshot& sum, const Snapshot& line) {
    if (rank_of(line.state) < rank_of(sum.state)) sum.state = line.state;
    sum.records += line.records;
    sum.decided += line.decided;
    sum.rejected += line.rejected;
    for (std::size_t i = 0; i < sum.by_status.size(); ++i) sum.by_status[i] += line.by_status[i];
    for (const auto& [reason, count] : line.by_reject) sum.by_reject[reason] += count;
    sum.commits += line.commits;
    sum.committed_records += line.committed_records;
    sum.last_commit_ms = std::max(sum.last_commit_ms, line.last_commit_ms);
    sum.freshness_ms = std::max(sum.freshness_ms, line.freshness_ms);
    sum.partitions.insert(sum.partitions.end(), line.partitions.begin(), line.partitions.end());
    sum.waiting_for.insert(sum.waiting_for.end(), line.waiting_for.begin(), line.waiting_for.end());
    sum.recent.insert(sum.recent.end(), line.recent.begin(), line.recent.end());
    sum.batch += line.batch;
    if (sum.fault.empty()) sum.fault = line.fault;
    sum.faults += line.faults;
    sum.fenced.insert(sum.fenced.end(), line.fenced.begin(), line.fenced.end());
    sum.refers_all = sum.refers_all || line.refers_all;
    sum.started_ms = sum.started_ms < 0 ? line.started_ms : sum.started_ms;
    sum.number += line.number;
}

}  // namespace

Snapshot joined(const std::vector<std::shared_ptr<const Snapshot>>& lines) {
    if (lines.size() == 1) return *lines.front();
    Snapshot sum;
    sum.state = LoopState::kStopped;
    for (const auto& line : lines) add(sum, *line);
    std::ranges::sort(sum.partitions, {}, &PartitionProgress::source);
    auto is_ours = [&](const SourcePartition& source) {
        return std::ranges::binary_search(sum.partitions, source, {}, &PartitionProgress::source);
    };
    std::erase_if(sum.waiting_for, is_ours);
    std::erase_if(sum.fenced, is_ours);
    while (sum.recent.size() > kRecentRows) sum.recent.pop_front();
    return sum;
}

JoinedBoard::JoinedBoard(SnapshotBoard& shown, std::size_t lines) : shown_(shown) {
    for (std::size_t i = 0; i < lines; ++i) lines_.push_back(std::make_unique<Line>(*this));
}

void JoinedBoard::Line::post(std::shared_ptr<const Snapshot> snapshot) {
    SnapshotBoard::post(std::move(snapshot));
    joined_.show();
}

void JoinedBoard::show() {
    std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<const Snapshot>> newest;
    for (const auto& line : lines_) newest.push_back(line->newest());
    shown_.post(newest.size() == 1 ? newest.front() : std::make_shared<Snapshot>(joined(newest)));
}

}  // namespace loanstream

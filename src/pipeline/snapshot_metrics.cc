#include "pipeline/snapshot_metrics.h"

#include <algorithm>

#include "base/metrics.h"

namespace loanstream {

std::string metrics_text(const Snapshot& snapshot, EpochMs now) {
    auto number = [](std::int64_t value) { return static_cast<double>(value); };
    MetricsText out;
    out.add(metrics::kRecords, number(snapshot.records));
    for (Status status : {Status::kApproved, Status::kReview, Status::kDeclined})
        out.add(metrics::kDecisions, number(snapshot.by_status[static_cast<std::size_t>(status)]),
                {{"status", std::string(name_of(status))}});
    for (const auto& [reason, count] : snapshot.by_reject)
        out.add(metrics::kRejects, number(count), {{"reason", reason}});
    out.add(metrics::kCommits, number(snapshot.commits));
    out.add(metrics::kCommittedRecords, number(snapshot.committed_records));
    if (snapshot.last_commit_ms >= 0)
        out.add(metrics::kLastCommit, number(snapshot.last_commit_ms) / 1000);
    if (snapshot.freshness_ms >= 0)
        out.add(metrics::kFreshness, number(snapshot.freshness_ms) / 1000);
    auto labels = [](const SourcePartition& source) -> MetricsText::Labels {
        return {{"topic", source.source_topic()},
                {"partition", std::to_string(source.partition.value)}};
    };
    for (const auto& partition : snapshot.partitions)
        out.add(metrics::kNextOffset, number(partition.next.value), labels(partition.source));
    for (const auto& partition : snapshot.partitions)
        out.add(metrics::kLag, number(partition.watermark - partition.next),
                labels(partition.source));
    for (const auto& partition : snapshot.partitions)
        out.add(metrics::kWatermark, number(partition.watermark.value), labels(partition.source));
    std::int64_t since = std::max(snapshot.last_commit_ms, snapshot.started_ms);
    if (since >= 0) out.add(metrics::kCommitAge, number(now.value - since) / 1000);
    out.add(metrics::kFault, snapshot.fault.empty() ? 0 : 1);
    out.add(metrics::kFaults, number(snapshot.faults));
    out.add(metrics::kFenced, static_cast<double>(snapshot.fenced.size()));
    out.add(metrics::kPaused,
            static_cast<double>(std::ranges::count_if(
                snapshot.partitions, [](const auto& one) { return one.hold != Hold::kNone; })));
    out.add(metrics::kReviewAll, snapshot.refers_all ? 1 : 0);
    out.add(metrics::kWaiting, static_cast<double>(snapshot.waiting_for.size()));
    for (LoopState state : {LoopState::kStarting, LoopState::kWaiting, LoopState::kRunning,
                            LoopState::kDraining, LoopState::kStopped})
        out.add(metrics::kState, state == snapshot.state ? 1 : 0,
                {{"state", std::string(name_of(state))}});
    return out.text();
}

}  // namespace loanstream

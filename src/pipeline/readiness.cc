#include "pipeline/readiness.h"

#include <algorithm>

namespace loanstream {

std::string not_ready_because(const Snapshot& snapshot, const ReadinessFacts& facts) {
    if (facts.is_disk_full) return "disk full";
    if (snapshot.state == LoopState::kDraining || snapshot.state == LoopState::kStopped)
        return "stopping";
    if (!snapshot.fault.empty()) return "waiting: broker";
    auto is_held = [](const PartitionProgress& one) { return one.hold != Hold::kNone; };
    if (!snapshot.partitions.empty() && std::ranges::all_of(snapshot.partitions, is_held))
        return "paused";
    if (facts.is_stuck) return "stuck";
    if (snapshot.state == LoopState::kStarting) return "starting";
    if (!snapshot.partitions.empty()) return {};
    if (!snapshot.fenced.empty()) return "fenced";
    return snapshot.waiting_for.empty() ? "waiting: partitions" : "waiting: another process";
}

}  // namespace loanstream

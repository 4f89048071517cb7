// Does the job make progress, and if not, why: one word that /health/ready, metrics, the log and
// the runbook share. Pure.
#pragma once

#include <string>

#include "pipeline/snapshot.h"

namespace loanstream {

// What the loop's picture does not show.
struct ReadinessFacts {
    bool is_stuck = false;      // says the Watchdog
    bool is_disk_full = false;  // where the table lies
};

// "" (ready), "starting", "stopping", "disk full", "waiting: broker", "paused" (all partitions
// are, or drained), "stuck", "fenced",
// "waiting: another process", "waiting: partitions"; the first that holds, in an order of its own.
std::string not_ready_because(const Snapshot& snapshot, const ReadinessFacts& facts);

}  // namespace loanstream

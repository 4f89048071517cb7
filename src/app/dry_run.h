// `stream --dry-run`: what a policy would make of a topic's records, and which of its fields the
// records hold. Reads only: no lock, no folder, no log entry. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/settings.h"
#include "base/env.h"
#include "decide/decided_batch.h"
#include "pipeline/snapshot.h"

namespace loanstream {

struct DryRunReport {
    struct FieldShare {
        std::string field, keys;                         // keys: those of the policy that were met
        std::int64_t records = 0, missing = 0, bad = 0;  // of decided rows: without, unreadable
    };
    struct Cause {
        std::string stage, reason, field, example;  // example: a position
        std::int64_t records = 0;
    };
    std::string topic, policy, from;  // from: "topic/0@17", one a partition
    std::int64_t records = 0, decided = 0, rejected = 0;
    std::array<std::int64_t, 3> by_status{};  // index: Status
    std::vector<FieldShare> fields;           // in file order; constants and derived ones left out
    std::map<std::string, std::int64_t> unused;           // key -> records, of keys without a field
    std::map<std::string, std::string> nearest;           // unused key -> the field it is like
    std::vector<Cause> causes;                            // most records first
    std::vector<std::pair<RecentRow, std::string>> rows;  // the first three, with their evidence

    std::string text() const;
    std::string json() const;
};

// Up to `limit` records from where the table would go on; fewer where the topic ends before.
Result<DryRunReport> dry_run(Env& env, const Settings& settings, const std::string& topic,
                             std::int64_t limit);

}  // namespace loanstream

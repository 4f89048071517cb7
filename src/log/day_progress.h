// How far one UTC day of the tables has come, for schedulers: will rows still be added to it, and
// are its files merged? Reads the log; mark_complete_days() also leaves one file a day under
// _loanstream/complete/. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/env.h"
#include "log/warehouse.h"

namespace loanstream {

struct DayProgress {
    std::string dt;
    bool claimed = false;                // some partition was ever claimed
    std::vector<TopicPartition> behind;  // partitions that may still decide on this day
    std::int64_t open_files = 0;         // in parts that are not sealed
    std::int64_t unmerged_parts = 0;     // sealed, worth merging, and not switched yet

    // No row will be added.
    bool landed() const { return claimed && behind.empty(); }
    // ... and its files are as large as they will be.
    bool complete() const { return landed() && open_files == 0 && unmerged_parts == 0; }
    std::string text() const;  // one line for people: what it waits for
};

Result<DayProgress> day_progress(Warehouse& warehouse, const std::string& dt,
                                 std::int64_t file_size);

// Marks every day of the tables that has become complete; gives those newly marked.
Result<std::vector<std::string>> mark_complete_days(Env& env, Warehouse& warehouse,
                                                    std::int64_t file_size);

}  // namespace loanstream

// Tells a job that is stuck from one that is slow or idle: records wait and no commit comes, or the
// loop itself shows no picture any more. Fed with pictures and the monotonic clock; pure, one
// thread.
//
//   well --stuck_after--> stuck (kStuck) --stuck_after--> kAlarm, then one each minute
//   a commit, or nothing that waits: well again (kWell)
#pragma once

#include <chrono>

#include "pipeline/snapshot.h"

namespace loanstream {

class Watchdog {
public:
    using nanoseconds = std::chrono::nanoseconds;
    enum class Finding { kNothing, kStuck, kAlarm, kWell };  // each once, when it is so

    explicit Watchdog(nanoseconds stuck_after) : stuck_after_(stuck_after) {}
    // `now` never runs backwards.
    Finding look(const Snapshot& snapshot, nanoseconds now);
    bool is_stuck() const { return is_stuck_; }
    nanoseconds still_for(nanoseconds now) const { return now - still_since_; }

private:
    bool moves(const Snapshot& snapshot, nanoseconds now) const;

    nanoseconds stuck_after_;
    nanoseconds still_since_{-1};  // -1: nothing looked at yet
    nanoseconds next_alarm_{0};
    std::int64_t number_ = -1;  // of the picture before
    std::int64_t commits_ = 0;
    bool is_stuck_ = false;
};

// Records that the topic has and the table has not, over the partitions that nobody holds.
std::int64_t lag_of(const Snapshot& snapshot);

}  // namespace loanstream

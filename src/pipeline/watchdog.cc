#include "pipeline/watchdog.h"

#include <utility>

namespace loanstream {

namespace {

constexpr std::chrono::minutes kBetweenAlarms(1);

}  // namespace

std::int64_t lag_of(const Snapshot& snapshot) {
    std::int64_t lag = 0;
    for (const auto& partition : snapshot.partitions)
        if (partition.hold == Hold::kNone) lag += partition.watermark - partition.next;
    return lag;
}

bool Watchdog::moves(const Snapshot& snapshot, nanoseconds now) const {
    if (snapshot.commits != commits_) return true;
    if (snapshot.number == number_) return false;  // the loop hangs in one of its steps
    if (lag_of(snapshot) > 0) return false;
    // Partitions that are being taken anew show no lag; those that stay away are another's.
    bool are_away = is_stuck_ && snapshot.partitions.empty();
    return !are_away || now - still_since_ >= 2 * stuck_after_;
}

Watchdog::Finding Watchdog::look(const Snapshot& snapshot, nanoseconds now) {
    bool moved = still_since_ < nanoseconds(0) || moves(snapshot, now);
    number_ = snapshot.number;
    commits_ = snapshot.commits;
    if (moved) {
        still_since_ = now;
        return std::exchange(is_stuck_, false) ? Finding::kWell : Finding::kNothing;
    }
    if (!is_stuck_ && now - still_since_ >= stuck_after_) {
        is_stuck_ = true;
        next_alarm_ = still_since_ + 2 * stuck_after_;
        return Finding::kStuck;
    }
    if (!is_stuck_ || now < next_alarm_) return Finding::kNothing;
    next_alarm_ = now + kBetweenAlarms;
    return Finding::kAlarm;
}

}  // namespace loanstream

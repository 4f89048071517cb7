// How far a sink beside the table has been given what the log has committed: an empty file for each
// source partition, _loanstream/delivered/<sink>/<topic>-<partition>-<incarnation>-<next>. A name
// says that all before `next` is delivered, which stays true for ever: the highest one counts,
// whoever wrote the others, and no write replaces a file. One thread.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>

#include "base/file_store.h"
#include "log/state.h"

namespace loanstream {

struct DeliveredPosition {
    Incarnation incarnation;
    Offset next;
    friend auto operator<=>(const DeliveredPosition&, const DeliveredPosition&) = default;
};

class DeliveredPositions {
public:
    // `folder`: Layout::delivered of the sink.
    DeliveredPositions(FileStore& files, std::string folder)
        : files_(files), folder_(std::move(folder)) {}

    // The highest that anybody has written; nullopt: nothing is delivered yet.
    Result<std::optional<DeliveredPosition>> read(const TopicPartition& source);
    // Not synced: what a power failure takes away is only delivered again.
    Result<void> write(const TopicPartition& source, DeliveredPosition position);
    // The table ends at `end` after a repair: no position is beyond it. True when one was.
    Result<bool> end_at(const TopicPartition& source, DeliveredPosition end);
    // As if nothing had been delivered.
    Result<void> forget(const TopicPartition& source);

private:
    Result<void> remove_but(const TopicPartition& source, const std::string& kept);
    FileStore& files_;
    std::string folder_;
    bool made_ = false;
    std::map<TopicPartition, std::string> written_;  // by us, the newest
};

}  // namespace loanstream

// Where a job that has an end stops reading (`stream --until`), and how the lines of one process
// agree that they are all there.
#pragma once

#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/raw_batch.h"

namespace loanstream {

// A value. Neither: no end. Of an offset or a time, never both.
struct ReadingEnd {
    std::optional<Offset> offset;  // of every partition: the first that is not read
    std::optional<EpochMs> time;   // a record that was produced then or later is not read

    // A number (offset), or time:T (base/time_text.h). kUsage.
    static Result<ReadingEnd> parse(std::string_view text);
    bool is_set() const { return offset || time; }
};

// Takes from `batch` what lies at or behind the end; true when reading of its partition ends there.
// Records without a time are never at the end of a time.
bool cut_at(const ReadingEnd& end, RawBatch& batch);

// Lines that stop only when all have nothing left to read: a partition may still come to one of
// them from another. Any thread.
class EndTogether {
public:
    explicit EndTogether(std::size_t members) : at_end_(members, false) {}
    // What `member` found; true, from then on, once all were at their end at one time.
    bool all_at_end(std::size_t member, bool is_at_end);

private:
    std::mutex mutex_;
    std::vector<bool> at_end_;
    bool over_ = false;
};

}  // namespace loanstream

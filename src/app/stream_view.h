// How a running job is shown: each batch and the table, as the replaced job printed them; or a
// status line. Called on the loop's thread (observer) and by whoever draws (text functions, pure).
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "base/env.h"
#include "pipeline/run_loop.h"

namespace loanstream {

// Prints each batch's rows (at most 20) as a box, commits, waits and claims. With `quiet` only
// what an operator must know: claims and waits.
class StreamPrinter : public RunLoopObserver {
public:
    StreamPrinter(Env& env, std::FILE* out, bool quiet) : env_(env), out_(out), quiet_(quiet) {}
    void decided(const DecidedBatch& batch) override;
    void committed(const Receipt& receipt) override;
    void waiting_for(const std::vector<SourcePartition>& sources) override;
    void claimed(const SourcePartition& source, Offset next) override;

private:
    Env& env_;
    std::FILE* out_;
    bool quiet_;
    std::int64_t batch_ = 0;
    std::chrono::nanoseconds last_printed_{-1};
    std::int64_t batches_not_shown_ = 0;
};

// "4,096 records (4,001 decided, 95 rejected) ... lag 12", on one line.
std::string status_line(const Snapshot& snapshot,
                        std::optional<double> records_per_second = std::nullopt);

// approved 61.2 %  review 20.1 %  declined 18.7 %
std::string decision_mix(const Snapshot& snapshot);

// The last rows as a box: the old job's five columns, who scored, and the first reasons.
std::string recent_box(const Snapshot& snapshot, std::size_t most_rows, std::size_t widest);

}  // namespace loanstream

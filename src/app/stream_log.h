// What a running `stream` tells operators: log events, and a metrics file for a collector. Wraps
// the observer that shows the job to people. Called on the loop's thread.
#pragma once

#include <string>

#include "base/log_line.h"
#include "pipeline/run_loop.h"

namespace loanstream {

struct StreamLogSettings {
    std::string metrics_file;  // empty: none
    std::string policy_file;   // watched for changes; empty: it is embedded
};

class StreamLog : public RunLoopObserver {
public:
    StreamLog(Env& env, Logger& log, const SnapshotBoard& board, RunLoopObserver& view,
              StreamLogSettings settings);
    void decided(const DecidedBatch& batch) override;
    void committed(const Receipt& receipt) override;
    void waiting_for(const std::vector<SourcePartition>& sources) override;
    void claimed(const SourcePartition& source, Offset next) override;
    // At the end: the last metrics, and stream_stopped.
    void stopped();

private:
    void write_metrics();
    void look_at_policy();
    std::string policy_sum() const;

    Env& env_;
    Logger& log_;
    const SnapshotBoard& board_;
    RunLoopObserver& view_;
    StreamLogSettings settings_;
    std::string policy_sum_;
    std::chrono::nanoseconds last_metrics_{-1}, last_look_{0};
};

}  // namespace loanstream

// What a running `stream` tells operators: log events, and a metrics file for a collector. Wraps
// the observer that shows the job to people. Called on the loop's thread, as a MergeObserver on the
// merging one, as an OutboxObserver on those of the sinks.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "app/merge_thread.h"
#include "app/outbox.h"
#include "app/stream_watch.h"
#include "base/log_line.h"
#include "pipeline/run_loop.h"

namespace loanstream {

struct StreamLogSettings {
    std::string metrics_file;  // empty: none
    std::string policy_file;   // watched for changes; empty: it is embedded
};

class StreamLog : public RunLoopObserver, public MergeObserver, public OutboxObserver {
public:
    StreamLog(Env& env, Logger& log, const SnapshotBoard& board, RunLoopObserver& view,
              StreamWatch& watch, StreamLogSettings settings);
    void decided(const DecidedBatch& batch) override;
    void committed(const Receipt& receipt) override;
    void waiting_for(const std::vector<SourcePartition>& sources) override;
    void claimed(const SourcePartition& source, Offset next) override;
    void skipped(const SourcePartition& source, OffsetRange range, const std::string& why) override;
    void was_reset(const SourcePartition& source, Offset was, Offset now) override;
    void let_go(const SourcePartition& source, LetGo cause) override;
    void fault(const std::string& what) override;
    void held(const SourcePartition& source, Hold hold) override;
    void refers_all(const std::optional<ReferAll>& order) override;
    void round_done(const MergeRound& round) override;
    void retried(const Error& error) override;
    void ended(const Error& error) override;
    // Of the job and of merging; any thread.
    std::string metrics();
    void sink_state(SinkKind sink, const SinkState& state) override;
    void sink_note(SinkKind sink, const std::string& note) override;
    void sink_held(SinkKind sink, const Error& error) override;
    void sink_back(SinkKind sink) override;
    // At the end: the last metrics, and stream_stopped.
    void stopped();

private:
    struct MergeCounts {
        std::int64_t parts = 0, files = 0, backlog = 0, faults = 0;
        bool running = true;
    };
    struct SinkPicture {
        SinkState state;
        bool held = false;
    };
    void tell_schemas(const DecidedBatch& batch);
    std::string merge_metrics();
    std::string sink_metrics();
    void write_metrics();
    void look_at_policy();
    std::string policy_sum() const;

    Env& env_;
    Logger& log_;
    const SnapshotBoard& board_;
    RunLoopObserver& view_;
    StreamWatch& watch_;
    StreamLogSettings settings_;
    std::string policy_sum_;
    std::set<std::uint32_t> schemas_;  // refused and told
    std::mutex mutex_;                 // of what other threads than the loop's tell
    MergeCounts merges_;
    std::map<SinkKind, SinkPicture> sinks_;
    std::chrono::nanoseconds last_metrics_{-1}, last_look_{0};
};

}  // namespace loanstream

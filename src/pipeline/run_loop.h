// The job: poll -> clean -> decide -> write -> commit, a straight line on one thread for its share
// of the partitions, no queue between the stages. A process has stream.threads of them. Everything
// it needs is passed in and outlives it.
//
//   starting -> waiting <-> running -> draining -> stopped
//
// stop() and rejoin() may be called from any thread (and, through Env::wake, from a signal's
// watcher); the rest belongs to the thread that calls run().
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/source.h"
#include "clean/clean_batch.h"
#include "decide/decided_batch.h"
#include "pipeline/reading_end.h"
#include "pipeline/sink.h"
#include "pipeline/snapshot.h"

namespace loanstream {

struct RunLoopSettings {
    using milliseconds = std::chrono::milliseconds;
    milliseconds commit_every{2000};  // table.commit_every
    bool once = false;                // to the watermarks seen at the start, then stop
    milliseconds once_idle{0};        // longest wait of a poll then
    MessagePath envelope{};           // source.envelope
    ReadingEnd until{};               // where reading ends, then stop
    EndTogether* together = nullptr;  // with the other lines of this process; outlives the loop
    std::size_t line = 0;             // our number among them
    // A partition that a newer owner has claimed: let go of it and work on the others (true), or
    // stop with kFenced.
    bool outlives_fences = false;
    std::int64_t most_pending_rows = 1'000'000;   // commit early: bounds memory and replay
    std::int64_t most_pending_bytes = 128 << 20;  // table.file_size
    milliseconds most_idle{100};                  // longest wait of one poll
    std::int64_t started_ms = -1;                 // epoch ms, for the pictures
    milliseconds orders_every{0};                 // looks for operators' orders; 0: never
};

enum class LetGo { kAskedBack, kLost, kFenced };
std::string_view name_of(LetGo cause);  // "asked back"

// Told of each step, on the loop's thread; must not block for long.
class RunLoopObserver {
public:
    virtual ~RunLoopObserver() = default;
    virtual void decided(const DecidedBatch&) {}
    virtual void committed(const Receipt&) {}
    virtual void waiting_for(const std::vector<SourcePartition>&) {}
    virtual void claimed(const SourcePartition&, Offset /*next*/) {}
    // What was there before `next` will not be decided; the log says so.
    virtual void skipped(const SourcePartition&, OffsetRange, const std::string& /*why*/) {}
    // The topic was made anew; reading goes on at `now` of its new incarnation.
    virtual void was_reset(const SourcePartition&, Offset /*was*/, Offset /*now*/) {}
    virtual void let_go(const SourcePartition&, LetGo) {}
    // By an operator's order; kNone: it goes on.
    virtual void held(const SourcePartition&, Hold) {}
    // Everything is referred to review, or (nullopt) no more.
    virtual void refers_all(const std::optional<ReferAll>&) {}
    virtual void fault(const std::string& /*what; empty: it is over*/) {}
};

class RunLoop {
public:
    struct Parts {
        Env& env;
        Source& source;
        Sink& sink;
        std::shared_ptr<const Policy> policy;
        RunLoopObserver& observer;
        SnapshotBoard& board;
    };
    static Result<std::unique_ptr<RunLoop>> make(Parts parts, RunLoopSettings settings);

    // Until stop(), or with `once` until the end. What was polled is committed before it returns
    // with success; after an error nothing more is written (a restart goes on from the log).
    Result<void> run();
    void stop();
    // The source takes its partitions anew, soon (Source::rejoin).
    void rejoin();

private:
    struct Owned {
        Offset next, read_next, end;  // end: where `once` stops
        Hold hold = Hold::kNone;
        bool is_at_end = false;  // nothing more of it is read: `until`
    };
    RunLoop(Parts parts, RunLoopSettings settings, std::unique_ptr<Decider> decider);
    Result<void> follow_assignment();
    Result<void> take_partition(const SourcePartition& source);
    Result<void> follow_orders();
    Result<void> obey(const SourcePartition& source, Hold hold);
    void refer_all(const SourcePartition& source);
    Result<void> let_go_of(const Source::Assignment& assignment);
    Result<void> drop(const SourcePartition& source, LetGo cause);
    Result<void> take_batch();
    Result<void> decide_batch(const RawBatch& raw, Owned& place);
    Result<void> commit();
    Result<void> end_day();
    Result<void> take_receipt(const Receipt& receipt);
    bool has_end() const { return settings_.once || settings_.until.is_set(); }
    Result<bool> at_the_end();
    Result<void> end_by_the_clock();
    bool commit_is_due() const;
    std::chrono::milliseconds poll_wait() const;
    void post();
    void move_to(LoopState next);

    Parts parts_;
    RunLoopSettings settings_;
    Cleaner cleaner_;
    std::unique_ptr<Decider> decider_;
    RawBatch raw_;
    CleanBatch clean_;
    DecidedBatch decided_;
    std::map<SourcePartition, Owned> owned_;
    std::vector<SourcePartition> waiting_;
    std::set<SourcePartition> fenced_;  // another has claimed them, the source still gives them
    bool is_idle_ = false;              // at the end, and other lines are not
    bool is_settled_ = false;           // the source has said which partitions are ours
    Snapshot now_;
    std::chrono::nanoseconds first_pending_{-1};  // monotonic time of the first uncommitted row
    std::int64_t oldest_event_ms_ = -1;           // among the uncommitted records
    std::chrono::nanoseconds next_orders_{0};     // when the log is looked at for orders
    std::optional<ReferAll> refers_all_;
    std::atomic<bool> stop_{false}, rejoin_{false};
};

}  // namespace loanstream

// The thread that feeds a topic beside the table with what the log has committed. Landing never
// waits for it: it is told how far the log has come and reads the rows from the table. While
// brokers are away it waits and says so; nothing is lost, since a position is noted only after the
// delivery. start(), finish() and join() on one thread; claimed(), committed() and let_go() on any;
// the observer is called on the Outbox's own.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/sink_delivery.h"
#include "pipeline/run_loop.h"

namespace loanstream {

// How far a topic beside the table has come.
struct SinkState {
    std::int64_t records = 0;  // confirmed by brokers since the job's start, copies too
    // Monotonic: since when the log has rows that are not on the topic; none: all are.
    std::optional<std::chrono::nanoseconds> due_since;
};

class OutboxObserver {
public:
    virtual ~OutboxObserver() = default;
    virtual void sink_state(SinkKind, const SinkState&) {}  // before and after each round
    virtual void sink_note(SinkKind, const std::string& /*note*/) {}
    virtual void sink_held(SinkKind, const Error&) {}  // what is due waits; tried again
    virtual void sink_back(SinkKind) {}
    static OutboxObserver& nobody();
};

class Outbox {
public:
    Outbox(Env& env, SinkSettings settings, OutboxObserver& observer)
        : env_(env), settings_(std::move(settings)), observer_(observer) {}
    ~Outbox();
    void start();
    // Asks it to deliver what it was told of and then to end; earlier when nothing was delivered
    // for `patience`. join() waits for that.
    void finish(std::chrono::milliseconds patience);
    void join();

    void claimed(const SourcePartition& source, Offset next);
    void committed(const SourcePartition& source, Offset next);
    void let_go(const SourcePartition& source);

private:
    void work();
    std::unique_ptr<SinkDelivery> open();
    bool deliver(SinkDelivery& delivery);
    bool wait_for_work();
    bool keep_waiting(std::int64_t delivered, const std::string& fault);
    std::chrono::milliseconds longest_connect();
    void hold(const Error& error);
    void go_on();
    void is_due();
    void tell(std::int64_t delivered);

    Env& env_;
    SinkSettings settings_;
    OutboxObserver& observer_;
    std::thread thread_;

    std::mutex mutex_;
    std::condition_variable changed_;
    SinkGoals goals_;
    std::uint64_t changes_ = 0, claims_ = 0;
    bool stop_ = false;
    std::chrono::milliseconds patience_{0};
    std::chrono::nanoseconds stop_at_{0};
    std::optional<std::chrono::nanoseconds> due_since_;

    // Of the thread.
    std::uint64_t seen_ = 0, reached_ = 0;  // of changes_: told to a round, delivered
    std::chrono::milliseconds pause_{0};    // before the next round
    bool is_open_ = false;                  // a change ends the pause
    std::int64_t delivered_ = 0;            // of this connection
    std::int64_t before_ = 0;               // of those before it
    std::chrono::nanoseconds began_{0};     // the round
    std::chrono::nanoseconds progress_{0};  // when something was delivered
    bool held_ = false, noted_ = false;
};

// Tells the sinks of each step, then whoever else wants to know.
class OutboxFeed : public RunLoopObserver {
public:
    OutboxFeed(std::vector<std::unique_ptr<Outbox>>& sinks, RunLoopObserver& next)
        : sinks_(sinks), next_(next) {}
    void decided(const DecidedBatch& batch) override { next_.decided(batch); }
    void committed(const Receipt& receipt) override;
    void waiting_for(const std::vector<SourcePartition>& sources) override {
        next_.waiting_for(sources);
    }
    void claimed(const SourcePartition& source, Offset next) override;
    void skipped(const SourcePartition& source, OffsetRange range,
                 const std::string& why) override {
        next_.skipped(source, range, why);
    }
    void was_reset(const SourcePartition& source, Offset was, Offset now) override {
        next_.was_reset(source, was, now);
    }
    void let_go(const SourcePartition& source, LetGo cause) override;
    void held(const SourcePartition& source, Hold hold) override { next_.held(source, hold); }
    void refers_all(const std::optional<ReferAll>& order) override { next_.refers_all(order); }
    void fault(const std::string& what) override { next_.fault(what); }

private:
    std::vector<std::unique_ptr<Outbox>>& sinks_;
    RunLoopObserver& next_;
};

}  // namespace loanstream

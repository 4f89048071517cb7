// Watches a running `stream` from a thread of its own: is it ready, is it stuck
// (pipeline/watchdog.h), is its disk full. Says so in the log and has the partitions taken anew.
// Reads the newest picture alone. start() and stop() on one thread; the rest from any.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "app/settings.h"
#include "base/env.h"
#include "base/log_line.h"
#include "pipeline/watchdog.h"

namespace loanstream {

struct StreamWatchSettings {
    std::chrono::milliseconds stuck_after{60000};
    std::string warehouse;  // its disk is looked at
};
StreamWatchSettings stream_watch_settings(const Settings& settings);

class StreamWatch {
public:
    StreamWatch(Env& env, Logger& log, const SnapshotBoard& board, StreamWatchSettings settings);
    ~StreamWatch() { stop(); }
    // `rejoin` is called on the watching thread when the job is stuck.
    void start(std::function<void()> rejoin);
    void stop();

    struct Readiness {
        std::string reason;  // empty: ready
        EpochMs since;       // of that answer
    };
    Readiness readiness();
    std::string metrics();

private:
    void work();
    void look();
    void say(const Readiness& now);
    Readiness judge(const Snapshot& snapshot);

    Env& env_;
    Logger& log_;
    const SnapshotBoard& board_;
    StreamWatchSettings settings_;
    std::function<void()> rejoin_;
    std::thread thread_;
    std::mutex mutex_;  // of all that follows
    std::condition_variable changed_;
    bool stop_ = false;
    Watchdog dog_;
    Readiness last_, said_;
    std::int64_t rejoins_ = 0;
    std::uint64_t free_bytes_ = 0;
    bool is_disk_full_ = false;
};

}  // namespace loanstream

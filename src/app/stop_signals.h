// SIGTERM and SIGINT ask for an orderly end: the batch in hand is finished and committed. A second
// SIGINT ends the process at once (nothing is lost: a restart goes on from the log). Made in main's
// thread before any other thread starts; `stop` is called on a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace loanstream {

class StopSignals {
public:
    explicit StopSignals(std::function<void()> stop);
    ~StopSignals();
    bool asked() const { return asked_; }

private:
    std::function<void()> stop_;
    std::atomic<bool> asked_{false};
    std::atomic<bool> ending_{false};
    std::thread watcher_;
};

}  // namespace loanstream

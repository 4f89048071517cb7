// A thread beside the line that encodes, compresses and writes row groups while the line goes on:
// one at a time, so memory is bounded by one group more. Without a thread of its own (the
// simulator, whose world has one thread) the work is done where it is handed over. One thread owns
// a GroupEncoder.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/error.h"

namespace loanstream {

class GroupEncoder {
public:
    using Work = std::function<Result<void>()>;

    explicit GroupEncoder(bool has_thread) : has_thread_(has_thread) {}
    ~GroupEncoder();  // waits for what is under way
    GroupEncoder(const GroupEncoder&) = delete;
    GroupEncoder& operator=(const GroupEncoder&) = delete;

    // Begins `work` once all before it is done; an error of what was before is given, and `work` is
    // dropped. What it touches belongs to it until wait() returns.
    Result<void> begin(Work work);
    // Until nothing is under way; its error, which stays for every later call.
    Result<void> wait();

private:
    void run();

    bool has_thread_;
    std::thread thread_;  // from the first work on
    std::mutex mutex_;
    std::condition_variable changed_;
    Work work_;  // not empty: under way
    Result<void> outcome_;
    bool stop_ = false;
};

}  // namespace loanstream

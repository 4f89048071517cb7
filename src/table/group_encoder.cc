#include "table/group_encoder.h"

#include <utility>

namespace loanstream {

GroupEncoder::~GroupEncoder() {
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

Result<void> GroupEncoder::wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !work_; });
    return outcome_;
}

Result<void> GroupEncoder::begin(Work work) {
    TRY_VOID(wait());
    if (!has_thread_) return outcome_ = work();
    {
        std::lock_guard lock(mutex_);
        work_ = std::move(work);
    }
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    changed_.notify_all();
    return {};
}

void GroupEncoder::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stop_ || work_; });
        if (!work_) return;
        lock.unlock();
        auto outcome = work_();
        lock.lock();
        outcome_ = std::move(outcome);
        work_ = nullptr;
        changed_.notify_all();
    }
}

}  // namespace loanstream

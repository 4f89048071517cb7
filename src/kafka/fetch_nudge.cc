#include "kafka/fetch_nudge.h"

#include <csignal>

namespace loanstream {

FetchNudge::FetchNudge(rd_kafka_t* client, std::string topic)
    : client_(client), topic_(std::move(topic)) {
    // Signals are the main thread's: this one begins with all of them blocked, as librdkafka's do.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

FetchNudge::~FetchNudge() {
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
    }
    more_.notify_one();
    thread_.join();
}

void FetchNudge::nudge(std::int32_t partition) {
    {
        std::lock_guard lock(mutex_);
        wanted_.insert(partition);
    }
    more_.notify_one();
}

void FetchNudge::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        more_.wait(lock, [this] { return stop_ || !wanted_.empty(); });
        if (stop_) return;
        std::int32_t partition = *wanted_.begin();
        wanted_.erase(wanted_.begin());
        lock.unlock();
        std::int64_t low = 0, high = 0;  // the answer is not what is wanted
        rd_kafka_query_watermark_offsets(client_, topic_.c_str(), partition, &low, &high, 1000);
        lock.lock();
    }
}

}  // namespace loanstream

// librdkafka before 2.2 stops fetching a partition whose queue is full for up to a second, however
// soon there is room again: its broker thread sleeps and nothing of ours wakes it. A request to
// that broker does, so when a queue has been emptied by half this thread asks for the partition's
// watermarks, which is a request of a few bytes (docs/kafka.md "Reading"). nudge() from one thread.
#pragma once

#include <librdkafka/rdkafka.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace loanstream {

class FetchNudge {
public:
    FetchNudge(rd_kafka_t* client, std::string topic);  // the client outlives it
    ~FetchNudge();
    void nudge(std::int32_t partition);

private:
    void run();
    rd_kafka_t* client_;
    std::string topic_;
    std::mutex mutex_;
    std::condition_variable more_;
    std::set<std::int32_t> wanted_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace loanstream

// What the yardsticks of `./dev bench kafka` have in common: librdkafka alone, errors end them.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <utility>
#include <vector>

namespace yardstick {

using Options = std::initializer_list<std::pair<const char*, const char*>>;

[[noreturn]] inline void end_with(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::exit(3);
}

inline rd_kafka_t* client(rd_kafka_type_t type, const char* bootstrap, Options options,
                          rd_kafka_conf_t* conf = rd_kafka_conf_new()) {
    char text[512];
    auto set = [&](const char* name, const char* value) {
        if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
            end_with(text);
    };
    set("bootstrap.servers", bootstrap);
    for (const auto& [name, value] : options) set(name, value);
    rd_kafka_t* made = rd_kafka_new(type, conf, text, sizeof text);
    if (made == nullptr) end_with(text);
    return made;
}

// Every record of a topic from its beginning to the end of each partition.
inline void read_all(const char* bootstrap, const char* topic_name,
                     const std::function<void(const rd_kafka_message_t&)>& take) {
    rd_kafka_t* made = client(RD_KAFKA_CONSUMER, bootstrap,
                              {{"group.id", "yardstick"},
                               {"enable.auto.commit", "false"},
                               {"enable.partition.eof", "true"},
                               {"isolation.level", "read_committed"},
                               {"queued.min.messages", "10000000"},  // never full: never waited for
                               {"queued.max.messages.kbytes", "2097151"},
                               {"fetch.message.max.bytes", "4194304"}});
    rd_kafka_poll_set_consumer(made);
    const rd_kafka_metadata_t* metadata = nullptr;
    rd_kafka_topic_t* topic = rd_kafka_topic_new(made, topic_name, nullptr);
    if (rd_kafka_metadata(made, 0, topic, &metadata, 10000) != RD_KAFKA_RESP_ERR_NO_ERROR)
        end_with("no metadata");
    int partitions = metadata->topics[0].partition_cnt;
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
    for (int p = 0; p < partitions; ++p)
        rd_kafka_topic_partition_list_add(list, topic_name, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(made, list);
    rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(made);
    std::vector<rd_kafka_message_t*> messages(4096);
    for (int ended = 0; ended < partitions;) {
        auto count = rd_kafka_consume_batch_queue(queue, 100, messages.data(), messages.size());
        for (long i = 0; i < count; ++i) {
            auto* message = messages[static_cast<std::size_t>(i)];
            if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ended += 1;
            if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) take(*message);
            rd_kafka_message_destroy(message);
        }
    }
}

// "records bytes seconds", and the end of the process without waiting for librdkafka's threads.
class Clock {
public:
    [[noreturn]] void end(long long records, long long bytes) const {
        std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
        std::printf("%lld %lld %.4f\n", records, bytes, took.count());
        std::fflush(stdout);
        std::_Exit(0);
    }

private:
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace yardstick

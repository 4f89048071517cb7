// Records into one Kafka topic: an idempotent producer (where the brokers know that) that counts
// delivery reports. Nothing is given up: while brokers are away the records wait. One thread.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/kafka_access.h"

namespace loanstream {

struct KafkaProducerSettings {
    std::string topic;
    std::string compression = "lz4";
    std::int64_t most_record_bytes = 10 << 20;
};

class KafkaProducer {
public:
    using Headers = std::span<const std::pair<std::string, std::string>>;
    struct Record {
        std::string_view key, value;  // a key without data: none
        Headers headers{};            // none where has_headers() says no
        std::int64_t tag = 0;         // of the caller, given back with a failure
    };
    // The brokers will not have this record.
    struct Failure {
        std::int64_t tag = 0, bytes = 0;
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    };

    // kNotFound: no such topic; it is not made by producing.
    static Result<std::unique_ptr<KafkaProducer>> open(const KafkaAccess& access,
                                                       KafkaProducerSettings settings);
    ~KafkaProducer();

    // Copies the record; waits where librdkafka's queue is full. kOutside: a final fault.
    Result<void> send(const Record& record);
    // Takes delivery reports, waiting for the first. An error is a final fault of the connection.
    Result<void> serve(std::chrono::milliseconds wait);
    // False when more bytes than these (0: any record) still wait after `wait`.
    Result<bool> wait_until(std::chrono::milliseconds wait, std::int64_t most_waiting_bytes);

    std::vector<Failure> take_failures() { return std::exchange(failures_, {}); }
    Error error_of(const Failure& failure) const;
    std::int64_t waiting() const { return waiting_; }
    std::int64_t delivered() const { return delivered_; }
    // Why nothing is delivered now; empty: nothing is known to be amiss.
    const std::string& fault() const { return fault_; }
    // Brokers before 0.11 know neither: a retry may then write a record twice.
    bool is_idempotent() const { return modern_; }
    bool has_headers() const { return modern_; }

private:
    KafkaProducer(KafkaAccess access, KafkaProducerSettings settings)
        : access_(std::move(access)), settings_(std::move(settings)) {}
    rd_kafka_resp_err_t produce(const Record& record);
    void take_reports(rd_kafka_event_t* event);

    KafkaAccess access_;
    KafkaProducerSettings settings_;
    KafkaHandle client_;
    struct FreeQueue {
        void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
    };
    std::unique_ptr<rd_kafka_queue_t, FreeQueue> events_;
    struct FreeTopic {
        void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
    };
    std::unique_ptr<rd_kafka_topic_t, FreeTopic> topic_;
    bool modern_ = true;
    std::int64_t waiting_bytes_ = 0, waiting_ = 0, delivered_ = 0;
    std::vector<Failure> failures_;
    std::string fault_;
};

}  // namespace loanstream

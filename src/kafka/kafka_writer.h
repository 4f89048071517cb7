// Applications into a Kafka topic: an idempotent producer (where the brokers know that) that counts
// delivery reports. Nothing is given up: while brokers are away the records wait, up to a bound.
// docs/kafka.md "Producing". One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "feed/application_writer.h"
#include "kafka/kafka_access.h"
#include "kafka/record_key.h"

namespace loanstream {

struct KafkaWriterSettings {
    std::string topic;
    std::string compression = "lz4";
    std::shared_ptr<const Policy> policy;  // its id field is the key
    std::int64_t most_record_bytes = 10 << 20;
    std::int64_t most_waiting_bytes = 64 << 20;  // not delivered yet
};

class KafkaWriter : public ApplicationWriter {
public:
    // kNotFound: no such topic; it is not made by producing.
    static Result<std::unique_ptr<KafkaWriter>> open(const KafkaAccess& access,
                                                     KafkaWriterSettings settings);
    Result<std::int64_t> begin_file(const std::string& sha256) override;
    Result<void> write_rows(std::int64_t first_row, std::vector<std::string>& records) override;
    Result<void> write(std::vector<std::string>& records) override;
    Result<bool> has_room(std::chrono::milliseconds wait) override;
    Result<bool> flush(std::chrono::milliseconds wait) override;
    std::int64_t delivered() const override { return delivered_; }
    std::string fault() const override { return fault_; }
    // False on brokers before 0.11: a retry may then write a record twice.
    bool is_idempotent() const { return idempotent_; }

private:
    KafkaWriter(KafkaAccess access, KafkaWriterSettings settings);
    Result<void> produce(std::string& record);
    Result<void> serve(std::chrono::milliseconds wait);
    Result<void> take_reports(rd_kafka_event_t* event);
    Result<bool> wait_until(std::chrono::milliseconds wait, std::int64_t most_waiting);

    KafkaAccess access_;
    KafkaWriterSettings settings_;
    RecordKey key_;
    KafkaHandle client_;
    struct FreeQueue {
        void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
    };
    std::unique_ptr<rd_kafka_queue_t, FreeQueue> events_;
    struct FreeTopic {
        void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
    };
    std::unique_ptr<rd_kafka_topic_t, FreeTopic> topic_;
    bool idempotent_ = true;
    std::int64_t waiting_bytes_ = 0, waiting_ = 0, delivered_ = 0;
    std::string fault_;
};

}  // namespace loanstream

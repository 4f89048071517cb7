// Applications into a Kafka topic, keyed by the policy's id field. Nothing is given up: while
// brokers are away the records wait, up to a bound. docs/kafka.md "Producing". One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "feed/application_writer.h"
#include "kafka/kafka_producer.h"
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
    std::int64_t delivered() const override { return producer_->delivered(); }
    std::string fault() const override { return producer_->fault(); }
    // False on brokers before 0.11: a retry may then write a record twice.
    bool is_idempotent() const { return producer_->is_idempotent(); }

private:
    KafkaWriter(std::unique_ptr<KafkaProducer> producer, KafkaWriterSettings settings);
    Result<bool> wait_until(std::chrono::milliseconds wait, std::int64_t most_waiting);
    Result<void> first_failure();

    std::unique_ptr<KafkaProducer> producer_;
    KafkaWriterSettings settings_;
    RecordKey key_;
};

}  // namespace loanstream

#include "kafka/kafka_writer.h"

namespace loanstream {

using std::chrono::milliseconds;

KafkaWriter::KafkaWriter(std::unique_ptr<KafkaProducer> producer, KafkaWriterSettings settings)
    : producer_(std::move(producer)), settings_(std::move(settings)), key_(settings_.policy) {}

Result<std::unique_ptr<KafkaWriter>> KafkaWriter::open(const KafkaAccess& access,
                                                       KafkaWriterSettings settings) {
    TRY(auto producer, KafkaProducer::open(access, {settings.topic, settings.compression,
                                                    settings.most_record_bytes}));
    return std::unique_ptr<KafkaWriter>(new KafkaWriter(std::move(producer), std::move(settings)));
}

Result<std::int64_t> KafkaWriter::begin_file(const std::string&) { return 0; }

Result<void> KafkaWriter::write_rows(std::int64_t, std::vector<std::string>& records) {
    return write(records);
}

Result<void> KafkaWriter::write(std::vector<std::string>& records) {
    for (std::string& record : records) {
        std::string_view key = key_.of(record);
        TRY_VOID(producer_->send({key, record}));
    }
    TRY_VOID(producer_->serve(milliseconds(0)));
    return first_failure();
}

Result<void> KafkaWriter::first_failure() {
    auto failures = producer_->take_failures();
    if (failures.empty()) return {};
    return std::unexpected(producer_->error_of(failures.front()));
}

Result<bool> KafkaWriter::wait_until(milliseconds wait, std::int64_t most_waiting) {
    auto done = producer_->wait_until(wait, most_waiting);
    TRY_VOID(first_failure());
    return done;
}

Result<bool> KafkaWriter::has_room(milliseconds wait) {
    return wait_until(wait, settings_.most_waiting_bytes);
}

Result<bool> KafkaWriter::flush(milliseconds wait) { return wait_until(wait, 0); }

}  // namespace loanstream

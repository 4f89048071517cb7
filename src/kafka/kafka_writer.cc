#include "kafka/kafka_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "kafka/kafka_admin.h"

namespace loanstream {

using std::chrono::milliseconds;

KafkaWriter::KafkaWriter(KafkaAccess access, KafkaWriterSettings settings)
    : access_(std::move(access)), settings_(std::move(settings)), key_(settings_.policy) {}

Result<std::unique_ptr<KafkaWriter>> KafkaWriter::open(const KafkaAccess& access,
                                                       KafkaWriterSettings settings) {
    std::unique_ptr<KafkaWriter> writer(new KafkaWriter(access, std::move(settings)));
    TRY(auto admin, KafkaAdmin::open(access));
    TRY_VOID(admin->topic(writer->settings_.topic));
    TRY(bool old, admin->is_before_idempotence(writer->settings_.topic));
    writer->idempotent_ = !old;
    TRY(auto options, KafkaOptions::make(access));
    const std::pair<const char*, std::string> wanted[] = {
        {"acks", "all"},
        {"enable.idempotence", old ? "false" : "true"},
        {"max.in.flight.requests.per.connection", old ? "1" : "5"},  // one: order is kept
        {"message.timeout.ms", "0"},                                 // never given up
        {"linger.ms", "5"},
        {"batch.size", "1000000"},
        {"queue.buffering.max.messages", "10000000"},  // bytes bound what waits, and here
        {"queue.buffering.max.kbytes", "2097151"},
        {"message.max.bytes", std::to_string(writer->settings_.most_record_bytes + 65536)},
        {"compression.codec", writer->settings_.compression},
        {"partitioner", "murmur2_random"},  // as the Java clients
        {"allow.auto.create.topics", "false"},
    };
    for (const auto& [name, value] : wanted) TRY_VOID(options.set(name, value));
    TRY(writer->client_, options.client(RD_KAFKA_PRODUCER));
    writer->events_.reset(rd_kafka_queue_get_main(writer->client_.get()));
    writer->topic_.reset(
        rd_kafka_topic_new(writer->client_.get(), writer->settings_.topic.c_str(), nullptr));
    return writer;
}

Result<std::int64_t> KafkaWriter::begin_file(const std::string&) { return 0; }

Result<void> KafkaWriter::write_rows(std::int64_t, std::vector<std::string>& records) {
    return write(records);
}

Result<void> KafkaWriter::write(std::vector<std::string>& records) {
    for (std::string& record : records) TRY_VOID(produce(record));
    return serve(milliseconds(0));
}

Result<void> KafkaWriter::produce(std::string& record) {
    std::string_view key = key_.of(record);
    while (true) {
        int refused =
            rd_kafka_produce(topic_.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                             record.data(), record.size(), key.data(), key.size(), nullptr);
        if (refused == 0) break;
        auto code = rd_kafka_last_error();
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            TRY_VOID(serve(milliseconds(100)));
            continue;
        }
        return std::unexpected(kafka_error(access_, code, {}).at(settings_.topic));
    }
    waiting_ += 1;
    waiting_bytes_ += static_cast<std::int64_t>(record.size());
    return {};
}

Result<void> KafkaWriter::serve(milliseconds wait) {
    auto left = static_cast<int>(wait.count());
    while (rd_kafka_event_t* event = rd_kafka_queue_poll(events_.get(), left)) {
        left = 0;
        Result<void> taken;
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
            taken = take_reports(event);
        } else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
            auto code = rd_kafka_event_error(event);
            Error error = kafka_error(access_, code, rd_kafka_event_error_string(event));
            fault_ = error.what;
            if (is_final(code)) taken = std::unexpected(std::move(error));
        }
        rd_kafka_event_destroy(event);
        TRY_VOID(taken);
    }
    return {};
}

Result<void> KafkaWriter::take_reports(rd_kafka_event_t* event) {
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) {
        waiting_ -= 1;
        waiting_bytes_ -= static_cast<std::int64_t>(message->len);
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            delivered_ += 1;
            fault_.clear();
        } else if (message->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
            return fail(
                ErrorCode::kOutside,
                fmt::format("a record of {} bytes is larger than the topic takes", message->len),
                settings_.topic,
                "raise the topic's max.message.bytes; what came before it is produced");
        } else {
            return std::unexpected(
                kafka_error(access_, message->err, {}).at(settings_.topic + ": not delivered"));
        }
    }
    return {};
}

Result<bool> KafkaWriter::wait_until(milliseconds wait, std::int64_t most_waiting) {
    auto end = std::chrono::steady_clock::now() + wait;
    TRY_VOID(serve(milliseconds(0)));
    while (waiting_bytes_ > most_waiting || (most_waiting == 0 && waiting_ > 0)) {
        auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
        if (left <= milliseconds(0)) return false;
        TRY_VOID(serve(std::min(left, milliseconds(100))));
    }
    return true;
}

Result<bool> KafkaWriter::has_room(milliseconds wait) {
    return wait_until(wait, settings_.most_waiting_bytes);
}

Result<bool> KafkaWriter::flush(milliseconds wait) { return wait_until(wait, 0); }

}  // namespace loanstream

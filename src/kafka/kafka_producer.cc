#include "kafka/kafka_producer.h"

#include <fmt/format.h>

#include <algorithm>

#include "kafka/kafka_admin.h"

namespace loanstream {

using std::chrono::milliseconds;

namespace {

constexpr std::int64_t kMostMessageBytes = 1'000'000'000;  // librdkafka's own bound
constexpr std::int64_t kMostBatchBytes = 1'000'000;

// A batch larger than the topic takes would be refused as a whole.
std::int64_t batch_bytes(KafkaAdmin& admin, const std::string& topic) {
    auto config = admin.config(topic);
    if (!config || !config->contains("max.message.bytes")) return kMostBatchBytes;
    std::int64_t most = std::strtoll(config->at("max.message.bytes").c_str(), nullptr, 10);
    return std::clamp<std::int64_t>(most / 2, 1, kMostBatchBytes);
}

void* opaque_of(std::int64_t tag) { return reinterpret_cast<void*>(tag); }

}  // namespace

Result<std::unique_ptr<KafkaProducer>> KafkaProducer::open(const KafkaAccess& access,
                                                           KafkaProducerSettings settings) {
    std::unique_ptr<KafkaProducer> made(new KafkaProducer(access, std::move(settings)));
    const std::string& topic = made->settings_.topic;
    TRY(auto admin, KafkaAdmin::open(access));
    TRY_VOID(admin->topic(topic));
    TRY(bool old, admin->is_before_idempotence(topic));
    made->modern_ = !old;
    TRY(auto options, KafkaOptions::make(access));
    std::int64_t most = std::min(made->settings_.most_record_bytes + 65536, kMostMessageBytes);
    const std::pair<const char*, std::string> wanted[] = {
        {"acks", "all"},
        {"enable.idempotence", old ? "false" : "true"},
        {"max.in.flight.requests.per.connection", old ? "1" : "5"},  // one: order is kept
        {"message.timeout.ms", "0"},                                 // never given up
        {"linger.ms", "5"},
        {"batch.size", std::to_string(batch_bytes(*admin, topic))},
        {"queue.buffering.max.messages", "10000000"},  // bytes bound what waits, at the callers
        {"queue.buffering.max.kbytes", "2097151"},
        {"message.max.bytes", std::to_string(most)},
        {"compression.codec", made->settings_.compression},
        {"partitioner", "murmur2_random"},  // as the Java clients
        {"allow.auto.create.topics", "false"},
    };
    for (const auto& [name, value] : wanted) TRY_VOID(options.set(name, value));
    TRY(made->client_, options.client(RD_KAFKA_PRODUCER));
    made->events_.reset(rd_kafka_queue_get_main(made->client_.get()));
    made->topic_.reset(rd_kafka_topic_new(made->client_.get(), topic.c_str(), nullptr));
    return made;
}

// What still waits is the caller's, who was not told that it is delivered.
KafkaProducer::~KafkaProducer() {
    if (waiting_ > 0) rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE);
}

rd_kafka_resp_err_t KafkaProducer::produce(const Record& record) {
    auto* value = const_cast<char*>(record.value.data());  // copied, never written
    if (record.headers.empty()) {
        int refused = rd_kafka_produce(topic_.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                                       value, record.value.size(), record.key.data(),
                                       record.key.size(), opaque_of(record.tag));
        return refused == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();
    }
    rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [name, text] : record.headers)
        rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), text.data(),
                            static_cast<ssize_t>(text.size()));
    auto code = rd_kafka_producev(
        client_.get(), RD_KAFKA_V_RKT(topic_.get()), RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, record.value.size()),
        RD_KAFKA_V_KEY(record.key.data(), record.key.size()), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_OPAQUE(opaque_of(record.tag)), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
    return code;
}

Result<void> KafkaProducer::send(const Record& record) {
    auto code = produce(record);
    while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        TRY_VOID(serve(milliseconds(100)));
        code = produce(record);
    }
    auto bytes = static_cast<std::int64_t>(record.value.size());
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        failures_.push_back({record.tag, bytes, code});
        return {};
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return std::unexpected(kafka_error(access_, code, {}).at(settings_.topic));
    waiting_ += 1;
    waiting_bytes_ += bytes;
    return {};
}

Result<void> KafkaProducer::serve(milliseconds wait) {
    auto left = static_cast<int>(wait.count());
    while (rd_kafka_event_t* event = rd_kafka_queue_poll(events_.get(), left)) {
        left = 0;
        Result<void> taken;
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
            take_reports(event);
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

void KafkaProducer::take_reports(rd_kafka_event_t* event) {
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) {
        waiting_ -= 1;
        waiting_bytes_ -= static_cast<std::int64_t>(message->len);
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            delivered_ += 1;
            fault_.clear();
            continue;
        }
        failures_.push_back({reinterpret_cast<std::int64_t>(message->_private),
                             static_cast<std::int64_t>(message->len), message->err});
    }
}

Error KafkaProducer::error_of(const Failure& failure) const {
    if (failure.code != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        return kafka_error(access_, failure.code, {}).at(settings_.topic + ": not delivered");
    return {ErrorCode::kOutside,
            fmt::format("a record of {} bytes is larger than the topic takes", failure.bytes),
            settings_.topic,
            "this record is not in the topic: raise the topic's max.message.bytes and "
            "produce it again"};
}

Result<bool> KafkaProducer::wait_until(milliseconds wait, std::int64_t most_waiting_bytes) {
    auto end = std::chrono::steady_clock::now() + wait;
    TRY_VOID(serve(milliseconds(0)));
    while (waiting_bytes_ > most_waiting_bytes || (most_waiting_bytes == 0 && waiting_ > 0)) {
        auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
        if (left <= milliseconds(0)) return false;
        TRY_VOID(serve(std::min(left, milliseconds(100))));
    }
    return true;
}

}  // namespace loanstream

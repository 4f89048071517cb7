// The reading half of KafkaSource: messages of a partition's queue become a batch.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "kafka/kafka_source.h"
#include "kafka/partition_list.h"

namespace loanstream {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t kKeptOfLongRecord = 65536;

void append_record(RawBatch& out, const rd_kafka_message_t& message, std::int64_t most_bytes) {
    RawRecord record;
    record.offset = Offset(message.offset);
    record.begin = out.bytes.size();
    record.too_large = message.len > static_cast<std::size_t>(most_bytes);
    std::size_t kept = record.too_large ? std::min(message.len, kKeptOfLongRecord) : message.len;
    record.length = static_cast<std::uint32_t>(kept);
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    std::int64_t time = rd_kafka_message_timestamp(&message, &type);
    if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) record.event_ms = time;
    out.bytes.append(static_cast<const char*>(message.payload), kept);
    out.records.push_back(record);
}

}  // namespace

Result<bool> KafkaSource::poll(milliseconds wait, RawBatch& out) {
    auto end = std::chrono::steady_clock::now() + wait;
    while (true) {
        for (std::size_t i = 0; i < partitions_.size(); ++i) {
            Partition& partition = partitions_[(turn_ + i) % partitions_.size()];
            if (partition.phase != Phase::kReading || partition.is_held) continue;
            TRY(bool some, read_batch(partition, out));
            if (!some) continue;
            turn_ = (turn_ + i + 1) % partitions_.size();
            fault_.clear();
            return true;
        }
        if (rd_kafka_queue_length(events_) > 0) return false;  // assignment() takes them
        auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
        if (left <= milliseconds(0)) return false;
        pollfd one{wake_, POLLIN, 0};
        ::poll(&one, 1, static_cast<int>(left.count()));
        std::uint64_t count = 0;
        [[maybe_unused]] auto cleared = ::read(wake_, &count, sizeof count);
    }
}

Result<bool> KafkaSource::read_batch(Partition& partition, RawBatch& out) {
    auto wanted = static_cast<std::size_t>(settings_.batch_bytes) / message_bytes_ + 1;
    messages_.resize(std::min(wanted, static_cast<std::size_t>(settings_.batch_records)));
    auto count =
        rd_kafka_consume_batch_queue(partition.queue, 0, messages_.data(), messages_.size());
    if (count <= 0) return false;
    out.source = partition.source;
    out.range.begin = partition.next;
    out.records.clear();
    out.bytes.clear();
    Result<void> taken;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        if (taken) taken = take_message(partition, *messages_[i], out);
        rd_kafka_message_destroy(messages_[i]);
    }
    TRY_VOID(taken);
    bool drained = static_cast<std::size_t>(count) < messages_.size();
    // Control markers and aborted records take offsets that no message shows. Without a record the
    // position may still be that of an earlier assignment.
    if (drained && !out.records.empty())
        partition.next = std::max(partition.next, position_of(partition));
    if (nudge_) {
        std::size_t left = rd_kafka_queue_length(partition.queue);
        partition.peak = std::max(partition.peak, left);
        if (left < partition.peak / 2) {
            nudge_->nudge(partition.source.partition.value);
            partition.peak = left;
        }
    }
    if (partition.next == out.range.begin) return false;
    out.range.next = partition.next;
    last_record_ = std::chrono::steady_clock::now();
    if (!out.records.empty()) message_bytes_ = out.bytes.size() / out.records.size() + 1;
    if (out.bytes.capacity() < out.bytes.size() + kRecordPadding)
        out.bytes.reserve(out.bytes.size() + kRecordPadding);
    return true;
}

Result<void> KafkaSource::take_message(Partition& partition, const rd_kafka_message_t& message,
                                       RawBatch& out) {
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        LOANSTREAM_CHECK(message.offset >= partition.next.value);
        append_record(out, message, settings_.most_record_bytes);
        partition.next = Offset(message.offset + 1);
        return {};
    }
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        partition.next = std::max(partition.next, Offset(message.offset));
        partition.watermark = std::max(partition.watermark, partition.next);
        return {};
    }
    return fault_of(partition, message.err, rd_kafka_message_errstr(&message));
}

// Faults that the next fetch mends are librdkafka's; those that it will meet again are ours.
Result<void> KafkaSource::fault_of(const Partition& partition, rd_kafka_resp_err_t code,
                                   const std::string& reason) {
    switch (code) {
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
            return fail(ErrorCode::kOutside,
                        fmt::format("offset {} is not in the topic any more: {}",
                                    partition.next.value, reason),
                        partition.source.text(),
                        "start again: what retention took is then written into the log");
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: return topic_is_gone();
        default:
            if (is_final(code)) return std::unexpected(kafka_error(access_, code, reason));
            fault_ = reason;
            return {};
    }
}

Offset KafkaSource::position_of(const Partition& partition) const {
    PartitionList list;
    list.add(settings_.topic, partition.source.partition);
    auto code = rd_kafka_position(client_.get(), list.get());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || list.get()->elems[0].offset < 0) return Offset(0);
    return Offset(list.get()->elems[0].offset);
}

}  // namespace loanstream

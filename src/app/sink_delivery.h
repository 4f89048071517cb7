// Brings one topic beside the table, decisions or dead letters, up to where the log has come: reads
// committed rows from the files, produces them, and notes each partition's position once every
// delivery report is in (docs/decisions.md). Owned by its Outbox's thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/settings.h"
#include "kafka/kafka_producer.h"
#include "log/delivered_positions.h"
#include "table/committed_rows.h"
#include "table/sink_message.h"

namespace loanstream {

enum class SinkKind { kDecisions, kDeadLetters };
std::string_view name_of(SinkKind kind);  // "decisions"

struct SinkSettings {
    SinkKind kind = SinkKind::kDecisions;
    KafkaAccess access;
    KafkaProducerSettings producer;  // with the topic
    std::string warehouse;
    // Those that the settings ask for; none where topics are not on Kafka.
    static Result<std::vector<SinkSettings>> from(const Settings& settings);
};

// Where a partition of ours has come in the log.
struct SinkGoal {
    SourcePartition source;
    Offset claimed_at, next;
    std::uint64_t claim = 0;  // another number: claimed anew, its position is to be read again
};
using SinkGoals = std::map<TopicPartition, SinkGoal>;

class SinkDelivery {
public:
    static Result<std::unique_ptr<SinkDelivery>> open(Env& env, const SinkSettings& settings);

    // While a round waits for delivery reports: how many have come, and what is amiss. False ends
    // the waiting; what was not reported is sent again by a later delivery.
    using KeepWaiting = std::function<bool(std::int64_t delivered, const std::string& fault)>;
    struct Round {
        bool reached = false;          // every goal
        bool moved = false;            // at least one partition's position
        std::optional<Error> refused;  // the newest of a partition that stays where it is for now
        std::chrono::milliseconds retry_in{0};  // 0: at once
    };
    // Sends a bounded piece of what is due. After an error (of the log, the disk, the connection)
    // this delivery is of no more use.
    Result<Round> round(const SinkGoals& goals, const KeepWaiting& keep_waiting);
    // About the brokers, for people; empty: nothing.
    std::string note() const;
    // Records that brokers have confirmed, copies too.
    std::int64_t delivered() const { return producer_->delivered(); }

private:
    struct Lane {
        SinkGoal goal;
        DeliveredPosition position;  // noted
        DeliveredPosition sent;      // in this round; all before it is sent
        std::optional<DeliveredPosition> refused;
        OffsetRange range;  // of `rows`
        std::unique_ptr<CommittedRows> rows;
        std::vector<CommittedRow> buffer;
        std::size_t at = 0;  // in the buffer
        std::int64_t quantum = 0;
        std::chrono::nanoseconds retry_at{0};
        std::chrono::milliseconds pause{0};
    };
    struct Sent {
        Lane* lane;
        DeliveredPosition at;  // of the record
    };
    SinkDelivery(Env& env, SinkSettings settings) : env_(env), settings_(std::move(settings)) {}
    Result<void> follow(const SinkGoals& goals);
    Result<void> begin(const TopicPartition& source, Lane& lane);
    Result<void> fill(Lane& lane);
    Result<bool> open_range(Lane& lane);
    Result<std::int64_t> send(Lane& lane, const CommittedRow& row);
    Result<SinkMessage> message_of(const TextRow& cells);
    Result<void> settle(Round& round);
    void refuse(Lane& lane, const Error& error, Round& round);
    void keep_few_open();

    Env& env_;
    SinkSettings settings_;
    std::unique_ptr<LocalFileStore> files_;
    std::unique_ptr<Warehouse> warehouse_;
    std::unique_ptr<DeliveredPositions> positions_;
    std::unique_ptr<KafkaProducer> producer_;
    std::map<TopicPartition, Lane> lanes_;
    std::vector<Sent> sent_;
    std::int64_t sent_bytes_ = 0;
    std::map<std::string, ReasonTexts, std::less<>> texts_;  // by policy hash
};

}  // namespace loanstream

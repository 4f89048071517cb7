// Topics as the brokers know them: asked for, made, deleted; watermarks and a group's offsets.
// Needs no ZooKeeper. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "kafka/kafka_access.h"

namespace loanstream {

struct KafkaPartition {
    PartitionId id;
    std::int32_t leader = -1;  // broker; -1: none now
    std::vector<std::int32_t> replicas, in_sync;
};

struct KafkaTopic {
    std::string name;
    std::vector<KafkaPartition> partitions;  // by id
};

struct NewKafkaTopic {
    std::string name;
    std::int32_t partitions = 1;
    std::int32_t replication = 1;
    std::map<std::string, std::string> configs{};
};

struct Watermarks {
    Offset first;  // of the oldest record still there
    Offset next;   // one past the newest that is committed
};

class KafkaAdmin {
public:
    static Result<std::unique_ptr<KafkaAdmin>> open(const KafkaAccess& access);

    Result<std::vector<KafkaTopic>> topics();           // by name, internal ones left out
    Result<KafkaTopic> topic(const std::string& name);  // kNotFound
    Result<void> create(const NewKafkaTopic& topic);    // kAlreadyThere
    Result<void> remove(const std::string& name);       // kNotFound
    Result<Watermarks> watermarks(const std::string& topic, PartitionId partition);
    // Offsets that a consumer group has committed; partitions without one are left out.
    Result<std::map<std::int32_t, Offset>> group_offsets(const std::string& group,
                                                         const KafkaTopic& topic);
    // What differs from the brokers' defaults; kNotFound, kOutside.
    Result<std::map<std::string, std::string>> config(const std::string& topic);
    // Brokers before 0.11 know neither idempotence nor headers; nor do they tell a topic's config,
    // which is how they are told apart here.
    Result<bool> is_before_idempotence(const std::string& topic);

private:
    explicit KafkaAdmin(KafkaAccess access) : access_(std::move(access)) {}
    Error error(rd_kafka_resp_err_t code, const std::string& reason = {}) const;
    int timeout() const { return static_cast<int>(access_.connect_timeout.count()); }
    Result<void> wait_for(const std::string& topic, bool there, std::int32_t partitions);
    KafkaAccess access_;
    KafkaHandle client_;
};

// The partitions of a topic, asked of any client; kNotFound.
Result<KafkaTopic> describe_kafka_topic(rd_kafka_t* client, const KafkaAccess& access,
                                        const std::string& name);
// The first record not older than `time`; the watermark where there is none.
Result<Offset> offset_at_time(rd_kafka_t* client, const KafkaAccess& access,
                              const SourcePartition& source, EpochMs time);
// The watermarks, asked of the broker. read_committed: open transactions are not counted.
Result<Watermarks> query_watermarks(rd_kafka_t* client, const KafkaAccess& access,
                                    const std::string& topic, PartitionId partition);

}  // namespace loanstream

// A Kafka topic as a Source: a member of a consumer group (cooperative-sticky), or, with partitions
// named or without a group, a reader on its own. Each partition has a queue of its own, so that one
// can be held while the others go on. The group offers and asks back partitions; where to read is
// the table's word, told by seek(). docs/kafka.md "Reading". One thread owns a KafkaSource.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/source.h"
#include "kafka/fetch_nudge.h"
#include "kafka/kafka_admin.h"
#include "kafka/start_place.h"

namespace loanstream {

struct KafkaSourceSettings {
    std::string topic;
    std::string group;                  // empty: all partitions, and no offset is mirrored
    std::set<std::int32_t> partitions;  // not empty: these, whatever the group says
    StartPlace start;                   // of partitions that the table does not know
    std::chrono::milliseconds session_timeout{10000};
    std::int64_t queue_bytes = 24 << 20;  // fetched and not yet polled, all partitions together
    std::int64_t batch_records = 4096;
    std::int64_t batch_bytes = 1 << 20;
    std::int64_t most_record_bytes = 10 << 20;
};

class KafkaSource : public Source {
public:
    // The incarnation that the table's log knows for a partition.
    using IncarnationOf = std::function<Incarnation(PartitionId)>;
    // kNotFound: the topic is not there. Faults of the connection: kafka_access.h.
    static Result<std::unique_ptr<KafkaSource>> open(const KafkaAccess& access,
                                                     IncarnationOf incarnation_of,
                                                     KafkaSourceSettings settings);
    ~KafkaSource() override;  // leaves the group
    // True once a client was left behind with its threads, which librdkafka before 2.3 needs: it
    // aborts when a member is destroyed that was to deal out partitions for the first time, and
    // hangs where the topic was deleted. The process must then end without waiting for them.
    static bool leaves_threads();

    Result<Assignment> assignment() override;
    Result<Seek> seek(const SourcePartition& source, const ReadingPlace& place) override;
    Result<bool> poll(std::chrono::milliseconds wait, RawBatch& out) override;
    Result<void> make_durable(const SourcePartition&) override { return {}; }  // the brokers' part
    Result<Offset> watermark(const SourcePartition& source) override;
    Result<void> mirror(const SourcePartition& source, Offset next) override;
    Result<void> released(const SourcePartition& source) override;
    void hold(const SourcePartition& source, bool is_held) override;
    Result<void> rejoin() override;

private:
    enum class Phase { kOffered, kPlaced, kReading, kLeaving, kLost };
    struct Partition {
        SourcePartition source;
        Phase phase = Phase::kOffered;
        bool is_held = false;
        Offset next;       // where the next batch begins
        Offset watermark;  // as of seek(), or newer
        rd_kafka_queue_t* queue = nullptr;
        std::size_t peak = 0;  // most messages seen in its queue since it was nudged
    };
    KafkaSource(KafkaAccess access, IncarnationOf incarnation_of, KafkaSourceSettings settings);
    Result<void> connect();
    Result<void> make_client(std::int32_t partitions);
    Result<void> join_group();
    Result<void> serve_events();
    Result<void> take_event(rd_kafka_event_t* event);
    void take_offer(rd_kafka_topic_partition_list_t* list, bool whole);
    void take_revocation(rd_kafka_topic_partition_list_t* list);
    static void leave_group(KafkaHandle client, bool is_grouped);
    Result<void> look_for_topic();
    Result<void> topic_is_gone() const;
    Result<void> answer_group();
    Result<void> start_reading();
    void open_queue(Partition& partition);
    void close_queue(Partition& partition);
    Result<bool> read_batch(Partition& partition, RawBatch& out);
    Result<void> take_message(Partition& partition, const rd_kafka_message_t& message,
                              RawBatch& out);
    Result<void> fault_of(const Partition& partition, rd_kafka_resp_err_t code,
                          const std::string& reason);
    Result<Offset> start_of(const SourcePartition& source, const Watermarks& marks);
    // To the topic, since we began: all of it is read, whatever --start says.
    bool is_added(PartitionId id) const { return id.value >= partitions_at_start_; }
    Offset position_of(const Partition& partition) const;
    Partition* find(const SourcePartition& source);
    bool is_grouped() const { return !settings_.group.empty() && settings_.partitions.empty(); }

    KafkaAccess access_;
    IncarnationOf incarnation_of_;
    KafkaSourceSettings settings_;
    KafkaHandle client_;
    rd_kafka_queue_t* events_ = nullptr;
    int wake_ = -1;  // eventfd that librdkafka writes when a queue has something
    std::vector<Partition> partitions_;
    std::int32_t partitions_at_start_ = 0;  // of the topic
    enum class Answer { kNone, kAssign, kUnassign };
    Answer owed_ = Answer::kNone;  // what the group waits for
    std::vector<std::int32_t> asked_back_;
    std::deque<rd_kafka_event_t*> later_;  // rebalances that came before the last was answered
    bool settled_ = false;                 // the group has answered at least once
    std::string fault_;                    // of the connection, now; empty: none
    std::unique_ptr<FetchNudge> nudge_;
    std::vector<rd_kafka_message_t*> messages_;
    std::size_t message_bytes_ = 4096;  // on average
    std::size_t turn_ = 0;
    // Or when the topic was last seen to be there.
    std::chrono::steady_clock::time_point last_record_ = std::chrono::steady_clock::now();
};

}  // namespace loanstream

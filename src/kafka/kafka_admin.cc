#include "kafka/kafka_admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "kafka/partition_list.h"

namespace loanstream {

namespace {

using std::chrono::milliseconds;

struct FreeMetadata {
    void operator()(const rd_kafka_metadata_t* metadata) const {
        rd_kafka_metadata_destroy(metadata);
    }
};
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, FreeMetadata>;

// All topics are asked for, and one picked out: asking for one by name may make it.
Result<Metadata> metadata_of(rd_kafka_t* client, const KafkaAccess& access) {
    const rd_kafka_metadata_t* metadata = nullptr;
    auto code = rd_kafka_metadata(client, 1, nullptr, &metadata,
                                  static_cast<int>(access.connect_timeout.count()));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(kafka_error(access, code, {}));
    return Metadata(metadata);
}

KafkaTopic topic_of(const rd_kafka_metadata_topic_t& found) {
    KafkaTopic topic{found.topic, {}};
    for (int i = 0; i < found.partition_cnt; ++i) {
        const auto& p = found.partitions[i];
        topic.partitions.push_back({PartitionId(p.id),
                                    p.leader,
                                    {p.replicas, p.replicas + p.replica_cnt},
                                    {p.isrs, p.isrs + p.isr_cnt}});
    }
    std::ranges::sort(topic.partitions, {}, &KafkaPartition::id);
    return topic;
}

// A partition without a leader that knows itself as such gets one soon.
bool leader_moves(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE || code == RD_KAFKA_RESP_ERR__TRANSPORT;
}

struct TopicOutcome {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    std::string reason;
};

// The one result of an admin request about one topic.
TopicOutcome outcome_of(rd_kafka_event_t* event) {
    if (event == nullptr) return {RD_KAFKA_RESP_ERR__TIMED_OUT, {}};
    if (auto code = rd_kafka_event_error(event); code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return {code, rd_kafka_event_error_string(event)};
    std::size_t count = 0;
    const rd_kafka_topic_result_t** results = nullptr;
    if (const auto* made = rd_kafka_event_CreateTopics_result(event))
        results = rd_kafka_CreateTopics_result_topics(made, &count);
    else if (const auto* gone = rd_kafka_event_DeleteTopics_result(event))
        results = rd_kafka_DeleteTopics_result_topics(gone, &count);
    if (count != 1) return {RD_KAFKA_RESP_ERR__BAD_MSG, "no answer about the topic"};
    const char* reason = rd_kafka_topic_result_error_string(results[0]);
    return {rd_kafka_topic_result_error(results[0]), reason == nullptr ? "" : reason};
}

}  // namespace

Result<KafkaTopic> describe_kafka_topic(rd_kafka_t* client, const KafkaAccess& access,
                                        const std::string& name) {
    TRY(auto metadata, metadata_of(client, access));
    for (int i = 0; i < metadata->topic_cnt; ++i)
        if (metadata->topics[i].topic == name) return topic_of(metadata->topics[i]);
    return fail(ErrorCode::kNotFound, "there is no topic of this name",
                access.bootstrap + " " + name,
                "loanstream topic create makes it, loanstream topic list shows those there are");
}

Result<Watermarks> query_watermarks(rd_kafka_t* client, const KafkaAccess& access,
                                    const std::string& topic, PartitionId partition) {
    auto end = std::chrono::steady_clock::now() + access.connect_timeout;
    std::int64_t low = 0, high = 0;
    rd_kafka_resp_err_t code;
    while (true) {
        code = rd_kafka_query_watermark_offsets(client, topic.c_str(), partition.value, &low, &high,
                                                static_cast<int>(access.connect_timeout.count()));
        if (!leader_moves(code) || std::chrono::steady_clock::now() >= end) break;
        std::this_thread::sleep_for(milliseconds(100));
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return std::unexpected(
            kafka_error(access, code, {}).at(fmt::format("{}/{}", topic, partition.value)));
    return Watermarks{Offset(low), Offset(high)};
}

Result<Offset> offset_at_time(rd_kafka_t* client, const KafkaAccess& access,
                              const SourcePartition& source, EpochMs time) {
    PartitionList list;
    list.add(source.topic, source.partition, Offset(time.value));
    auto code = rd_kafka_offsets_for_times(client, list.get(),
                                           static_cast<int>(access.connect_timeout.count()));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = list.get()->elems[0].err;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return std::unexpected(kafka_error(access, code, {}).at(source.text()));
    if (list.get()->elems[0].offset >= 0) return Offset(list.get()->elems[0].offset);
    TRY(auto marks, query_watermarks(client, access, source.topic, source.partition));
    return marks.next;
}

Error KafkaAdmin::error(rd_kafka_resp_err_t code, const std::string& reason) const {
    return kafka_error(access_, code, reason);
}

Result<std::unique_ptr<KafkaAdmin>> KafkaAdmin::open(const KafkaAccess& access) {
    std::unique_ptr<KafkaAdmin> admin(new KafkaAdmin(access));
    TRY(auto options, KafkaOptions::make(access));
    TRY(admin->client_, options.client(RD_KAFKA_PRODUCER));
    TRY_VOID(await_broker(admin->client_.get(), access));
    return admin;
}

Result<std::vector<KafkaTopic>> KafkaAdmin::topics() {
    TRY(auto metadata, metadata_of(client_.get(), access_));
    std::vector<KafkaTopic> topics;
    for (int i = 0; i < metadata->topic_cnt; ++i)
        if (!std::string_view(metadata->topics[i].topic).starts_with("__"))
            topics.push_back(topic_of(metadata->topics[i]));
    std::ranges::sort(topics, {}, &KafkaTopic::name);
    return topics;
}

Result<KafkaTopic> KafkaAdmin::topic(const std::string& name) {
    return describe_kafka_topic(client_.get(), access_, name);
}

Result<void> KafkaAdmin::create(const NewKafkaTopic& topic) {
    std::array<char, 512> text{};
    rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(
        topic.name.c_str(), topic.partitions, topic.replication, text.data(), text.size());
    if (wanted == nullptr) return fail(ErrorCode::kUsage, text.data(), topic.name);
    for (const auto& [key, value] : topic.configs)
        rd_kafka_NewTopic_set_config(wanted, key.c_str(), value.c_str());
    rd_kafka_queue_t* queue = rd_kafka_queue_new(client_.get());
    rd_kafka_CreateTopics(client_.get(), &wanted, 1, nullptr, queue);
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, timeout());
    TopicOutcome outcome = outcome_of(event);
    if (event != nullptr) rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(wanted);
    if (outcome.code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return fail(ErrorCode::kAlreadyThere, "there is a topic of this name",
                    access_.bootstrap + " " + topic.name, "--if-missing takes it as it is");
    if (outcome.code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return std::unexpected(error(outcome.code, outcome.reason).at(topic.name));
    return wait_for(topic.name, true, topic.partitions);
}

Result<void> KafkaAdmin::remove(const std::string& name) {
    TRY_VOID(topic(name));
    rd_kafka_DeleteTopic_t* wanted = rd_kafka_DeleteTopic_new(name.c_str());
    rd_kafka_queue_t* queue = rd_kafka_queue_new(client_.get());
    rd_kafka_DeleteTopics(client_.get(), &wanted, 1, nullptr, queue);
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, timeout());
    TopicOutcome outcome = outcome_of(event);
    if (event != nullptr) rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteTopic_destroy(wanted);
    if (outcome.code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return std::unexpected(error(outcome.code, outcome.reason).at(name));
    return wait_for(name, false, 0);
}

// Brokers say yes before all of them know: until a topic has leaders, nobody can produce.
Result<void> KafkaAdmin::wait_for(const std::string& name, bool there, std::int32_t partitions) {
    auto end = std::chrono::steady_clock::now() + access_.connect_timeout;
    while (true) {
        auto found = topic(name);
        if (!found && found.error().code != ErrorCode::kNotFound)
            return std::unexpected(std::move(found).error());
        bool ready = found && std::ranges::all_of(found->partitions,
                                                  [](const auto& p) { return p.leader >= 0; });
        ready = ready && static_cast<std::int32_t>(found->partitions.size()) == partitions;
        if (there ? ready : !found) return {};
        if (std::chrono::steady_clock::now() >= end)
            return fail(ErrorCode::kTimeout,
                        there ? "the topic is made but has no leaders yet"
                              : "the topic is deleted but the brokers still name it",
                        access_.bootstrap + " " + name, "look again: loanstream topic describe");
        std::this_thread::sleep_for(milliseconds(50));
    }
}

Result<Watermarks> KafkaAdmin::watermarks(const std::string& topic, PartitionId partition) {
    return query_watermarks(client_.get(), access_, topic, partition);
}

Result<std::map<std::int32_t, Offset>> KafkaAdmin::group_offsets(const std::string& group,
                                                                 const KafkaTopic& topic) {
    TRY(auto options, KafkaOptions::make(access_));
    TRY_VOID(options.set("group.id", group));
    TRY(auto client, options.client(RD_KAFKA_CONSUMER));
    PartitionList list;
    for (const auto& partition : topic.partitions) list.add(topic.name, partition.id);
    auto code = rd_kafka_committed(client.get(), list.get(), timeout());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return std::unexpected(error(code).at("group " + group));
    std::map<std::int32_t, Offset> offsets;
    for (int i = 0; i < list.get()->cnt; ++i)
        if (list.get()->elems[i].offset >= 0)
            offsets[list.get()->elems[i].partition] = Offset(list.get()->elems[i].offset);
    return offsets;
}

Result<std::map<std::string, std::string>> KafkaAdmin::config(const std::string& topic) {
    rd_kafka_ConfigResource_t* wanted =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
    rd_kafka_queue_t* queue = rd_kafka_queue_new(client_.get());
    rd_kafka_DescribeConfigs(client_.get(), &wanted, 1, nullptr, queue);
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, timeout());
    auto code = event == nullptr ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
    std::map<std::string, std::string> config;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        std::size_t count = 0, entries = 0;
        const auto* result = rd_kafka_event_DescribeConfigs_result(event);
        const auto** resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
        if (count == 1) code = rd_kafka_ConfigResource_error(resources[0]);
        const auto** list =
            count == 1 ? rd_kafka_ConfigResource_configs(resources[0], &entries) : nullptr;
        for (std::size_t i = 0; i < entries; ++i) {
            const char* value = rd_kafka_ConfigEntry_value(list[i]);
            bool own =
                rd_kafka_ConfigEntry_source(list[i]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
            if (own && value != nullptr) config[rd_kafka_ConfigEntry_name(list[i])] = value;
        }
    }
    if (event != nullptr) rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_ConfigResource_destroy(wanted);
    if (code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE)
        return fail(ErrorCode::kNotFound, "these brokers do not tell a topic's configuration",
                    access_.bootstrap);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(error(code).at(topic));
    return config;
}

Result<bool> KafkaAdmin::is_before_idempotence(const std::string& topic) {
    auto known = config(topic);
    return !known && known.error().code == ErrorCode::kNotFound;
}

}  // namespace loanstream

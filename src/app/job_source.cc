#include "app/job_source.h"

#include "app/kafka_settings.h"
#include "app/stream_session.h"
#include "app/topic_counter.h"
#include "base/repaired_topic.h"
#include "feed/topic_with_repairs.h"
#include "kafka/kafka_source.h"

namespace loanstream {

namespace {

TopicSourceSettings embedded_settings(const Settings& settings, const JobTopic& topic) {
    TopicSourceSettings source;
    source.partitions = topic.partitions;
    source.batch_records = settings.number("stream.batch_records");
    source.batch_bytes = settings.number("stream.batch_bytes");
    source.most_record_bytes = settings.number("source.max_record_bytes");
    return source;
}

KafkaSourceSettings kafka_source_settings(const Settings& settings, const JobTopic& topic) {
    KafkaSourceSettings source;
    source.topic = topic.name;
    source.group = settings.text("kafka.group");
    source.partitions = topic.partitions;
    source.start = topic.start;
    source.session_timeout = settings.duration("kafka.session_timeout");
    source.queue_bytes = settings.number("kafka.queue_bytes") / topic.readers;
    source.batch_records = settings.number("stream.batch_records");
    source.batch_bytes = settings.number("stream.batch_bytes");
    source.most_record_bytes = settings.number("source.max_record_bytes");
    return source;
}

Result<TopicDescription> embedded_topic(Env& env, const Settings& settings,
                                        const std::string& name) {
    return create_topic_if_missing(env, DataFolders(settings).topics, name,
                                   static_cast<std::int32_t>(settings.number("topic.partitions")));
}

// Of Kafka's topics and of the embedded ones of repaired records.
class KafkaCounter : public SourceCounter {
public:
    KafkaCounter(Env& env, const Settings& settings, std::unique_ptr<KafkaAdmin> admin)
        : env_(env),
          settings_(settings),
          admin_(std::move(admin)),
          embedded_(env, DataFolders(settings).topics) {}

    Result<std::vector<Extent>> partitions(const std::string& topic) override {
        if (is_repaired_topic(topic)) return embedded_.partitions(topic);
        std::vector<Extent> extents;
        auto found = admin_->topic(topic);
        if (!found && found.error().code == ErrorCode::kNotFound) return extents;
        if (!found) return std::unexpected(std::move(found).error());
        for (const auto& partition : found->partitions) {
            TRY(auto marks, admin_->watermarks(topic, partition.id));
            extents.push_back({{topic, Incarnation(), partition.id}, marks.first, marks.next});
        }
        return extents;
    }

    Result<std::int64_t> count(const SourcePartition& source, OffsetRange range) override {
        if (is_repaired_topic(source.topic)) return embedded_.count(source, range);
        if (range.empty()) return 0;
        TRY(auto reader,
            open_source_to_look(env_, settings_, {source.topic, {source.partition.value}},
                                [&](PartitionId) { return source.incarnation; }));
        TRY_VOID(reader->assignment());
        TRY_VOID(reader->seek(source, {range.begin}));
        std::int64_t records = 0;
        RawBatch batch;
        auto waited = std::chrono::milliseconds(0);
        while (true) {
            TRY(bool some, reader->poll(std::chrono::milliseconds(500), batch));
            if (!some) {
                waited += std::chrono::milliseconds(500);
                if (waited >= settings_.duration("kafka.connect_timeout"))
                    return fail(ErrorCode::kTimeout, "the topic's records do not come",
                                source.text(), "look at the brokers, and run it again");
                TRY_VOID(reader->assignment());
                continue;
            }
            waited = std::chrono::milliseconds(0);
            for (const RawRecord& record : batch.records)
                if (record.offset < range.next) records += 1;
            if (batch.range.next >= range.next) return records;
        }
    }

private:
    Env& env_;
    const Settings& settings_;
    std::unique_ptr<KafkaAdmin> admin_;
    TopicCounter embedded_;
};

}  // namespace

Result<std::vector<JobTopic>> shares_of(Env& env, const Settings& settings, const JobTopic& topic) {
    auto count = static_cast<std::size_t>(settings.number("stream.threads"));
    std::set<std::int32_t> dealt = topic.partitions;
    bool is_group = uses_kafka(settings) && dealt.empty() && !settings.text("kafka.group").empty();
    if (count > 1 && dealt.empty() && !uses_kafka(settings)) {
        TRY(auto found, embedded_topic(env, settings, topic.name));
        for (std::int32_t i = 0; i < found.partitions; ++i) dealt.insert(i);
    }
    // Without a group and without names one reader takes all there are.
    if (!is_group) count = std::min(count, std::max<std::size_t>(dealt.size(), 1));
    std::vector<JobTopic> shares(count, topic);
    for (std::size_t i = 0; i < count; ++i) {
        shares[i].readers = static_cast<std::int64_t>(count);
        shares[i].with_repairs = i == 0;
        if (count > 1) shares[i].partitions.clear();
    }
    std::size_t turn = 0;
    if (count > 1)
        for (std::int32_t partition : dealt) shares[turn++ % count].partitions.insert(partition);
    return shares;
}

Result<std::unique_ptr<Source>> open_job_source(Env& env, const Settings& settings,
                                                const JobTopic& topic, Warehouse& log) {
    auto try_lock = [&log](const SourcePartition& p) {
        return log.try_lock(topic_partition_of(p));
    };
    auto incarnation_of = [&log](const std::string& name, PartitionId p) {
        const auto* known = log.state().partition({name, p});
        return known == nullptr ? Incarnation() : known->source.incarnation;
    };
    auto of_this = [incarnation_of, name = topic.name](PartitionId p) {
        return incarnation_of(name, p);
    };
    std::string topics = DataFolders(settings).topics;
    std::unique_ptr<Source> source;
    if (uses_kafka(settings)) {
        TRY(auto access, kafka_access(settings));
        TRY(source, KafkaSource::open(access, of_this, kafka_source_settings(settings, topic)));
    } else {
        TRY_VOID(embedded_topic(env, settings, topic.name));
        TRY(source, TopicSource::open(env, topics, topic.name, try_lock, of_this,
                                      embedded_settings(settings, topic)));
    }
    if (!topic.with_repairs) return source;
    return std::make_unique<TopicWithRepairs>(env, topics, topic.name, std::move(source), try_lock,
                                              incarnation_of, embedded_settings(settings, topic));
}

Result<std::vector<ResetEntry>> accept_resets(const Settings& settings, const std::string& topic,
                                              Warehouse& log) {
    TRY(auto access, kafka_access(settings));
    TRY(auto admin, KafkaAdmin::open(access));
    TRY(auto found, admin->topic(topic));
    std::vector<ResetEntry> resets;
    for (const auto& partition : found.partitions) {
        const PartitionState* known = log.state().partition({topic, partition.id});
        TRY(auto marks, admin->watermarks(topic, partition.id));
        if (known == nullptr || known->next <= marks.next) continue;
        TRY(auto claimed, log.claim({topic, partition.id}));
        ResetEntry entry{claimed.source,
                         claimed.epoch,
                         claimed.next,
                         marks.first,
                         "the topic was made anew: stream --accept-reset",
                         log.member()};
        TRY_VOID(log.append(entry));
        resets.push_back(entry);
    }
    return resets;
}

Result<std::unique_ptr<Source>> open_source_to_look(Env& env, const Settings& settings,
                                                    const JobTopic& topic,
                                                    IncarnationOf incarnation_of) {
    if (!uses_kafka(settings) || is_repaired_topic(topic.name))
        return TopicSource::open_to_look(env, DataFolders(settings).topics, topic.name,
                                         std::move(incarnation_of),
                                         embedded_settings(settings, topic));
    TRY(auto access, kafka_access(settings));
    auto source = kafka_source_settings(settings, topic);
    source.group.clear();
    return KafkaSource::open(access, std::move(incarnation_of), source);
}

Result<std::unique_ptr<SourceCounter>> open_counter(Env& env, const Settings& settings) {
    if (!uses_kafka(settings))
        return std::make_unique<TopicCounter>(env, DataFolders(settings).topics);
    TRY(auto access, kafka_access(settings));
    TRY(auto admin, KafkaAdmin::open(access));
    return std::make_unique<KafkaCounter>(env, settings, std::move(admin));
}

}  // namespace loanstream

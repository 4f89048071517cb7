#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/command.h"
#include "app/kafka_settings.h"
#include "app/stream_session.h"
#include "base/log_line.h"
#include "base/text_box.h"
#include "feed/topic.h"
#include "kafka/kafka_admin.h"

namespace loanstream {

namespace {

// --- the same verbs where topics are on Kafka (docs/kafka.md)

Result<std::unique_ptr<KafkaAdmin>> open_admin(const Invocation& in) {
    TRY(auto access, kafka_access(in.settings));
    return KafkaAdmin::open(access);
}

// --config key=value, any number of times.
Result<std::map<std::string, std::string>> topic_configs(const Arguments& arguments) {
    std::map<std::string, std::string> configs;
    auto given = arguments.values.find("--config");
    if (given == arguments.values.end()) return configs;
    for (const auto& one : given->second) {
        auto equals = one.find('=');
        if (equals == one.npos || equals == 0)
            return fail(ErrorCode::kUsage, "--config takes KEY=VALUE, not '" + one + "'", {},
                        "for example --config retention.ms=604800000");
        configs[one.substr(0, equals)] = one.substr(equals + 1);
    }
    return configs;
}

Result<int> create_on_kafka(Invocation& in, std::int32_t partitions) {
    TRY(auto admin, open_admin(in));
    NewKafkaTopic topic{in.topic, partitions};
    topic.replication = static_cast<std::int32_t>(in.settings.number("topic.replication"));
    if (auto text = in.arguments.value("--replication")) {
        TRY(auto one, Settings::resolve("embedded", {"topic.replication=" + *text}));
        topic.replication = static_cast<std::int32_t>(one.number("topic.replication"));
    }
    TRY(topic.configs, topic_configs(in.arguments));
    auto made = admin->create(topic);
    bool was_there = !made && made.error().code == ErrorCode::kAlreadyThere;
    if (was_there && in.arguments.has("--if-missing")) {
        TRY(auto there, admin->topic(in.topic));
        fmt::print("topic {} is there, with {} partitions\n", in.topic, there.partitions.size());
        return 0;
    }
    TRY_VOID(made);
    fmt::print("topic {} with {} partition{}, replication {}\n", in.topic, partitions,
               partitions == 1 ? "" : "s", topic.replication);
    return 0;
}

Result<int> list_on_kafka(Invocation& in) {
    TRY(auto admin, open_admin(in));
    TRY(auto topics, admin->topics());
    for (const auto& topic : topics) fmt::print("{}\n", topic.name);
    return 0;
}

std::string numbers_text(const std::vector<std::int32_t>& numbers) {
    return fmt::format("{}", fmt::join(numbers, ","));
}

Result<int> describe_on_kafka(Invocation& in) {
    TRY(auto admin, open_admin(in));
    TRY(auto topic, admin->topic(in.topic));
    const std::string& group = in.settings.text("kafka.group");
    TRY(auto mirrored, admin->group_offsets(group, topic));
    TextBox box{{"partition", "leader", "replicas", "in sync", "first", "next", "table has", "lag"},
                {}};
    for (const auto& one : topic.partitions) {
        TRY(auto marks, admin->watermarks(in.topic, one.id));
        auto known = mirrored.find(one.id.value);
        bool is_known = known != mirrored.end();
        box.rows.push_back(
            {std::to_string(one.id.value), one.leader < 0 ? "none" : std::to_string(one.leader),
             numbers_text(one.replicas), numbers_text(one.in_sync), with_commas(marks.first.value),
             with_commas(marks.next.value), is_known ? with_commas(known->second.value) : "-",
             is_known ? with_commas(marks.next - known->second) : "-"});
    }
    fmt::print("topic {} at {}, group {}\n{}", topic.name, in.settings.text("kafka.bootstrap"),
               group, box.text());
    auto config = admin->config(in.topic);
    if (!config && config.error().code != ErrorCode::kNotFound)
        return std::unexpected(std::move(config).error());
    if (config)
        for (const auto& [key, value] : *config) fmt::print("{}={}\n", key, value);
    return 0;
}

Result<int> remove_on_kafka(Invocation& in) {
    TRY(auto admin, open_admin(in));
    TRY_VOID(admin->remove(in.topic));
    return 0;
}

// --- the verbs

Result<int> create(Invocation& in) {
    std::string topics = DataFolders(in.settings).topics;
    std::int64_t partitions = in.settings.number("topic.partitions");
    if (auto text = in.arguments.value("--partitions")) {
        TRY(auto one, Settings::resolve("embedded", {"topic.partitions=" + *text}));
        partitions = one.number("topic.partitions");
    }
    auto count = static_cast<std::int32_t>(partitions);
    if (uses_kafka(in.settings)) return create_on_kafka(in, count);
    for (const char* option : {"--replication", "--config"})
        if (in.arguments.has(option))
            return fail(ErrorCode::kUsage, std::string(option) + " is for topics on Kafka", {},
                        "loanstream topic create local ...");
    auto made = in.arguments.has("--if-missing")
                    ? create_topic_if_missing(in.env, topics, in.topic, count)
                    : create_topic(in.env, topics, in.topic, count);
    if (!made) return std::unexpected(std::move(made).error());
    fmt::print("topic {} with {} partition{}\n", made->name, made->partitions,
               made->partitions == 1 ? "" : "s");
    return 0;
}

Result<int> list(Invocation& in) {
    if (uses_kafka(in.settings)) return list_on_kafka(in);
    TRY(auto topics, list_topics(in.env, DataFolders(in.settings).topics));
    for (const auto& topic : topics) fmt::print("{}\n", topic.name);
    return 0;
}

Result<int> describe(Invocation& in) {
    if (uses_kafka(in.settings)) return describe_on_kafka(in);
    std::string topics = DataFolders(in.settings).topics;
    TRY(auto topic, describe_topic(in.env, topics, in.topic));
    TRY(auto partitions, describe_partitions(in.env, topics, topic));
    TextBox box{{"partition", "records", "bytes", "table has", "lag"}, {}};
    for (const auto& one : partitions) {
        bool known = one.mirrored_next >= 0;
        box.rows.push_back({std::to_string(one.partition.value), with_commas(one.watermark.value),
                            with_commas(static_cast<long long>(one.bytes)),
                            known ? with_commas(one.mirrored_next) : "-",
                            known ? with_commas(one.watermark.value - one.mirrored_next) : "-"});
    }
    fmt::print("topic {}, made {}, id {}\n{}", topic.name, utc_text(topic.created), topic.id,
               box.text());
    return 0;
}

Result<int> remove(Invocation& in) {
    if (uses_kafka(in.settings)) {
        TRY_VOID(remove_on_kafka(in));
    } else {
        TRY_VOID(delete_topic(in.env, DataFolders(in.settings).topics, in.topic));
    }
    fmt::print("topic {} is deleted; the table keeps what came from it\n", in.topic);
    return 0;
}

}  // namespace

void add_topic_commands(std::vector<CommandSpec>& commands) {
    commands.push_back(
        {"topic create",
         "makes a topic",
         "[PROFILE] [TOPIC]",
         {{"--partitions", "N", "number of partitions (default 1)"},
          {"--replication", "N", "copies of each record, on Kafka (default 1; cluster: 3)"},
          {"--config", "KEY=VALUE", "of the topic, on Kafka; may be given again"},
          {"--if-missing", "", "no error when it is there already"}},
         {"loanstream topic create", "loanstream topic create applicants --partitions 4",
          "loanstream topic create local --if-missing",
          "loanstream topic create conf/ours.toml --partitions 8 --config retention.ms=604800000"},
         create});
    commands.push_back({"topic list",
                        "names the topics",
                        "[PROFILE]",
                        {},
                        {"loanstream topic list", "loanstream topic list local"},
                        list});
    commands.push_back({"topic describe",
                        "partitions, records and lag of a topic",
                        "[PROFILE] [TOPIC]",
                        {},
                        {"loanstream topic describe", "loanstream topic describe local"},
                        describe});
    commands.push_back({"topic delete",
                        "deletes a topic's records; the table stays",
                        "[PROFILE] [TOPIC]",
                        {},
                        {"loanstream topic delete applicants"},
                        remove});
}

}  // namespace loanstream

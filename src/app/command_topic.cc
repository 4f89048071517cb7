#include <fmt/format.h>

#include "app/command.h"
#include "app/stream_session.h"
#include "base/log_line.h"
#include "base/text_box.h"
#include "feed/topic.h"

namespace loanstream {

namespace {

Result<int> create(Invocation& in) {
    std::string topics = DataFolders(in.settings).topics;
    std::int64_t partitions = in.settings.number("topic.partitions");
    if (auto text = in.arguments.value("--partitions")) {
        TRY(auto one, Settings::resolve("embedded", {"topic.partitions=" + *text}));
        partitions = one.number("topic.partitions");
    }
    auto count = static_cast<std::int32_t>(partitions);
    auto made = in.arguments.has("--if-missing")
                    ? create_topic_if_missing(in.env, topics, in.topic, count)
                    : create_topic(in.env, topics, in.topic, count);
    if (!made) return std::unexpected(std::move(made).error());
    fmt::print("topic {} with {} partition{}\n", made->name, made->partitions,
               made->partitions == 1 ? "" : "s");
    return 0;
}

Result<int> list(Invocation& in) {
    TRY(auto topics, list_topics(in.env, DataFolders(in.settings).topics));
    for (const auto& topic : topics) fmt::print("{}\n", topic.name);
    return 0;
}

Result<int> describe(Invocation& in) {
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
    TRY_VOID(delete_topic(in.env, DataFolders(in.settings).topics, in.topic));
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
          {"--if-missing", "", "no error when it is there already"}},
         {"loanstream topic create", "loanstream topic create applicants --partitions 4"},
         create});
    commands.push_back(
        {"topic list", "names the topics", "[PROFILE]", {}, {"loanstream topic list"}, list});
    commands.push_back({"topic describe",
                        "partitions, records and lag of a topic",
                        "[PROFILE] [TOPIC]",
                        {},
                        {"loanstream topic describe"},
                        describe});
    commands.push_back({"topic delete",
                        "deletes a topic's records; the table stays",
                        "[PROFILE] [TOPIC]",
                        {},
                        {"loanstream topic delete applicants"},
                        remove});
}

}  // namespace loanstream

#include "feed/topic.h"

#include <fmt/format.h>
#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "feed/topic_index.h"

namespace loanstream {

namespace {
constexpr std::int32_t kMostPartitions = 10000;
constexpr std::uint64_t kMostDescriptionBytes = 1 << 16;
}  // namespace

Result<TopicDescription> create_topic(Env& env, const std::string& topics, const std::string& name,
                                      std::int32_t partitions) {
    TRY_VOID(check_topic_name(name));
    if (partitions < 1 || partitions > kMostPartitions)
        return fail(ErrorCode::kUsage, "a topic has 1 to 10000 partitions", name);
    TopicDescription topic{name, partitions, env.now(), fmt::format("{:016x}", env.random())};
    TopicFolder folder(topics, name);
    TRY_VOID(env.make_folders(folder.folder()));
    std::string text = fmt::format(
        "{{\"format\":1,\"topic\":\"{}\",\"partitions\":{},\"created_ms\":{},\"id\":\"{}\"}}\n",
        name, partitions, topic.created.value, topic.id);
    std::string temporary =
        join_path(folder.folder(), fmt::format("topic.{:016x}.temporary", env.random()));
    TRY(auto file, env.create_file(temporary));
    TRY_VOID(file->append(text));
    TRY_VOID(file->sync());
    TRY_VOID(file->close());
    auto renamed = env.rename_noreplace(temporary, folder.description());
    if (!renamed) {
        TRY_VOID(env.remove_file(temporary));
        if (renamed.error().code != ErrorCode::kAlreadyThere)
            return std::unexpected(std::move(renamed).error());
        return fail(ErrorCode::kAlreadyThere, "topic '" + name + "' is there already",
                    folder.folder());
    }
    TRY_VOID(env.sync_folder(folder.folder()));
    return topic;
}

Result<TopicDescription> describe_topic(Env& env, const std::string& topics,
                                        const std::string& name) {
    TRY_VOID(check_topic_name(name));
    std::string path = TopicFolder(topics, name).description();
    auto bytes = env.read_whole(path, kMostDescriptionBytes);
    if (!bytes) {
        if (bytes.error().code != ErrorCode::kNotFound)
            return std::unexpected(std::move(bytes).error());
        return fail(ErrorCode::kNotFound, "there is no topic '" + name + "'", topics,
                    "loanstream topic create " + name);
    }
    auto object = nlohmann::json::parse(*bytes, nullptr, false);
    if (!object.is_object() || !object["format"].is_number_integer())
        return fail(ErrorCode::kInvalidData, "is no topic description", path);
    if (object["format"] != 1)
        return fail(ErrorCode::kUnknownFormat, "topic format is not 1", path,
                    "this program knows format 1");
    if (!object["partitions"].is_number_integer() || !object["created_ms"].is_number_integer() ||
        !object["id"].is_string())
        return fail(ErrorCode::kInvalidData, "is no topic description", path);
    auto partitions = object["partitions"].get<std::int64_t>();
    if (partitions < 1 || partitions > kMostPartitions)
        return fail(ErrorCode::kInvalidData, "partitions must be 1 to 10000", path);
    return TopicDescription{name, static_cast<std::int32_t>(partitions),
                            EpochMs(object["created_ms"].get<std::int64_t>()),
                            object["id"].get<std::string>()};
}

Result<TopicDescription> create_topic_if_missing(Env& env, const std::string& topics,
                                                 const std::string& name, std::int32_t partitions) {
    auto there = describe_topic(env, topics, name);
    if (there || there.error().code != ErrorCode::kNotFound) return there;
    auto made = create_topic(env, topics, name, partitions);
    if (!made && made.error().code == ErrorCode::kAlreadyThere)
        return describe_topic(env, topics, name);
    return made;
}

Result<std::vector<TopicDescription>> list_topics(Env& env, const std::string& topics) {
    std::vector<TopicDescription> list;
    TRY(auto there, env.stat(topics));
    if (!there) return list;
    TRY(auto names, env.list(topics));
    for (const auto& info : names) {
        if (!info.is_folder) continue;
        auto topic = describe_topic(env, topics, info.name);
        if (topic)
            list.push_back(std::move(*topic));
        else if (topic.error().code != ErrorCode::kNotFound)  // a folder that is no topic
            return std::unexpected(std::move(topic).error());
    }
    std::sort(list.begin(), list.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return list;
}

Result<void> delete_topic(Env& env, const std::string& topics, const std::string& name) {
    TRY(auto topic, describe_topic(env, topics, name));
    TopicFolder folder(topics, name);
    TRY(auto names, env.list(folder.folder()));
    auto is_ours = [](const std::string& file) {
        for (const char* ending : {".jsonl", ".index", ".position", ".producer.lock", ".temporary"})
            if (file.ends_with(ending)) return true;
        return file == "topic.json";
    };
    for (const auto& info : names)
        if (info.is_folder || !is_ours(info.name))
            return fail(ErrorCode::kInvalidData, "a file that is no topic's lies there",
                        join_path(folder.folder(), info.name), "move it away first");
    for (const auto& info : names) TRY_VOID(env.remove_file(join_path(folder.folder(), info.name)));
    return env.remove_folder(folder.folder());
}

Result<std::vector<PartitionDescription>> describe_partitions(Env& env, const std::string& topics,
                                                              const TopicDescription& topic) {
    TopicFolder folder(topics, topic.name);
    std::vector<PartitionDescription> list;
    for (PartitionId p(0); p.value < topic.partitions; p.value += 1) {
        PartitionDescription one{p, Offset(0), 0, -1};
        TRY(auto there, env.stat(folder.records(p)));
        if (there) {
            TopicIndex index(env, folder.index(p));
            constexpr auto kNewest = std::numeric_limits<std::int64_t>::max();
            TRY_VOID(index.start_near(kNewest));
            TRY_VOID(index.follow());
            TRY(auto file, env.read_file(folder.records(p)));
            TRY(auto counter, index.place_before(kNewest, *file));
            TRY_VOID(counter.advance(*file));
            one.watermark = Offset(counter.line());
            one.bytes = counter.byte();
        }
        if (auto text = env.read_whole(folder.position(p), 4096)) {
            auto object = nlohmann::json::parse(*text, nullptr, false);
            if (object.is_object() && object["next"].is_number_integer())
                one.mirrored_next = object["next"].get<std::int64_t>();
        }
        list.push_back(one);
    }
    return list;
}

}  // namespace loanstream

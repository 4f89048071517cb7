#include "app/running_streams.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "http/client.h"

namespace loanstream {

namespace {

constexpr std::uint64_t kMostBytes = 4096;
constexpr std::chrono::milliseconds kMostWait(2000);

std::string folder_of_marks(const std::string& data) { return join_path(data, "run"); }

Result<std::string> write_mark(Env& env, const std::string& data, const std::string& topic,
                               const std::string& url) {
    auto pid = static_cast<std::int64_t>(::getpid());
    std::string folder = folder_of_marks(data);
    std::string path = join_path(folder, "stream-" + topic + "-" + std::to_string(pid) + ".json");
    TRY_VOID(env.make_folders(folder));
    auto removed = env.remove_file(path);  // of a process long dead
    if (!removed && removed.error().code != ErrorCode::kNotFound)
        return std::unexpected(std::move(removed).error());
    TRY(auto file, env.create_file(path));
    nlohmann::ordered_json json = {{"topic", topic}, {"pid", pid}, {"url", url}};
    TRY_VOID(file->append(json.dump() + "\n"));
    TRY_VOID(file->close());
    return path;
}

nlohmann::json json_of(const Result<std::string>& bytes) {
    if (!bytes) return {};
    return nlohmann::json::parse(*bytes, nullptr, false);
}

std::string text_of(const nlohmann::json& json, const char* key) {
    if (!json.is_object() || !json.contains(key) || !json[key].is_string()) return {};
    return json[key].get<std::string>();
}

}  // namespace

std::unique_ptr<RunningMark> RunningMark::put(Env& env, const std::string& data,
                                              const std::string& topic, const std::string& url) {
    auto path = write_mark(env, data, topic, url);
    if (!path) return nullptr;
    return std::unique_ptr<RunningMark>(new RunningMark(env, *path));
}

RunningMark::~RunningMark() { [[maybe_unused]] auto removed = env_.remove_file(path_); }

std::vector<RunningStream> running_streams(Env& env, const std::string& data,
                                           const std::string& topic) {
    std::vector<RunningStream> found;
    auto marks = env.list(folder_of_marks(data));
    if (!marks) return found;
    for (const FileInfo& file : *marks) {
        if (!file.name.ends_with(".json")) continue;
        auto mark =
            json_of(env.read_whole(join_path(folder_of_marks(data), file.name), kMostBytes));
        std::string url = text_of(mark, "url");
        if (text_of(mark, "topic") != topic || url.empty()) continue;
        auto client = HttpClient::make({url + "/health/ready", kMostWait, kMostBytes});
        if (!client) continue;
        auto answer = (*client)->get();
        if (!answer) continue;
        auto ready = json_of(answer->body);
        // The port may be another program's by now.
        if (text_of(ready, "topic") != topic || ready.value("pid", 0) != mark.value("pid", -1))
            continue;
        found.push_back({url, ready.value("pid", std::int64_t(0)), text_of(ready, "reason"),
                         text_of(ready, "since")});
    }
    return found;
}

}  // namespace loanstream

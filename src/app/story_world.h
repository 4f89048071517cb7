// The world of one flow story: a folder of its own under the temporary folder with topics and a
// warehouse, the real pipeline over them, and what readers see. Removed with it. One thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/error.h"
#include "decide/explain.h"

namespace loanstream {

using TextTable = std::vector<std::vector<std::string>>;

class StoryWorld {
public:
    // `program`: what `crash after` starts.
    static Result<std::unique_ptr<StoryWorld>> make(Env& env, std::string program);
    ~StoryWorld();
    StoryWorld(const StoryWorld&) = delete;
    StoryWorld& operator=(const StoryWorld&) = delete;

    Result<void> use_policy(const std::string& policy, const std::string& model);
    Result<void> set(const std::string& key_and_value);
    // `place`: TOPIC/PARTITION.
    Result<void> append(const std::string& place, const std::vector<std::string>& records);
    Result<void> append_torn(const std::string& place, const std::string& bytes);
    // The stream over all topics to their ends.
    Result<void> run();
    // The same in a process that must die at this crash point ("entry-synced:2").
    Result<void> crash(const std::string& point);

    // The table's rows by position: the header's columns as a story shows them.
    Result<TextTable> rows(const std::string& table, const std::vector<std::string>& columns);
    Result<TextTable> rejects();
    Result<std::vector<std::string>> explain(const std::string& position);
    // kAnswerIsNo with the place where it does not hold.
    Result<void> prove();

private:
    StoryWorld(Env& env, std::string program, std::string folder);
    Result<void> make_topic(const std::string& topic);
    std::vector<std::string> all_sets() const;
    Env& env_;
    std::string program_, folder_, policy_ = "lendingclub", model_;
    std::vector<std::string> sets_, topics_;
    std::map<std::string, std::vector<std::string>> records_;  // by place, in order
};

}  // namespace loanstream

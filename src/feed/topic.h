// The embedded topic of docs/topic.md: its folder, its description, and the verbs that make, list
// and delete topics. Values and free functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/env.h"

namespace loanstream {

struct TopicDescription {
    std::string name;
    std::int32_t partitions = 1;
    EpochMs created;
    std::string id;  // 16 hex digits
};

class TopicFolder {
public:
    // `topics`: the folder that holds all topics.
    TopicFolder(const std::string& topics, const std::string& name)
        : folder_(join_path(topics, name)) {}
    const std::string& folder() const { return folder_; }
    std::string description() const { return join_path(folder_, "topic.json"); }
    std::string records(PartitionId p) const { return of(p, ".jsonl"); }
    std::string index(PartitionId p) const { return of(p, ".index"); }
    std::string position(PartitionId p) const { return of(p, ".position"); }
    std::string producer_lock(PartitionId p) const { return of(p, ".producer.lock"); }

private:
    std::string of(PartitionId p, const char* ending) const {
        return join_path(folder_, std::to_string(p.value) + ending);
    }
    std::string folder_;
};

// kAlreadyThere when the topic exists.
Result<TopicDescription> create_topic(Env& env, const std::string& topics, const std::string& name,
                                      std::int32_t partitions);
// kNotFound, kUnknownFormat, kInvalidData.
Result<TopicDescription> describe_topic(Env& env, const std::string& topics,
                                        const std::string& name);
Result<TopicDescription> create_topic_if_missing(Env& env, const std::string& topics,
                                                 const std::string& name, std::int32_t partitions);
Result<std::vector<TopicDescription>> list_topics(Env& env, const std::string& topics);
// Removes the files of docs/topic.md and the folder; refuses (kInvalidData) what is not its own.
Result<void> delete_topic(Env& env, const std::string& topics, const std::string& name);

struct PartitionDescription {
    PartitionId partition;
    Offset watermark;                 // one past the last record
    std::uint64_t bytes = 0;          // of complete records
    std::int64_t mirrored_next = -1;  // from <partition>.position; -1: none
};
Result<std::vector<PartitionDescription>> describe_partitions(Env& env, const std::string& topics,
                                                              const TopicDescription& topic);

}  // namespace loanstream

// A topic and the topic of its repaired records (docs/deadletters.md) as one Source. The second
// may come into being while the first is read. One thread.
#pragma once

#include <memory>
#include <string>

#include "feed/repaired_topic.h"
#include "feed/topic_source.h"

namespace loanstream {

class TopicWithRepairs : public Source {
public:
    using TryLock = TopicSource::TryLock;
    // The incarnation the table's log knows for a partition of a topic.
    using IncarnationOf = std::function<Incarnation(const std::string& topic, PartitionId)>;

    static Result<std::unique_ptr<TopicWithRepairs>> open(Env& env, const std::string& topics,
                                                          const std::string& name, TryLock try_lock,
                                                          IncarnationOf incarnation_of,
                                                          TopicSourceSettings settings);

    Result<Assignment> assignment() override;
    Result<void> seek(const SourcePartition& source, Offset next) override;
    Result<bool> poll(std::chrono::milliseconds wait, RawBatch& out) override;
    Result<void> make_durable(const SourcePartition& source) override;
    Result<Offset> watermark(const SourcePartition& source) override;
    Result<void> mirror(const SourcePartition& source, Offset next) override;

private:
    TopicWithRepairs(Env& env, std::string topics, std::string name, TryLock try_lock,
                     IncarnationOf incarnation_of, TopicSourceSettings settings)
        : env_(env),
          topics_(std::move(topics)),
          name_(std::move(name)),
          try_lock_(std::move(try_lock)),
          incarnation_of_(std::move(incarnation_of)),
          settings_(std::move(settings)) {}
    Result<std::unique_ptr<TopicSource>> open_one(const std::string& topic);
    Result<void> look_for_repairs();
    TopicSource& of(const SourcePartition& source);

    Env& env_;
    std::string topics_, name_;
    TryLock try_lock_;
    IncarnationOf incarnation_of_;
    TopicSourceSettings settings_;
    std::unique_ptr<TopicSource> main_, repaired_;  // repaired_: null while there is none
    std::chrono::nanoseconds next_look_{0};
};

}  // namespace loanstream

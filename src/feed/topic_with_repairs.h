// A topic and the topic of its repaired records (docs/deadletters.md) as one Source. The first is
// of any kind, the second an embedded one; it may come into being while the first is read. One
// thread.
#pragma once

#include <memory>
#include <string>

#include "base/repaired_topic.h"
#include "feed/topic_source.h"

namespace loanstream {

class TopicWithRepairs : public Source {
public:
    using TryLock = TopicSource::TryLock;
    // The incarnation the table's log knows for a partition of a topic.
    using IncarnationOf = std::function<Incarnation(const std::string& topic, PartitionId)>;

    // `main` reads the topic `name`; the rest is for the repaired one, in the folder `topics`.
    TopicWithRepairs(Env& env, std::string topics, std::string name, std::unique_ptr<Source> main,
                     TryLock try_lock, IncarnationOf incarnation_of, TopicSourceSettings settings)
        : env_(env),
          topics_(std::move(topics)),
          name_(std::move(name)),
          try_lock_(std::move(try_lock)),
          incarnation_of_(std::move(incarnation_of)),
          settings_(std::move(settings)),
          main_(std::move(main)) {}

    Result<Assignment> assignment() override;
    Result<Seek> seek(const SourcePartition& source, const ReadingPlace& place) override;
    Result<bool> poll(std::chrono::milliseconds wait, RawBatch& out) override;
    Result<void> make_durable(const SourcePartition& source) override;
    Result<void> released(const SourcePartition& source) override;
    Result<Offset> watermark(const SourcePartition& source) override;
    Result<void> mirror(const SourcePartition& source, Offset next) override;
    void hold(const SourcePartition& source, bool is_held) override;
    Result<void> rejoin() override { return main_->rejoin(); }

private:
    Result<void> look_for_repairs();
    Source& of(const SourcePartition& source);

    Env& env_;
    std::string topics_, name_;
    TryLock try_lock_;
    IncarnationOf incarnation_of_;
    TopicSourceSettings settings_;
    std::unique_ptr<Source> main_;
    std::unique_ptr<TopicSource> repaired_;  // null while there is none
    std::chrono::nanoseconds next_look_{0};
};

}  // namespace loanstream

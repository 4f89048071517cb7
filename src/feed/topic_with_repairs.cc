#include "feed/topic_with_repairs.h"

namespace loanstream {

namespace {

constexpr std::chrono::milliseconds kBetweenLooks(500);

}  // namespace

Result<std::unique_ptr<TopicWithRepairs>> TopicWithRepairs::open(
    Env& env, const std::string& topics, const std::string& name, TryLock try_lock,
    IncarnationOf incarnation_of, TopicSourceSettings settings) {
    std::unique_ptr<TopicWithRepairs> source(new TopicWithRepairs(
        env, topics, name, std::move(try_lock), std::move(incarnation_of), std::move(settings)));
    TRY(source->main_, source->open_one(name));
    return source;
}

Result<std::unique_ptr<TopicSource>> TopicWithRepairs::open_one(const std::string& topic) {
    return TopicSource::open(
        env_, topics_, topic, try_lock_,
        [this, topic](PartitionId partition) { return incarnation_of_(topic, partition); },
        settings_);
}

// The repaired topic has one partition; who is told to leave partition 0 alone leaves it too.
Result<void> TopicWithRepairs::look_for_repairs() {
    bool wanted = settings_.partitions.empty() || settings_.partitions.contains(0);
    if (repaired_ || !wanted || is_repaired_topic(name_)) return {};
    auto now = env_.monotonic();
    if (now < next_look_) return {};
    next_look_ = now + kBetweenLooks;
    auto found = describe_topic(env_, topics_, repaired_topic(name_));
    if (!found && found.error().code == ErrorCode::kNotFound) return {};
    if (!found) return std::unexpected(std::move(found).error());
    auto all = settings_.partitions;
    settings_.partitions.clear();
    auto opened = open_one(repaired_topic(name_));
    settings_.partitions = std::move(all);
    TRY(repaired_, std::move(opened));
    return {};
}

Result<Source::Assignment> TopicWithRepairs::assignment() {
    TRY_VOID(look_for_repairs());
    TRY(Assignment both, main_->assignment());
    if (!repaired_) return both;
    TRY(Assignment more, repaired_->assignment());
    both.owned.insert(both.owned.end(), more.owned.begin(), more.owned.end());
    both.waiting.insert(both.waiting.end(), more.waiting.begin(), more.waiting.end());
    return both;
}

TopicSource& TopicWithRepairs::of(const SourcePartition& source) {
    return repaired_ && source.topic != name_ ? *repaired_ : *main_;
}

Result<void> TopicWithRepairs::seek(const SourcePartition& source, Offset next) {
    return of(source).seek(source, next);
}

// Repaired records are few and first.
Result<bool> TopicWithRepairs::poll(std::chrono::milliseconds wait, RawBatch& out) {
    if (repaired_) {
        TRY(bool some, repaired_->poll(std::chrono::milliseconds(0), out));
        if (some) return true;
    }
    return main_->poll(wait, out);
}

Result<void> TopicWithRepairs::make_durable(const SourcePartition& source) {
    return of(source).make_durable(source);
}

Result<Offset> TopicWithRepairs::watermark(const SourcePartition& source) {
    return of(source).watermark(source);
}

Result<void> TopicWithRepairs::mirror(const SourcePartition& source, Offset next) {
    return of(source).mirror(source, next);
}

}  // namespace loanstream

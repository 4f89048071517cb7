#include "feed/topic_with_repairs.h"

namespace loanstream {

namespace {

constexpr std::chrono::milliseconds kBetweenLooks(500);

}  // namespace

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
    TopicSourceSettings settings = settings_;
    settings.partitions.clear();
    std::string topic = repaired_topic(name_);
    TRY(repaired_,
        TopicSource::open(
            env_, topics_, topic, try_lock_,
            [this, topic](PartitionId partition) { return incarnation_of_(topic, partition); },
            settings));
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

Source& TopicWithRepairs::of(const SourcePartition& source) {
    return repaired_ && source.topic != name_ ? static_cast<Source&>(*repaired_) : *main_;
}

Result<Source::Seek> TopicWithRepairs::seek(const SourcePartition& source,
                                            const ReadingPlace& place) {
    return of(source).seek(source, place);
}

void TopicWithRepairs::hold(const SourcePartition& source, bool is_held) {
    of(source).hold(source, is_held);
}

Result<void> TopicWithRepairs::released(const SourcePartition& source) {
    return of(source).released(source);
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

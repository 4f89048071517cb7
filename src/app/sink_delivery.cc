#include "app/sink_delivery.h"

#include <algorithm>

#include "app/kafka_settings.h"
#include "app/stream_session.h"
#include "base/check.h"
#include "base/crash_points.h"
#include "table/kept_policy.h"

namespace loanstream {

using std::chrono::milliseconds;

namespace {

constexpr std::int64_t kMostRows = 4'096;           // of a partition in one round
constexpr std::int64_t kMostRoundBytes = 16 << 20;  // of all, about
constexpr std::size_t kMostOpen = 4;                // partitions whose reading is kept open
constexpr std::size_t kMostPolicies = 64;           // whose texts are remembered
constexpr milliseconds kFirstPause(1'000), kLongestPause(10'000);

// The first place of an incarnation of this partition; nullopt: the log does not know it.
std::optional<DeliveredPosition> first_of(const LogState& state, const TopicPartition& source,
                                          Incarnation incarnation) {
    const PartitionState* known = state.partition(source);
    if (known != nullptr && known->source.incarnation == incarnation)
        return DeliveredPosition{incarnation, known->first};
    for (const EndedIncarnation& ended : state.ended())
        if (topic_partition_of(ended.source) == source && ended.source.incarnation == incarnation)
            return DeliveredPosition{incarnation, ended.first};
    return std::nullopt;
}

const EndedIncarnation* ended_at(const LogState& state, const TopicPartition& source,
                                 Incarnation incarnation) {
    for (const EndedIncarnation& ended : state.ended())
        if (topic_partition_of(ended.source) == source && ended.source.incarnation == incarnation)
            return &ended;
    return nullptr;
}

}  // namespace

std::string_view name_of(SinkKind kind) {
    return kind == SinkKind::kDecisions ? "decisions" : "dead_letters";
}

Result<std::vector<SinkSettings>> SinkSettings::from(const Settings& settings) {
    std::vector<SinkSettings> sinks;
    if (!uses_kafka(settings)) return sinks;
    for (SinkKind kind : {SinkKind::kDecisions, SinkKind::kDeadLetters}) {
        bool decisions = kind == SinkKind::kDecisions;
        SinkSettings sink;
        sink.kind = kind;
        sink.producer.topic =
            settings.text(decisions ? "kafka.decisions_topic" : "kafka.dead_letter_topic");
        if (sink.producer.topic.empty()) continue;
        TRY_VOID(check_topic_name(sink.producer.topic));
        TRY(sink.access, kafka_access(settings));
        sink.producer.compression = settings.text("kafka.compression");
        // An envelope is a third longer, and our names come on top.
        sink.producer.most_record_bytes = 2 * settings.number("source.max_record_bytes");
        sink.warehouse = DataFolders(settings).warehouse;
        sinks.push_back(std::move(sink));
    }
    return sinks;
}

Result<std::unique_ptr<SinkDelivery>> SinkDelivery::open(Env& env, const SinkSettings& settings) {
    std::unique_ptr<SinkDelivery> made(new SinkDelivery(env, settings));
    made->files_ = std::make_unique<LocalFileStore>(env);
    TRY(made->warehouse_, Warehouse::open_to_read(env, *made->files_, settings.warehouse));
    std::string sink = std::string(name_of(settings.kind)) + "-" + settings.producer.topic;
    made->positions_ = std::make_unique<DeliveredPositions>(
        *made->files_, made->warehouse_->layout().delivered(sink));
    TRY(made->producer_, KafkaProducer::open(settings.access, settings.producer));
    return made;
}

std::string SinkDelivery::note() const {
    if (producer_->is_idempotent()) return {};
    std::string note = "brokers before 0.11: a retry may write a record twice";
    if (settings_.kind == SinkKind::kDeadLetters)
        note += "; without headers, so each dead letter is a JSON envelope";
    return note;
}

Result<SinkDelivery::Round> SinkDelivery::round(const SinkGoals& goals,
                                                const KeepWaiting& keep_waiting) {
    Round round;
    TRY_VOID(follow(goals));
    sent_.clear();
    sent_bytes_ = 0;
    for (auto& [source, lane] : lanes_) {
        if (sent_bytes_ >= kMostRoundBytes) break;
        if (env_.monotonic() < lane.retry_at) continue;
        auto filled = fill(lane);
        if (!filled) refuse(lane, filled.error(), round);
    }
    while (producer_->waiting() > 0) {
        TRY_VOID(producer_->serve(milliseconds(50)));
        if (producer_->waiting() > 0 && !keep_waiting(producer_->delivered(), producer_->fault()))
            return fail(ErrorCode::kTimeout, "not all records are delivered",
                        settings_.producer.topic, "the next start goes on where this one ends");
    }
    if (!sent_.empty()) crash_point(CrashPoint::kSinkDelivered);
    TRY_VOID(settle(round));
    keep_few_open();
    round.reached = true;
    std::optional<std::chrono::nanoseconds> next_try;
    for (const auto& [source, lane] : lanes_) {
        if (lane.position == DeliveredPosition{lane.goal.source.incarnation, lane.goal.next})
            continue;
        round.reached = false;
        next_try = next_try ? std::min(*next_try, lane.retry_at) : lane.retry_at;
    }
    if (next_try) {
        auto left = std::chrono::ceil<milliseconds>(*next_try - env_.monotonic());
        round.retry_in = std::max(left, milliseconds(0));
    }
    return round;
}

Result<void> SinkDelivery::follow(const SinkGoals& goals) {
    std::erase_if(lanes_, [&](const auto& lane) {
        auto goal = goals.find(lane.first);
        return goal == goals.end() || goal->second.claim != lane.second.goal.claim;
    });
    for (const auto& [source, goal] : goals) {
        auto lane = lanes_.find(source);
        if (lane != lanes_.end()) {
            lane->second.goal = goal;
            continue;
        }
        Lane fresh;
        fresh.goal = goal;
        TRY_VOID(begin(source, fresh));
        lanes_.emplace(source, std::move(fresh));
    }
    return {};
}

// Where the delivery of a partition goes on.
Result<void> SinkDelivery::begin(const TopicPartition& source, Lane& lane) {
    TRY_VOID(warehouse_->reload());
    const LogState& state = warehouse_->state();
    TRY(auto noted, positions_->read(source));
    DeliveredPosition claimed{lane.goal.source.incarnation, lane.goal.claimed_at};
    if (noted && claimed < *noted) {
        // Of a log that was another: this one has been put back to an earlier state.
        TRY_VOID(positions_->forget(source));
        noted = claimed;
    }
    for (Incarnation i; !noted && i <= claimed.incarnation; ++i.value)
        noted = first_of(state, source, i);
    lane.position = lane.sent = noted.value_or(claimed);
    lane.quantum = kMostRows;
    return {};
}

// False: the goal is reached.
Result<bool> SinkDelivery::open_range(Lane& lane) {
    TopicPartition key = topic_partition_of(lane.goal.source);
    const LogState& state = warehouse_->state();
    RowsWanted wanted{settings_.kind == SinkKind::kDecisions ? kPredictionTable : kDeadLettersTable,
                      lane.goal.source,
                      {lane.sent.next, lane.goal.next}};
    while (lane.sent.incarnation < lane.goal.source.incarnation) {
        const EndedIncarnation* ended = ended_at(state, key, lane.sent.incarnation);
        if (ended != nullptr && lane.sent.next < ended->next) {
            wanted.source = ended->source;
            wanted.range = {lane.sent.next, ended->next};
            break;
        }
        Incarnation following(lane.sent.incarnation.value + 1);
        lane.sent = first_of(state, key, following).value_or(DeliveredPosition{following});
        wanted.range.begin = lane.sent.next;
    }
    if (wanted.range.begin >= wanted.range.next) return false;
    lane.range = wanted.range;
    TRY(lane.rows,
        CommittedRows::open(
            *warehouse_, wanted,
            settings_.kind == SinkKind::kDecisions ? decision_columns() : dead_letter_columns()));
    return true;
}

Result<void> SinkDelivery::fill(Lane& lane) {
    for (std::int64_t left = lane.quantum; left > 0 && sent_bytes_ < kMostRoundBytes;) {
        if (lane.at < lane.buffer.size()) {
            TRY(std::int64_t bytes, send(lane, lane.buffer[lane.at]));
            lane.at += 1;
            left -= 1;
            sent_bytes_ += bytes;
            continue;
        }
        lane.buffer.clear();
        lane.at = 0;
        if (!lane.rows) {
            TRY(bool some, open_range(lane));
            if (!some) return {};
        }
        TRY(lane.buffer, lane.rows->next());
        if (!lane.buffer.empty()) continue;
        lane.rows.reset();
        lane.sent.next = lane.range.next;
    }
    return {};
}

Result<std::int64_t> SinkDelivery::send(Lane& lane, const CommittedRow& row) {
    TRY(SinkMessage message, message_of(row.cells));
    auto tag = static_cast<std::int64_t>(sent_.size());
    sent_.push_back({&lane, {lane.sent.incarnation, row.offset}});
    TRY_VOID(producer_->send({message.key, message.value, message.headers, tag}));
    lane.sent.next = row.offset + 1;
    return static_cast<std::int64_t>(message.key.size() + message.value.size());
}

Result<SinkMessage> SinkDelivery::message_of(const TextRow& cells) {
    if (settings_.kind == SinkKind::kDeadLetters)
        return producer_->has_headers() ? dead_letter_message(cells) : dead_letter_envelope(cells);
    auto texts = texts_.find(policy_hash_of(cells));
    if (texts == texts_.end()) {
        TRY(auto policy, kept_policy(*warehouse_, policy_hash_of(cells), model_hash_of(cells)));
        if (texts_.size() >= kMostPolicies) texts_.clear();
        texts = texts_.emplace(policy_hash_of(cells), ReasonTexts{}).first;
        for (const Reason& reason : policy->reasons) texts->second[reason.code] = reason.text;
    }
    return decision_message(cells, texts->second);
}

// A partition's records before the first that was refused are delivered; it waits, and then goes
// on one record at a time, so that nothing behind that one is sent again and again.
void SinkDelivery::refuse(Lane& lane, const Error& error, Round& round) {
    lane.pause = std::clamp(2 * lane.pause, kFirstPause, kLongestPause);
    lane.retry_at = env_.monotonic() + lane.pause;
    lane.quantum = 1;
    lane.rows.reset();
    lane.buffer.clear();
    lane.at = 0;
    round.refused = error;
}

Result<void> SinkDelivery::settle(Round& round) {
    for (const auto& failure : producer_->take_failures()) {
        LOANSTREAM_CHECK(static_cast<std::size_t>(failure.tag) < sent_.size());
        const Sent& sent = sent_[static_cast<std::size_t>(failure.tag)];
        Lane& lane = *sent.lane;
        if (!lane.refused) refuse(lane, producer_->error_of(failure), round);
        // Reports come in any order: delivered is what lies before the first that was refused.
        if (!lane.refused || sent.at < *lane.refused) lane.refused = sent.at;
    }
    for (auto& [source, lane] : lanes_) {
        if (lane.refused) lane.sent = *lane.refused;
        if (lane.position < lane.sent) {
            TRY_VOID(positions_->write(source, lane.sent));
            lane.position = lane.sent;
            round.moved = true;
            if (!lane.refused) {
                lane.quantum = std::min(2 * lane.quantum, kMostRows);
                lane.pause = milliseconds(0);
            }
        }
        lane.refused.reset();
    }
    return {};
}

// Each keeps some rows in memory; the others are opened again in their next round.
void SinkDelivery::keep_few_open() {
    std::size_t open = 0;
    for (auto& [source, lane] : lanes_) {
        if (!lane.rows || ++open <= kMostOpen) continue;
        lane.rows.reset();
        lane.buffer.clear();
        lane.at = 0;
    }
}

}  // namespace loanstream

#include "app/stream_log.h"

#include <map>

#include "app/metrics_file.h"
#include "base/metrics.h"
#include "base/sha256.h"
#include "clean/message.h"
#include "pipeline/snapshot_metrics.h"

namespace loanstream {

namespace {

constexpr std::chrono::seconds kBetweenMetrics(1), kBetweenLooks(2);
constexpr std::uint64_t kMostPolicyBytes = 64u << 20;
constexpr std::size_t kMostSchemas = 1000;

}  // namespace

StreamLog::StreamLog(Env& env, Logger& log, const SnapshotBoard& board, RunLoopObserver& view,
                     StreamWatch& watch, StreamLogSettings settings)
    : env_(env),
      log_(log),
      board_(board),
      view_(view),
      watch_(watch),
      settings_(std::move(settings)),
      policy_sum_(policy_sum()) {}

std::string StreamLog::policy_sum() const {
    if (settings_.policy_file.empty()) return {};
    auto bytes = env_.read_whole(settings_.policy_file, kMostPolicyBytes);
    return bytes ? sha256_hex(*bytes) : "gone";
}

void StreamLog::decided(const DecidedBatch& batch) {
    view_.decided(batch);
    struct Group {
        std::int64_t records = 0;
        std::string example;
    };
    std::map<std::pair<std::string_view, std::string_view>, Group> groups;
    for (const Reject& reject : batch.rejects) {
        Group& group = groups[{name_of(reject.stage), reject.reason_text}];
        if (group.records++ == 0)
            group.example =
                Position{batch.raw->source, batch.raw->records[reject.record].offset}.text();
    }
    tell_schemas(batch);
    for (const auto& [cause, group] : groups)
        log_.event(events::kRejected, {{"partition", batch.raw->source.text()},
                                       {"stage", cause.first},
                                       {"reason", cause.second},
                                       {"records", group.records},
                                       {"example", group.example}});
}

// Once a schema, not once a record.
void StreamLog::tell_schemas(const DecidedBatch& batch) {
    for (const Reject& reject : batch.rejects) {
        if (reject.reason != RejectReason::kNotJsonSchema || schemas_.size() == kMostSchemas)
            continue;
        const RawRecord& record = batch.raw->records[reject.record];
        auto schema = schema_of(batch.raw->bytes_of(record));
        if (schema && schemas_.insert(*schema).second)
            log_.event(events::kRegistryRefused,
                       {{"schema", *schema},
                        {"example", Position{batch.raw->source, record.offset}.text()}});
    }
}

void StreamLog::committed(const Receipt& receipt) {
    view_.committed(receipt);
    for (const auto& landed : receipt.landed())
        log_.event(events::kCommitted, {{"partition", landed.source.text()},
                                        {"next", landed.range.next.value},
                                        {"records", landed.records},
                                        {"decided", landed.decided},
                                        {"rejected", landed.rejected}});
    look_at_policy();
    auto now = env_.monotonic();
    if (last_metrics_.count() >= 0 && now - last_metrics_ < kBetweenMetrics) return;
    last_metrics_ = now;
    write_metrics();
}

void StreamLog::waiting_for(const std::vector<SourcePartition>& sources) {
    view_.waiting_for(sources);
    for (const auto& source : sources)
        log_.event(events::kPartitionBusy, {{"partition", source.text()}});
}

void StreamLog::skipped(const SourcePartition& source, OffsetRange range, const std::string& why) {
    view_.skipped(source, range, why);
    log_.event(events::kOffsetsSkipped, {{"partition", source.text()},
                                         {"begin", range.begin.value},
                                         {"next", range.next.value},
                                         {"why", why}});
}

void StreamLog::was_reset(const SourcePartition& source, Offset was, Offset now) {
    view_.was_reset(source, was, now);
    log_.event(events::kOffsetsReset,
               {{"partition", source.text()}, {"was", was.value}, {"now", now.value}});
}

void StreamLog::let_go(const SourcePartition& source, LetGo cause) {
    view_.let_go(source, cause);
    log_.event(events::kPartitionLetGo, {{"partition", source.text()}, {"cause", name_of(cause)}});
}

void StreamLog::held(const SourcePartition& source, Hold hold) {
    view_.held(source, hold);
    if (hold == Hold::kNone)
        log_.event(events::kPartitionGoesOn, {{"partition", source.text()}});
    else
        log_.event(events::kPartitionHeld, {{"partition", source.text()},
                                            {"order", hold == Hold::kDrained ? "drain" : "pause"}});
}

void StreamLog::refers_all(const std::optional<ReferAll>& order) {
    view_.refers_all(order);
    if (order)
        log_.event(events::kReviewAll, {{"by", order->by}, {"why", order->why}});
    else
        log_.event(events::kReviewEnds);
}

void StreamLog::fault(const std::string& what) {
    view_.fault(what);
    if (what.empty())
        log_.event(events::kBrokerBack);
    else
        log_.event(events::kBrokerFault, {{"cause", what}});
}

void StreamLog::claimed(const SourcePartition& source, Offset next) {
    view_.claimed(source, next);
    log_.event(events::kPartitionClaimed, {{"partition", source.text()}, {"next", next.value}});
}

void StreamLog::round_done(const MergeRound& round) {
    for (const MergedPart& part : round.merged)
        log_.event(events::kMerged, {{"part", part.part.text()},
                                     {"files", part.files},
                                     {"outputs", part.outputs},
                                     {"rows", part.rows},
                                     {"bytes_before", part.bytes_before},
                                     {"bytes", part.bytes}});
    for (const auto& [part, error] : round.refused)
        log_.event(events::kPartRefused, error, {{"part", part.text()}});
    for (const std::string& dt : round.completed) log_.event(events::kDayComplete, {{"dt", dt}});
    std::lock_guard lock(mutex_);
    for (const MergedPart& part : round.merged) merges_.files += part.files;
    merges_.parts += static_cast<std::int64_t>(round.merged.size());
    merges_.faults += static_cast<std::int64_t>(round.refused.size());
    merges_.backlog = round.backlog;
}

void StreamLog::retried(const Error& error) {
    log_.event(events::kMergeRetry, error);
    std::lock_guard lock(mutex_);
    ++merges_.faults;
}

void StreamLog::ended(const Error& error) {
    log_.event(events::kMergeEnded, error);
    std::lock_guard lock(mutex_);
    ++merges_.faults;
    merges_.running = false;
}

void StreamLog::sink_note(SinkKind sink, const std::string& note) {
    log_.event(events::kSinkNote, {{"sink", name_of(sink)}, {"note", note}});
}

void StreamLog::sink_held(SinkKind sink, const Error& error) {
    log_.event(events::kSinkHeld, error, {{"sink", name_of(sink)}});
    std::lock_guard lock(mutex_);
    sinks_[sink].held = true;
}

void StreamLog::sink_back(SinkKind sink) {
    log_.event(events::kSinkBack, {{"sink", name_of(sink)}});
    std::lock_guard lock(mutex_);
    sinks_[sink].held = false;
}

void StreamLog::sink_state(SinkKind sink, const SinkState& state) {
    std::lock_guard lock(mutex_);
    sinks_[sink].state = state;
}

std::string StreamLog::sink_metrics() {
    std::lock_guard lock(mutex_);
    auto now = env_.monotonic();
    MetricsText out;
    auto add = [&](const Metric& metric, auto value_of) {
        for (const auto& [kind, sink] : sinks_)
            out.add(metric, value_of(sink), {{"sink", std::string(name_of(kind))}});
    };
    add(metrics::kSinkRecords, [](auto& sink) { return static_cast<double>(sink.state.records); });
    add(metrics::kSinkBehind, [&](auto& sink) {
        auto since = sink.state.due_since;
        return since ? std::chrono::duration<double>(now - *since).count() : 0.0;
    });
    add(metrics::kSinkHeld, [](auto& sink) { return sink.held ? 1.0 : 0.0; });
    return out.text();
}

std::string StreamLog::merge_metrics() {
    std::lock_guard lock(mutex_);
    MetricsText out;
    out.add(metrics::kMergedParts, static_cast<double>(merges_.parts));
    out.add(metrics::kMergedFiles, static_cast<double>(merges_.files));
    out.add(metrics::kMergeBacklog, static_cast<double>(merges_.backlog));
    out.add(metrics::kMergeFaults, static_cast<double>(merges_.faults));
    out.add(metrics::kMergeRunning, merges_.running ? 1 : 0);
    return out.text();
}

std::string StreamLog::metrics() {
    return metrics_text(*board_.newest(), env_.now()) + merge_metrics() + sink_metrics() +
           watch_.metrics();
}

void StreamLog::stopped() {
    write_metrics();
    auto end = board_.newest();
    log_.event(events::kStreamStopped, {{"records", end->records},
                                        {"decided", end->decided},
                                        {"rejected", end->rejected},
                                        {"commits", end->commits}});
}

// Said once a change.
void StreamLog::look_at_policy() {
    if (settings_.policy_file.empty() || env_.monotonic() - last_look_ < kBetweenLooks) return;
    last_look_ = env_.monotonic();
    std::string sum = policy_sum();
    if (sum == policy_sum_) return;
    policy_sum_ = std::move(sum);
    log_.event(events::kPolicyChanged, {{"path", settings_.policy_file}});
}

void StreamLog::write_metrics() {
    if (settings_.metrics_file.empty()) return;
    if (auto written = write_metrics_file(env_, settings_.metrics_file, metrics()); !written)
        log_.event(events::kMetricsNotWritten, written.error());
}

}  // namespace loanstream

// Every metric of every stage, declared once: Prometheus name, kind, labels, what it counts.
// docs/metrics.md is made of this list; MetricsText refuses what is not in it. Values, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loanstream {

enum class MetricKind { kCounter, kGauge };
std::string_view name_of(MetricKind kind);  // "counter"

struct Metric {
    MetricKind kind = MetricKind::kCounter;
    std::string_view name;    // "loanstream_records_total"
    std::string_view labels;  // parted by a space
    std::string_view text;
};

// X(name, kind, Prometheus name, labels, text)
#define LOANSTREAM_METRICS(X)                                                                      \
    X(kProduced, kCounter, "loanstream_produced_records_total", "", "applications in the topic")   \
    X(kRetries, kCounter, "loanstream_source_retries_total", "", "asked again for an application") \
    X(kRecords, kCounter, "loanstream_records_total", "", "records polled from the topic")         \
    X(kDecisions, kCounter, "loanstream_decisions_total", "status", "applications decided")        \
    X(kRejects, kCounter, "loanstream_rejects_total", "reason",                                    \
      "records that became dead letters")                                                          \
    X(kCommits, kCounter, "loanstream_commits_total", "", "commits to the table")                  \
    X(kCommittedRecords, kCounter, "loanstream_committed_records_total", "", "records landed")     \
    X(kLastCommit, kGauge, "loanstream_last_commit_timestamp_seconds", "",                         \
      "when the last commit stood, seconds since 1970")                                            \
    X(kFreshness, kGauge, "loanstream_freshness_seconds", "",                                      \
      "age of the oldest record of the last commit when it landed")                                \
    X(kNextOffset, kGauge, "loanstream_next_offset", "topic partition", "first offset not landed") \
    X(kLag, kGauge, "loanstream_lag_records", "topic partition",                                   \
      "records of the topic that have not landed")                                                 \
    X(kWatermark, kGauge, "loanstream_watermark_offset", "topic partition",                        \
      "one past the last record of the topic")                                                     \
    X(kCommitAge, kGauge, "loanstream_commit_age_seconds", "",                                     \
      "since the last commit, or since the start where there was none")                            \
    X(kFault, kGauge, "loanstream_source_fault", "",                                               \
      "1 while nothing comes, such as from a broker that does not answer")                         \
    X(kFaults, kCounter, "loanstream_source_faults_total", "", "how often that began")             \
    X(kFenced, kGauge, "loanstream_fenced_partitions", "",                                         \
      "partitions that another process has claimed while they were ours")                          \
    X(kPaused, kGauge, "loanstream_paused_partitions", "",                                         \
      "partitions that an operator has paused or drained")                                         \
    X(kReviewAll, kGauge, "loanstream_review_all", "",                                             \
      "1 while an operator refers every decision to review")                                       \
    X(kReady, kGauge, "loanstream_ready", "", "1 when /health/ready says so")                      \
    X(kStuck, kGauge, "loanstream_stuck", "",                                                      \
      "1 while records wait and no commit comes for stream.stuck_after")                           \
    X(kRejoins, kCounter, "loanstream_rejoins_total", "",                                          \
      "how often the job was stuck and took its partitions anew")                                  \
    X(kDiskFree, kGauge, "loanstream_disk_free_bytes", "", "free space where the table lies")      \
    X(kMergedParts, kCounter, "loanstream_merged_parts_total", "", "parts merged")                 \
    X(kMergedFiles, kCounter, "loanstream_merged_files_total", "", "small files merged away")      \
    X(kMergeBacklog, kGauge, "loanstream_merge_backlog_parts", "",                                 \
      "sealed parts that wait to be merged")                                                       \
    X(kMergeFaults, kCounter, "loanstream_merge_faults_total", "",                                 \
      "rounds of merging that failed, and parts that cannot be merged")                            \
    X(kMergeRunning, kGauge, "loanstream_merging", "", "1 while merging goes on, 0 when it ended") \
    X(kSinkRecords, kCounter, "loanstream_sink_records_total", "sink",                             \
      "records that brokers have confirmed on a topic beside the table")                           \
    X(kSinkBehind, kGauge, "loanstream_sink_behind_seconds", "sink",                               \
      "how long landed rows have waited to be on the topic beside the table; 0: all are")          \
    X(kSinkHeld, kGauge, "loanstream_sink_held", "sink",                                           \
      "1 while the topic beside the table takes nothing, such as for want of a broker")            \
    X(kWaiting, kGauge, "loanstream_waiting_partitions", "",                                       \
      "partitions that another process reads")                                                     \
    X(kState, kGauge, "loanstream_state", "state", "1 for the state that the job is in")

namespace metrics {
#define LOANSTREAM_METRIC(id, kind, name, labels, text) \
    inline constexpr Metric id{MetricKind::kind, name, labels, text};
LOANSTREAM_METRICS(LOANSTREAM_METRIC)
#undef LOANSTREAM_METRIC
}  // namespace metrics

std::span<const Metric> all_metrics();

// The text format of Prometheus (version 0.0.4).
class MetricsText {
public:
    using Labels = std::vector<std::pair<std::string_view, std::string>>;  // as declared, in order
    void add(const Metric& metric, double value, const Labels& labels = {});
    const std::string& text() const { return text_; }

private:
    std::string text_;
    std::string_view last_;  // the metric before: its head is written once
};

}  // namespace loanstream

// Every event that a log line can be about, declared once: a stable code, its level, what it says
// to people, and the keys that come with it. docs/events.md is made of this list.
#pragma once

#include <span>
#include <string_view>

namespace loanstream {

enum class LogLevel { kInfo, kWarning, kError };
std::string_view name_of(LogLevel level);  // "warning"

struct LogEvent {
    LogLevel level = LogLevel::kInfo;
    std::string_view code;    // [a-z_]+, never changed
    std::string_view what;    // a sentence for people
    std::string_view fields;  // keys, parted by a space
};

// X(name, level, code, what, fields)
#define LOANSTREAM_LOG_EVENTS(X)                                                                   \
    X(kStreamStarted, kInfo, "stream_started", "the job has begun",                                \
      "topic policy policy_hash model_hash program")                                               \
    X(kPartitionClaimed, kInfo, "partition_claimed", "the partition is ours; reading goes on",     \
      "partition next")                                                                            \
    X(kPartitionBusy, kInfo, "partition_busy",                                                     \
      "another process reads the partition; this one takes over when it stops", "partition")       \
    X(kCommitted, kInfo, "committed", "a batch has landed",                                        \
      "partition next records decided rejected")                                                   \
    X(kRejected, kWarning, "rejected", "records became dead letters",                              \
      "partition stage reason records example")                                                    \
    X(kRegistryRefused, kWarning, "registry_refused",                                              \
      "messages with this schema of a registry are not JSON (Avro or Protobuf) and become dead "   \
      "letters; produce them by a JSON Schema serializer",                                         \
      "schema example")                                                                            \
    X(kTableNotShown, kWarning, "table_not_shown", "the table cannot be shown; the job goes on",   \
      "cause where mend")                                                                          \
    X(kPolicyChanged, kWarning, "policy_changed",                                                  \
      "the policy's file has changed; this job keeps what it has loaded until it starts anew",     \
      "path")                                                                                      \
    X(kMetricsNotWritten, kWarning, "metrics_not_written", "the metrics file cannot be written",   \
      "cause where mend")                                                                          \
    X(kMerged, kInfo, "merged", "the files of a part are merged",                                  \
      "part files outputs rows bytes_before bytes")                                                \
    X(kPartRefused, kError, "part_refused", "a part cannot be merged; its files stay as they are", \
      "cause where mend part")                                                                     \
    X(kDayComplete, kInfo, "day_complete", "no row will be added to the day", "dt")                \
    X(kMergeRetry, kWarning, "merge_retry", "merging failed; landing goes on, tries again",        \
      "cause where mend")                                                                          \
    X(kMergeEnded, kError, "merge_ended",                                                          \
      "merging has ended; landing goes on, small files stay until the job starts anew",            \
      "cause where mend")                                                                          \
    X(kPartitionLetGo, kInfo, "partition_let_go",                                                  \
      "another process takes over; asked back: what was read is landed, else read again there",    \
      "partition cause")                                                                           \
    X(kOffsetsSkipped, kWarning, "offsets_skipped",                                                \
      "these offsets will not be decided; the log has them as lost", "partition begin next why")   \
    X(kOffsetsReset, kWarning, "offsets_reset",                                                    \
      "the topic was made anew and is read from there, as asked", "partition was now")             \
    X(kBrokerFault, kWarning, "broker_fault", "no records come; reading goes on by itself",        \
      "cause")                                                                                     \
    X(kBrokerBack, kInfo, "broker_back", "records come again", "")                                 \
    X(kMetricsServed, kInfo, "metrics_served",                                                     \
      "metrics and health are answered there; taken: metrics.port was another's", "url taken")     \
    X(kMetricsNotServed, kWarning, "metrics_not_served",                                           \
      "metrics and health are not answered; the job goes on", "cause where mend")                  \
    X(kPartitionHeld, kWarning, "partition_held",                                                  \
      "an operator has ordered it; what was read has landed", "partition order")                   \
    X(kPartitionGoesOn, kInfo, "partition_resumed", "the order has ended; reading goes on",        \
      "partition")                                                                                 \
    X(kReviewAll, kWarning, "review_all", "by order, every decision becomes a review", "by why")   \
    X(kReviewEnds, kInfo, "review_ends", "the policy decides again", "")                           \
    X(kNotReady, kWarning, "not_ready", "the job makes no progress", "reason")                     \
    X(kReady, kInfo, "ready", "the job makes progress again", "was seconds")                       \
    X(kStuck, kError, "stuck", "records wait and no commit comes; partitions are taken anew",      \
      "lag seconds")                                                                               \
    X(kStillStuck, kError, "still_stuck", "taking the partitions anew did not help; see why",      \
      "lag seconds")                                                                               \
    X(kSinkNote, kInfo, "sink_note", "about the brokers of a topic beside the table", "sink note") \
    X(kSinkHeld, kWarning, "sink_held",                                                            \
      "a topic beside the table waits; landing goes on, nothing is lost", "cause where mend sink") \
    X(kSinkBack, kInfo, "sink_back", "the topic beside the table is fed again", "sink")            \
    X(kStreamStopped, kInfo, "stream_stopped", "the job has ended in order",                       \
      "records decided rejected commits")                                                          \
    X(kSourceStarted, kInfo, "source_started", "the source has begun", "topic from")               \
    X(kSourceRetry, kWarning, "source_retry", "no application; tries again",                       \
      "cause where mend wait_ms")                                                                  \
    X(kSourceNote, kInfo, "source_note", "about the file or the brokers", "note")                  \
    X(kSourceHeld, kWarning, "source_held",                                                        \
      "nothing is delivered; what was read waits and is not lost", "why since_ms")                 \
    X(kSourceStopped, kInfo, "source_stopped", "the source has ended in order",                    \
      "produced retries")                                                                          \
    X(kApiFault, kWarning, "api_fault", "the applicant API cannot go on", "cause")

namespace events {
#define LOANSTREAM_LOG_EVENT(name, level, code, what, fields) \
    inline constexpr LogEvent name{LogLevel::level, code, what, fields};
LOANSTREAM_LOG_EVENTS(LOANSTREAM_LOG_EVENT)
#undef LOANSTREAM_LOG_EVENT
}  // namespace events

std::span<const LogEvent> log_events();

}  // namespace loanstream

// The places where a crash is worth a test, one list for the program, its tests and the docs.
// Armed only by LOANSTREAM_CRASH_AT=NAME[:N] in the environment: the N-th arrival (default first)
// ends the process at once (_exit(137), no destructors, no flush). Safe in any thread.
#pragma once

#include <string_view>

namespace loanstream {

// X(enumerator, name, what has just happened)
#define LOANSTREAM_CRASH_POINTS(X)                                                  \
    X(kTopicHalfLine, "topic-half-line", "half of a line is written to the topic")  \
    X(kTopicAppended, "topic-appended", "lines are in the topic, not yet synced")   \
    X(kTopicSynced, "topic-synced", "lines are synced, the side index is not")      \
    X(kPolled, "polled", "a batch has been polled")                                 \
    X(kParquetHalf, "parquet-half", "rows are in an unfinished staged file")        \
    X(kFileClosed, "file-closed", "a staged file is closed, not synced")            \
    X(kFileSynced, "file-synced", "staged files are synced, nothing in the log")    \
    X(kEntryWritten, "entry-written", "the temporary log entry is written")         \
    X(kEntryPut, "entry-put", "the log entry has its number, folder not synced")    \
    X(kEntrySynced, "entry-synced", "the entry is durable, nothing published")      \
    X(kPublishedOne, "published-one", "one file of a commit is published")          \
    X(kPublished, "published", "all files of a commit are published")               \
    X(kMirrored, "mirrored", "the offset mirror is written")                        \
    X(kVersionKept, "version-kept", "a policy or model version is kept")            \
    X(kClaimed, "claimed", "a claim is durable, recovery has not begun")            \
    X(kRecoveredPublish, "recovered-publish", "recovery has redone a publish")      \
    X(kSwept, "swept", "recovery has swept a staged file")                          \
    X(kManifestWritten, "manifest-written", "a manifest is synced, no checkpoint")  \
    X(kCheckpointPut, "checkpoint-put", "a checkpoint stands, nothing truncated")   \
    X(kTruncatedOne, "truncated-one", "one entry below the checkpoint is deleted")  \
    X(kReplayPut, "replay-put", "a replay is in the log, its record in no topic")   \
    X(kSealed, "sealed", "a part is sealed, not merged")                            \
    X(kMergeWritten, "merge-written", "a generation is synced, nothing in the log") \
    X(kMergePut, "merge-put", "the merge is in the log, readers see the inputs")    \
    X(kExchanged, "exchanged", "the folders have changed places, not synced")       \
    X(kSwitched, "switched", "the switch is in the log, the inputs are kept")       \
    X(kInputDeleted, "input-deleted", "one input of a merge is deleted")            \
    X(kInputsGone, "inputs-gone", "all inputs of a merge are deleted")

enum class CrashPoint {
#define LOANSTREAM_CRASH_ENUM(id, name, what) id,
    LOANSTREAM_CRASH_POINTS(LOANSTREAM_CRASH_ENUM)
#undef LOANSTREAM_CRASH_ENUM
};

std::string_view name_of(CrashPoint point);

// Does nothing unless this point is armed.
void crash_point(CrashPoint point);

}  // namespace loanstream

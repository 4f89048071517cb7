// The places where a crash is worth a test, one list for the program, its tests and the docs.
// Armed only by LOANSTREAM_CRASH_AT=NAME[:N] in the environment: the N-th arrival (default first)
// ends the process at once (_exit(137), no destructors, no flush). Safe in any thread.
#pragma once

#include <span>
#include <string_view>

namespace loanstream {

// X(enumerator, name, what has just happened, the world then, what mends it). The last two are for
// docs/delivery.md, whose rules they name by number.
#define LOANSTREAM_CRASH_POINTS(X)                                                                 \
    X(kTopicHalfLine, "topic-half-line", "half of a line is written to the topic",                 \
      "a line without its newline, not a record yet", "the next producer cuts it")                 \
    X(kTopicAppended, "topic-appended", "lines are in the topic, not yet synced",                  \
      "records that may or may not survive a power failure; not reported as produced",             \
      "nothing to mend")                                                                           \
    X(kTopicSynced, "topic-synced", "lines are synced, the side index is not",                     \
      "records are durable, the side index is behind", "the index is made from the file")          \
    X(kPolled, "polled", "a batch has been polled", "nothing written", "polled again from `next`") \
    X(kParquetHalf, "parquet-half", "rows are in an unfinished staged file",                       \
      "an unfinished staged file", "sweep (14)")                                                   \
    X(kFileClosed, "file-closed", "a staged file is closed, not synced",                           \
      "a staged file, perhaps not durable", "sweep (14)")                                          \
    X(kFileSynced, "file-synced", "staged files are synced, nothing in the log",                   \
      "staged files that no entry names", "sweep (14)")                                            \
    X(kEntryWritten, "entry-written", "the temporary log entry is written", "a temporary file",    \
      "removed at the next start; it is in no log")                                                \
    X(kEntryPut, "entry-put", "the log entry has its number, folder not synced",                   \
      "the entry has its number, perhaps not durable", "load syncs (5), publish is redone (13)")   \
    X(kEntrySynced, "entry-synced", "the entry is durable, nothing published",                     \
      "the rows count, no file is published", "13")                                                \
    X(kPublishedOne, "published-one", "one file of a commit is published",                         \
      "a part of the commit's files is published", "13")                                           \
    X(kPublished, "published", "all files of a commit are published",                              \
      "everything is in place, the mirror of offsets is behind",                                   \
      "the mirror is written with the next commit")                                                \
    X(kMirrored, "mirrored", "the offset mirror is written", "nothing is behind", "")              \
    X(kSinkDelivered, "sink-delivered",                                                            \
      "a topic beside the table has rows, its position is behind",                                 \
      "rows are delivered that the position does not tell of",                                     \
      "the next start delivers them again, byte for byte the same (docs/decisions.md)")            \
    X(kAskedBack, "asked-back", "partitions that the group asks back are committed",               \
      "what was polled is landed, the group still names the old owner",                            \
      "the group gives them to another when the session ends; its claim recovers")                 \
    X(kVersionKept, "version-kept", "a policy or model version is kept",                           \
      "a version that no entry uses yet", "stays; it is a few kB")                                 \
    X(kClaimed, "claimed", "a claim is durable, recovery has not begun",                           \
      "an epoch without recovery", "the next claim is higher and recovers")                        \
    X(kRecoveredPublish, "recovered-publish", "recovery has redone a publish",                     \
      "recovery is half done", "redone whole")                                                     \
    X(kSwept, "swept", "recovery has swept a staged file", "recovery is half done",                \
      "redone whole")                                                                              \
    X(kManifestWritten, "manifest-written", "a manifest is synced, no checkpoint",                 \
      "a manifest that no checkpoint names", "deleted by 30")                                      \
    X(kCheckpointPut, "checkpoint-put", "a checkpoint stands, nothing truncated",                  \
      "entries below a checkpoint", "the next truncation takes them")                              \
    X(kTruncatedOne, "truncated-one", "one entry below the checkpoint is deleted",                 \
      "a log that begins in its middle, below its checkpoint",                                     \
      "3 does not look there; the next truncation goes on")                                        \
    X(kReplayPut, "replay-put", "a replay is in the log, its record in no topic",                  \
      "a dead letter counts as replayed, its record is in no topic yet",                           \
      "every later replay and start of `stream` produces what is missing "                         \
      "(docs/deadletters.md)")                                                                     \
    X(kSealed, "sealed", "a part is sealed, not merged",                                           \
      "a part takes no more files and is not merged", "the next round merges it")                  \
    X(kMergeWritten, "merge-written", "a generation is synced, nothing in the log",                \
      "a generation under `retired/` that no entry names",                                         \
      "another attempt writes its own; deleted when the part is merged (17)")                      \
    X(kMergePut, "merge-put", "the merge is in the log, readers see the inputs",                   \
      "the log names the outputs, readers by path see the inputs",                                 \
      "the next round exchanges (19)")                                                             \
    X(kExchanged, "exchanged", "the folders have changed places, not synced",                      \
      "the outputs are in place, perhaps not durably, the log does not say so",                    \
      "the next round looks, syncs, and puts `switched` (19, 20)")                                 \
    X(kSwitched, "switched", "the switch is in the log, the inputs are kept",                      \
      "readers see the outputs, the inputs lie under `retired/`",                                  \
      "deleted after the grace time (20)")                                                         \
    X(kInputDeleted, "input-deleted", "one input of a merge is deleted",                           \
      "some inputs are deleted", "the next round deletes the others (34)")                         \
    X(kInputsGone, "inputs-gone", "all inputs of a merge are deleted",                             \
      "the log still carries the merge", "the next checkpoint forgets it (21)")

enum class CrashPoint {
#define LOANSTREAM_CRASH_ENUM(id, ...) id,
    LOANSTREAM_CRASH_POINTS(LOANSTREAM_CRASH_ENUM)
#undef LOANSTREAM_CRASH_ENUM
};

std::string_view name_of(CrashPoint point);

// One as the docs tell it.
struct CrashPointText {
    std::string_view name, what, world, mended;
};
std::span<const CrashPointText> crash_point_texts();

// Does nothing unless this point is armed.
void crash_point(CrashPoint point);

}  // namespace loanstream

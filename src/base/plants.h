// Bugs that the simulator plants to see that it finds them: each leaves out one rule of
// docs/delivery.md. They exist only in files compiled with LOANSTREAM_PLANTS (tests/sim); in the
// program itself planted() is false at compile time.
#pragma once

#include <string_view>

namespace loanstream {

// X(enumerator, name: the rule left out)
#define LOANSTREAM_PLANTED_BUGS(X)                  \
    X(kNone, "none")                                \
    X(kFence, "fence")                              \
    X(kAnchor, "anchor")                            \
    X(kSyncAppend, "sync-append")                   \
    X(kStageSync, "stage-sync")                     \
    X(kCommitFirst, "commit-first")                 \
    X(kMissingIsDone, "missing-is-done")            \
    X(kRedoPublish, "redo-publish")                 \
    X(kSweepOwnDead, "sweep-own-dead")              \
    X(kFencedKeepsNamed, "fenced-keeps-named")      \
    X(kMergePublishes, "merge-publishes")           \
    X(kMergeSyncsRenames, "merge-syncs-renames")    \
    X(kMergeSyncsOutput, "merge-syncs-output")      \
    X(kExchangeGuarded, "exchange-guarded")         \
    X(kCheckpointPublishes, "checkpoint-publishes") \
    X(kCheckpointSyncs, "checkpoint-syncs")         \
    X(kCheckpointCarries, "checkpoint-carries")     \
    X(kAscending, "ascending")                      \
    X(kManifestSync, "manifest-sync")               \
    X(kManifestFresh, "manifest-fresh")             \
    X(kReaderRetired, "reader-retired")             \
    X(kDeleteLooks, "delete-looks")                 \
    X(kMakeDurable, "topic-made-durable")           \
    X(kPartLimit, "part-limit")                     \
    X(kSealCheck, "seal-check")                     \
    X(kSyncLoad, "sync-load")                       \
    X(kLostAnswerLook, "lost-answer-look")          \
    X(kMergeOnce, "merge-once")                     \
    X(kMergesUntilGone, "merges-until-gone")        \
    X(kReaderLoadsAgain, "reader-loads-again")      \
    X(kEveryRangeChecked, "every-range-checked")    \
    X(kFencedRangeOnly, "fenced-range-only")        \
    X(kJudgeNotEmpty, "judge-not-empty")            \
    X(kManifestNumber, "manifest-number")           \
    X(kManifestAgain, "manifest-again")             \
    X(kDamageTwice, "damage-twice")                 \
    X(kBornOnce, "born-once")                       \
    X(kDeleteSyncs, "delete-syncs")

enum class PlantedBug {
#define LOANSTREAM_PLANT_ENUM(id, name) id,
    LOANSTREAM_PLANTED_BUGS(LOANSTREAM_PLANT_ENUM)
#undef LOANSTREAM_PLANT_ENUM
};

#ifdef LOANSTREAM_PLANTS
extern PlantedBug planted_bug;  // the simulator's
static inline bool planted(PlantedBug bug) { return planted_bug == bug; }
#else
static constexpr bool planted(PlantedBug) { return false; }
#endif

}  // namespace loanstream

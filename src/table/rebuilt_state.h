// The state of a warehouse made anew, as a checkpoint: how far each source partition has come by
// the files that count and by what the log still says, with the exact offsets where the two leave a
// hole or hold a position twice. Reads files only where their footers do not tell. Values; one
// thread.
#pragma once

#include <string>
#include <vector>

#include "table/counted_files.h"
#include "table/prove.h"
#include "table/range_coverage.h"

namespace loanstream {

struct Hole {
    SourcePartition source;
    OffsetRange range;
    std::string why;  // "prediction-....parquet is gone"; may be empty
};

struct RebuildRequest {
    bool accept_gaps = false;
    std::string why, by;  // of the gaps
};

struct RebuiltState {
    CheckpointEntry checkpoint;  // without files and manifests
    std::vector<Hole> holes;
    std::vector<Doubling> doublings;
    std::vector<Hole> decided_again;  // the topic still has them
};

// Puts the ranges that count into `counted`. `counter` may be null: no topic is there.
Result<RebuiltState> rebuild_state(FileStore& files, const LogFacts& facts, CountedFiles& counted,
                                   const RebuildRequest& request, SourceCounter* counter);

}  // namespace loanstream

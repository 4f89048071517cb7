// Where records come from: a JSONL topic on this disk, later Kafka. One thread owns a Source.
// Progress is not kept here: after a restart the table's log says where to seek.
#pragma once

#include <chrono>
#include <vector>

#include "base/raw_batch.h"

namespace loanstream {

class Source {
public:
    virtual ~Source() = default;

    // Partitions this source may read now (their locks are held), and those it waits for.
    struct Assignment {
        std::vector<SourcePartition> owned;
        std::vector<SourcePartition> waiting;
    };
    // Looks for partitions that came free or were lost; cheap, called every loop.
    virtual Result<Assignment> assignment() = 0;

    // Sets where the next poll of this owned partition starts.
    virtual Result<void> seek(const SourcePartition& source, Offset next) = 0;

    // Fills `out` anew (its memory is reused) with up to one batch of one owned partition, round
    // robin, bounded by records and bytes. False when nothing came before `wait` passed.
    virtual Result<bool> poll(std::chrono::milliseconds wait, RawBatch& out) = 0;

    // Returns when every record polled so far of this partition is durable where it came from: the
    // table must not get ahead of its source by a power failure. Called before each commit.
    virtual Result<void> make_durable(const SourcePartition& source) = 0;

    // One past the last record that is there now (the high watermark); lag = watermark - next.
    virtual Result<Offset> watermark(const SourcePartition& source) = 0;

    // Tells other tools how far the table has come; a mirror, never the truth.
    virtual Result<void> mirror(const SourcePartition& source, Offset next) = 0;
};

}  // namespace loanstream

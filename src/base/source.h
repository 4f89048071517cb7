// Where records come from: a JSONL topic on this disk, or Kafka. One thread owns a Source.
// Progress is not kept here: after a restart the table's log says where to seek.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/raw_batch.h"

namespace loanstream {

// Where the table's log says that reading goes on.
struct ReadingPlace {
    Offset next;
    bool is_first_claim = false;  // where reading begins is not in the log yet
};

class Source {
public:
    virtual ~Source() = default;

    struct Assignment {
        std::vector<SourcePartition> owned;    // this source may read them now
        std::vector<SourcePartition> waiting;  // another has them, and may give them up
        // Asked back by whoever shares them out: commit what was polled, then released().
        std::vector<SourcePartition> leaving;
        // Gone already, another may be reading: drop what was polled, then released().
        std::vector<SourcePartition> lost;
        bool is_settled = true;  // false: which partitions are ours is not known yet
        std::string fault{};     // why nothing comes, such as a broker that does not answer
    };
    // Looks for partitions that came free or were lost; cheap, called every loop.
    virtual Result<Assignment> assignment() = 0;

    // Where the next poll of a partition starts. `next` is beyond the place asked for where what
    // lies between is not to be had or not wanted; `why` then says so, for the log. `why` of the
    // very place: reading begins there because somebody chose it, and the log is to say so.
    struct Seek {
        Offset next;
        std::string why{};
    };
    virtual Result<Seek> seek(const SourcePartition& source, const ReadingPlace& place) = 0;

    // Fills `out` anew (its memory is reused) with up to one batch of one owned partition, round
    // robin, bounded by records and bytes. False when nothing came before `wait` passed.
    virtual Result<bool> poll(std::chrono::milliseconds wait, RawBatch& out) = 0;

    // Returns when every record polled so far of this partition is durable where it came from: the
    // table must not get ahead of its source by a power failure. Called before each commit.
    virtual Result<void> make_durable(const SourcePartition& source) = 0;

    // One past the last record that is there now (the high watermark); lag = watermark - next.
    virtual Result<Offset> watermark(const SourcePartition& source) = 0;

    // The loop has let go of a partition that is leaving or lost.
    virtual Result<void> released(const SourcePartition& source) = 0;

    // While held, poll() passes over the partition; it stays this source's.
    virtual void hold(const SourcePartition& source, bool is_held) = 0;

    // Gives up every partition in order and takes what it is given anew: for a reader that is stuck
    // in what its group believes. assignment() then shows what leaves and what comes.
    virtual Result<void> rejoin() { return {}; }

    // Tells other tools how far the table has come; a mirror, never the truth.
    virtual Result<void> mirror(const SourcePartition& source, Offset next) = 0;
};

}  // namespace loanstream

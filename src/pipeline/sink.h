// Where decisions land. Progress is a token: only a durable write makes a Receipt, and only a
// Receipt moves the source on. One thread owns a Sink.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/source.h"
#include "decide/decided_batch.h"
#include "pipeline/orders.h"

namespace loanstream {

// What one commit has made durable.
class Receipt {
public:
    struct Landed {
        SourcePartition source;
        OffsetRange range;
        std::int64_t records = 0, decided = 0, rejected = 0;
    };
    const std::vector<Landed>& landed() const { return landed_; }
    // Ranges that a newer owner has taken over: stop reading them.
    const std::vector<SourcePartition>& fenced() const { return fenced_; }

private:
    friend class ReceiptMaker;  // only sinks derive from it
    std::vector<Landed> landed_;
    std::vector<SourcePartition> fenced_;
};

class ReceiptMaker {
protected:
    static void add_landed(Receipt& r, Receipt::Landed landed) { r.landed_.push_back(landed); }
    static void add_fenced(Receipt& r, SourcePartition s) { r.fenced_.push_back(std::move(s)); }
};

class Sink {
public:
    virtual ~Sink() = default;
    // Claims the partition (its newest epoch is ours from here), recovers what an earlier owner
    // left, and says where to seek.
    virtual Result<ReadingPlace> claim(const SourcePartition& source) = 0;
    // Writes into the log that nothing before `next` will be decided, and why: it is not to be had
    // or not wanted. Only where nothing of the partition waits.
    virtual Result<void> skip_to(const SourcePartition& source, Offset next,
                                 const std::string& why) = 0;
    // Writes into the log that reading begins where it stands, by an empty range.
    virtual Result<void> begin_here(const SourcePartition& source, const Policy& policy) = 0;
    // Gives a partition up without a trace; uncommitted rows of it are dropped.
    virtual Result<void> release(const SourcePartition& source) = 0;
    // Adds the rows of one batch; nothing is visible yet. Views need not outlive the call.
    virtual Result<void> write(const DecidedBatch& batch) = 0;
    // Bytes and rows written since the last commit, to bound memory and file size.
    struct Pending {
        std::int64_t rows = 0;
        std::int64_t bytes = 0;
    };
    virtual Pending pending() const = 0;
    // True when rows must be committed before more are written (UTC day over, file full).
    virtual bool wants_commit() const = 0;
    virtual Result<Receipt> commit() = 0;
    // True when a day has ended since the last decision of a partition for which nothing waits.
    virtual bool day_is_over() const = 0;
    // Says so in the log, with an empty range of each such partition: no row of theirs will be
    // added to the day that is over. Commits what waits as well.
    virtual Result<Receipt> end_day(const Policy& policy) = 0;
    // Learns what operators have ordered since.
    virtual Result<void> read_orders() = 0;
    // As last read, or as a claim or commit has read them since.
    virtual PartitionOrders orders_of(const SourcePartition& source) const = 0;
};

}  // namespace loanstream

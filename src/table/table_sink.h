// The table as a Sink: rows of each claimed source partition go into Parquet files in staging, one
// for each of the two tables; a commit finishes them all, names them in one log entry, publishes
// them and checkpoints when that is due. decided_ms is the clock's, held where it would run
// backwards within a partition. One thread owns a TableSink; it does not own the Warehouse.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/env.h"
#include "log/warehouse.h"
#include "pipeline/sink.h"
#include "table/group_encoder.h"
#include "table/parquet_file.h"
#include "table/row_buffers.h"

namespace loanstream {

struct TableSinkSettings {
    Codec codec = Codec::kZstd;
    std::string program{};                         // the program column
    std::int64_t file_size = 128LL << 20;          // wants_commit at this many pending bytes
    std::int64_t most_pending_rows = 1'000'000;    // ... or rows
    std::int64_t most_buffered_bytes = 8LL << 20;  // over all files; more: a row group each
    bool encodes_beside = false;  // row groups on a thread of its own (group_encoder.h)
};

class TableSink : public Sink, private ReceiptMaker {
public:
    TableSink(Env& env, Warehouse& warehouse, TableSinkSettings settings);
    ~TableSink() override;

    Result<ReadingPlace> claim(const SourcePartition& source) override;
    Result<void> skip_to(const SourcePartition& source, Offset next,
                         const std::string& why) override;
    Result<void> begin_here(const SourcePartition& source, const Policy& policy) override;
    Result<void> release(const SourcePartition& source) override;
    // Commits what waits first where the batch lies in a new UTC day or under another policy; the
    // next Receipt tells of both. After an error the sink is at its end: every call gives it.
    Result<void> write(const DecidedBatch& batch) override;
    Pending pending() const override;
    bool wants_commit() const override;
    Result<Receipt> commit() override;
    bool day_is_over() const override;
    Result<Receipt> end_day(const Policy& policy) override;
    Result<void> read_orders() override;
    PartitionOrders orders_of(const SourcePartition& source) const override;

    // How the log calls what claim() took: the incarnation may be another than asked for.
    struct Share;

private:
    Result<void> take_batch(Share& share, const DecidedBatch& batch);
    Result<void> keep_versions(const Policy& policy);
    template <typename File>
    Result<void> write_group(Share& share, File& growing);
    Result<void> bound_memory();
    // With a policy: partitions whose day is over get an empty range.
    Result<void> commit_all(const Policy* ends_day = nullptr);
    Result<CommitRequest> finish_files(const Policy* ends_day);
    CommittedRange empty_range(Share& share, const Policy& policy) const;
    Result<void> put(const CommitRequest& request);
    bool is_behind(const Share& share) const;
    template <typename T>
    Result<T> ending(Result<T> result);
    EpochMs decision_time(const Share& share) const;

    Env& env_;
    Warehouse& warehouse_;
    TableSinkSettings settings_;
    std::map<SourcePartition, std::unique_ptr<Share>> shares_;
    std::string kept_policy_, kept_model_;  // hashes whose files are kept
    Receipt receipt_;                       // of commits since the last commit()
    std::optional<Error> ended_;
    std::map<std::string_view, RowBuffers> groups_;  // by table: what the encoder has
    GroupEncoder encoder_;                           // the first to be destroyed
};

}  // namespace loanstream

// The rows of one table that wait for a row group: appended from a DecidedBatch, column by column.
// Both tables are made here, so that the sink and `decide FILE` write the same. One thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "decide/decided_batch.h"
#include "table/column_buffers.h"
#include "table/columns.h"

namespace loanstream {

struct RowOrigin {
    EpochMs decided_ms;  // of the whole batch
    std::string_view program;
};

class RowBuffers {
public:
    // prediction_table() or dead_letters_table().
    explicit RowBuffers(const TableDeclaration& table);

    // The rows [from, from + count) of the batch that belong to this table: its decisions, or its
    // rejects.
    void append(const DecidedBatch& batch, std::size_t from, std::size_t count,
                const RowOrigin& origin);
    // How many rows of the batch belong to this table.
    std::size_t rows_in(const DecidedBatch& batch) const;

    const TableDeclaration& table() const { return *table_; }
    std::int64_t rows() const { return rows_; }
    std::int64_t bytes() const;
    std::vector<ColumnBuffer*> columns();
    void clear();

private:
    void append_decisions(const DecidedBatch& batch, std::size_t from, std::size_t count,
                          const RowOrigin& origin);
    void append_scores(const DecidedBatch& batch, std::size_t from, std::size_t count);
    void append_reasons(const DecidedBatch& batch, std::size_t from, std::size_t count);
    void append_rules(const DecidedBatch& batch, std::size_t from, std::size_t count);
    void append_rejects(const DecidedBatch& batch, std::size_t from, std::size_t count,
                        const RowOrigin& origin);
    template <typename Column>
    void append_position(const RawBatch& raw, const std::vector<std::uint32_t>& records);
    template <typename T, typename Column>
    T& column(Column name) {
        return std::get<T>(columns_[static_cast<std::size_t>(name)]);
    }

    const TableDeclaration* table_;
    std::vector<ColumnBuffer> columns_;
    std::vector<std::uint32_t> records_;  // scratch: record index of each row appended
    std::int64_t rows_ = 0;
};

// True for columns whose text hardly ever repeats: no dictionary.
bool is_plain_text(std::string_view column);

}  // namespace loanstream

// Reading one Parquet file of ours: positions, or a few columns of some rows as text.
// Opens through a FileStore, so that it reads wherever the table lies. Arrow stays inside the .cc.
// One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_store.h"
#include "table/columns.h"

namespace loanstream {

using TextRow = std::vector<std::optional<std::string>>;  // nullopt: null

class TableScan {
public:
    // kInvalidData: no Parquet file, or not with the columns of `table`. kUnknownFormat: written by
    // a later version.
    static Result<std::unique_ptr<TableScan>> open(FileStore& files, const std::string& path,
                                                   const TableDeclaration& table);
    virtual ~TableScan() = default;

    virtual std::int64_t rows() const = 0;
    virtual std::vector<std::pair<std::string, std::string>> metadata() const = 0;

    // Rows [begin, begin + count) as text, cut at the end of the file. Floats in the shortest form
    // that reads back; BINARY as its bytes.
    virtual Result<std::vector<TextRow>> read(const std::vector<std::string_view>& columns,
                                              std::int64_t begin, std::int64_t count) = 0;

    // The same in pieces of at most 256 rows, one after the other; an empty one is the end. The
    // scan outlives it.
    class RowPieces {
    public:
        virtual ~RowPieces() = default;
        virtual Result<std::vector<TextRow>> next() = 0;
    };
    virtual Result<std::unique_ptr<RowPieces>> pieces(const std::vector<std::string_view>& columns,
                                                      std::int64_t begin, std::int64_t count) = 0;

    // Where each row came from and when it was decided, in bounded pieces. Views hold within the
    // call.
    struct Positions {
        std::vector<std::string_view> topics;  // source_topic, one a row
        std::vector<std::int64_t> partitions, offsets, decided_ms;
    };
    using TakePositions = std::function<Result<void>(const Positions&)>;
    virtual Result<void> read_positions(const TakePositions& take) = 0;

    // One STRING column as counts of its values, of the rows from `begin` on.
    virtual Result<std::vector<std::pair<std::string, std::int64_t>>> count_values(
        std::string_view column, std::int64_t begin) = 0;
};

}  // namespace loanstream

// The rows of a committed range of one source partition, in order of offset, whatever files they
// lie in by now: small ones, merged ones, some of each. What sinks beside the table are fed with.
// Never gives a row that the log does not count. One thread, with a Warehouse of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "log/warehouse.h"
#include "table/table_scan.h"

namespace loanstream {

struct CommittedRow {
    Offset offset;
    TextRow cells;  // of the columns asked for
};

struct RowsWanted {
    std::string_view table;  // prediction or dead_letters
    SourcePartition source;
    OffsetRange range;
};

class CommittedRows {
public:
    // The log is read on to where it has the whole range. kDamaged: it has not, or no file, quiet
    // or lost range says what became of some offset.
    static Result<std::unique_ptr<CommittedRows>> open(Warehouse& warehouse, RowsWanted wanted,
                                                       std::vector<std::string_view> columns);
    // The next rows, some hundreds at most; none: that was all. A file that a merge has replaced
    // meanwhile is looked up anew.
    Result<std::vector<CommittedRow>> next();

private:
    struct Piece {
        LiveFile file;
        OffsetRange range;
        std::int64_t first_row = 0, rows = 0;  // in the file
    };
    CommittedRows(Warehouse& warehouse, RowsWanted wanted, std::vector<std::string_view> columns);
    Result<void> plan();
    bool add_pieces(const std::vector<LiveFile>& files);
    Result<bool> open_piece();
    Result<void> take(std::vector<TextRow> rows, std::vector<CommittedRow>& out);

    Warehouse& warehouse_;
    RowsWanted wanted_;
    std::vector<std::string_view> columns_;  // three of position, then those asked for
    std::vector<Piece> pieces_;              // ascending
    std::size_t at_ = 0;
    std::int64_t rows_left_ = 0;  // of the open piece
    std::unique_ptr<TableScan> scan_;
    std::unique_ptr<TableScan::RowPieces> reading_;
};

}  // namespace loanstream

#include "table/committed_rows.h"

#include <algorithm>

#include "table/table_reader.h"

namespace loanstream {

namespace {

constexpr int kMostLooks = 4;
constexpr std::size_t kPositionColumns = 3;

bool overlap(OffsetRange a, OffsetRange b) { return a.begin < b.next && b.begin < a.next; }

// Do these cover the whole of `range`?
bool tile(std::vector<OffsetRange>& parts, OffsetRange range) {
    std::ranges::sort(parts);
    Offset reached = range.begin;
    for (const OffsetRange& part : parts) {
        if (reached < part.begin) return false;
        reached = std::max(reached, part.next);
    }
    return reached >= range.next;
}

// Has the state come to the end of the range?
bool knows(const LogState& state, const SourcePartition& source, OffsetRange range) {
    const PartitionState* known = state.partition(topic_partition_of(source));
    if (known == nullptr) return false;
    return known->source.incarnation > source.incarnation ||
           (known->source == source && range.next <= known->next);
}

}  // namespace

CommittedRows::CommittedRows(Warehouse& warehouse, RowsWanted wanted,
                             std::vector<std::string_view> columns)
    : warehouse_(warehouse),
      wanted_(std::move(wanted)),
      columns_{"source_topic", "source_partition", "source_offset"} {
    columns_.insert(columns_.end(), columns.begin(), columns.end());
}

Result<std::unique_ptr<CommittedRows>> CommittedRows::open(Warehouse& warehouse, RowsWanted wanted,
                                                           std::vector<std::string_view> columns) {
    std::unique_ptr<CommittedRows> rows(
        new CommittedRows(warehouse, std::move(wanted), std::move(columns)));
    if (!knows(warehouse.state(), rows->wanted_.source, rows->wanted_.range))
        TRY_VOID(warehouse.reload());
    TRY_VOID(rows->plan());
    return rows;
}

// Manifests are read only for what the state's own files do not tell: fresh rows are among those.
Result<void> CommittedRows::plan() {
    at_ = 0;
    scan_.reset();
    reading_.reset();
    if (add_pieces(warehouse_.state().files())) return {};
    TRY(auto files, warehouse_.live_files());
    if (add_pieces(files)) return {};
    return fail(ErrorCode::kDamaged,
                "the log does not say what became of each offset up to " +
                    std::to_string(wanted_.range.next.value),
                Position{wanted_.source, wanted_.range.begin}.text(),
                "loanstream table prove tells what is amiss");
}

// False: these files, with the quiet and lost ranges, do not cover the range.
bool CommittedRows::add_pieces(const std::vector<LiveFile>& files) {
    pieces_.clear();
    std::vector<OffsetRange> parts;
    for (const LiveFile& file : files) {
        std::int64_t first = 0;
        for (const FileRange& held : file.ranges) {
            if (held.source == wanted_.source && overlap(held.range, wanted_.range)) {
                parts.push_back(held.range);
                if (file.place.day.table == wanted_.table)
                    pieces_.push_back({file, held.range, first, held.rows});
            }
            first += held.rows;
        }
    }
    for (const QuietRange& quiet : warehouse_.state().quiet())
        if (quiet.source == wanted_.source) parts.push_back(quiet.range);
    for (const LostEntry& lost : warehouse_.state().lost())
        if (lost.source == wanted_.source) parts.push_back(lost.range);
    std::ranges::sort(pieces_, {}, &Piece::range);
    std::erase_if(parts, [&](const auto& part) { return !overlap(part, wanted_.range); });
    return tile(parts, wanted_.range);
}

// False: there is no further piece.
Result<bool> CommittedRows::open_piece() {
    for (int look = 1;; ++look) {
        if (at_ == pieces_.size()) return false;
        const Piece& piece = pieces_[at_];
        auto scan = open_live(warehouse_, piece.file);
        if (!scan && scan.error().code == ErrorCode::kNotFound && look < kMostLooks) {
            TRY_VOID(warehouse_.reload());
            TRY_VOID(plan());  // `wanted_` begins behind what was given
            continue;
        }
        if (!scan) return std::unexpected(scan.error());
        scan_ = std::move(*scan);
        TRY(reading_, scan_->pieces(columns_, piece.first_row, piece.rows));
        rows_left_ = piece.rows;
        return true;
    }
}

Result<std::vector<CommittedRow>> CommittedRows::next() {
    std::vector<CommittedRow> out;
    while (out.empty()) {
        if (!reading_) {
            TRY(bool more, open_piece());
            if (!more) return out;
        }
        TRY(auto rows, reading_->next());
        rows_left_ -= static_cast<std::int64_t>(rows.size());
        if (rows.empty()) {
            if (rows_left_ != 0)
                return fail(ErrorCode::kDamaged, "a file has fewer rows than the log says",
                            pieces_[at_].file.name, "loanstream table prove tells what is amiss");
            reading_.reset();
            ++at_;
            continue;
        }
        TRY_VOID(take(std::move(rows), out));
    }
    return out;
}

Result<void> CommittedRows::take(std::vector<TextRow> rows, std::vector<CommittedRow>& out) {
    std::string topic = wanted_.source.source_topic();
    std::string partition = std::to_string(wanted_.source.partition.value);
    for (TextRow& cells : rows) {
        std::int64_t offset = -1;
        if (cells[2]) offset = std::strtoll(cells[2]->c_str(), nullptr, 10);
        if (cells[0] != topic || cells[1] != partition ||
            !pieces_[at_].range.contains(Offset(offset)))
            return fail(ErrorCode::kDamaged, "a file has a row out of its place",
                        pieces_[at_].file.name, "loanstream table prove tells what is amiss");
        if (!wanted_.range.contains(Offset(offset))) continue;
        wanted_.range.begin = Offset(offset + 1);
        cells.erase(cells.begin(), cells.begin() + kPositionColumns);
        out.push_back({Offset(offset), std::move(cells)});
    }
    return {};
}

}  // namespace loanstream

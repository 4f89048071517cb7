#include "table/range_coverage.h"

#include <algorithm>
#include <array>
#include <span>

namespace loanstream {

namespace {

constexpr std::array<std::string_view, 2> kTables = {kPredictionTable, kDeadLettersTable};

bool overlap(OffsetRange a, OffsetRange b) { return a.begin < b.next && b.begin < a.next; }

OffsetRange both(OffsetRange a, OffsetRange b) {
    return {std::max(a.begin, b.begin), std::min(a.next, b.next)};
}

std::size_t table_of(const CountedFile& file) {
    return file.found.place.day.table == kPredictionTable ? 0 : 1;
}

// What one file holds of one source partition: an element of CountedFile::ranges.
struct Piece {
    CountedFile* file = nullptr;
    FileRange held;
};

// What somebody says of a range: how many of its records went into each table.
struct Saying {
    OffsetRange range;
    std::array<std::int64_t, 2> rows{};  // -1: it does not say
    std::size_t table = 0;               // of the file that says so; 2: the log
};

// One source partition.
struct Book {
    std::array<std::vector<Piece>, 2> pieces;  // by table, ascending
    std::vector<Saying> sayings;               // ascending
};

struct Remembered {
    const CountedFile* file = nullptr;
    OffsetRange range;
    SourcePartition source;
    std::vector<bool> offsets;
};

class Covering {
public:
    Covering(FileStore& files, const LogFacts& facts, CountedFiles& counted)
        : files_(files), facts_(facts), counted_(counted) {}

    Result<Coverage> run() {
        gather();
        for (auto& [source, book] : books_) {
            find_doublings(source, book);
            TRY_VOID(find_shorts(source, book));
            for (const ShortRange& one : out_.shorts[source]) TRY_VOID(cut(book, one));
            join(source, book);
        }
        for (CountedFile& file : counted_.files) file.ranges.clear();
        for (auto& [source, book] : books_)
            for (auto& pieces : book.pieces)
                for (Piece& piece : pieces) piece.file->ranges.push_back(piece.held);
        return std::move(out_);
    }

private:
    void gather() {
        for (CountedFile& file : counted_.files) {
            for (const FileRange& range : file.ranges) {
                books_[range.source].pieces[table_of(file)].push_back({&file, range});
                reach(range.source, range.range);
            }
            for (const FoundRange& range : file.found.ranges) {
                // Without a footer nobody says which offsets were records: all, to be safe.
                if (range.decided < 0 && file.named) continue;
                books_[range.source].sayings.push_back(
                    {range.range, {range.decided, range.rejected}, table_of(file)});
                reach(range.source, range.range);
            }
        }
        for (const CommittedRange& range : facts_.ranges)
            if (books_.contains(range.source) && range.records > 0)
                books_[range.source].sayings.push_back(
                    {range.range, {range.decided, range.rejected}, 2});
        for (auto& [source, book] : books_) {
            std::ranges::sort(book.sayings, {}, &Saying::range);
            for (auto& pieces : book.pieces)
                std::ranges::sort(pieces, {}, [](const Piece& p) { return p.held.range; });
        }
    }

    void reach(const SourcePartition& source, OffsetRange range) {
        Offset& reached = out_.reached[source];
        reached = std::max(reached, range.next);
    }

    // Within one table no two files may hold the same offsets.
    void find_doublings(const SourcePartition& source, const Book& book) {
        for (const auto& pieces : book.pieces) {
            const Piece* last = nullptr;  // the one that reaches farthest
            for (const Piece& piece : pieces) {
                if (last != nullptr && overlap(last->held.range, piece.held.range))
                    out_.doublings.push_back(
                        {source, both(last->held.range, piece.held.range),
                         last->file->found.name + ", " + piece.file->found.name});
                if (last == nullptr || last->held.range.next < piece.held.range.next) last = &piece;
            }
        }
    }

    // The offsets that a piece holds, a bit each; those of each table's last one are remembered.
    Result<const std::vector<bool>*> offsets_of(const Piece& piece) {
        Remembered& last = remembered_[table_of(*piece.file)];
        bool same = last.file == piece.file && last.range == piece.held.range &&
                    last.source == piece.held.source;
        if (!same) {
            TRY(last.offsets,
                offsets_in(files_, piece.file->found, piece.held.source, piece.held.range));
            last.file = piece.file;
            last.range = piece.held.range;
            last.source = piece.held.source;
        }
        return &last.offsets;
    }

    Result<std::int64_t> rows_of(const Piece& piece, OffsetRange range) {
        OffsetRange held = piece.held.range;
        if (range.begin <= held.begin && held.next <= range.next) return piece.held.rows;
        TRY(const auto* offsets, offsets_of(piece));
        OffsetRange wanted = both(held, range);
        return std::count(offsets->begin() + (wanted.begin - held.begin),
                          offsets->begin() + (wanted.next - held.begin), true);
    }

    Result<std::int64_t> rows_in(const Book& book, std::size_t table, OffsetRange range) {
        std::int64_t rows = 0;
        const auto& pieces = book.pieces[table];
        auto first = std::ranges::partition_point(
            pieces, [&](const Piece& piece) { return piece.held.range.next <= range.begin; });
        for (auto at = first; at != pieces.end() && at->held.range.begin < range.next; ++at) {
            TRY(std::int64_t some, rows_of(*at, range));
            rows += some;
        }
        return rows;
    }

    // Stretches that touch or overlap are looked at as one, and closely only where the rows of the
    // whole are not as many as the footers of one table say.
    Result<void> find_shorts(const SourcePartition& source, const Book& book) {
        for (std::size_t i = 0; i < book.sayings.size();) {
            OffsetRange whole = book.sayings[i].range;
            std::size_t end = i;
            for (; end < book.sayings.size() && book.sayings[end].range.begin <= whole.next; ++end)
                whole.next = std::max(whole.next, book.sayings[end].range.next);
            std::span<const Saying> some(book.sayings.data() + i, end - i);
            TRY(bool good, adds_up(book, some, whole));
            if (!good)
                for (const Saying& saying : some) TRY_VOID(look_closely(source, book, saying));
            i = end;
        }
        return {};
    }

    Result<bool> adds_up(const Book& book, std::span<const Saying> some, OffsetRange whole) {
        for (std::size_t table : {0, 1}) {
            Offset reached = whole.begin;
            std::array<std::int64_t, 2> wanted{};
            for (const Saying& saying : some) {
                if (saying.rows[0] < 0) return false;
                if (saying.table != table || saying.range.begin != reached) continue;
                reached = saying.range.next;
                for (std::size_t t : {0, 1}) wanted[t] += saying.rows[t];
            }
            if (reached != whole.next) continue;
            TRY(std::int64_t decided, rows_in(book, 0, whole));
            TRY(std::int64_t rejected, rows_in(book, 1, whole));
            return decided == wanted[0] && rejected == wanted[1];
        }
        return false;
    }

    Result<void> look_closely(const SourcePartition& source, const Book& book,
                              const Saying& saying) {
        std::string why;
        std::int64_t there = 0;
        for (std::size_t table : {0, 1}) {
            TRY(std::int64_t rows, rows_in(book, table, saying.range));
            there += rows;
            if (saying.rows[table] < 0) continue;
            bool known = !out_.doublings.empty() && out_.doublings.back().range == saying.range;
            if (rows > saying.rows[table] && !known)
                out_.doublings.push_back({source, saying.range,
                                          std::string(kTables[table]) + " holds " +
                                              std::to_string(rows) + " rows of " +
                                              std::to_string(saying.rows[table])});
            if (rows < saying.rows[table])
                why += (why.empty() ? "" : ", ") + std::to_string(saying.rows[table] - rows) +
                       " of its rows in " + std::string(kTables[table]) + " are gone";
        }
        bool unsaid = saying.rows[0] < 0;
        // A range with no row left at all is a hole like any other.
        auto& shorts = out_.shorts[source];
        bool known = !shorts.empty() && shorts.back().range == saying.range;
        if (there > 0 && (unsaid || !why.empty()) && !known) shorts.push_back({saying.range, why});
        return {};
    }

    // Takes those offsets out of the pieces that neither table holds.
    Result<void> cut(Book& book, const ShortRange& one) {
        std::vector<bool> held(static_cast<std::size_t>(one.range.next - one.range.begin));
        for (const auto& pieces : book.pieces)
            for (const Piece& piece : pieces) {
                if (!overlap(piece.held.range, one.range)) continue;
                TRY(const auto* offsets, offsets_of(piece));
                OffsetRange common = both(piece.held.range, one.range);
                for (Offset at = common.begin; at < common.next; at = at + 1)
                    if ((*offsets)[static_cast<std::size_t>(at - piece.held.range.begin)])
                        held[static_cast<std::size_t>(at - one.range.begin)] = true;
            }
        for (auto& pieces : book.pieces) {
            std::vector<Piece> kept;
            for (const Piece& piece : pieces) TRY_VOID(cut_piece(piece, one.range, held, kept));
            pieces = std::move(kept);
        }
        return {};
    }

    Result<void> cut_piece(const Piece& piece, OffsetRange range, const std::vector<bool>& held,
                           std::vector<Piece>& kept) {
        OffsetRange whole = piece.held.range;
        if (!overlap(whole, range)) {
            kept.push_back(piece);
            return {};
        }
        auto is_gap = [&](Offset at) {
            return range.contains(at) && !held[static_cast<std::size_t>(at - range.begin)];
        };
        for (Offset at = whole.begin; at < whole.next; at = at + 1) {
            if (is_gap(at)) continue;
            Offset begin = at;
            while (at < whole.next && !is_gap(at)) at = at + 1;
            Piece stretch = piece;
            stretch.held.range = {begin, at};
            TRY(stretch.held.rows, rows_of(piece, stretch.held.range));
            if (stretch.held.rows > 0) kept.push_back(std::move(stretch));
        }
        return {};
    }

    void join(const SourcePartition& source, const Book& book) {
        std::vector<OffsetRange> all;
        for (const auto& pieces : book.pieces)
            for (const Piece& piece : pieces) all.push_back(piece.held.range);
        std::ranges::sort(all);
        std::vector<OffsetRange>& joined = out_.covered[source];
        for (OffsetRange range : all) {
            if (joined.empty() || joined.back().next < range.begin)
                joined.push_back(range);
            else
                joined.back().next = std::max(joined.back().next, range.next);
        }
    }

    FileStore& files_;
    const LogFacts& facts_;
    CountedFiles& counted_;
    std::map<SourcePartition, Book> books_;
    std::array<Remembered, 2> remembered_;
    Coverage out_;
};

}  // namespace

Result<Coverage> cover(FileStore& files, const LogFacts& facts, CountedFiles& counted) {
    return Covering(files, facts, counted).run();
}

}  // namespace loanstream

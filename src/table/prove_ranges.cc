#include "table/prove_ranges.h"

#include <algorithm>
#include <map>

#include "table/amounts.h"

namespace loanstream {

namespace {

struct Span {
    OffsetRange range;
    std::string_view table;  // whose file it is of; empty: no file's
    std::string what;        // a file's name, or "quiet" or "lost"
    friend bool operator<(const Span& a, const Span& b) { return a.range < b.range; }
};

// What the log says of one incarnation of one source partition.
struct Incarnated {
    Offset first, next;
    std::int64_t decided = 0, rejected = 0;
    std::int64_t rows_decided = 0, rows_rejected = 0;  // of the files
    std::vector<Span> spans;
};

std::string offsets_text(Offset begin, Offset next) {
    return "offsets " + std::to_string(begin.value) + " to " + std::to_string(next.value - 1);
}

using Book = std::map<SourcePartition, Incarnated>;

Book book_of(const LogState& state) {
    Book book;
    for (const auto& ended : state.ended())
        book[ended.source] = {ended.first, ended.next, ended.decided, ended.rejected, 0, 0, {}};
    for (const auto& [key, now] : state.partitions())
        book[now.source] = {now.first, now.next, now.decided, now.rejected, 0, 0, {}};
    return book;
}

void add_span(Book& book, const SourcePartition& source, Span span, const TellFailure& tell) {
    auto found = book.find(source);
    if (found == book.end())
        tell(source.text(), "never claimed, and yet " + span.what + " is of it");
    else if (!span.range.empty())
        found->second.spans.push_back(std::move(span));
}

// Within one table no two files may hold the same offsets; of both tables together, with the quiet
// and the lost ranges, none may be missing. (Merged files of one table hold longer ranges than the
// other table's, so that the two overlap.)
void check_tiling(const SourcePartition& source, Incarnated& one, const TellFailure& tell) {
    std::ranges::sort(one.spans, [](const Span& a, const Span& b) { return a < b; });
    std::map<std::string_view, Offset> reached_by;  // by table
    Offset reached = one.first;
    for (const Span& span : one.spans) {
        Offset& its = reached_by.try_emplace(span.table, one.first).first->second;
        if (span.range.begin < its)
            return tell(source.text(), offsets_text(span.range.begin, its) +
                                           " are covered twice, by " + span.what +
                                           " a second time");
        if (span.range.begin > reached)
            return tell(source.text(),
                        offsets_text(reached, span.range.begin) + " are in no range");
        its = span.range.next;
        reached = std::max(reached, span.range.next);
    }
    if (reached < one.next)
        return tell(source.text(), offsets_text(reached, one.next) + " are in no range");
    if (reached > one.next)
        return tell(source.text(), "a range ends at " + std::to_string(reached.value) +
                                       " and the log has come to " +
                                       std::to_string(one.next.value));
}

void check_counts(const SourcePartition& source, const Incarnated& one, const TellFailure& tell) {
    auto check = [&](const char* what, std::int64_t said, std::int64_t rows) {
        if (said != rows)
            tell(source.text(), "the log counts " + std::to_string(said) + " " + what +
                                    " and its files hold " + std::to_string(rows));
    };
    check("decided", one.decided, one.rows_decided);
    check("rejected", one.rejected, one.rows_rejected);
}

}  // namespace

std::string prove_ranges(const LogState& state, const std::vector<LiveFile>& files,
                         const TellFailure& tell) {
    Book book = book_of(state);
    for (const auto& file : files) {
        std::int64_t rows = 0;
        for (const auto& range : file.ranges) {
            add_span(book, range.source, {range.range, file.place.day.table, file.name}, tell);
            rows += range.rows;
            auto found = book.find(range.source);
            if (found == book.end()) continue;
            bool decided = file.place.day.table == kPredictionTable;
            (decided ? found->second.rows_decided : found->second.rows_rejected) += range.rows;
        }
        if (rows != file.rows)
            tell(file.place.text() + "/" + file.name, "the rows of its ranges are not its rows");
    }
    for (const auto& quiet : state.quiet())
        add_span(book, quiet.source, {quiet.range, {}, "a range without records"}, tell);
    for (const auto& lost : state.lost())
        add_span(book, lost.source, {lost.range, {}, "a range accepted as lost"}, tell);
    for (auto& [source, one] : book) {
        check_tiling(source, one, tell);
        check_counts(source, one, tell);
    }
    return count_text(static_cast<std::int64_t>(book.size()), "source partition",
                      "source partitions") +
           ", ranges without hole or overlap";
}

}  // namespace loanstream

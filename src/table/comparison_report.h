// What `table compare` found: two tables, row by row of each key. Text for people, JSON for
// programs, one HTML page for whoever decides about the switch. Plain data, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace loanstream {

// Money as hundredths.
using Cents = std::int64_t;
std::string money_text(Cents amount);  // "1,234", "1,234.50"

struct ComparedExample {
    std::int64_t old_row = -1, new_row = -1;  // from 0, over all files of the side; -1: none
    std::string key;                          // the values of its columns, joined with a comma
    std::string was, is;                      // of the column it is an example of
};

struct ComparedSide {
    std::string name;
    std::int64_t files = 0, rows = 0, keys = 0;
    std::int64_t rows_without_key = 0;
    std::int64_t repeated_keys = 0, keys_only_here = 0;  // repeated: of more than one row
    Cents approved_only_here = 0;
    std::vector<std::string> columns_only_here;
    std::vector<ComparedExample> without_key, repeated, only_here;
};

// Rows of one status on the old side and one on the new.
struct StatusMove {
    std::string was, is;
    std::int64_t rows = 0;
    Cents funded_old = 0, funded_new = 0;
    std::vector<ComparedExample> examples;  // only where the two differ
};

struct ScoreChange {
    double mean = 0, mean_size = 0;  // of new - old, and of its size, where both have a score
    double median = 0, ninety = 0, ninety_nine = 0, largest = 0;  // of the size
    std::int64_t changed = 0, only_old = 0, only_new = 0;         // changed: all three kinds
    std::vector<ComparedExample> examples;                        // the largest first
};

struct ColumnChange {
    std::string column;
    std::int64_t rows = 0;
    std::vector<ComparedExample> examples;
};

struct ComparisonReport {
    std::vector<std::string> key, columns;  // columns: compared, without the key's
    double tolerance = 0;
    ComparedSide before, after;
    std::int64_t keys_in_both = 0, keys_with_unequal_rows = 0;  // unequal: not compared
    std::vector<ComparedExample> unequal;                       // was, is: the numbers of rows
    std::int64_t rows_compared = 0, rows_changed = 0;
    bool has_status = false, has_score = false, has_money = false;
    std::vector<std::string> statuses;  // approved, review, declined first
    std::vector<StatusMove> moves;      // cells of the matrix that hold a row, in their order
    std::int64_t status_changed = 0;
    Cents approved_old = 0, approved_new = 0;  // of the rows compared
    ScoreChange score;
    std::vector<ColumnChange> changes;  // columns with a change, most first

    bool same() const;
    std::string verdict() const;  // one line: SAME or DIFFERS and in what
    const StatusMove* move(const std::string& was, const std::string& is) const;

    std::string text() const;
    std::string json() const;
    std::string html() const;  // a whole page that needs nothing beside it
};

}  // namespace loanstream

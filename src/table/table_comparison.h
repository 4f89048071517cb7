// Compares two tables row by row of each key: the old job's output and ours, side by side. Reads
// each once (what a report's examples show, in a second reading) and holds 16 bytes a row and 8
// for each compared column. Nothing here writes. One thread.
#pragma once

#include <string>
#include <vector>

#include "table/comparison_report.h"
#include "table/row_file.h"

namespace loanstream {

struct CompareRequest {
    std::vector<std::string> key;
    std::vector<std::string> columns;  // empty: all that both have
    double tolerance = 1e-6;           // of scores: absolute, and again relative to the larger
    std::int64_t most_examples = 10;   // of each kind
};

// kUsage: a column that is asked for is not there. kInvalidData: rows that cannot be read.
Result<ComparisonReport> compare_tables(FileStore& files, const RowFiles& before,
                                        const RowFiles& after, const CompareRequest& request);

}  // namespace loanstream

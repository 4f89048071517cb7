// What `decide FILE` writes: decisions (or rejects) with the columns of their table as CSV, JSONL
// or Parquet, in one file outside any warehouse. The file appears under its name only when it is
// whole. One thread owns one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/env.h"
#include "decide/decided_batch.h"
#include "table/columns.h"

namespace loanstream {

enum class DecisionFormat { kCsv, kJsonl, kParquet };
// From the ending: .csv, .jsonl or .ndjson, .parquet.
Result<DecisionFormat> format_of(const std::string& path);

class DecisionFile {
public:
    // `table`: prediction_table() writes the decisions of each batch, dead_letters_table() the
    // rejects. `path` is replaced by finish(); "-" is standard output (not for Parquet).
    static Result<std::unique_ptr<DecisionFile>> create(Env& env, const std::string& path,
                                                        DecisionFormat format,
                                                        const TableDeclaration& table,
                                                        std::string program);
    virtual ~DecisionFile() = default;
    virtual Result<void> write(const DecidedBatch& batch, EpochMs decided_ms) = 0;
    virtual Result<std::int64_t> finish() = 0;  // rows
};

}  // namespace loanstream

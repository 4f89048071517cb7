// Rows of CSV and Parquet files that any program wrote, column by column name, for `table compare`.
// A file is opened for each reading and never held whole. Arrow stays inside parquet_rows.cc.
// One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/file_store.h"
#include "table/input_value.h"

namespace loanstream {

class RowFile {
public:
    // By the ending: .csv, .csv.gz or .parquet. kUsage: another one. kNotFound, kInvalidData.
    static Result<std::unique_ptr<RowFile>> open(FileStore& files, const std::string& path);
    virtual ~RowFile() = default;

    // Those that hold one value a row, in the file's order.
    virtual const std::vector<std::string>& columns() const = 0;
    // Every row in order with the values of `columns`, all of which are there. Views hold within
    // the call; false ends the reading.
    using Take = std::function<bool(std::span<const InputValue>)>;
    virtual Result<void> read(const std::vector<std::string>& columns, const Take& take) = 0;
};

// The two kinds.
Result<std::unique_ptr<RowFile>> open_csv_rows(const std::string& path);
Result<std::unique_ptr<RowFile>> open_parquet_rows(FileStore& files, const std::string& path);

// Files whose rows, one file after the other, make one table.
struct RowFiles {
    std::string name;  // as the user gave it
    std::vector<std::string> paths;
    std::vector<std::string> columns;  // that all of them have
    bool has(const std::string& column) const;
    // As RowFile::read.
    Result<void> read(FileStore& files, const std::vector<std::string>& wanted,
                      const RowFile::Take& take) const;
};

// A file, a folder (with what lies below it, without names that begin with '_' or '.'), or a
// pattern with * and ? in any of its names.
Result<RowFiles> find_row_files(Env& env, FileStore& files, const std::string& path);

}  // namespace loanstream

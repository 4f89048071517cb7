// Our files as Arrow reads them. Only for the .cc files that talk to Arrow.
#pragma once

#include <parquet/arrow/reader.h>

#include <memory>
#include <string>

#include "base/file_store.h"

namespace loanstream {

// A Parquet file, read in batches of at most this many rows on the caller's thread. kInvalidData:
// it is none.
Result<std::unique_ptr<parquet::arrow::FileReader>> open_parquet(FileStore& files,
                                                                 const std::string& path,
                                                                 std::int64_t batch_rows);

}  // namespace loanstream

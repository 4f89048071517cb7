// Our columns in Arrow's words. Only for the .cc files that talk to Arrow.
#pragma once

#include <arrow/type.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "table/columns.h"

namespace loanstream {

// As written: small vocabularies as dictionaries, which Parquet takes over as they are.
std::shared_ptr<arrow::Schema> schema_to_write(const TableDeclaration& table);

// The same columns as they are read: text as text.
std::shared_ptr<arrow::Schema> schema_to_copy(const TableDeclaration& table);

// The first Error that a FileStore gave beneath Arrow wins over Arrow's own words.
std::unexpected<Error> arrow_fault(const arrow::Status& status, const std::string& path);

}  // namespace loanstream

// `table sql`: a query by the duckdb program over the views prediction and dead_letters. The files
// that the log names are hard-linked into a private folder beside the warehouse first, so that no
// merge or sweep takes one away under the query; the folder is removed afterwards, and those of
// processes that died are removed by the next. No shell. One thread.
#pragma once

#include <string>

#include "base/env.h"
#include "log/warehouse.h"

namespace loanstream {

enum class SqlForm { kBox, kCsv, kJson };

struct SqlRequest {
    std::string duckdb;  // path of the program
    std::string query;
    SqlForm form = SqlForm::kBox;
    int output = 1;  // file descriptors that take what duckdb prints
    int errors = 2;
};

// The exit status of duckdb: 0, or 1 where the query is wrong (duckdb has said why).
Result<int> run_sql(Env& env, Warehouse& warehouse, const SqlRequest& request);

}  // namespace loanstream

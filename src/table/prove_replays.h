// Step f of `table prove`, where repaired records have landed: each has a replay in the log and no
// origin was decided twice. Memory: the origins. One thread.
#pragma once

#include <string>
#include <vector>

#include "log/warehouse.h"
#include "table/prove_ranges.h"

namespace loanstream {

// What was checked, for people; empty: no repaired record has landed.
Result<std::string> prove_replays(Warehouse& warehouse, const std::vector<LiveFile>& files,
                                  const TellFailure& tell);

}  // namespace loanstream

// Step d of `table prove`: every position once, where the log says. Files that share a range are
// read together; memory is one bit an offset of those. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "log/warehouse.h"
#include "table/prove_ranges.h"

namespace loanstream {

struct PositionCounts {
    std::int64_t decided = 0, rejected = 0;
    // Rows at or above the offset given for their source partition.
    std::map<SourcePartition, std::int64_t> rows_from;
};

// `from`: see rows_from. Files that cannot be read are failures too; kNotFound is given back when
// a file was replaced meanwhile.
Result<PositionCounts> prove_positions(Warehouse& warehouse, const std::vector<LiveFile>& files,
                                       const std::map<SourcePartition, Offset>& from,
                                       const TellFailure& tell);

}  // namespace loanstream

// What operators have ordered of one partition, as the run loop obeys it (docs/delivery.md,
// "order"). Values.
#pragma once

#include <optional>

#include "decide/decided_batch.h"

namespace loanstream {

enum class Hold { kNone, kPaused, kDrained };

struct PartitionOrders {
    Hold hold = Hold::kNone;
    std::optional<ReferAll> refer_all;
};

}  // namespace loanstream

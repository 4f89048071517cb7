// The declared metrics (base/metrics.h) of a running job, from its newest picture. Pure; `now` is
// the wall clock.
#pragma once

#include <string>

#include "pipeline/snapshot.h"

namespace loanstream {

std::string metrics_text(const Snapshot& snapshot, EpochMs now);

}  // namespace loanstream

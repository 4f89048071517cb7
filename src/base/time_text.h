// Times as people write them on a command line. Pure; any thread.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/ids.h"

namespace loanstream {

// Epoch milliseconds, or an ISO 8601 day or time in UTC: 2026-11-23, 2026-11-23T10:00:00Z.
// kUsage: anything else.
Result<EpochMs> parse_time(std::string_view text);

}  // namespace loanstream

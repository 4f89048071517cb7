// Which statements `table sql` lets through: those that only read. The linked files are the
// table's own, so a COPY onto one of them would write through the link. Pure; any thread.
#pragma once

#include <string_view>

#include "base/error.h"

namespace loanstream {

// kUsage names the first word of the statement that is refused.
Result<void> check_only_reads(std::string_view query);

}  // namespace loanstream

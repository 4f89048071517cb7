// A file of metrics for a collector: written aside and renamed, so that it is never read half.
#pragma once

#include <string>
#include <string_view>

#include "base/env.h"

namespace loanstream {

Result<void> write_metrics_file(Env& env, const std::string& path, std::string_view text);

}  // namespace loanstream

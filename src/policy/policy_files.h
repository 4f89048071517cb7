// The files that a policy is made of: read from disk or from those that the program carries.
// Used while a policy is loaded.
#pragma once

#include <string>

#include "base/error.h"

namespace loanstream {

inline constexpr std::string_view kEmbedded = "embedded:";  // then a path in the project

// The whole file; kNotFound, kOutside, kInvalidData past 64 MiB.
Result<std::string> read_policy_file(const std::string& path);

// `name` seen from the folder of `from`, with "." and ".." taken out of what is embedded.
std::string path_from(const std::string& from, const std::string& name);

}  // namespace loanstream

// The policies and models that are shipped inside the program. Constant; any thread.
#pragma once

#include <optional>
#include <string_view>

namespace loanstream {

// By path from the project's root: "policies/lendingclub.toml". nullopt: not shipped.
std::optional<std::string_view> embedded_file(std::string_view path);

}  // namespace loanstream

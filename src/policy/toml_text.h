// TOML text to its tree; whatever the text is, it is a tree or an error with file:line:column. The
// only way to toml++, whose own assertions end the program for some wrong texts ("[=]"): here they
// are an error. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace loanstream {
[[noreturn]] void toml_assertion_failed();
}

#define TOML_ASSERT(expression) \
    ((expression) ? static_cast<void>(0) : ::loanstream::toml_assertion_failed())
#include <toml++/toml.h>

namespace loanstream {

Result<toml::table> parse_toml(std::string_view text, const std::string& path);

}  // namespace loanstream

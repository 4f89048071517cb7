// Reads the [[derive]] tables of a policy file, behind its fields (docs/policy.md).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "policy/policy.h"
#include "policy/toml_table.h"

namespace loanstream {

// The bytes of a table that a policy names, from disk or from where it was kept.
using TableBytes = std::function<Result<std::string>(const std::string& name)>;

// Adds a field and a Derive for each to the policy, and each table once to its files. `source` is
// the file's text. Errors: kUsage with file:line:column; what LookupTable::read says.
Result<void> load_derives(const TomlTable& root, std::string_view source, const TableBytes& bytes,
                          Policy& policy);

}  // namespace loanstream

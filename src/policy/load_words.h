// The words of a policy file and what they lead to while it is loaded. One thread.
#pragma once

#include <string>
#include <string_view>

#include "policy/expression.h"
#include "policy/policy.h"
#include "policy/toml_table.h"

namespace loanstream {

// [a-z0-9] and `more`, 1 to `longest` bytes.
bool is_name(std::string_view text, std::string_view more, std::size_t longest);

// A new field's name; refused where it is a word of rules or taken.
Result<std::string> new_field_name(const TomlTable& table, const Policy& policy);

// The field named at `key`; the error names the nearest one.
Result<Slot> slot_named(const TomlTable& table, std::string_view key, const std::string& name,
                        const Policy& policy);

// What a field's name means in an expression; an error names the nearest field.
Result<Expression::FieldRef> field_named(std::string_view name, const Policy& policy);

// The INT column that a number field fills; kNone where the file says nothing.
Result<IntColumn> int_column(const TomlTable& table, bool is_text, const Policy& policy);

}  // namespace loanstream

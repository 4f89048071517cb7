#include "policy/load_words.h"

#include <algorithm>

#include "base/nearest_word.h"

namespace loanstream {

namespace {

std::string near_field(std::string_view name, const Policy& policy) {
    std::vector<std::string_view> names;
    for (const auto& field : policy.fields) names.push_back(field.name);
    return did_you_mean(name, names, "a [[field]] or [[derive]] of that name is needed before it");
}

}  // namespace

bool is_name(std::string_view text, std::string_view more, std::size_t longest) {
    if (text.empty() || text.size() > longest) return false;
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != more.npos;
    });
}

Result<std::string> new_field_name(const TomlTable& table, const Policy& policy) {
    TRY(std::string name, table.text("name"));
    if (!is_name(name, "_", 64) || name[0] < 'a')
        return table.error("name", "a field's name is [a-z][a-z0-9_]*, at most 64");
    for (std::string_view word : {"and", "or", "not", "in", "missing", "true", "false"})
        if (name == word) return table.error("name", "'" + name + "' is a word of rules");
    if (policy.slot_of(name) != kNoSlot)
        return table.error("name", "field '" + name + "' is declared twice");
    return name;
}

Result<Slot> slot_named(const TomlTable& table, std::string_view key, const std::string& name,
                        const Policy& policy) {
    Slot slot = policy.slot_of(name);
    if (slot != kNoSlot) return slot;
    return table.error(key, "unknown field '" + name + "'", near_field(name, policy));
}

Result<Expression::FieldRef> field_named(std::string_view name, const Policy& policy) {
    Slot slot = policy.slot_of(name);
    if (slot != kNoSlot) return Expression::FieldRef{slot, policy.fields[slot].is_text()};
    return fail(ErrorCode::kUsage, "unknown field '" + std::string(name) + "'", {},
                near_field(name, policy));
}

Result<IntColumn> int_column(const TomlTable& table, bool is_text, const Policy& policy) {
    TRY(std::size_t choice,
        table.choice("column", "", {"", "annual_inc", "funded_amnt", "member_id"}));
    auto column = static_cast<IntColumn>(choice);
    if (column == IntColumn::kNone) return column;
    if (is_text) return table.error("column", "an INT column needs a number");
    for (const auto& other : policy.fields)
        if (other.column == column)
            return table.error("column", "the column is filled by '" + other.name + "' already");
    return column;
}

}  // namespace loanstream

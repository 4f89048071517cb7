#include "policy/toml_table.h"

#include <algorithm>

#include "base/nearest_word.h"
#include "policy/text_place.h"

namespace loanstream {

Result<void> TomlTable::only(std::initializer_list<std::string_view> known) const {
    std::vector<std::string_view> words(known);
    for (const auto& [key, value] : table_) {
        if (std::find(words.begin(), words.end(), key.str()) != words.end()) continue;
        std::string list;
        for (auto word : words) list += (list.empty() ? "known here: " : ", ") + std::string(word);
        auto begin = key.source().begin;
        return fail(ErrorCode::kUsage, "unknown key '" + std::string(key.str()) + "' in " + name_,
                    path_ + ":" + std::to_string(begin.line) + ":" + std::to_string(begin.column),
                    did_you_mean(key.str(), words, list));
    }
    return {};
}

std::string TomlTable::where(std::string_view key) const {
    auto begin = table_.source().begin;
    if (const auto* node = key.empty() ? nullptr : table_.get(key)) begin = node->source().begin;
    return path_ + ":" + std::to_string(begin.line) + ":" + std::to_string(begin.column);
}

std::unexpected<Error> TomlTable::error(std::string_view key, std::string what,
                                        std::string mend) const {
    return fail(ErrorCode::kUsage, std::move(what), where(key), std::move(mend));
}

Result<std::string> TomlTable::text(std::string_view key) const {
    if (!has(key)) return error({}, name_ + " has no " + std::string(key));
    return text(key, "");
}

Result<std::string> TomlTable::text(std::string_view key, std::string_view otherwise) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return std::string(otherwise);
    if (auto value = node->value_exact<std::string>()) return *value;
    return error(key, std::string(key) + " must be a text", "put it in quotes");
}

Result<double> TomlTable::number(std::string_view key, std::optional<double> otherwise) const {
    const auto* node = table_.get(key);
    if (node == nullptr) {
        if (otherwise) return *otherwise;
        return error({}, name_ + " has no " + std::string(key));
    }
    if (node->is_number())
        if (auto value = node->value<double>()) return *value;
    return error(key, std::string(key) + " must be a number");
}

Result<bool> TomlTable::flag(std::string_view key, bool otherwise) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return otherwise;
    if (auto value = node->value_exact<bool>()) return *value;
    return error(key, std::string(key) + " must be true or false");
}

Result<std::vector<std::string>> TomlTable::texts(std::string_view key) const {
    std::vector<std::string> list;
    const auto* node = table_.get(key);
    if (node == nullptr) return list;
    const auto* array = node->as_array();
    if (array == nullptr) return error(key, std::string(key) + " must be a list of texts");
    for (const auto& item : *array) {
        auto value = item.value_exact<std::string>();
        if (!value) return error(key, std::string(key) + " must hold only texts");
        list.push_back(*value);
    }
    return list;
}

Result<std::vector<double>> TomlTable::numbers(std::string_view key) const {
    std::vector<double> list;
    const auto* node = table_.get(key);
    if (node == nullptr) return list;
    const auto* array = node->as_array();
    if (array == nullptr) return error(key, std::string(key) + " must be a list of numbers");
    for (const auto& item : *array) {
        if (!item.is_number()) return error(key, std::string(key) + " must hold only numbers");
        list.push_back(*item.value<double>());
    }
    return list;
}

Result<std::size_t> TomlTable::choice(std::string_view key, std::string_view otherwise,
                                      const std::vector<std::string_view>& words) const {
    TRY(std::string word, text(key, otherwise));
    auto found = std::find(words.begin(), words.end(), word);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    std::string list = "one of ";
    for (auto known : words) list += (known == words.front() ? "" : ", ") + std::string(known);
    return error(key, std::string(key) + " cannot be '" + word + "'",
                 did_you_mean(word, words, list));
}

std::unexpected<Error> TomlTable::error_within(std::string_view key, std::string_view source,
                                               Error error) const {
    auto begin = table_.get(key)->source().begin;
    std::size_t column = 1;
    if (error.where.starts_with("column ")) column = std::stoul(error.where.substr(7));
    auto at = place_in_text(source, {begin.line, begin.column}, column - 1);
    error.where = path_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
    return std::unexpected(std::move(error));
}

Result<std::vector<TomlTable>> TomlTable::tables(std::string_view key) const {
    std::vector<TomlTable> list;
    const auto* node = table_.get(key);
    if (node == nullptr) return list;
    const auto* array = node->as_array();
    std::string name = "[[" + std::string(key) + "]]";
    if (array == nullptr) return error(key, name + " is written with double brackets");
    for (const auto& item : *array) {
        const auto* table = item.as_table();
        if (table == nullptr) return error(key, name + " is written with double brackets");
        list.emplace_back(*table, path_, name);
    }
    return list;
}

Result<std::optional<TomlTable>> TomlTable::table(std::string_view key) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    std::string name = "[" + std::string(key) + "]";
    const auto* table = node->as_table();
    if (table == nullptr) return error(key, name + " must be a table");
    return TomlTable(*table, path_, name);
}

}  // namespace loanstream

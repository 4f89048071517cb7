// Reads one TOML table with a list of known keys; every error carries file:line:column. Used while
// a policy is loaded; one thread.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "policy/toml_text.h"

namespace loanstream {

class TomlTable {
public:
    // `name` is how messages call it: "[decision]".
    TomlTable(const toml::table& table, std::string path, std::string name)
        : table_(table), path_(std::move(path)), name_(std::move(name)) {}

    // Refuses any other key, naming the nearest known one.
    Result<void> only(std::initializer_list<std::string_view> known) const;

    bool has(std::string_view key) const { return table_.contains(key); }
    Result<std::string> text(std::string_view key) const;  // must be there
    Result<std::string> text(std::string_view key, std::string_view otherwise) const;
    Result<double> number(std::string_view key, std::optional<double> otherwise = {}) const;
    Result<bool> flag(std::string_view key, bool otherwise) const;
    Result<std::vector<std::string>> texts(std::string_view key) const;  // empty if not there
    Result<std::vector<double>> numbers(std::string_view key) const;     // empty if not there
    // Which of the words stands there; its index.
    Result<std::size_t> choice(std::string_view key, std::string_view otherwise,
                               const std::vector<std::string_view>& words) const;
    // The tables of [[key]]; empty if not there. [key]: one or none.
    Result<std::vector<TomlTable>> tables(std::string_view key) const;
    Result<std::optional<TomlTable>> table(std::string_view key) const;

    // file:line:column of a key's value, or of the table.
    std::string where(std::string_view key = {}) const;
    std::unexpected<Error> error(std::string_view key, std::string what,
                                 std::string mend = {}) const;
    // An error whose `where` is "column N" of the text at `key`, placed in the file; `source` is
    // the file's text.
    std::unexpected<Error> error_within(std::string_view key, std::string_view source,
                                        Error error) const;
    const toml::table& toml() const { return table_; }

private:
    const toml::table& table_;
    std::string path_, name_;
};

}  // namespace loanstream

// Every setting, declared once with its text, default, bounds and unit: help, docs and checks come
// from this list. A Settings holds the values in force and where each came from; immutable after
// resolve, any thread may read.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace loanstream {

// A kSecret comes from the environment alone and is never shown.
enum class SettingKind { kText, kNumber, kDuration, kBytes, kChoice, kFlag, kSecret };

struct SettingDeclaration {
    std::string_view key;  // "table.commit_every"
    SettingKind kind;
    std::string_view default_value;  // as a user would write it
    double low = 0, high = 0;        // inclusive; of numbers, milliseconds or bytes
    std::string_view choices;        // of kChoice, parted by '|'
    std::string_view text;           // one line for help and docs
};

const std::vector<SettingDeclaration>& setting_declarations();

class Settings {
public:
    struct Value {
        std::string text;
        std::string origin;  // "default", "conf/x.toml:3", "LOANSTREAM_TABLE_CODEC", "--set"
    };

    // profile: embedded, local, cluster (conf/*.toml, in the program), or a path ending in .toml.
    // sets: "key=value" of --set, in order.
    // --set > environment > file > default. Errors: kUsage naming the nearest known key.
    static Result<Settings> resolve(const std::string& profile,
                                    const std::vector<std::string>& sets);

    const std::string& profile() const { return profile_; }
    const std::string& text(std::string_view key) const;
    // As people and programs may see it: a secret that is set is "(set)".
    static std::string shown(const SettingDeclaration& declaration, const Value& value);
    std::int64_t number(std::string_view key) const;  // kNumber, kBytes (in bytes)
    std::chrono::milliseconds duration(std::string_view key) const;
    bool flag(std::string_view key) const;
    const std::map<std::string, Value, std::less<>>& all() const { return values_; }

private:
    Result<void> put(std::string_view key, std::string text, std::string origin);
    Result<void> read_file(const std::string& path);
    Result<void> read_text(std::string_view bytes, const std::string& path);
    Result<void> read_environment();
    std::string profile_;
    std::map<std::string, Value, std::less<>> values_;
};

// "2s", "500ms", "1m", "0" -> milliseconds; "128MiB", "64KiB", "10" -> bytes.
std::optional<double> parse_duration_ms(std::string_view text);
std::optional<double> parse_bytes(std::string_view text);

}  // namespace loanstream

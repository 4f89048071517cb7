// Log lines: one event a line with a stable code, as key=value text or as JSON, to stderr. Lines
// never carry a record's content, only counts, positions, paths and causes. A code that repeats is
// written at most `burst` times in ten seconds; the next line of that code says how many were held
// back. Thread safe.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/log_events.h"

namespace loanstream {

enum class LogFormat { kText, kJson };  // the setting log.format: text | json

// One key with its value, text or whole number.
struct LogField {
    std::string_view key;
    std::string text;
    bool is_number = false;
    LogField(std::string_view k, std::string_view v) : key(k), text(v) {}
    LogField(std::string_view k, const char* v) : key(k), text(v) {}
    LogField(std::string_view k, const std::string& v) : key(k), text(v) {}
    template <std::integral T>
    LogField(std::string_view k, T v) : key(k), text(std::to_string(v)), is_number(true) {}
};

class Logger {
public:
    using Write = std::function<void(std::string_view line)>;  // with its newline
    // An empty `write` means stderr. Events below `least` are not written.
    Logger(Env& env, LogFormat format, LogLevel least, Write write = {}, int burst = 10);

    // `fields`: those that the event declares, in their order.
    void event(const LogEvent& event, std::initializer_list<LogField> fields = {});
    // Its fields begin with those of the error: cause, where, mend.
    void event(const LogEvent& event, const Error& error,
               std::initializer_list<LogField> more = {});

private:
    struct Recent {
        std::int64_t window_began_ms = 0;
        int written = 0;
        std::int64_t held_back = 0;
    };
    void write(const LogEvent& event, const std::vector<LogField>& fields);
    Env& env_;
    LogFormat format_;
    LogLevel least_;
    Write write_;
    int burst_;
    std::mutex mutex_;
    std::map<std::string, Recent, std::less<>> recent_;  // bounded by the number of codes
};

// "2026-11-23T08:50:44.123Z"
std::string utc_text(EpochMs at);

}  // namespace loanstream

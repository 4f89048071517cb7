#include "base/log_line.h"

#include <cstdio>
#include <ctime>

#include "base/check.h"

namespace loanstream {

namespace {

constexpr std::int64_t kWindowMs = 10'000;

std::string quoted(std::string_view text) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out = "\"";
    for (char c : text) {
        auto u = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (u < 0x20 || u == 0x7f) {
            out += "\\u00";
            out += kDigits[u >> 4];
            out += kDigits[u & 15];
        } else {
            out += c;
        }
    }
    return out += '"';
}

bool needs_quotes(std::string_view text) {
    if (text.empty()) return true;
    for (char c : text) {
        auto u = static_cast<unsigned char>(c);
        if (u <= 0x20 || u == 0x7f || c == '"' || c == '=' || c == '\\') return true;
    }
    return false;
}

void add(std::string& line, LogFormat format, const LogField& field) {
    if (format == LogFormat::kJson) {
        line += (line.size() == 1 ? "" : ",");
        line += quoted(field.key) + ":" + (field.is_number ? field.text : quoted(field.text));
    } else {
        if (!line.empty()) line += ' ';
        line += field.key;
        line += '=';
        line += needs_quotes(field.text) ? quoted(field.text) : field.text;
    }
}

}  // namespace

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::kInfo: return "info";
        case LogLevel::kWarning: return "warning";
        case LogLevel::kError: return "error";
    }
    return "";
}

std::span<const LogEvent> log_events() {
    static constexpr LogEvent kAll[] = {
#define LOANSTREAM_LOG_EVENT(name, level, code, what, fields) events::name,
        LOANSTREAM_LOG_EVENTS(LOANSTREAM_LOG_EVENT)
#undef LOANSTREAM_LOG_EVENT
    };
    return kAll;
}

std::string utc_text(EpochMs at) {
    std::int64_t seconds = at.value / 1000, ms = at.value % 1000;
    if (ms < 0) seconds -= 1, ms += 1000;
    std::time_t time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[40];
    std::size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(text + n, sizeof text - n, ".%03dZ", static_cast<int>(ms));
    return text;
}

Logger::Logger(Env& env, LogFormat format, LogLevel least, Write write, int burst)
    : env_(env), format_(format), least_(least), write_(std::move(write)), burst_(burst) {
    if (!write_)
        write_ = [](std::string_view line) { std::fwrite(line.data(), 1, line.size(), stderr); };
}

void Logger::event(const LogEvent& event, std::initializer_list<LogField> fields) {
    write(event, fields);
}

void Logger::event(const LogEvent& event, const Error& error,
                   std::initializer_list<LogField> more) {
    std::vector<LogField> fields = {
        {"cause", error.what}, {"where", error.where}, {"mend", error.mend}};
    fields.insert(fields.end(), more.begin(), more.end());
    write(event, fields);
}

namespace {

bool are_declared(const LogEvent& event, const std::vector<LogField>& fields) {
    std::string keys;
    for (const LogField& field : fields) keys += (keys.empty() ? "" : " ") + std::string(field.key);
    return keys == event.fields;
}

}  // namespace

void Logger::write(const LogEvent& event, const std::vector<LogField>& fields) {
    LOANSTREAM_CHECK(are_declared(event, fields));
    if (event.level < least_) return;
    std::lock_guard lock(mutex_);
    EpochMs now = env_.now();
    auto found = recent_.find(event.code);
    if (found == recent_.end())
        found = recent_.emplace(std::string(event.code), Recent{now.value, 0, 0}).first;
    Recent& recent = found->second;
    bool window_over =
        now.value - recent.window_began_ms >= kWindowMs || now.value < recent.window_began_ms;
    if (window_over) recent.window_began_ms = now.value, recent.written = 0;
    if (recent.written >= burst_) {
        ++recent.held_back;
        return;
    }
    ++recent.written;
    std::string text = format_ == LogFormat::kJson ? "{" : "";
    add(text, format_, LogField("at", utc_text(now)));
    add(text, format_, LogField("level", name_of(event.level)));
    add(text, format_, LogField("event", event.code));
    add(text, format_, LogField("what", event.what));
    for (const LogField& field : fields) add(text, format_, field);
    if (recent.held_back > 0) add(text, format_, LogField("held_back", recent.held_back));
    recent.held_back = 0;
    text += format_ == LogFormat::kJson ? "}\n" : "\n";
    write_(text);
}

}  // namespace loanstream

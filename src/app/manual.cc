#include "app/manual.h"

#include <fmt/format.h>

#include <cmath>

#include "app/command.h"
#include "base/crash_points.h"
#include "base/log_events.h"
#include "base/metrics.h"

namespace loanstream {

namespace {

// Text as troff takes it: no escapes, no request at a line's begin.
std::string plain(std::string_view text) {
    std::string out = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
    for (char c : text) {
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
    }
    return out;
}

// A cell of a Markdown table.
std::string cell(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

std::string code(std::string_view text) {
    return text.empty() ? std::string() : "`" + cell(text) + "`";
}

std::string usage_of(const CommandSpec& spec) {
    return "loanstream " + spec.path + (spec.words.empty() ? "" : " " + spec.words);
}

std::string option_words(const OptionSpec& option) {
    return option.name + (option.value.empty() ? "" : " " + option.value);
}

std::string quantity(double value, SettingKind kind) {
    if (kind == SettingKind::kDuration)
        return value >= 1000 ? fmt::format("{} s", value / 1000) : fmt::format("{} ms", value);
    if (kind == SettingKind::kBytes && value >= 1048576 && std::fmod(value, 1048576) == 0)
        return fmt::format("{} MiB", value / 1048576);
    return fmt::format("{}", value);
}

std::string bounds_of(const SettingDeclaration& setting) {
    if (!setting.choices.empty()) return std::string(setting.choices);
    if (!(setting.low < setting.high)) return "";
    return quantity(setting.low, setting.kind) + " to " + quantity(setting.high, setting.kind);
}

std::string variable_of(const SettingDeclaration& setting) {
    std::string name = "LOANSTREAM_" + std::string(setting.key);
    for (char& c : name) c = c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return name;
}

constexpr std::string_view kExits =
    "0 done; 1 the answer is no; 2 wrong use; 3 a fault outside (disk, broker) or damage";

}  // namespace

std::string manual_page() {
    std::string out =
        ".TH LOANSTREAM 1\n.SH NAME\nloanstream \\- loan applications in, decisions "
        "landed exactly once\n.SH SYNOPSIS\n.B loanstream\n.I VERB\n[options]\n"
        ".SH VERBS\n";
    for (const auto& spec : all_commands()) {
        out += ".SS " + plain(usage_of(spec)) + "\n" + plain(spec.summary) + ".\n";
        for (const auto& option : spec.options)
            out += ".TP\n.B " + plain(option_words(option)) + "\n" + plain(option.text) + "\n";
        out += ".PP\n.nf\n";
        for (const auto& example : spec.examples) out += plain("  " + example) + "\n";
        out += ".fi\n";
    }
    out += ".SH COMMON OPTIONS\nVerbs that take a PROFILE also take these.\n";
    for (const auto& option : common_options())
        out += ".TP\n.B " + plain(option_words(option)) + "\n" + plain(option.text) + "\n";
    out += ".SH SETTINGS\n";
    for (const auto& setting : setting_declarations())
        out += ".TP\n.B " + plain(setting.key) + " " + plain(setting.default_value) + "\n" +
               plain(setting.text) + "\n";
    return out + ".SH EXIT STATUS\n" + plain(kExits) + "\n";
}

std::string cli_markdown() {
    std::string out =
        "# The command line\n\nMade by `loanstream manual --markdown cli`; `./dev docs` writes it "
        "anew.\n\nVerbs that touch a topic or table take PROFILE first (default `embedded`, or a "
        "file ending in `.toml`). TOPIC defaults to `fintech_pyspark`. A POSITION is "
        "`TOPIC/PARTITION@OFFSET`. Exit status: " +
        std::string(kExits) + ", with one line on stderr that says what, where and the mend.\n";
    for (const auto& spec : all_commands()) {
        out += "\n## " + spec.path + "\n`" + usage_of(spec) + "`: " + spec.summary + ".\n";
        if (!spec.options.empty()) {
            out += "\n| option | |\n|---|---|\n";
            for (const auto& option : spec.options)
                out += "| " + code(option_words(option)) + " | " + cell(option.text) + " |\n";
        }
        out += "\n```\n";
        for (const auto& example : spec.examples) out += example + "\n";
        out += "```\n";
    }
    out += "\n## Common options\nOf every verb that takes PROFILE.\n\n| option | |\n|---|---|\n";
    for (const auto& option : common_options())
        out += "| " + code(option_words(option)) + " | " + cell(option.text) + " |\n";
    return out;
}

std::string settings_markdown() {
    std::string out =
        "# Settings\n\nMade by `loanstream manual --markdown settings`; `./dev docs` writes it "
        "anew.\n\n`--set KEY=VALUE` beats the environment beats the profile's file beats the "
        "default; `loanstream config show` tells what is in force and where it comes from. In a "
        "file, `table.codec` is `codec` under `[table]`. An unknown key is refused with the "
        "nearest known one.\n\n| setting | default | bounds | environment | what it is |\n"
        "|---|---|---|---|---|\n";
    for (const auto& setting : setting_declarations())
        out += "| " + code(setting.key) + " | " + code(setting.default_value) + " | " +
               cell(bounds_of(setting)) + " | " + code(variable_of(setting)) + " | " +
               cell(setting.text) + " |\n";
    return out;
}

std::string events_markdown() {
    std::string out =
        "# Log events\n\nMade by `loanstream manual --markdown events`; `./dev docs` writes it "
        "anew.\n\nLong-running verbs write one line an event to stderr, as `key=value` text or, "
        "with `log.format=json`, as JSON: `at` (UTC), `level`, `event` (the code, which never "
        "changes), `what`, then the event's own keys. A code is written at most ten times in ten "
        "seconds; the next line of that code says how many were held back (`held_back`). Lines "
        "carry counts, positions, paths and causes, never what a record holds. `log.level` is the "
        "least level. The one line of an error that ends a command is no event: "
        "`loanstream: WHERE: WHAT; MEND`.\n\n| event | level | what | keys |\n|---|---|---|---|\n";
    for (const LogEvent& event : log_events())
        out += "| " + code(event.code) + " | " + std::string(name_of(event.level)) + " | " +
               cell(event.what) + " | " + code(event.fields) + " |\n";
    return out;
}

std::string crash_points_markdown() {
    std::string out =
        "| name | what has just happened | the world then | mended by |\n|---|---|---|---|\n";
    for (const CrashPointText& point : crash_point_texts())
        out += "| " + code(point.name) + " | " + cell(point.what) + " | " + cell(point.world) +
               " | " + cell(point.mended) + " |\n";
    return out;
}

std::string metrics_markdown() {
    std::string out =
        "# Metrics\n\nMade by `loanstream manual --markdown metrics`; `./dev docs` writes it "
        "anew.\n\n`loanstream stream --metrics FILE` and `source --metrics FILE` keep theirs in "
        "FILE, in "
        "the text format of Prometheus, written aside and renamed (at most once a second) and at "
        "the end: a file for node_exporter's textfile collector. Counters count since the job's "
        "start.\n\nA running `stream` also answers `GET /metrics`, `/health/live` (200 while the "
        "process lives) and `/health/ready` (200, or 503 with `{\"ready\":false,\"reason\":...,"
        "\"since\":...}`; docs/runbook.md has the reasons) on `metrics.port` of "
        "`metrics.address`; the event `metrics_served` tells the port. Reading them never touches "
        "the job: they show the newest picture that its loop has made. No library is used for "
        "this: the text format is a few lines, and here each metric is declared once with its "
        "text, which a library would have us say again.\n\n| metric | kind | labels | what "
        "|\n|---|---|---|---|\n";
    for (const Metric& metric : all_metrics())
        out += "| " + code(metric.name) + " | " + std::string(name_of(metric.kind)) + " | " +
               code(metric.labels) + " | " + cell(metric.text) + " |\n";
    return out;
}

}  // namespace loanstream

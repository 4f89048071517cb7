#include "log/layout.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "base/env.h"
#include "base/sha256.h"

namespace loanstream {

namespace {

constexpr std::size_t kMostTopicInName = 100;
constexpr std::size_t kEntryDigits = 20;
constexpr std::size_t kRandomDigits = 16;
constexpr std::string_view kTemporaryStart = "temporary-";

template <typename T>
bool whole_number(std::string_view text, T& out) {
    if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
    auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), out);
    return status == std::errc{} && end == text.data() + text.size() && out >= 0;
}

bool hex_number(std::string_view text, std::uint64_t& out) {
    if (text.size() != kRandomDigits) return false;
    for (char c : text)
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
    auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
    return status == std::errc{} && end == text.data() + text.size();
}

std::string hex_text(std::uint64_t number) {
    char text[kRandomDigits + 1];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
    return text;
}

// Cuts the last '-' and what follows off `text` and gives what followed.
std::string_view cut_last(std::string_view& text) {
    auto dash = text.rfind('-');
    if (dash == text.npos) return {};
    std::string_view last = text.substr(dash + 1);
    text = text.substr(0, dash);
    return last;
}

std::string_view without_ending(std::string_view name, std::string_view ending) {
    return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : name;
}

}  // namespace

std::string TablePart::text() const {
    return day.table + "/dt=" + day.dt + "/part=" + std::to_string(part);
}

std::string day_of(EpochMs at) {
    using namespace std::chrono;
    year_month_day day(floor<days>(sys_time<milliseconds>(milliseconds(at.value))));
    char text[32];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(day.year()),
                  static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
    return text;
}

bool is_day(std::string_view dt) {
    if (dt.size() != 10 || dt[4] != '-' || dt[7] != '-') return false;
    for (std::size_t i = 0; i < dt.size(); ++i)
        if (i != 4 && i != 7 && (dt[i] < '0' || dt[i] > '9')) return false;
    auto digits = [&](std::size_t at, std::size_t count) {
        unsigned number = 0;
        for (std::size_t i = at; i < at + count; ++i)
            number = number * 10 + static_cast<unsigned>(dt[i] - '0');
        return number;
    };
    return std::chrono::year_month_day(std::chrono::year(static_cast<int>(digits(0, 4))),
                                       std::chrono::month(digits(5, 2)),
                                       std::chrono::day(digits(8, 2)))
        .ok();
}

bool is_table_name(std::string_view table) {
    if (table.empty() || table.size() > 40 || table[0] < 'a' || table[0] > 'z') return false;
    for (char c : table)
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
    return true;
}

std::string topic_in_name(std::string_view topic) {
    if (topic.size() <= kMostTopicInName) return std::string(topic);
    return std::string(topic.substr(0, kMostTopicInName)) + "~" +
           sha256_hex(topic).substr(0, kRandomDigits);
}

std::string DataFileName::base() const {
    return table + "-" + topic + "-" + std::to_string(partition.value) + "-" +
           std::to_string(epoch.value) + "-" + std::to_string(range.begin.value) + "-" +
           std::to_string(range.next.value) + "-" + hex_text(random);
}

std::optional<DataFileName> DataFileName::parse(std::string_view name) {
    name = without_ending(without_ending(name, ".parquet"), ".staged");
    DataFileName parsed;
    bool good = hex_number(cut_last(name), parsed.random) &&
                whole_number(cut_last(name), parsed.range.next.value) &&
                whole_number(cut_last(name), parsed.range.begin.value) &&
                whole_number(cut_last(name), parsed.epoch.value) &&
                whole_number(cut_last(name), parsed.partition.value);
    auto dash = name.find('-');  // a table's name has none
    if (!good || dash == name.npos || dash + 1 == name.size()) return std::nullopt;
    parsed.table = name.substr(0, dash);
    parsed.topic = name.substr(dash + 1);
    if (!is_table_name(parsed.table) || parsed.range.next < parsed.range.begin) return std::nullopt;
    return parsed;
}

std::string Layout::own(std::string_view folder) const {
    return join_path(join_path(warehouse_, "_loanstream"), folder);
}

std::string Layout::table(std::string_view table) const { return join_path(warehouse_, table); }

std::string Layout::part(const TablePart& part) const { return join_path(warehouse_, part.text()); }

std::string Layout::final_file(const TablePart& part, std::string_view name) const {
    return join_path(this->part(part), name);
}

std::string Layout::staged_file(std::string_view name) const {
    return join_path(staging(), std::string(without_ending(name, ".parquet")) + ".staged");
}

std::string Layout::retired(const TablePart& part) const {
    return join_path(own("retired"), part.text());
}

std::string Layout::complete_day(std::string_view dt) const {
    return join_path(complete(), "dt=" + std::string(dt) + ".json");
}

std::string Layout::entry(std::uint64_t number) const {
    char text[kEntryDigits + 8];
    std::snprintf(text, sizeof text, "%020llu.json", static_cast<unsigned long long>(number));
    return join_path(log(), text);
}

std::string Layout::version(std::string_view sha256) const { return join_path(versions(), sha256); }

std::string Layout::delivered(std::string_view sink) const {
    return join_path(own("delivered"), sink);
}

std::string Layout::partition_lock(std::string_view topic, PartitionId partition) const {
    return join_path(locks(),
                     topic_in_name(topic) + "-" + std::to_string(partition.value) + ".lock");
}

std::string Layout::merge_lock() const { return join_path(locks(), "merge.lock"); }

std::string Layout::temporary(std::string_view member, std::uint64_t random) const {
    return join_path(staging(),
                     std::string(kTemporaryStart) + std::string(member) + "-" + hex_text(random));
}

std::optional<std::uint64_t> entry_number(std::string_view name) {
    if (name.size() != kEntryDigits + 5 || !name.ends_with(".json")) return std::nullopt;
    std::uint64_t number = 0;
    auto [end, status] = std::from_chars(name.data(), name.data() + kEntryDigits, number);
    if (status != std::errc{} || end != name.data() + kEntryDigits) return std::nullopt;
    return number;
}

std::optional<std::string> temporary_member(std::string_view name) {
    if (!name.starts_with(kTemporaryStart)) return std::nullopt;
    name.remove_prefix(kTemporaryStart.size());
    std::uint64_t random = 0;
    if (!hex_number(cut_last(name), random) || name.empty()) return std::nullopt;
    return std::string(name);
}

}  // namespace loanstream

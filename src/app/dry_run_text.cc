#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/dry_run.h"
#include "base/text_box.h"

namespace loanstream {

namespace {

constexpr std::size_t kUnusedShown = 12;

std::string share_of(std::int64_t part, std::int64_t whole) {
    if (whole == 0) return "-";
    return fmt::format("{:.1f} %", 100 * static_cast<double>(part) / static_cast<double>(whole));
}

// The keys that look most like a field that was not found first, then the most frequent.
std::vector<std::pair<std::string, std::int64_t>> unused_in_order(const DryRunReport& report) {
    std::vector<std::pair<std::string, std::int64_t>> keys(report.unused.begin(),
                                                           report.unused.end());
    std::ranges::stable_sort(keys, [&](const auto& a, const auto& b) {
        bool near_a = report.nearest.contains(a.first), near_b = report.nearest.contains(b.first);
        return near_a != near_b ? near_a : a.second > b.second;
    });
    return keys;
}

std::string unused_text(const DryRunReport& report) {
    if (report.unused.empty()) return {};
    std::string text;
    std::size_t shown = 0;
    for (const auto& [key, records] : unused_in_order(report)) {
        if (shown++ == kUnusedShown) break;
        auto near = report.nearest.find(key);
        text += (text.empty() ? "" : ", ") + key;
        if (near != report.nearest.end()) text += " (like " + near->second + "?)";
    }
    if (report.unused.size() > kUnusedShown)
        text += fmt::format(" and {} more", report.unused.size() - kUnusedShown);
    return fmt::format("{} keys that no field uses: {}\n", report.unused.size(), text);
}

}  // namespace

std::string DryRunReport::text() const {
    std::string out = fmt::format("dry run: {} records from {}, policy {}; nothing is written\n",
                                  with_commas(records), from, policy);
    TextBox box{{"field", "found in", "missing", "unreadable", "by keys"}, {}, true};
    for (const auto& field : fields)
        box.rows.push_back({field.field, share_of(field.records, records),
                            share_of(field.missing, decided), share_of(field.bad, decided),
                            field.keys.empty() ? "never" : field.keys});
    out += box.text() + unused_text(*this);
    out += fmt::format("rejected: {} ({})\n", with_commas(rejected), share_of(rejected, records));
    if (!causes.empty()) {
        TextBox rejects{{"stage", "reason", "field", "records", "share", "example"}, {}, true};
        for (const auto& cause : causes)
            rejects.rows.push_back(
                {cause.stage, cause.reason, cause.field.empty() ? "-" : cause.field,
                 with_commas(cause.records), share_of(cause.records, records), cause.example});
        out += rejects.text();
    }
    out += fmt::format("decided: {}, approved {}, review {}, declined {}\n", with_commas(decided),
                       share_of(by_status[0], decided), share_of(by_status[1], decided),
                       share_of(by_status[2], decided));
    for (const auto& [row, evidence] : rows) {
        out += fmt::format("{} -> {} by {}, {}\n", row.position, row.status, row.scored_by,
                           row.data == "null" ? "no score" : "probability of default " + row.data);
        for (const auto& reason : row.reasons) out += "    " + reason + "\n";
        out += "    " + evidence + "\n";
    }
    return out;
}

std::string DryRunReport::json() const {
    using Json = nlohmann::ordered_json;
    Json object = {
        {"topic", topic},           {"policy", policy},       {"from", from},
        {"records", records},       {"decided", decided},     {"rejected", rejected},
        {"approved", by_status[0]}, {"review", by_status[1]}, {"declined", by_status[2]}};
    object["fields"] = Json::array();
    for (const auto& field : fields)
        object["fields"].push_back({{"field", field.field},
                                    {"found", field.records},
                                    {"missing", field.missing},
                                    {"unreadable", field.bad},
                                    {"keys", field.keys}});
    object["unused"] = Json::object();
    for (const auto& [key, count] : unused_in_order(*this)) object["unused"][key] = count;
    object["causes"] = Json::array();
    for (const auto& cause : causes)
        object["causes"].push_back({{"stage", cause.stage},
                                    {"reason", cause.reason},
                                    {"field", cause.field},
                                    {"records", cause.records},
                                    {"example", cause.example}});
    object["rows"] = Json::array();
    for (const auto& [row, evidence] : rows)
        object["rows"].push_back({{"position", row.position},
                                  {"status", row.status},
                                  {"scored_by", row.scored_by},
                                  {"data", row.data},
                                  {"reasons", row.reasons},
                                  {"evidence", Json::parse(evidence, nullptr, false)}});
    return object.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace loanstream

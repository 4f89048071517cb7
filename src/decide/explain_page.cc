#include <fmt/format.h>

#include "base/text_box.h"
#include "decide/explain.h"

namespace loanstream {

namespace {

constexpr std::size_t kMostRecordShown = 2000;

std::string fields_box(const Explanation& page) {
    TextBox box{{"field", "verb", "in the record", "as scored", "unit", "note"}, {}, true};
    for (const auto& field : page.fields)
        box.rows.push_back(
            {field.name, field.verb, field.raw, field.value, field.unit, field.note});
    return box.text();
}

std::string rules_box(const Explanation& page) {
    TextBox box{{"rule", "when", "outcome", "reason", "hit"}, {}, true};
    for (const auto& rule : page.rules)
        box.rows.push_back(
            {rule.name, rule.when, rule.outcome, rule.reason, rule.hit ? "yes" : "no"});
    return box.text();
}

std::string features_box(const Explanation& page) {
    TextBox box{
        {"feature", "value", "bin", "points", "approved near the cut-off", "lost", "reason"},
        {},
        true};
    for (const auto& feature : page.features)
        box.rows.push_back(
            {feature.name, feature.value, feature.bin, fmt::format("{:.1f}", feature.points),
             fmt::format("{:.1f}", feature.approved_near),
             fmt::format("{:.1f}", feature.approved_near - feature.points), feature.reason});
    return box.text();
}

std::string decision_text(const Explanation& page) {
    std::string out = fmt::format("decision: {} by {}", page.status, page.scored_by);
    if (!page.rule.empty()) out += fmt::format(", rule {}", page.rule);
    out += "\n";
    if (page.is_scored)
        out += fmt::format(
            "probability of default {:.6f}, {} points; approved below {}, declined from {}\n",
            page.probability_of_default, page.points, page.approve_below, page.decline_from);
    for (std::size_t i = 0; i < page.reasons.size(); ++i) {
        const auto& reason = page.reasons[i];
        out += fmt::format("reason {}: {} ({}", i + 1, reason.text, reason.code);
        out += reason.lost > 0 ? fmt::format(", {:.1f} points lost)\n", reason.lost) : ")\n";
    }
    return out;
}

}  // namespace

std::string Explanation::text() const {
    std::string out = fmt::format("position {}\npolicy {} {:.12}\n", position, policy, policy_hash);
    if (!model.empty()) out += fmt::format("model {} {:.12}\n", model, model_hash);
    std::string_view shown = std::string_view(record).substr(0, kMostRecordShown);
    out += fmt::format("\nrecord, {} bytes:\n{}{}\n", record.size(), shown,
                       shown.size() < record.size() ? "..." : "");
    if (!fields.empty()) out += "\n" + fields_box(*this);
    if (!rules.empty()) out += "\n" + rules_box(*this);
    if (!features.empty()) out += "\n" + features_box(*this);
    return out + "\n" + verdict();
}

std::string Explanation::verdict() const {
    if (!is_rejected) return fmt::format("application {}\n", application_id) + decision_text(*this);
    std::string out = fmt::format("rejected: {} in {}", reject_reason, stage);
    if (!reject_field.empty()) out += fmt::format(", field {}", reject_field);
    if (stage == "decode") out += fmt::format(", at byte {}", reject_at);
    return out + "\n";
}

}  // namespace loanstream

#include "decide/evidence.h"

#include <cstring>

#include "base/check.h"
#include "decide/json_text.h"

namespace loanstream {

namespace {

std::string quoted(std::string_view text) {
    std::string out(text.size() * 6 + 2, '\0');
    out.resize(static_cast<std::size_t>(write_json_string(out.data(), text) - out.data()));
    return out;
}

char* put(char* out, std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

std::string number_text(double number) {
    char text[kLongestNumber];
    return std::string(text, write_number(text, number));
}

}  // namespace

EvidenceWriter::EvidenceWriter(const PolicyBinding& binding) {
    const Policy& policy = *binding.policy;
    for (Slot slot : binding.evidence_slots) {
        inputs_.push_back({slot, "," + quoted(policy.fields[slot].name) + ":"});
        if (policy.fields[slot].is_text()) text_slots_.push_back(slot);
    }
    for (const auto& field : policy.fields) names_.push_back(quoted(field.name));
    if (binding.scorecard) {
        for (const auto& feature : binding.scorecard->features())
            features_.push_back("," + quoted(feature.name) + ":");
        end_ = ",\"cut\":[" + number_text(policy.approve_below) + "," +
               number_text(policy.decline_from) + "]";
    }
    end_ += "}";
    for (const auto& reason : policy.reasons) reasons_.push_back("," + quoted(reason.code) + ":");
    for (const auto& rule : policy.rules) rules_.push_back(quoted(rule.name));

    fixed_bound_ = 128 + end_.size();
    for (const auto& input : inputs_) fixed_bound_ += input.prefix.size() + kLongestNumber;
    for (const auto& name : names_) fixed_bound_ += 2 * (name.size() + 1);
    for (const auto& name : features_) fixed_bound_ += name.size() + kLongestOneDecimal;
    for (const auto& name : reasons_) fixed_bound_ += name.size() + kLongestOneDecimal;
    for (const auto& name : rules_) fixed_bound_ += name.size() + 1;
}

void EvidenceWriter::refer_all(const std::optional<ReferAll>& order) {
    order_.clear();
    if (!order) return;
    order_ = ",\"review_all\":{\"by\":" + quoted(order->by) + ",\"why\":" + quoted(order->why) +
             ",\"since_ms\":" + std::to_string(order->since.value) + ",\"instead_of\":\"";
}

std::size_t EvidenceWriter::bound(const Cell* row) const {
    constexpr std::size_t kLongestStatus = 16;
    std::size_t bytes = fixed_bound_ + order_.size() + kLongestStatus;
    for (Slot slot : text_slots_) bytes += 6 * std::size_t(row[slot].text_length) + 2;
    return bytes;
}

char* EvidenceWriter::write_inputs(char* out, const Cell* row) const {
    out = put(out, "{\"in\":{");
    bool first = true;
    for (const auto& input : inputs_) {
        std::string_view prefix = input.prefix;
        if (first) prefix.remove_prefix(1);
        first = false;
        out = put(out, prefix);
        const Cell& cell = row[input.slot];
        switch (cell.state) {
            case CellState::kMissing: out = put(out, "null"); break;
            case CellState::kNumber: out = write_number(out, cell.number); break;
            case CellState::kText: out = write_json_string(out, cell.text_view()); break;
        }
    }
    *out++ = '}';
    return out;
}

char* EvidenceWriter::write_marked(char* out, const Cell* row, std::string_view head,
                                   bool Cell::* mark) const {
    bool any = false;
    for (std::size_t i = 0; i < names_.size(); ++i) {
        if (!(row[i].*mark)) [[likely]]
            continue;
        out = any ? put(out, ",") : put(out, head);
        out = put(out, names_[i]);
        any = true;
    }
    return any ? put(out, "]") : out;
}

char* EvidenceWriter::write_points(char* out, const Scoring& scoring) const {
    if (scoring.points.empty()) return out;
    out = put(out, ",\"points\":{");
    for (std::size_t i = 0; i < features_.size(); ++i) {
        std::string_view prefix = features_[i];
        out = put(out, i == 0 ? prefix.substr(1) : prefix);
        out = write_one_decimal(out, scoring.points[i]);
    }
    *out++ = '}';
    return out;
}

char* EvidenceWriter::write_lost(char* out, const Scoring& scoring,
                                 const Decision& decision) const {
    if (decision.scored_by != ScoredBy::kModel || decision.reason_count == 0) return out;
    out = put(out, ",\"lost\":{");
    auto one = [&](std::uint16_t reason, bool first) {
        std::string_view prefix = reasons_[reason];
        out = put(out, first ? prefix.substr(1) : prefix);
        out = write_one_decimal(out, scoring.lost[reason]);
    };
    for (int i = 0; i < decision.reason_count; ++i) one(decision.reasons[i], i == 0);
    if (decision.has_inquiry_reason) one(decision.reasons[kMostReasons - 1], false);
    *out++ = '}';
    return out;
}

char* EvidenceWriter::write_hits(char* out, const Scoring& scoring) const {
    bool any = false;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        if (scoring.rule_hit[i] == 0) continue;
        out = put(out, any ? "," : ",\"hits\":[");
        out = put(out, rules_[i]);
        any = true;
    }
    return any ? put(out, "]") : out;
}

std::string_view EvidenceWriter::write(const Cell* row, const Scoring& scoring,
                                       const Decision& decision, TextArena& arena) const {
    std::size_t room = bound(row);
    char* begin = arena.take(room);
    char* out = write_inputs(begin, row);
    out = write_marked(out, row, ",\"filled\":[", &Cell::was_filled);
    out = write_marked(out, row, ",\"bad\":[", &Cell::was_bad);
    out = write_points(out, scoring);
    out = write_lost(out, scoring, decision);
    out = write_hits(out, scoring);
    if (!order_.empty()) {
        out = put(out, order_);
        out = put(out, name_of(decision.status));
        out = put(out, "\"}");
    }
    out = put(out, end_);
    auto length = static_cast<std::size_t>(out - begin);
    LOANSTREAM_CHECK(length <= room);
    arena.give_back(room - length);
    return {begin, length};
}

}  // namespace loanstream

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "decide/decided_batch.h"
#include "decide/evidence.h"
#include "decide/json_text.h"
#include "decide/policy_binding.h"

namespace loanstream {

namespace {

constexpr int kMostOrdinaryReasons = 4;

// Cut toward zero; false past the column's range.
bool to_int_column(double number, std::int32_t& out) {
    double cut = std::trunc(number);
    if (!(cut >= std::numeric_limits<std::int32_t>::min() &&
          cut <= std::numeric_limits<std::int32_t>::max()))
        return false;
    out = static_cast<std::int32_t>(cut);
    return true;
}

}  // namespace

std::string_view name_of(ScoredBy by) {
    switch (by) {
        case ScoredBy::kRule: return "rule";
        case ScoredBy::kModel: return "model";
        case ScoredBy::kRiskApi: return "risk_api";
        case ScoredBy::kFallback: return "fallback";
    }
    return "";
}

struct Decider::State {
    explicit State(PolicyBinding bound) : binding(std::move(bound)), evidence(binding) {
        const Policy& policy = *binding.policy;
        points.resize(binding.feature_slots.size());
        lost.resize(policy.reasons.size());
        rule_hit.resize(policy.rules.size());
        if (binding.scorecard) model_name = binding.scorecard->name();
    }

    void decide_one(const Cell* row, Decision& decision);
    bool decide_by_rules(const Cell* row, Decision& decision);
    void decide_by_model(Decision& decision);
    void give_reasons(Decision& decision);
    static void refer(Decision& decision);
    bool fill_columns(const Cell* row, Decision& decision, Reject& reject) const;
    std::string_view application_id(const Cell* row, const RawRecord& record, TextArena& arena);
    Scoring scoring() const { return {points, lost, rule_hit}; }

    PolicyBinding binding;
    EvidenceWriter evidence;
    std::optional<ReferAll> order;
    std::string model_name;
    std::string id_prefix;  // "topic-0-" of the batch at hand
    // Of the row at hand.
    std::vector<double> points, lost;
    std::vector<std::uint8_t> rule_hit;
};

// All rules are evaluated; true when one of them fixed the status.
bool Decider::State::decide_by_rules(const Cell* row, Decision& decision) {
    const auto& rules = binding.policy->rules;
    bool any = false;
    Status outcome = Status::kReview;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        bool hit = rules[i].condition.evaluate(row);
        rule_hit[i] = hit;
        if (!hit) continue;
        any = true;
        if (rules[i].outcome == Status::kDeclined) outcome = Status::kDeclined;
    }
    if (!any) return false;
    decision.status = outcome;
    decision.scored_by = ScoredBy::kRule;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (rule_hit[i] == 0 || rules[i].outcome != outcome) continue;
        if (decision.rule < 0) decision.rule = static_cast<std::int16_t>(i);
        auto* end = decision.reasons + decision.reason_count;
        if (decision.reason_count == kMostOrdinaryReasons ||
            std::find(decision.reasons, end, rules[i].reason) != end)
            continue;
        decision.reasons[decision.reason_count++] = rules[i].reason;
    }
    return true;
}

void Decider::State::decide_by_model(Decision& decision) {
    const Policy& policy = *binding.policy;
    decision.scored_by = ScoredBy::kModel;
    if (decision.probability_of_default < policy.approve_below) {
        decision.status = Status::kApproved;
    } else if (decision.probability_of_default < policy.decline_from) {
        decision.status = Status::kReview;
    } else {
        give_reasons(decision);
        // A decline says why; where no reason lost a point, a person decides.
        decision.status = decision.reason_count > 0 ? Status::kDeclined : Status::kReview;
        if (decision.reason_count == 0) decision.has_inquiry_reason = false;
    }
}

// The reasons that lost most points against applicants approved near the cut-off.
void Decider::State::give_reasons(Decision& decision) {
    std::fill(lost.begin(), lost.end(), 0.0);
    for (std::size_t i = 0; i < points.size(); ++i)
        lost[binding.feature_reasons[i]] += binding.approved_near[i] - points[i];
    for (std::size_t i = 0; i < lost.size(); ++i) {
        if (!(lost[i] > 0)) continue;
        int place = decision.reason_count;  // insertion sort; an equal loss stays behind
        while (place > 0 && lost[decision.reasons[place - 1]] < lost[i]) --place;
        if (place == kMostOrdinaryReasons) continue;
        if (decision.reason_count < kMostOrdinaryReasons) ++decision.reason_count;
        for (int j = decision.reason_count - 1; j > place; --j)
            decision.reasons[j] = decision.reasons[j - 1];
        decision.reasons[place] = static_cast<std::uint16_t>(i);
    }
    if (binding.inquiries_reason < 0) return;
    auto inquiries = static_cast<std::uint16_t>(binding.inquiries_reason);
    auto* end = decision.reasons + decision.reason_count;
    if (!(lost[inquiries] > 0) || std::find(decision.reasons, end, inquiries) != end) return;
    decision.reasons[kMostReasons - 1] = inquiries;
    decision.has_inquiry_reason = true;
}

// Evidence has said already what it would have been, and by which reasons.
void Decider::State::refer(Decision& decision) {
    if (decision.status == Status::kReview) return;
    decision.status = Status::kReview;
    decision.rule = kOperatorRule;
    decision.reason_count = 0;
    decision.has_inquiry_reason = false;
}

void Decider::State::decide_one(const Cell* row, Decision& decision) {
    if (binding.scorecard) {
        const Scorecard& scorecard = *binding.scorecard;
        double risk = scorecard.score(row, binding.feature_slots, points);
        decision.probability_of_default = risk;
        decision.data = static_cast<float>(risk);
        decision.points = Scorecard::rounded(scorecard.total_points(points));
    } else {
        decision.nulls |= kNullScore;
    }
    if (!decide_by_rules(row, decision) && binding.scorecard) decide_by_model(decision);
    LOANSTREAM_CHECK(decision.status != Status::kDeclined || decision.reason_count > 0);
}

bool Decider::State::fill_columns(const Cell* row, Decision& decision, Reject& reject) const {
    std::int32_t* columns[] = {&decision.annual_inc, &decision.funded_amnt, &decision.member_id};
    static constexpr std::uint8_t kNulls[] = {kNullAnnualInc, kNullFundedAmnt, kNullMemberId};
    for (std::size_t i = 0; i < 3; ++i) {
        Slot slot = binding.int_columns[i];
        if (slot == kNoSlot || row[slot].missing()) {
            decision.nulls |= kNulls[i];
        } else if (!to_int_column(row[slot].number, *columns[i])) {
            // Cleaning has judged the column's range; a row that slipped through is kept.
            reject.stage = RejectStage::kDecide;
            reject.reason = RejectReason::kOutOfRange;
            reject.reason_text = name_of(RejectReason::kOutOfRange);
            reject.field = slot;
            return false;
        }
    }
    return true;
}

std::string_view Decider::State::application_id(const Cell* row, const RawRecord& record,
                                                TextArena& arena) {
    Slot slot = binding.policy->input.id_field;
    if (slot != kNoSlot && row[slot].state == CellState::kText) return row[slot].text_view();
    std::size_t room = id_prefix.size() + kLongestNumber;
    char* begin = arena.take(room);
    char* out = begin;
    if (slot != kNoSlot && !row[slot].missing()) {
        out = write_number(out, row[slot].number);
    } else {
        std::memcpy(out, id_prefix.data(), id_prefix.size());
        out = std::to_chars(out + id_prefix.size(), begin + room, record.offset.value).ptr;
    }
    auto length = static_cast<std::size_t>(out - begin);
    arena.give_back(room - length);
    return {begin, length};
}

Result<std::unique_ptr<Decider>> Decider::make(std::shared_ptr<const Policy> policy) {
    TRY(auto binding, PolicyBinding::make(std::move(policy)));
    return std::make_unique<Decider>(std::make_unique<State>(std::move(binding)));
}

Decider::Decider(std::unique_ptr<State> state) : state_(std::move(state)) {}
Decider::~Decider() = default;

void Decider::refer_all(const std::optional<ReferAll>& order) {
    if (state_->order == order) return;
    state_->order = order;
    state_->evidence.refer_all(order);
}

void Decider::decide(const CleanBatch& clean, DecidedBatch& out) {
    State& state = *state_;
    LOANSTREAM_CHECK(clean.policy == state.binding.policy.get());
    out.raw = clean.raw;
    out.clean = &clean;
    out.policy = state.binding.policy;
    out.model_name = state.model_name;
    out.text.clear();
    out.rejects = clean.rejects;
    out.decisions.resize(clean.applications.size());
    const SourcePartition& source = clean.raw->source;
    state.id_prefix = source.source_topic() + "-" + std::to_string(source.partition.value) + "-";
    std::size_t decided = 0, rejects_before = out.rejects.size();
    for (std::size_t i = 0; i < clean.applications.size(); ++i) {
        const Cell* row = clean.row(i);
        Decision& decision = out.decisions[decided];
        decision = Decision{};
        decision.record = clean.applications[i];
        Reject reject;
        reject.record = decision.record;
        if (!state.fill_columns(row, decision, reject)) {
            out.rejects.push_back(reject);
            continue;
        }
        state.decide_one(row, decision);
        decision.application_id =
            state.application_id(row, clean.raw->records[decision.record], out.text);
        decision.evidence = state.evidence.write(row, state.scoring(), decision, out.text);
        if (state.order) state.refer(decision);
        ++decided;
    }
    out.decisions.resize(decided);
    if (out.rejects.size() > rejects_before)
        std::sort(out.rejects.begin(), out.rejects.end(),
                  [](const Reject& a, const Reject& b) { return a.record < b.record; });
    LOANSTREAM_CHECK(out.decisions.size() + out.rejects.size() == clean.raw->records.size());
}

}  // namespace loanstream

#include "decide/explain.h"

#include "base/repaired_topic.h"
#include "clean/byte_steps.h"
#include "clean/message.h"
#include "clean/record_decoder.h"
#include "decide/json_text.h"
#include "decide/policy_binding.h"

namespace loanstream {

namespace {

std::string number_text(double number) {
    char text[kLongestNumber];
    return std::string(text, write_number(text, number));
}

std::string text_of(const Cell& cell) {
    switch (cell.state) {
        case CellState::kMissing: return "null";
        case CellState::kNumber: return number_text(cell.number);
        case CellState::kText: break;
    }
    std::string text(cell.text_length * 6 + 2, '\0');
    text.resize(
        static_cast<std::size_t>(write_json_string(text.data(), cell.text_view()) - text.data()));
    return text;
}

std::string text_of(const RawValue& value) {
    switch (value.kind) {
        case RawValue::kAbsent: return "";
        case RawValue::kNull: return "null";
        case RawValue::kNested: return "{..}";
        case RawValue::kToken: return std::string(value.text());
        case RawValue::kString: break;
    }
    Cell cell;
    cell.state = CellState::kText;
    cell.text = value.begin;
    cell.text_length = value.length;
    return text_of(cell);
}

}  // namespace

struct Explainer::State {
    PolicyBinding binding;
    std::unique_ptr<Decider> decider;
    MessageOpener opener;
    Cleaner cleaner;
    RecordDecoder decoder;
    RawBatch raw;
    CleanBatch clean;
    DecidedBatch decided;
    TextArena arena;

    State(PolicyBinding bound, std::unique_ptr<Decider> made, const MessagePath& path)
        : binding(std::move(bound)),
          decider(std::move(made)),
          opener(path),
          cleaner(binding.policy, path),
          decoder(*binding.policy) {}

    void fill_batch(const Position& position, std::string_view bytes, bool too_large);
    void add_fields(Explanation& page, const Cell* row, const Reject* reject);
    void add_reject(Explanation& page, const Reject& reject) const;
    void add_rules(Explanation& page, const Cell* row) const;
    void add_features(Explanation& page, const Cell* row) const;
    void add_decision(Explanation& page, const Decision& decision) const;
    const Policy& policy() const { return *binding.policy; }
};

void Explainer::State::fill_batch(const Position& position, std::string_view bytes,
                                  bool too_large) {
    raw.source = position.source;
    raw.range = {position.offset, position.offset + 1};
    raw.bytes.assign(bytes);
    raw.bytes.reserve(bytes.size() + kRecordPadding);
    RawRecord record;
    record.offset = position.offset;
    record.length = static_cast<std::uint32_t>(bytes.size());
    record.too_large = too_large;
    raw.records.assign(1, record);
}

void Explainer::State::add_fields(Explanation& page, const Cell* row, const Reject* reject) {
    auto opened = opener.open(raw.bytes, is_repaired_topic(raw.source.topic));
    std::string_view record =
        apply_byte_steps(policy().input, opened.refused ? raw.bytes : opened.record, arena);
    page.record = std::string(record);
    RecordDecoder::Failure failure;
    bool undecoded = reject != nullptr && reject->stage == RejectStage::kDecode;
    if (undecoded || !decoder.decode(record, arena, failure)) return;
    for (std::size_t i = 0; i < policy().fields.size(); ++i) {
        const Field& field = policy().fields[i];
        Explanation::FieldLine line{field.name, field.label, field.unit, {}, {}, {}, {}};
        line.verb = how_made(field);
        if (field.is_derived)
            line.raw = field.made_of;
        else if (!field.constant)
            line.raw = text_of(decoder.values()[i]);
        if (row != nullptr) {
            line.value = text_of(row[i]);
            if (row[i].was_bad) line.note = "bad";
            if (row[i].was_filled)
                line.note = "filled from " + policy().fields[field.fallback].name;
        } else if (reject != nullptr && reject->field == i) {
            line.note = "rejected: " + std::string(reject->reason_text);
        }
        page.fields.push_back(std::move(line));
    }
}

void Explainer::State::add_reject(Explanation& page, const Reject& reject) const {
    page.is_rejected = true;
    page.stage = name_of(reject.stage);
    page.reject_reason = reject.reason_text;
    if (reject.field != kNoSlot) page.reject_field = policy().fields[reject.field].name;
    page.reject_at = reject.at;
}

void Explainer::State::add_rules(Explanation& page, const Cell* row) const {
    for (const Rule& rule : policy().rules)
        page.rules.push_back({rule.name, rule.when,
                              rule.outcome == Status::kDeclined ? "decline" : "review",
                              policy().reasons[rule.reason].code, rule.condition.evaluate(row)});
}

void Explainer::State::add_features(Explanation& page, const Cell* row) const {
    if (!binding.scorecard) return;
    const auto& features = binding.scorecard->features();
    std::vector<double> points(features.size());
    binding.scorecard->score(row, binding.feature_slots, points);
    for (std::size_t i = 0; i < features.size(); ++i) {
        const Cell& cell = row[binding.feature_slots[i]];
        page.features.push_back({features[i].name, policy().fields[binding.feature_slots[i]].name,
                                 text_of(cell), binding.scorecard->bin_text(i, cell), points[i],
                                 binding.approved_near[i],
                                 policy().reasons[binding.feature_reasons[i]].code});
    }
}

void Explainer::State::add_decision(Explanation& page, const Decision& decision) const {
    page.application_id = decision.application_id;
    page.status = name_of(decision.status);
    page.scored_by = name_of(decision.scored_by);
    if (decision.rule >= 0)
        page.rule = policy().rules[static_cast<std::size_t>(decision.rule)].name;
    page.is_scored = (decision.nulls & kNullScore) == 0;
    page.probability_of_default = decision.probability_of_default;
    page.points = decision.points;
    page.evidence = decision.evidence;
    auto add = [&](std::uint16_t index) {
        Explanation::ReasonLine line{policy().reasons[index].code, policy().reasons[index].text, 0};
        if (decision.scored_by == ScoredBy::kModel)
            for (std::size_t i = 0; i < page.features.size(); ++i)
                if (binding.feature_reasons[i] == index)
                    line.lost += page.features[i].approved_near - page.features[i].points;
        page.reasons.push_back(std::move(line));
    };
    for (int i = 0; i < decision.reason_count; ++i) add(decision.reasons[i]);
    if (decision.has_inquiry_reason) add(decision.reasons[kMostReasons - 1]);
}

Result<std::unique_ptr<Explainer>> Explainer::make(std::shared_ptr<const Policy> policy,
                                                   const MessagePath& path) {
    TRY(auto binding, PolicyBinding::make(policy));
    TRY(auto decider, Decider::make(policy));
    return std::make_unique<Explainer>(
        std::make_unique<State>(std::move(binding), std::move(decider), path));
}

Explainer::Explainer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Explainer::~Explainer() = default;

Explanation Explainer::explain(const Position& position, std::string_view bytes, bool too_large) {
    State& state = *state_;
    state.arena.clear();
    state.fill_batch(position, bytes, too_large);
    state.cleaner.clean(state.raw, state.clean);
    state.decider->decide(state.clean, state.decided);

    const Policy& policy = state.policy();
    Explanation page;
    page.position = position.text();
    page.policy = policy.name;
    page.policy_hash = policy.hash;
    page.model = state.decided.model_name;
    page.model_hash = policy.model_hash;
    page.approve_below = policy.approve_below;
    page.decline_from = policy.decline_from;
    const Reject* reject = state.decided.rejects.empty() ? nullptr : &state.decided.rejects[0];
    const Cell* row = state.clean.applications.empty() ? nullptr : state.clean.row(0);
    state.add_fields(page, row, reject);
    if (reject != nullptr) {
        state.add_reject(page, *reject);
        return page;
    }
    state.add_rules(page, row);
    state.add_features(page, row);
    state.add_decision(page, state.decided.decisions[0]);
    return page;
}

}  // namespace loanstream

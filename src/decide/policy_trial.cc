#include "decide/policy_diff.h"

namespace loanstream {

std::string_view PolicyTrial::outcome_name(std::size_t outcome) {
    if (outcome + 1 == kOutcomes) return "rejected";
    return name_of(static_cast<Status>(outcome));
}

Result<std::unique_ptr<PolicyTrial>> PolicyTrial::make(std::shared_ptr<const Policy> before,
                                                       std::shared_ptr<const Policy> after) {
    TRY(auto one, Decider::make(before));
    TRY(auto other, Decider::make(after));
    return std::unique_ptr<PolicyTrial>(
        new PolicyTrial(std::make_unique<Side>(std::move(before), std::move(one)),
                        std::make_unique<Side>(std::move(after), std::move(other))));
}

void PolicyTrial::Side::decide(const RawBatch& raw) {
    cleaner.clean(raw, clean);
    decider->decide(clean, decided);
    by_record.assign(raw.records.size(), nullptr);
    for (const Decision& decision : decided.decisions) by_record[decision.record] = &decision;
}

std::vector<std::string_view> PolicyTrial::Side::reasons(const Decision& decision) const {
    std::vector<std::string_view> codes;
    for (int i = 0; i < decision.reason_count; ++i)
        codes.push_back(decided.policy->reasons[decision.reasons[i]].code);
    if (decision.has_inquiry_reason)
        codes.push_back(decided.policy->reasons[decision.reasons[kMostReasons - 1]].code);
    return codes;
}

void PolicyTrial::add(const RawBatch& raw) {
    before_->decide(raw);
    after_->decide(raw);
    for (std::size_t i = 0; i < raw.records.size(); ++i) {
        const Decision *one = before_->by_record[i], *other = after_->by_record[i];
        auto outcome = [](const Decision* decision) {
            return decision == nullptr ? kOutcomes - 1 : static_cast<std::size_t>(decision->status);
        };
        Cell& cell = cells_[outcome(one)][outcome(other)];
        cell.count += 1;
        const Decision* funded = one != nullptr ? one : other;
        if (funded != nullptr && (funded->nulls & kNullFundedAmnt) == 0)
            cell.funded += funded->funded_amnt;
        if (cell.examples.size() < kMostExamples)
            cell.examples.push_back(raw.records[i].offset.value);
        if (one != nullptr && other != nullptr && one->status == Status::kDeclined &&
            other->status == Status::kDeclined && before_->reasons(*one) != after_->reasons(*other))
            other_reasons_ += 1;
    }
    records_ += static_cast<std::int64_t>(raw.records.size());
}

std::int64_t PolicyTrial::changed() const {
    std::int64_t changed = 0;
    for (std::size_t before = 0; before < kOutcomes; ++before)
        for (std::size_t after = 0; after < kOutcomes; ++after)
            if (before != after) changed += cells_[before][after].count;
    return changed;
}

}  // namespace loanstream

#include "pipeline/snapshot.h"

#include <fmt/format.h>

namespace loanstream {

std::string_view name_of(LoopState state) {
    switch (state) {
        case LoopState::kStarting: return "starting";
        case LoopState::kWaiting: return "waiting";
        case LoopState::kRunning: return "running";
        case LoopState::kDraining: return "draining";
        case LoopState::kStopped: return "stopped";
    }
    return "";
}

RecentRow recent_row(const DecidedBatch& batch, const Decision& decision) {
    auto number = [&](std::uint8_t bit, std::int32_t value) {
        return decision.nulls & bit ? std::string("null") : std::to_string(value);
    };
    RecentRow row;
    row.position = Position{batch.raw->source, batch.raw->records[decision.record].offset}.text();
    row.application_id = decision.application_id;
    row.annual_inc = number(kNullAnnualInc, decision.annual_inc);
    row.funded_amnt = number(kNullFundedAmnt, decision.funded_amnt);
    row.member_id = number(kNullMemberId, decision.member_id);
    row.data = decision.nulls & kNullScore ? "null" : fmt::format("{}", decision.data);
    row.status = name_of(decision.status);
    row.scored_by = name_of(decision.scored_by);
    for (int i = 0; i < decision.reason_count; ++i)
        row.reasons.push_back(batch.policy->reasons[decision.reasons[i]].text);
    if (decision.has_inquiry_reason)
        row.reasons.push_back(batch.policy->reasons[decision.reasons[kMostReasons - 1]].text);
    return row;
}

}  // namespace loanstream

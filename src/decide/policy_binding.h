// A policy tied to its model: which field feeds which feature, which reason speaks for it, and
// what applicants approved near the cut-off have. Immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.h"
#include "model/scorecard.h"
#include "policy/policy.h"

namespace loanstream {

struct PolicyBinding {
    std::shared_ptr<const Policy> policy;
    std::shared_ptr<const Scorecard> scorecard;  // nullptr: the policy has no model
    std::vector<Slot> feature_slots;             // one a feature, in model order
    std::vector<std::uint16_t> feature_reasons;  // index into Policy::reasons
    std::vector<double> approved_near;           // mean points near approve_below, one a feature
    std::vector<Slot> evidence_slots;            // what "in" shows, in file order
    std::array<Slot, 3> int_columns{kNoSlot, kNoSlot, kNoSlot};  // annual_inc, funded_amnt,
                                                                 // member_id
    std::int32_t inquiries_reason = -1;

    // Errors: kUsage where the policy does not fit its model, with file:line:column; what
    // Scorecard::parse says.
    static Result<PolicyBinding> make(std::shared_ptr<const Policy> policy);
};

}  // namespace loanstream

#include "decide/policy_binding.h"

#include <algorithm>

#include "base/nearest_word.h"

namespace loanstream {

namespace {

constexpr std::uint16_t kNoReason = 0xFFFF;

// The field that feeds a feature: the one named in [model.features], else of the same name.
Result<Slot> field_of(const Policy& policy, const ScorecardFeature& feature) {
    std::string name = feature.name;
    for (const auto& [mapped, field] : policy.model_features)
        if (mapped == feature.name) name = field;
    Slot slot = policy.slot_of(name);
    if (slot == kNoSlot)
        return fail(ErrorCode::kUsage, "the model's feature '" + feature.name + "' has no field",
                    policy.model_place,
                    "add a [[field]] named " + name + ", or name one in [model.features]");
    const Field& field = policy.fields[slot];
    if (field.is_text() != feature.is_text)
        return fail(ErrorCode::kUsage,
                    "the model's feature '" + feature.name + "' is a " +
                        (feature.is_text ? "text" : "number") + ", its field '" + name + "' is not",
                    field.place, "change the field's clean, or the model");
    if (!field.known_at_application)
        return fail(ErrorCode::kUsage,
                    "the model uses field '" + name + "', known only after the loan", field.place,
                    "a decision may use only what is known at application");
    return slot;
}

Result<void> bind_features(PolicyBinding& binding) {
    const Policy& policy = *binding.policy;
    for (const auto& feature : binding.scorecard->features()) {
        TRY(Slot slot, field_of(policy, feature));
        binding.feature_slots.push_back(slot);
    }
    return {};
}

Result<void> bind_reasons(PolicyBinding& binding) {
    const Policy& policy = *binding.policy;
    std::vector<std::string_view> names;
    if (binding.scorecard)
        for (const auto& feature : binding.scorecard->features()) names.push_back(feature.name);
    binding.feature_reasons.assign(names.size(), kNoReason);
    for (std::size_t i = 0; i < policy.reasons.size(); ++i) {
        const Reason& reason = policy.reasons[i];
        if (reason.inquiries) binding.inquiries_reason = static_cast<std::int32_t>(i);
        for (const auto& name : reason.features) {
            auto found = std::find(names.begin(), names.end(), name);
            // A model fitted anew may leave a field out: its reason simply never comes.
            if (found == names.end() && policy.slot_of(name) != kNoSlot) continue;
            if (found == names.end())
                return fail(ErrorCode::kUsage,
                            "reason '" + reason.code + "' names '" + name +
                                "', which is neither a feature of the model nor a field",
                            reason.place, did_you_mean(name, names, "take it out of features"));
            binding.feature_reasons[static_cast<std::size_t>(found - names.begin())] =
                static_cast<std::uint16_t>(i);
        }
    }
    for (std::size_t i = 0; i < names.size(); ++i)
        if (binding.feature_reasons[i] == kNoReason)
            return fail(ErrorCode::kUsage,
                        "the model's feature '" + std::string(names[i]) + "' has no reason",
                        policy.model_place, "name it in the features of one [[reason]]");
    return {};
}

Result<void> check_mapped_names(const PolicyBinding& binding) {
    const Policy& policy = *binding.policy;
    std::vector<std::string_view> names;
    if (binding.scorecard)
        for (const auto& feature : binding.scorecard->features()) names.push_back(feature.name);
    for (const auto& [feature, field] : policy.model_features)
        if (std::find(names.begin(), names.end(), feature) == names.end())
            return fail(ErrorCode::kUsage, "the model has no feature '" + feature + "'",
                        policy.model_place,
                        did_you_mean(feature, names, "take it out of [model.features]"));
    return {};
}

// Fields that rules, the model and columns use, and what those of them that are derived are made
// of.
void find_evidence(PolicyBinding& binding) {
    const Policy& policy = *binding.policy;
    std::vector<bool> used(policy.fields.size());
    for (std::size_t i = 0; i < used.size(); ++i) {
        const Field& field = policy.fields[i];
        used[i] = field.in_evidence;
        if (field.column != IntColumn::kNone)
            binding.int_columns[static_cast<std::size_t>(field.column) - 1] = static_cast<Slot>(i);
    }
    for (Slot slot : binding.feature_slots) used[slot] = true;
    for (auto derive = policy.derives.rbegin(); derive != policy.derives.rend(); ++derive)
        for (Slot input : derive->inputs())
            if (used[derive->slot]) used[input] = true;
    for (std::size_t i = 0; i < used.size(); ++i)
        if (used[i]) binding.evidence_slots.push_back(static_cast<Slot>(i));
}

}  // namespace

Result<PolicyBinding> PolicyBinding::make(std::shared_ptr<const Policy> policy) {
    PolicyBinding binding;
    binding.policy = policy;
    if (policy->has_model) {
        TRY(binding.scorecard, Scorecard::parse(policy->model_bytes, policy->model_path));
        TRY_VOID(bind_features(binding));
        TRY_VOID(check_mapped_names(binding));
        binding.approved_near = binding.scorecard->approved_near(policy->approve_below);
    }
    TRY_VOID(bind_reasons(binding));
    find_evidence(binding);
    return binding;
}

}  // namespace loanstream

#include "policy/policy.h"

#include <algorithm>

#include "base/sha256.h"

namespace loanstream {

std::string_view name_of(Status status) {
    switch (status) {
        case Status::kApproved: return "approved";
        case Status::kReview: return "review";
        case Status::kDeclined: return "declined";
    }
    return "";
}

std::string_view name_of(CleaningVerb verb) {
    static constexpr std::string_view kNames[] = {"number", "percent", "months",     "years",
                                                  "digits", "integer", "month_date", "text"};
    return kNames[static_cast<std::size_t>(verb)];
}

std::string how_made(const Field& field) {
    if (field.is_derived) return "derived";
    return field.constant ? "constant" : std::string(name_of(field.verb));
}

Slot Policy::slot_of(std::string_view field) const {
    for (std::size_t i = 0; i < fields.size(); ++i)
        if (fields[i].name == field) return static_cast<Slot>(i);
    return kNoSlot;
}

std::string policy_hash_lines(const std::vector<PolicyFile>& files) {
    std::vector<std::string> lines;
    for (const auto& file : files) lines.push_back(file.sha256 + " " + file.name + "\n");
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const auto& line : lines) all += line;
    return all;
}

}  // namespace loanstream

// What changed from one policy to another: in a lender's words, and in the decisions of the same
// applications. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "decide/decided_batch.h"
#include "decide/policy_binding.h"

namespace loanstream {

// One sentence a change, in the order of the policy file; empty: they decide alike.
std::vector<std::string> changes_between(const PolicyBinding& before, const PolicyBinding& after);

// Decides the same records by both policies and counts.
class PolicyTrial {
public:
    static constexpr std::size_t kOutcomes = 4, kMostExamples = 5;
    // "approved", "review", "declined", "rejected"
    static std::string_view outcome_name(std::size_t outcome);

    struct Cell {
        std::int64_t count = 0;
        std::int64_t funded = 0;  // sum of funded_amnt, as the policy that has one reads it
        std::vector<std::int64_t> examples;  // offsets of the first
    };
    static Result<std::unique_ptr<PolicyTrial>> make(std::shared_ptr<const Policy> before,
                                                     std::shared_ptr<const Policy> after);
    void add(const RawBatch& raw);

    const Cell& cell(std::size_t before, std::size_t after) const { return cells_[before][after]; }
    std::int64_t records() const { return records_; }
    std::int64_t changed() const;  // another outcome
    // Declined by both, for other reasons.
    std::int64_t other_reasons() const { return other_reasons_; }

private:
    struct Side {
        Cleaner cleaner;
        std::unique_ptr<Decider> decider;
        CleanBatch clean;
        DecidedBatch decided;
        std::vector<const Decision*> by_record;  // nullptr: rejected

        Side(std::shared_ptr<const Policy> policy, std::unique_ptr<Decider> made)
            : cleaner(std::move(policy)), decider(std::move(made)) {}
        void decide(const RawBatch& raw);
        std::vector<std::string_view> reasons(const Decision& decision) const;
    };
    PolicyTrial(std::unique_ptr<Side> before, std::unique_ptr<Side> after)
        : before_(std::move(before)), after_(std::move(after)) {}

    std::unique_ptr<Side> before_, after_;
    std::array<std::array<Cell, kOutcomes>, kOutcomes> cells_;
    std::int64_t records_ = 0, other_reasons_ = 0;
};

}  // namespace loanstream

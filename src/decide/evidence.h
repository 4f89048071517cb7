// Writes the evidence column: one compact JSON object a decision (docs/policy.md "Evidence"). All
// that does not change from row to row is made once. Belongs to one Decider; one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clean/text_arena.h"
#include "decide/decided_batch.h"
#include "decide/policy_binding.h"

namespace loanstream {

// What one row's decision was made of. `points` is empty without a model.
struct Scoring {
    std::span<const double> points;          // one a feature
    std::span<const double> lost;            // one a reason
    std::span<const std::uint8_t> rule_hit;  // one a rule: 1 when its condition is true
};

class EvidenceWriter {
public:
    explicit EvidenceWriter(const PolicyBinding& binding);

    // The text lies in `arena`. Lost points are shown for the reasons of a decline by the model.
    std::string_view write(const Cell* row, const Scoring& scoring, const Decision& decision,
                           TextArena& arena) const;

    // From here on each row says that this order stood, and what the policy would have decided.
    void refer_all(const std::optional<ReferAll>& order);

private:
    struct Named {
        Slot slot;
        std::string prefix;  // `,"name":`
    };
    std::size_t bound(const Cell* row) const;
    char* write_inputs(char* out, const Cell* row) const;
    char* write_marked(char* out, const Cell* row, std::string_view head, bool Cell::* mark) const;
    char* write_points(char* out, const Scoring& scoring) const;
    char* write_lost(char* out, const Scoring& scoring, const Decision& decision) const;
    char* write_hits(char* out, const Scoring& scoring) const;

    std::vector<Named> inputs_;
    std::vector<Slot> text_slots_;       // of inputs_
    std::vector<std::string> names_;     // `"name"` of each field
    std::vector<std::string> features_;  // `,"name":`
    std::vector<std::string> reasons_;   // `,"code":`
    std::vector<std::string> rules_;     // `"name"`
    std::string end_;                    // `,"cut":[0.2,0.35]}`
    std::string order_;                  // `,"review_all":{...,"instead_of":"`, or empty
    std::size_t fixed_bound_ = 0;        // of all but texts
};

}  // namespace loanstream

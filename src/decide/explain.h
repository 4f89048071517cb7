// Everything about one record on one page: bytes -> cleaned fields -> rules, points -> decision,
// made again with the policy at hand. Shows the applicant's data: for the lender's own eyes. One
// thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "decide/decided_batch.h"

namespace loanstream {

struct Explanation {
    struct FieldLine {
        std::string name, label, unit;
        std::string verb;   // "percent", "constant"
        std::string raw;    // as it stood in the record; empty where it did not stand there
        std::string value;  // as scored; "null" when missing
        std::string note;   // "bad", "filled from loan_amnt", "rejected: not_a_number"
    };
    struct RuleLine {
        std::string name, when, outcome, reason;
        bool hit = false;
    };
    struct FeatureLine {
        std::string name, field, value;
        std::string bin;  // "36000 <= x < 43400"
        double points = 0, approved_near = 0;
        std::string reason;
    };
    struct ReasonLine {
        std::string code, text;
        double lost = 0;  // points; 0 for a rule's
    };

    std::string position, record;  // the record after the policy's byte steps
    std::string policy, policy_hash, model, model_hash;
    std::vector<FieldLine> fields;
    bool is_rejected = false;
    std::string stage, reject_reason, reject_field;  // when rejected
    std::uint32_t reject_at = 0;

    std::vector<RuleLine> rules;
    std::vector<FeatureLine> features;
    std::vector<ReasonLine> reasons;
    std::string application_id, status, scored_by, rule;
    bool is_scored = false;
    double probability_of_default = 0, approve_below = 0, decline_from = 1;
    std::int32_t points = 0;
    std::string evidence;

    // The page for people, with a newline at the end.
    std::string text() const;
    // Its last part: the decision with its reasons, or why there is none.
    std::string verdict() const;
};

class Explainer {
public:
    static Result<std::unique_ptr<Explainer>> make(std::shared_ptr<const Policy> policy,
                                                   const MessagePath& path = {});
    ~Explainer();
    // `too_large`: the bytes are only the record's beginning.
    Explanation explain(const Position& position, std::string_view bytes, bool too_large = false);

    struct State;
    explicit Explainer(std::unique_ptr<State> state);

private:
    std::unique_ptr<State> state_;
};

}  // namespace loanstream

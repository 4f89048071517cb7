// What deciding gives: for each application a Decision with its evidence, beside the rejects of
// cleaning; records == decisions + rejects. Views point into the RawBatch, the CleanBatch and this
// batch's own text, all of which must outlive it. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clean/clean_batch.h"
#include "policy/policy.h"

namespace loanstream {

enum class ScoredBy : std::uint8_t { kRule, kModel, kRiskApi, kFallback };
std::string_view name_of(ScoredBy by);  // "rule"

inline constexpr int kMostReasons = 5;  // the fifth only for credit inquiries

// A null INT column is marked by its bit in `nulls`.
enum NullBit : std::uint8_t {
    kNullAnnualInc = 1,
    kNullFundedAmnt = 2,
    kNullMemberId = 4,
    kNullScore = 8
};

// Decision::rule where an operator's order made a review of what would have been decided.
inline constexpr std::int16_t kOperatorRule = -2;
inline constexpr std::string_view kOperatorRuleName = "operator";

// An order to refer every application to review, approved and declined ones too.
struct ReferAll {
    std::string by, why;
    EpochMs since;
    friend bool operator==(const ReferAll&, const ReferAll&) = default;
};

struct Decision {
    std::uint32_t record = 0;  // index into RawBatch::records
    std::int32_t annual_inc = 0, funded_amnt = 0, member_id = 0;
    std::uint8_t nulls = 0;
    Status status = Status::kReview;
    ScoredBy scored_by = ScoredBy::kFallback;
    std::uint8_t reason_count = 0;          // of reasons 1..4
    std::uint16_t reasons[kMostReasons]{};  // indices into Policy::reasons
    bool has_inquiry_reason = false;        // reasons[4] is set
    std::int16_t rule = -1;                 // index into Policy::rules, or kOperatorRule
    double probability_of_default = 0;      // unless kNullScore
    float data = 0;                         // unless kNullScore
    std::int32_t points = 0;                // unless kNullScore
    std::string_view application_id;
    std::string_view evidence;  // compact JSON
};

struct DecidedBatch {
    const RawBatch* raw = nullptr;
    const CleanBatch* clean = nullptr;
    std::shared_ptr<const Policy> policy;
    std::string model_name;           // empty without a model
    std::vector<Decision> decisions;  // ascending by record
    std::vector<Reject> rejects;      // all of the batch, ascending by record
    TextArena text;                   // evidence and ids
};

// Rules, model, cut-offs and reasons of one policy, bound once at start. One thread at a time.
class Decider {
public:
    // Binds the model's features to fields; errors name the feature or the reason that is missing.
    static Result<std::unique_ptr<Decider>> make(std::shared_ptr<const Policy> policy);
    ~Decider();
    void decide(const CleanBatch& clean, DecidedBatch& out);
    // Of the batches from here on; nullopt: decide as the policy says.
    void refer_all(const std::optional<ReferAll>& order);

    struct State;
    explicit Decider(std::unique_ptr<State> state);

private:
    std::unique_ptr<State> state_;
};

}  // namespace loanstream

// A lender's policy, loaded and checked: fields, rules, model binding, cut-offs, reasons
// (docs/policy.md). Immutable after load; free to share between threads. Slots, rule and reason
// indices are positions in the vectors below.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "policy/derive.h"
#include "policy/expression.h"

namespace loanstream {

enum class CleaningVerb {
    kNumber,
    kPercent,
    kMonths,
    kYears,
    kDigits,
    kInteger,
    kMonthDate,
    kText
};
std::string_view name_of(CleaningVerb verb);  // "month_date"
enum class BadValue { kReject, kMissing, kZero };
enum class IntColumn { kNone, kAnnualInc, kFundedAmnt, kMemberId };
enum class Status : std::uint8_t { kApproved, kReview, kDeclined };
std::string_view name_of(Status status);  // "approved"

struct Field {
    std::string name;
    std::vector<std::string> keys;  // empty for a constant and a derived field
    std::string label, unit;
    CleaningVerb verb = CleaningVerb::kNumber;
    BadValue bad = BadValue::kReject;
    BadValue absent = BadValue::kMissing;
    std::string reject_as;  // "not_a_number", ...; of bad and absent
    bool has_range = false;
    double range_low = 0, range_high = 0;  // inclusive
    BadValue outside = BadValue::kReject;  // kReject | kMissing
    Slot fallback = kNoSlot;
    std::optional<double> constant;
    bool known_at_application = true;
    IntColumn column = IntColumn::kNone;
    bool in_evidence = false;  // a rule, the model or a column uses it
    std::string place;         // file:line:column, for messages
    bool is_derived = false;   // made by a Derive of this slot, never read
    std::string made_of;       // when derived, for people: "loan_amnt / annual_inc"
    bool is_text() const { return !constant && verb == CleaningVerb::kText; }
};

// The verb's name, "constant" or "derived".
std::string how_made(const Field& field);

struct Rule {
    std::string name;
    std::string when;   // its source text
    std::string place;  // file:line:column of `when`, for messages
    Expression condition;
    Status outcome = Status::kDeclined;  // kDeclined | kReview
    std::uint16_t reason = 0;            // index into Policy::reasons
};

struct Reason {
    std::string code, text;
    std::vector<std::string> features;
    bool inquiries = false;
    std::string place;  // file:line:column, for messages
};

struct InputSettings {
    bool drop_newlines = false;
    int squeeze_spaces = 0;
    bool drop_non_ascii = false;
    std::vector<std::string> missing;
    Slot id_field = kNoSlot;
};

// A file the policy is made of, kept with every table that uses it.
struct PolicyFile {
    std::string name;  // as in the hash's lines: "lendingclub.toml"
    std::string bytes;
    std::string sha256;  // lower-case hex
};

struct Policy {
    std::string name, title;
    std::string hash;               // lower-case hex, docs/policy.md "Hashes"
    std::vector<PolicyFile> files;  // the policy file first, then tables it names
    InputSettings input;
    std::vector<Field> fields;    // those that are read, then the derived ones
    std::vector<Derive> derives;  // in the order in which they are made
    std::vector<Rule> rules;
    std::vector<Reason> reasons;
    bool has_model = false;
    std::string model_path;   // as found: a path, or embedded:models/x.json
    std::string model_bytes;  // read at load
    std::string model_hash;   // SHA-256 of model_bytes
    std::vector<std::pair<std::string, std::string>> model_features;  // feature -> field name
    std::string model_place;  // file:line:column, for messages
    double approve_below = 0, decline_from = 1;

    Slot slot_of(std::string_view field) const;  // kNoSlot if there is none
};

// The lines whose SHA-256 is the policy's hash; kept as a version of their own, so that the hash
// leads to the files.
std::string policy_hash_lines(const std::vector<PolicyFile>& files);

// `name_or_path`: a shipped policy's name ("lendingclub"), or a file. `model_path`, if not empty,
// replaces [model] file. Errors: kUsage with file:line:column, kNotFound.
Result<std::shared_ptr<const Policy>> load_policy(const std::string& name_or_path,
                                                  const std::string& model_path = {});

// From text, as load_policy; `path` is for messages and for finding the files it names.
Result<std::shared_ptr<const Policy>> parse_policy(std::string_view text, const std::string& path,
                                                   const std::string& model_path = {});

// From the files kept under versions/, the policy's own (*.toml) and its tables in any order:
// redoes an old decision.
Result<std::shared_ptr<const Policy>> restore_policy(std::vector<PolicyFile> files,
                                                     std::string model_bytes);

}  // namespace loanstream

// A policy's TOML. Holds: a refusal says what and where; what loads is restored from the files it
// keeps with the same hash; the search for idle rules, the binding to the model, cleaning and
// deciding take whatever loads.
#include "base/check.h"
#include "clean/record_batch.h"
#include "decide/decided_batch.h"
#include "decide/policy_binding.h"
#include "policy/rule_reach.h"

using namespace loanstream;

namespace {

// Files that it names are looked for among those that the program carries.
constexpr const char* kPath = "embedded:policies/fuzz.toml";

void check_restored(const Policy& policy) {
    auto again = restore_policy(policy.files, policy.model_bytes);
    LOANSTREAM_CHECK(again.has_value());
    LOANSTREAM_CHECK((*again)->hash == policy.hash && (*again)->name == policy.name);
    LOANSTREAM_CHECK((*again)->fields.size() == policy.fields.size());
    LOANSTREAM_CHECK((*again)->rules.size() == policy.rules.size());
    LOANSTREAM_CHECK((*again)->model_hash == policy.model_hash);
}

void check_decides(const std::shared_ptr<const Policy>& policy) {
    auto decider = Decider::make(policy);
    if (!decider) {
        LOANSTREAM_CHECK(!decider.error().what.empty());
        return;
    }
    const std::string records[] = {
        R"({"loan_amnt":"10000","a":"1","b":" x ","annual_inc":"n/a","member_id":"7"})", "{}",
        R"({"a":{},"b":[1],"loan_amnt":"1e300","purpose":"car","dti":-5})"};
    RawBatch raw;
    fill_batch(records, "\n", raw);
    CleanBatch clean;
    Cleaner(policy).clean(raw, clean);
    DecidedBatch decided;
    (*decider)->decide(clean, decided);
    LOANSTREAM_CHECK(decided.decisions.size() + decided.rejects.size() == std::size(records));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto policy = parse_policy(text, kPath);
    if (!policy) {
        LOANSTREAM_CHECK(!policy.error().what.empty() && !policy.error().where.empty());
        return 0;
    }
    check_restored(**policy);
    for (const RuleFinding& finding : find_idle_rules(**policy))
        LOANSTREAM_CHECK(!finding.what.empty() && !finding.place.empty());
    check_decides(*policy);
    return 0;
}

// A small lender for the tests of deciding: one policy, one model made in memory, records from
// JSON texts. Tests only; one thread.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "decide/decided_batch.h"

namespace loanstream {

// Features: dti (best below 20), inq (best below 3), purpose ("car" good, "boat" bad). Every
// woe of -1 adds 1 to z, each costs the same points.
inline std::string small_model() {
    std::string golden;
    for (int i = 0; i < 10; ++i) {
        double dti = 10.0 + 2 * i;
        double z = -2.0 + (dti < 20 ? -1.0 : 1.0);
        char text[160];
        std::snprintf(text, sizeof text, "%s{\"in\":{\"dti\":%g},\"probability_of_default\":%.17g}",
                      i == 0 ? "" : ",", dti, 1 / (1 + std::exp(-z)));
        golden += text;
    }
    return R"({"format":1,"kind":"scorecard","name":"small","version":"1","trained":{},"metrics":{},
"scale":{"points":600,"odds":19,"pdo":50},"intercept":-2,"features":[
{"name":"dti","type":"number","coefficient":-1,"edges":[20],"woe":[1,-1],"missing_woe":0},
{"name":"inq","type":"number","coefficient":-1,"edges":[3],"woe":[1,-1.5],"missing_woe":0},
{"name":"purpose","type":"text","coefficient":-1,"groups":[["car"],["boat"]],"woe":[1,-2],
"other_woe":0,"missing_woe":0}],
"reference":{"rows":100,"bins":{"dti":[0.5,0.5,0],"inq":[0.5,0.5,0],
"purpose":[0.5,0.2,0.3,0]},"bands":[
{"pd_below":0.1,"rows":50,"mean_points":{"dti":300,"inq":280,"purpose":290}},
{"pd_below":1,"rows":50,"mean_points":{"dti":150,"inq":150,"purpose":150}}]},
"golden":[)" +
           golden + "]}";
}

inline const char* small_policy_text() {
    return R"(format = 1
name = "small"
[input]
missing = ["", "n/a"]
id_field = "id"
[[field]]
name = "id"
clean = "text"
[[field]]
name = "member_id"
clean = "number"
bad = "missing"
column = "member_id"
[[field]]
name = "annual_inc"
clean = "number"
bad = "zero"
column = "annual_inc"
[[field]]
name = "funded_amnt"
clean = "number"
fallback = "loan_amnt"
column = "funded_amnt"
[[field]]
name = "loan_amnt"
clean = "number"
[[field]]
name = "dti"
clean = "number"
[[field]]
name = "inq"
clean = "number"
[[field]]
name = "purpose"
clean = "text"
[[rule]]
name = "rich"
when = 'annual_inc > 1000000'
outcome = "review"
reason = "income_unusual"
[[rule]]
name = "poor"
when = 'annual_inc < 20000'
outcome = "decline"
reason = "income_low"
[[rule]]
name = "very_poor"
when = 'annual_inc < 10000'
outcome = "decline"
reason = "income_low"
[[rule]]
name = "boat"
when = 'purpose == "boat" and dti >= 40'
outcome = "decline"
reason = "purpose"
[[rule]]
name = "no_dti"
when = 'missing(dti)'
outcome = "review"
reason = "incomplete"
[model]
file = "unused.json"
[decision]
approve_below = 0.2
decline_from = 0.5
[[reason]]
code = "income_unusual"
text = "Income to be verified"
[[reason]]
code = "income_low"
text = "Income below our minimum"
[[reason]]
code = "incomplete"
text = "Application incomplete"
[[reason]]
code = "purpose"
text = "Purpose of the loan"
features = ["purpose"]
[[reason]]
code = "debt"
text = "Excessive obligations in relation to income"
features = ["dti"]
[[reason]]
code = "inquiries"
text = "Number of recent inquiries"
features = ["inq"]
inquiries = true
)";
}

inline Result<std::shared_ptr<const Policy>> small_policy(std::string text = small_policy_text(),
                                                          std::string model = small_model()) {
    return restore_policy({{"small.toml", std::move(text), ""}}, std::move(model));
}

inline RawBatch batch_of(const std::vector<std::string>& records) {
    RawBatch raw;
    raw.source.topic = "loans";
    raw.source.partition = PartitionId(3);
    raw.range = {Offset(100), Offset(100 + static_cast<std::int64_t>(records.size()))};
    for (std::size_t i = 0; i < records.size(); ++i) {
        RawRecord record;
        record.offset = Offset(100 + static_cast<std::int64_t>(i));
        record.begin = raw.bytes.size();
        record.length = static_cast<std::uint32_t>(records[i].size());
        raw.records.push_back(record);
        raw.bytes += records[i] + "\n";
    }
    raw.bytes.reserve(raw.bytes.size() + kRecordPadding);
    return raw;
}

// The line from bytes to decisions, with its buffers.
struct SmallLine {
    explicit SmallLine(std::shared_ptr<const Policy> policy)
        : cleaner(policy), decider(*Decider::make(policy)) {}
    void run(const std::vector<std::string>& records) {
        raw = batch_of(records);
        cleaner.clean(raw, clean);
        decider->decide(clean, decided);
    }
    RawBatch raw;
    Cleaner cleaner;
    std::unique_ptr<Decider> decider;
    CleanBatch clean;
    DecidedBatch decided;
};

}  // namespace loanstream

// What deciding costs a record: rules, model, reasons and evidence under the shipped policies.
#include <benchmark/benchmark.h>

#include <random>

#include "decide/decide_fixture.h"

namespace loanstream {
namespace {

std::vector<std::string> applications(int count) {
    std::mt19937 random(7);
    auto pick = [&](int below) {
        return static_cast<int>(random() % static_cast<unsigned>(below));
    };
    static const char* kPurposes[] = {"debt_consolidation", "credit_card", "small_business",
                                      "home_improvement", "car"};
    static const char* kHomes[] = {"RENT", "MORTGAGE", "OWN"};
    std::vector<std::string> records;
    for (int i = 0; i < count; ++i) {
        char text[2000];
        int amount = 1000 + 25 * pick(1360);
        std::snprintf(
            text, sizeof text,
            R"({"member_id":"%d","loan_amnt":"%d","funded_amnt":"%d","annual_inc":"%d.0",)"
            R"("term":" %d months","int_rate":" %.2f%%","installment":"%.2f","grade":"%c",)"
            R"("emp_length":"%d years","home_ownership":"%s","verification_status":"Verified",)"
            R"("purpose":"%s","dti":"%.2f","delinq_2yrs":"%d","inq_last_6mths":"%d",)"
            R"("open_acc":"%d","pub_rec":"%d","revol_bal":"%d","revol_util":"%.1f%%",)"
            R"("total_acc":"%d","pub_rec_bankruptcies":"%d","bc_util":"%d",)"
            R"("bc_open_to_buy":"%d","total_il_high_credit_limit":"%d"})",
            1000000 + i, amount, amount, 12000 + 100 * pick(1500), pick(3) == 0 ? 60 : 36,
            5 + pick(2000) / 100.0, pick(90000) / 100.0, 'A' + pick(7), 1 + pick(9),
            kHomes[pick(3)], kPurposes[pick(5)], pick(3000) / 100.0, pick(3), pick(6), 2 + pick(20),
            pick(2), pick(40000), pick(1000) / 10.0, 5 + pick(40), pick(2), pick(100), pick(20000),
            pick(80000));
        records.push_back(text);
    }
    return records;
}

void decide_batch(benchmark::State& state, const char* name) {
    auto policy = load_policy(name);
    if (!policy) return state.SkipWithError(policy.error().line().c_str());
    SmallLine line(*policy);
    line.run(applications(4096));
    if (line.decided.decisions.size() != 4096) return state.SkipWithError("rejects");
    std::size_t evidence = 0, declined = 0;
    for (const auto& decision : line.decided.decisions) {
        evidence += decision.evidence.size();
        declined += decision.status == Status::kDeclined && decision.scored_by == ScoredBy::kModel;
    }
    for (auto _ : state) {
        line.decider->decide(line.clean, line.decided);
        benchmark::DoNotOptimize(line.decided.decisions.data());
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * 4096));
    state.counters["us_a_record"] = benchmark::Counter(
        4096e-6, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    state.counters["evidence_bytes"] = static_cast<double>(evidence) / 4096;
    state.counters["declined_by_model"] = static_cast<double>(declined) / 4096;
}

BENCHMARK_CAPTURE(decide_batch, lendingclub, "lendingclub");
BENCHMARK_CAPTURE(decide_batch, fintech_classic, "fintech-classic");

}  // namespace
}  // namespace loanstream

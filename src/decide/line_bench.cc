// What one record of 111 columns costs on the straight line: decode and clean, and with deciding,
// against what simdjson needs merely to walk all fields of the same bytes. The parts take turns
// within one loop, so a busy machine slows all of them; figures are medians.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "clean/record_batch.h"
#include "decide/decided_batch.h"
#include "feed/generated_applicants.h"

namespace loanstream {
namespace {

constexpr int kRecords = 1000;

std::vector<std::string> generated_records() {
    GeneratorSettings settings;  // none of them dirty
    GeneratedApplicants applicants(settings);
    std::vector<std::string> records(kRecords);
    for (std::string& record : records) (void)applicants.next(record);
    return records;
}

// Touches every key and every value's text: the least that a program with a generic parser must do.
std::size_t walk_all_fields(const RawBatch& raw, simdjson::ondemand::parser& parser) {
    std::size_t touched = 0;
    for (const RawRecord& record : raw.records) {
        simdjson::padded_string_view bytes(raw.bytes.data() + record.begin, record.length,
                                           record.length + simdjson::SIMDJSON_PADDING);
        simdjson::ondemand::document document = parser.iterate(bytes);
        for (auto member : document.get_object()) {
            std::string_view key = member.unescaped_key();
            simdjson::ondemand::value value = member.value();
            std::string_view text;
            if (value.get_string().get(text) != simdjson::SUCCESS) text = value.raw_json_token();
            touched += key.size() + text.size();
            if (!text.empty()) touched += static_cast<unsigned char>(text.back());
        }
    }
    return touched;
}

class Stopwatch {
public:
    // Nanoseconds a record since the last call.
    double lap_ns() {
        auto now = std::chrono::steady_clock::now();
        double ns = std::chrono::duration<double, std::nano>(now - begin_).count() / kRecords;
        begin_ = now;
        return ns;
    }

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

double median(std::vector<double>& values) {
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
}

void straight_line(benchmark::State& state, const char* policy_name) {
    auto policy = load_policy(policy_name);
    if (!policy) return state.SkipWithError(policy.error().line().c_str());
    auto decider = Decider::make(*policy);
    if (!decider) return state.SkipWithError(decider.error().line().c_str());
    RawBatch raw;
    fill_batch(generated_records(), "\n", raw);
    Cleaner cleaner(*policy);
    CleanBatch clean;
    DecidedBatch decided;
    simdjson::ondemand::parser parser;
    std::vector<double> walk_ns, clean_ns, decide_ns, ratios;
    for (auto _ : state) {
        Stopwatch watch;
        benchmark::DoNotOptimize(walk_all_fields(raw, parser));
        walk_ns.push_back(watch.lap_ns());
        cleaner.clean(raw, clean);
        clean_ns.push_back(watch.lap_ns());
        (*decider)->decide(clean, decided);
        decide_ns.push_back(watch.lap_ns());
        ratios.push_back(walk_ns.back() / (clean_ns.back() + decide_ns.back()));
    }
    if (decided.decisions.size() != kRecords) state.SkipWithError("a clean record was rejected");
    state.counters["record_bytes"] = static_cast<double>(raw.bytes.size()) / kRecords;
    state.counters["walk_ns"] = median(walk_ns);
    state.counters["clean_ns"] = median(clean_ns);
    state.counters["decide_ns"] = median(decide_ns);
    state.counters["clean_to_walk"] = median(walk_ns) / median(clean_ns);
    state.counters["line_to_walk"] = median(ratios);
}

BENCHMARK_CAPTURE(straight_line, lendingclub, "lendingclub")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(straight_line, fintech_classic, "fintech-classic")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace loanstream

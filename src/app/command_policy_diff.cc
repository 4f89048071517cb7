#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/command.h"
#include "base/text_box.h"
#include "decide/policy_diff.h"
#include "feed/applicant_batch.h"

namespace loanstream {

namespace {

constexpr std::size_t kOutcomes = PolicyTrial::kOutcomes;

Result<std::unique_ptr<PolicyTrial>> try_on(const std::string& path,
                                            std::shared_ptr<const Policy> before,
                                            std::shared_ptr<const Policy> after) {
    TRY(auto trial, PolicyTrial::make(std::move(before), std::move(after)));
    TRY(auto file, ApplicantFile::open(path));
    BatchesAhead batches(*file, "file");
    while (true) {
        TRY(const RawBatch* batch, batches.next());
        if (batch == nullptr) return trial;
        trial->add(*batch);
    }
}

std::string outcome(std::size_t index) { return std::string(PolicyTrial::outcome_name(index)); }

std::string trial_text(const std::string& path, const PolicyTrial& trial) {
    std::int64_t records = trial.records();
    auto share = [&](std::int64_t part) {
        return records == 0 ? 0.0 : 100 * static_cast<double>(part) / static_cast<double>(records);
    };
    std::string text =
        fmt::format("on {}: {} applications, {} change their outcome ({:.2f} %)\n", path,
                    with_commas(records), with_commas(trial.changed()), share(trial.changed()));
    TextBox box{{"before \\ after"}, {}, false};
    for (std::size_t after = 0; after < kOutcomes; ++after) box.header.push_back(outcome(after));
    for (std::size_t before = 0; before < kOutcomes; ++before) {
        box.rows.push_back({outcome(before)});
        for (std::size_t after = 0; after < kOutcomes; ++after)
            box.rows.back().push_back(with_commas(trial.cell(before, after).count));
    }
    text += box.text();
    for (std::size_t before = 0; before < kOutcomes; ++before)
        for (std::size_t after = 0; after < kOutcomes; ++after) {
            const auto& cell = trial.cell(before, after);
            if (before == after || cell.count == 0) continue;
            std::string rows;
            for (auto offset : cell.examples)
                rows += (rows.empty() ? "" : ", ") + with_commas(offset + 1);
            text += fmt::format(
                "{} -> {}: {} applications, {} funded, rows {}{}\n", outcome(before),
                outcome(after), with_commas(cell.count), with_commas(cell.funded), rows,
                cell.count > static_cast<std::int64_t>(cell.examples.size()) ? ", ..." : "");
        }
    if (trial.other_reasons() > 0)
        text += fmt::format("declined by both for other reasons: {}\n",
                            with_commas(trial.other_reasons()));
    return text;
}

nlohmann::ordered_json trial_json(const PolicyTrial& trial) {
    nlohmann::ordered_json object = {{"applications", trial.records()},
                                     {"changed", trial.changed()},
                                     {"other_reasons", trial.other_reasons()}};
    for (std::size_t before = 0; before < kOutcomes; ++before)
        for (std::size_t after = 0; after < kOutcomes; ++after) {
            const auto& cell = trial.cell(before, after);
            object["outcomes"].push_back({{"before", outcome(before)},
                                          {"after", outcome(after)},
                                          {"applications", cell.count},
                                          {"funded", cell.funded}});
        }
    return object;
}

Result<int> diff_policies(Invocation& in) {
    const auto& words = in.arguments.words;
    if (words.size() != 2)
        return fail(ErrorCode::kUsage, "policy diff takes two policies", {},
                    "loanstream policy diff lendingclub my.toml");
    TRY(auto before, load_policy(words[0]));
    TRY(auto after, load_policy(words[1]));
    TRY(auto bound_before, PolicyBinding::make(before));
    TRY(auto bound_after, PolicyBinding::make(after));
    auto changes = changes_between(bound_before, bound_after);
    std::unique_ptr<PolicyTrial> trial;
    auto path = in.arguments.value("--on");
    if (path) {
        TRY(trial, try_on(*path, before, after));
    }
    if (in.arguments.has("--json")) {
        nlohmann::ordered_json object = {
            {"before", before->hash}, {"after", after->hash}, {"changes", changes}};
        if (trial) object["on"] = trial_json(*trial);
        fmt::print("{}\n",
                   object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
        return 0;
    }
    fmt::print("{} ({}) -> {} ({}): {}\n", words[0], before->hash.substr(0, 12), words[1],
               after->hash.substr(0, 12),
               changes.empty() ? "no difference in what they decide"
                               : fmt::format("{} changes", changes.size()));
    for (const auto& change : changes) fmt::print("- {}\n", change);
    if (trial) fmt::print("{}", trial_text(*path, *trial));
    return 0;
}

}  // namespace

void add_policy_diff_commands(std::vector<CommandSpec>& commands) {
    commands.push_back(
        {"policy diff",
         "what changed from one policy to another, in words and in decisions",
         "BEFORE AFTER",
         {{"--on", "FILE", "decide its applications by both: how many change (CSV, JSONL, .gz)"},
          {"--json", "", "for programs"}},
         {"loanstream policy diff lendingclub my.toml",
          "loanstream policy diff old.toml new.toml --on applications.csv.gz"},
         diff_policies});
}

}  // namespace loanstream

#include <fmt/format.h>

#include "app/command.h"
#include "app/story.h"
#include "base/text_box.h"
#include "decide/policy_binding.h"
#include "policy/rule_reach.h"

namespace loanstream {

namespace {

// No PROFILE here: a word that ends in .toml is the policy.
const OptionSpec kModelOption = {"--model", "FILE", "model file in place of the policy's"};

Result<std::shared_ptr<const Policy>> chosen_policy(Invocation& in) {
    if (in.arguments.words.size() > 1)
        return fail(ErrorCode::kUsage, "one policy at a time", {}, "loanstream policy check FILE");
    std::string name = in.settings.text("policy");
    if (!in.arguments.words.empty()) name = in.arguments.words.front();
    return load_policy(name, in.settings.text("model"));
}

Result<int> check_policy(Invocation& in) {
    TRY(auto policy, chosen_policy(in));
    TRY(auto binding, PolicyBinding::make(policy));
    fmt::print("policy {} holds: {} fields, {} rules, {} reasons, {}\n", policy->name,
               policy->fields.size(), policy->rules.size(), policy->reasons.size(),
               binding.scorecard ? fmt::format("model {} of {} features", binding.scorecard->name(),
                                               binding.scorecard->features().size())
                                 : std::string("no model"));
    fmt::print("policy hash {}\n", policy->hash);
    if (policy->has_model) fmt::print("model hash  {}\n", policy->model_hash);
    auto findings = find_idle_rules(*policy);
    for (const auto& finding : findings) fmt::print("{}\n", finding.line());
    return findings.empty() ? 0 : 1;
}

std::string fields_box(const Policy& policy) {
    TextBox box{{"field", "label", "unit", "verb", "known", "keys or made of"}, {}, true};
    for (const auto& field : policy.fields) {
        std::string keys;
        for (const auto& key : field.keys) keys += (keys.empty() ? "" : ", ") + key;
        box.rows.push_back({field.name, field.label, field.unit, how_made(field),
                            field.known_at_application ? "at application" : "later",
                            field.is_derived ? field.made_of : keys});
    }
    return box.text();
}

// What each value of each feature is worth, against applicants approved near the cut-off.
std::string points_box(const PolicyBinding& binding) {
    TextBox box{{"feature", "value", "applicants", "points", "against approved"}, {}, true};
    const Scorecard& model = *binding.scorecard;
    for (std::size_t i = 0; i < model.features().size(); ++i) {
        std::string name = model.features()[i].name;
        for (const auto& bin : model.bins(i)) {
            box.rows.push_back({name, bin.label, fmt::format("{:.1f} %", 100 * bin.share),
                                fmt::format("{:.1f}", bin.points),
                                fmt::format("{:+.1f}", bin.points - binding.approved_near[i])});
            name.clear();
        }
    }
    return box.text();
}

Result<int> show_policy(Invocation& in) {
    TRY(auto policy, chosen_policy(in));
    TRY(auto binding, PolicyBinding::make(policy));
    if (in.arguments.has("--source")) {
        fmt::print("{}", policy->files.front().bytes);
        return 0;
    }
    fmt::print("{}: {}\n{}", policy->name, policy->title, fields_box(*policy));
    TextBox rules{{"rule", "when", "outcome", "reason"}, {}, true};
    for (const auto& rule : policy->rules)
        rules.rows.push_back({rule.name, rule.when,
                              rule.outcome == Status::kDeclined ? "decline" : "review",
                              policy->reasons[rule.reason].code});
    if (!rules.rows.empty()) fmt::print("{}", rules.text());
    TextBox reasons{{"reason", "text for the applicant", "features"}, {}, true};
    for (const auto& reason : policy->reasons) {
        std::string features;
        for (const auto& feature : reason.features)
            features += (features.empty() ? "" : ", ") + feature;
        reasons.rows.push_back({reason.code, reason.text, features});
    }
    if (!reasons.rows.empty()) fmt::print("{}", reasons.text());
    if (binding.scorecard)
        fmt::print("{}model {}: approved below {}, declined from {}\n", points_box(binding),
                   binding.scorecard->name(), policy->approve_below, policy->decline_from);
    return 0;
}

Result<int> test_policy(Invocation& in) {
    if (in.arguments.words.empty())
        return fail(ErrorCode::kUsage, "policy test takes story files", {},
                    "loanstream policy test tests/flow/*.story");
    StoryOptions options;
    options.update = in.arguments.has("--update");
    int passed = 0, failed = 0;
    for (const auto& path : in.arguments.words) {
        TRY(auto report, run_story(in.env, path, options));
        fmt::print("{}", report.text());
        if (report.updated) fmt::print("updated {}\n", path);
        std::fflush(stdout);
        for (const auto& story : report.stories) (story.passed ? passed : failed) += 1;
    }
    fmt::print("{} passed, {} failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

}  // namespace

void add_policy_commands(std::vector<CommandSpec>& commands) {
    commands.push_back({"policy check",
                        "does the policy hold, and does its model fit it?",
                        "[NAME|FILE]",
                        {kModelOption},
                        {"loanstream policy check", "loanstream policy check my.toml"},
                        check_policy});
    commands.push_back(
        {"policy show",
         "fields, rules, reasons, points and cut-offs",
         "[NAME|FILE]",
         {kModelOption, {"--source", "", "the policy file as it is"}},
         {"loanstream policy show fintech-classic", "loanstream policy show --source > my.toml"},
         show_policy});
    commands.push_back(
        {"policy test",
         "plays flow stories from records to table (docs/flow.md)",
         "FILE...",
         {{"--update", "", "write what came out into the files"}},
         {"loanstream policy test tests/flow/*.story", "loanstream policy test my.story --update"},
         test_policy});
}

}  // namespace loanstream

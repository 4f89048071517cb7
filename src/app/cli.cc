#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "app/command.h"
#include "base/build_info.h"
#include "base/log_line.h"
#include "base/nearest_word.h"

namespace loanstream {

const std::vector<OptionSpec>& common_options() {
    static const std::vector<OptionSpec> list = {
        {"--data", "DIR", "folder of all embedded state (default ./loanstream-data)"},
        {"--policy", "NAME|FILE", "lendingclub, fintech-classic or a policy file"},
        {"--model", "FILE", "model file in place of the policy's"},
        {"--set", "KEY=VALUE", "any setting; may be given again (config show lists them)"},
    };
    return list;
}

const std::vector<CommandSpec>& all_commands() {
    static const std::vector<CommandSpec> list = [] {
        std::vector<CommandSpec> commands;
        add_demo_commands(commands);
        add_applicants_commands(commands);
        add_topic_commands(commands);
        add_source_commands(commands);
        add_stream_commands(commands);
        add_order_commands(commands);
        add_why_commands(commands);
        add_table_commands(commands);
        add_compare_commands(commands);
        add_merge_commands(commands);
        add_repair_commands(commands);
        add_dead_commands(commands);
        add_dead_fix_commands(commands);
        add_decide_commands(commands);
        add_policy_commands(commands);
        add_policy_diff_commands(commands);
        add_config_commands(commands);
        add_manual_commands(commands);
        return commands;
    }();
    return list;
}

namespace {

bool is_profile(const std::string& word) {
    return word == "embedded" || word == "local" || word == "cluster" || word.ends_with(".toml");
}

// A verb of the parser with what it has caught.
struct Caught {
    const CommandSpec* spec = nullptr;
    CLI::App* app = nullptr;
    std::map<std::string, std::vector<std::string>> values;
    std::map<std::string, bool> flags;
    std::vector<std::string> words;
};

std::string footer_of(const CommandSpec& spec) {
    std::string text = "\nExamples:\n";
    for (const auto& example : spec.examples) text += "  " + example + "\n";
    return text;
}

void add_options(Caught& caught, const std::vector<OptionSpec>& options) {
    for (const auto& option : options) {
        if (option.value.empty())
            caught.app->add_flag(option.name, caught.flags[option.name], option.text);
        else
            caught.app->add_option(option.name, caught.values[option.name], option.text)
                ->type_name(option.value)
                ->expected(1)
                ->take_all()
                ->allow_extra_args(false);  // the words after its value are not its own
    }
}

void add_verb(CLI::App& root, std::map<std::string, CLI::App*>& groups, Caught& caught) {
    const CommandSpec& spec = *caught.spec;
    CLI::App* parent = &root;
    std::string name = spec.path;
    if (auto space = name.find(' '); space != name.npos) {
        std::string group = name.substr(0, space);
        name = name.substr(space + 1);
        if (!groups.contains(group)) {
            groups[group] = root.add_subcommand(group, "loanstream " + group + " --help")
                                ->require_subcommand(1);
        }
        parent = groups[group];
    }
    std::string usage = "loanstream " + spec.path + " " + spec.words;
    caught.app = parent->add_subcommand(name, spec.summary);
    caught.app->footer("\nUse: " + usage + " [options]\n" + footer_of(spec));
    caught.app->add_option("words", caught.words, spec.words)->group("");
    add_options(caught, spec.options);
    if (spec.takes_profile()) add_options(caught, common_options());
}

std::unique_ptr<Logger> logger_of(Env& env, const Settings& settings) {
    const std::string& level = settings.text("log.level");
    LogLevel least = level == "info"      ? LogLevel::kInfo
                     : level == "warning" ? LogLevel::kWarning
                                          : LogLevel::kError;
    bool is_json = settings.text("log.format") == "json";
    return std::make_unique<Logger>(env, is_json ? LogFormat::kJson : LogFormat::kText, least);
}

Result<Invocation> invocation_of(Caught& caught, Env& env) {
    const CommandSpec& spec = *caught.spec;
    Arguments arguments;
    arguments.words = caught.words;
    for (auto& [name, values] : caught.values)
        if (!values.empty()) arguments.values[name] = values;
    for (auto& [name, set] : caught.flags)
        if (set) arguments.flags.insert(name);

    auto& words = arguments.words;
    std::string profile = "embedded";
    if (spec.takes_profile() && !words.empty() && is_profile(words.front())) {
        profile = words.front();
        words.erase(words.begin());
    }
    std::string topic = "fintech_pyspark";
    if (spec.takes_topic() && !words.empty()) {
        topic = words.front();
        words.erase(words.begin());
        TRY_VOID(check_topic_name(topic));
    }
    bool wants_words = spec.words.find_first_not_of("[] ") != std::string::npos;
    for (const char* taken : {"[PROFILE]", "[TOPIC]"})
        if (spec.words == taken || spec.words == "[PROFILE] [TOPIC]") wants_words = false;
    if (!wants_words && !words.empty())
        return fail(ErrorCode::kUsage, "unexpected word '" + words.front() + "'",
                    "loanstream " + spec.path, "loanstream " + spec.path + " --help");
    std::vector<std::string> sets;
    for (const char* key : {"data", "policy", "model"})
        if (auto value = arguments.value(std::string("--") + key))
            sets.push_back(std::string(key) + "=" + *value);
    if (arguments.values.contains("--set"))
        for (const auto& set : arguments.values["--set"]) sets.push_back(set);
    TRY(auto settings, Settings::resolve(profile, sets));
    auto log = logger_of(env, settings);
    return Invocation{std::move(arguments), std::move(settings), topic, env, std::move(log)};
}

int run_verb(Caught& caught, Env& env) {
    auto say = [](const Error& error) {
        std::fprintf(stderr, "loanstream: %s\n", error.line().c_str());
        return exit_status(error.code);
    };
    auto invocation = invocation_of(caught, env);
    if (!invocation) return say(invocation.error());
    auto status = caught.spec->run(*invocation);
    if (!status) return say(status.error());
    return *status;
}

// "no verb 'table prov'; did you mean prove?"; empty: all words before the options are known.
std::string unknown_verb(const CLI::App& root, int count, char** words) {
    const CLI::App* at = &root;
    std::string said;
    for (int i = 1; i < count && words[i][0] != '-'; ++i) {
        auto verbs = at->get_subcommands([](const CLI::App*) { return true; });
        if (verbs.empty()) return {};
        said += (said.empty() ? "" : " ") + std::string(words[i]);
        auto named = std::ranges::find(verbs, words[i], &CLI::App::get_name);
        if (named == verbs.end()) {
            std::vector<std::string> names;
            for (const auto* verb : verbs) names.push_back(verb->get_name());
            return "no verb '" + said + "'; " +
                   did_you_mean(words[i], {names.begin(), names.end()}, "loanstream --help");
        }
        at = *named;
    }
    return {};
}

}  // namespace

int run_command_line(int count, char** words, Env& env) {
    CLI::App root("loanstream: loan applications in, decisions landed exactly once", "loanstream");
    root.set_version_flag("--version", std::string("loanstream ") + LOANSTREAM_VERSION);
    root.require_subcommand(1);
    std::map<std::string, CLI::App*> groups;
    std::vector<std::unique_ptr<Caught>> verbs;
    for (const auto& spec : all_commands()) {
        verbs.push_back(std::make_unique<Caught>());
        verbs.back()->spec = &spec;
        add_verb(root, groups, *verbs.back());
    }
    try {
        root.parse(count, words);
    } catch (const CLI::Success& asked) {  // --help, --version
        return root.exit(asked);
    } catch (const CLI::ParseError& error) {
        std::string what = unknown_verb(root, count, words);
        if (what.empty()) what = std::string(error.what()) + "; loanstream --help";
        std::fprintf(stderr, "loanstream: %s\n", what.c_str());
        return 2;
    }
    for (auto& verb : verbs)
        if (verb->app->parsed()) return run_verb(*verb, env);
    return 2;
}

}  // namespace loanstream

// The words of the command line as data: each verb is one CommandSpec with its options, examples
// and function. cli.cc turns the list into a parser and its help; nothing else parses arguments.
// Built once at start; the functions run on the main thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"
#include "base/env.h"
#include "base/error.h"
#include "base/log_line.h"

namespace loanstream {

// What the user typed, checked against the spec: known options, right number of words.
struct Arguments {
    std::vector<std::string> words;  // positional, without PROFILE and TOPIC
    std::map<std::string, std::vector<std::string>> values;
    std::set<std::string> flags;

    bool has(const std::string& option) const {
        return flags.contains(option) || values.contains(option);
    }
    std::optional<std::string> value(const std::string& option) const {
        auto found = values.find(option);
        if (found == values.end() || found->second.empty()) return std::nullopt;
        return found->second.back();
    }
};

struct OptionSpec {
    std::string name;   // "--once"
    std::string value;  // "FILE"; empty: a flag
    std::string text;
};

// Everything a verb works with.
struct Invocation {
    Arguments arguments;
    Settings settings;
    std::string topic;  // of verbs that take TOPIC
    Env& env;
    std::unique_ptr<Logger> log;  // of long-running verbs; to stderr
};

struct CommandSpec {
    std::string path;     // "table show"
    std::string summary;  // one line
    std::string words;    // "[PROFILE] [TOPIC]", "FILE"; PROFILE and TOPIC are taken out
    std::vector<OptionSpec> options;
    std::vector<std::string> examples;
    // Gives the exit status: 0 done, 1 the answer is no.
    std::function<Result<int>(Invocation&)> run;
    bool takes_profile() const { return words.find("PROFILE") != words.npos; }
    bool takes_topic() const { return words.find("TOPIC]") != words.npos; }
};

// Options that every verb with a PROFILE takes: --data, --policy, --model, --set.
const std::vector<OptionSpec>& common_options();

// Each file of verbs adds its own.
void add_applicants_commands(std::vector<CommandSpec>& list);
void add_topic_commands(std::vector<CommandSpec>& list);
void add_source_commands(std::vector<CommandSpec>& list);
void add_stream_commands(std::vector<CommandSpec>& list);
void add_merge_commands(std::vector<CommandSpec>& list);
void add_table_commands(std::vector<CommandSpec>& list);
void add_compare_commands(std::vector<CommandSpec>& list);
void add_repair_commands(std::vector<CommandSpec>& list);
void add_dead_commands(std::vector<CommandSpec>& list);
void add_dead_fix_commands(std::vector<CommandSpec>& list);
void add_order_commands(std::vector<CommandSpec>& list);
void add_why_commands(std::vector<CommandSpec>& list);
void add_decide_commands(std::vector<CommandSpec>& list);
void add_policy_commands(std::vector<CommandSpec>& list);
void add_policy_diff_commands(std::vector<CommandSpec>& list);
void add_demo_commands(std::vector<CommandSpec>& list);
void add_config_commands(std::vector<CommandSpec>& list);
void add_manual_commands(std::vector<CommandSpec>& list);

const std::vector<CommandSpec>& all_commands();

// Parses and runs; prints errors as one line on stderr. The exit status of the program.
int run_command_line(int count, char** words, Env& env);

}  // namespace loanstream

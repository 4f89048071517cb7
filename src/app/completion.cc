#include "app/completion.h"

#include <map>

#include "app/command.h"

namespace loanstream {

namespace {

// Group -> its words; a verb of one word is its own group without words.
std::map<std::string, std::string> words_by_group() {
    std::map<std::string, std::string> groups;
    for (const auto& spec : all_commands()) {
        auto space = spec.path.find(' ');
        std::string& words = groups[spec.path.substr(0, space)];
        if (space != spec.path.npos)
            words += (words.empty() ? "" : " ") + spec.path.substr(space + 1);
    }
    return groups;
}

std::vector<OptionSpec> options_of(const CommandSpec& spec) {
    std::vector<OptionSpec> options = spec.options;
    if (spec.takes_profile())
        options.insert(options.end(), common_options().begin(), common_options().end());
    options.push_back({"--help", "", "what it does, with examples"});
    return options;
}

std::string setting_keys() {
    std::string keys;
    for (const auto& setting : setting_declarations())
        keys += (keys.empty() ? "" : " ") + std::string(setting.key) + "=";
    return keys;
}

// For fish: a text in single quotes.
std::string quoted(std::string_view text) {
    std::string out = "'";
    for (char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

constexpr std::string_view kBashHead =
    R"(# loanstream completion for bash: source it, or put it into
# /etc/bash_completion.d
_loanstream() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= word i words=
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case "$verb $word" in
)";

constexpr std::string_view kBashTail = R"(        esac
    done
    case "$prev" in
        --set)
            COMPREPLY=($(compgen -W "$settings" -- "$cur"))
            compopt -o nospace 2>/dev/null
            return ;;
        --policy) words="lendingclub fintech-classic" ;;
        --*) [[ " $flags " == *" $prev "* ]] || return ;;
    esac
    case "$verb" in
)";

}  // namespace

std::string bash_completion() {
    auto groups = words_by_group();
    std::string out(kBashHead), top, flags;
    for (const auto& [group, words] : groups) top += (top.empty() ? "" : " ") + group;
    for (const auto& [group, words] : groups)
        out += "            \" " + group + "\") verb=" + group + " ;;\n";
    for (const auto& spec : all_commands())
        if (auto space = spec.path.find(' '); space != spec.path.npos)
            out += "            \"" + spec.path + "\") verb='" + spec.path + "' ;;\n";
    std::string tail(kBashTail);
    out += tail;
    out += "        '') words=\"" + top + " --help --version\" ;;\n";
    for (const auto& [group, words] : groups)
        if (!words.empty()) out += "        " + group + ") words=\"" + words + "\" ;;\n";
    for (const auto& spec : all_commands()) {
        std::string names;
        for (const auto& option : options_of(spec)) {
            names += " " + option.name;
            if (option.value.empty() && (flags + " ").find(" " + option.name + " ") == flags.npos)
                flags += " " + option.name;
        }
        out += "        '" + spec.path + "') words=\"$words" + names + "\" ;;\n";
    }
    out +=
        "    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
        "complete -o default -F _loanstream loanstream\n";
    std::string locals = "    local settings=\"" + setting_keys() + "\" flags=\"" + flags + "\"\n";
    out.insert(out.find("    COMPREPLY=()\n"), locals);
    return out;
}

std::string zsh_completion() {
    return "autoload -U +X compinit && compinit -u\nautoload -U +X bashcompinit && bashcompinit\n" +
           bash_completion();
}

std::string fish_completion() {
    std::string out = "# loanstream completion for fish\ncomplete -c loanstream -e\n";
    auto groups = words_by_group();
    for (const auto& spec : all_commands()) {
        auto space = spec.path.find(' ');
        std::string group = spec.path.substr(0, space), when;
        if (space == spec.path.npos) {
            out += "complete -c loanstream -f -n __fish_use_subcommand -a " + group + " -d " +
                   quoted(spec.summary) + "\n";
            when = "'__fish_seen_subcommand_from " + group + "'";
        } else {
            std::string word = spec.path.substr(space + 1);
            out += "complete -c loanstream -f -n '__fish_seen_subcommand_from " + group +
                   "; and not __fish_seen_subcommand_from " + groups[group] + "' -a " + word +
                   " -d " + quoted(spec.summary) + "\n";
            when = "'__fish_seen_subcommand_from " + group + "; and __fish_seen_subcommand_from " +
                   word + "'";
        }
        for (const auto& option : options_of(spec))
            out += "complete -c loanstream -n " + when +
                   (option.name.starts_with("--") ? " -l " + option.name.substr(2)
                                                  : " -s " + option.name.substr(1)) +
                   (option.value.empty() ? "" : " -r") + " -d " + quoted(option.text) + "\n";
    }
    for (const auto& [group, words] : groups)
        if (!words.empty())
            out += "complete -c loanstream -f -n __fish_use_subcommand -a " + group + "\n";
    return out;
}

}  // namespace loanstream

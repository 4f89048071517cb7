#include <fmt/format.h>

#include "app/command.h"
#include "app/completion.h"
#include "app/manual.h"

namespace loanstream {

namespace {

Result<int> manual(Invocation& in) {
    auto page = in.arguments.value("--markdown");
    if (!page) {
        fmt::print("{}", manual_page());
        return 0;
    }
    if (*page == "cli")
        fmt::print("{}", cli_markdown());
    else if (*page == "settings")
        fmt::print("{}", settings_markdown());
    else if (*page == "events")
        fmt::print("{}", events_markdown());
    else if (*page == "metrics")
        fmt::print("{}", metrics_markdown());
    else if (*page == "crash-points")
        fmt::print("{}", crash_points_markdown());
    else
        return fail(ErrorCode::kUsage, "no page '" + *page + "'", {},
                    "cli, settings, events, metrics or crash-points");
    return 0;
}

Result<int> completion(Invocation& in) {
    std::string shell = in.arguments.words.size() == 1 ? in.arguments.words.front() : "";
    if (shell == "bash")
        fmt::print("{}", bash_completion());
    else if (shell == "zsh")
        fmt::print("{}", zsh_completion());
    else if (shell == "fish")
        fmt::print("{}", fish_completion());
    else
        return fail(ErrorCode::kUsage, "completion takes bash, zsh or fish", {},
                    "source <(loanstream completion bash)");
    return 0;
}

}  // namespace

void add_manual_commands(std::vector<CommandSpec>& commands) {
    commands.push_back({"manual",
                        "the manual: a page for man, or the pages of docs",
                        "",
                        {{"--markdown", "PAGE", "cli, settings, events, metrics or crash-points"}},
                        {"loanstream manual > loanstream.1", "loanstream manual --markdown cli"},
                        manual});
    commands.push_back({"completion",
                        "a completion script for a shell",
                        "SHELL",
                        {},
                        {"loanstream completion bash", "loanstream completion fish"},
                        completion});
}

}  // namespace loanstream

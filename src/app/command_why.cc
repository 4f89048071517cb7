#include <fmt/format.h>

#include <algorithm>

#include "app/command.h"
#include "app/job_source.h"
#include "app/stream_session.h"
#include "app/why_report.h"

namespace loanstream {

namespace {

Result<int> why(Invocation& in) {
    WhyFacts facts;
    facts.topic = in.topic;
    facts.words = in.settings.profile() + " " + in.topic;
    facts.now = in.env.now();
    facts.quiet_after =
        std::max(10 * in.settings.duration("table.commit_every"), std::chrono::milliseconds(60000));
    LocalFileStore files(in.env);
    auto table = Warehouse::open_to_read(in.env, files, DataFolders(in.settings).warehouse);
    if (!table && table.error().code != ErrorCode::kNotFound)
        return std::unexpected(std::move(table).error());
    if (table) facts.log = &(*table)->state();
    facts.running = running_streams(in.env, in.settings.text("data"), in.topic);
    TRY(auto counter, open_counter(in.env, in.settings));
    TRY(facts.extents, counter->partitions(in.topic));
    if (facts.extents.empty())
        return fail(ErrorCode::kNotFound, "there is no such topic", in.topic,
                    "loanstream topic list shows those there are");
    auto report = why_report(facts);
    fmt::print("{}{}", in.arguments.has("--json") ? report.json() : report.text(),
               in.arguments.has("--json") ? "\n" : "");
    return report.is_held_up() ? 1 : 0;
}

}  // namespace

void add_why_commands(std::vector<CommandSpec>& commands) {
    commands.push_back({"why",
                        "why records do not land: each partition's stage, what it waits for, what "
                        "to type; exit 0 when nothing holds anything up",
                        "[PROFILE] [TOPIC]",
                        {{"--json", "", "for programs"}},
                        {"loanstream why", "loanstream why embedded applicants --json"},
                        why});
}

}  // namespace loanstream

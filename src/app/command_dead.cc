#include <fmt/format.h>

#include "app/command.h"
#include "app/stream_session.h"
#include "table/dead_letters.h"

namespace loanstream {

namespace {

Result<int> list(Invocation& in) {
    LocalFileStore files(in.env);
    TRY(auto warehouse, Warehouse::open_to_read(in.env, files, DataFolders(in.settings).warehouse));
    DeadListRequest request;
    request.all = in.arguments.has("--all");
    if (auto text = in.arguments.value("--older-than")) {
        std::string hours = *text;
        double factor = 1;
        if (hours.ends_with('d')) {
            hours.back() = 'h';
            factor = 24;
        }
        auto age = parse_duration_ms(hours);
        if (!age)
            return fail(ErrorCode::kUsage, "--older-than takes a time, not '" + *text + "'", {},
                        "for example 20d or 12h");
        request.older_than_ms = static_cast<std::int64_t>(*age * factor);
    }
    TRY(auto found, list_dead(in.env, *warehouse, request));
    fmt::print("{}", in.arguments.has("--json") ? found.json() : found.text());
    return 0;
}

Result<int> show(Invocation& in) {
    if (in.arguments.words.size() != 1)
        return fail(ErrorCode::kUsage, "dead show takes one position", {},
                    "loanstream dead show fintech_pyspark/0@42");
    TRY(auto position, Position::parse(in.arguments.words.front()));
    LocalFileStore files(in.env);
    TRY(auto warehouse, Warehouse::open_to_read(in.env, files, DataFolders(in.settings).warehouse));
    TRY(auto letter, show_dead(*warehouse, position));
    bool raw = in.arguments.has("--raw");
    fmt::print("{}", in.arguments.has("--json") ? letter.json(raw) : letter.text(raw));
    return 0;
}

}  // namespace

void add_dead_commands(std::vector<CommandSpec>& commands) {
    commands.push_back({"dead list",
                        "dead letters by cause, with counts, ages and an example",
                        "[PROFILE]",
                        {{"--older-than", "TIME", "only those at least this old, such as 20d"},
                         {"--all", "", "also those already replayed or abandoned"},
                         {"--json", "", "for programs"}},
                        {"loanstream dead list", "loanstream dead list --older-than 20d"},
                        list});
    commands.push_back({"dead show",
                        "one dead letter; its bytes masked, as they are personal data",
                        "[PROFILE] POSITION",
                        {{"--raw", "", "the bytes as they are"}, {"--json", "", "for programs"}},
                        {"loanstream dead show fintech_pyspark/0@42"},
                        show});
}

}  // namespace loanstream

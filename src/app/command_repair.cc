#include <fmt/format.h>

#include "app/command.h"
#include "app/job_source.h"
#include "app/stream_session.h"
#include "table/backup.h"
#include "table/log_repair.h"
#include "table/verify.h"

namespace loanstream {

namespace {

Result<int> run_verify(Invocation& in) {
    LocalFileStore store(in.env);
    VerifyRequest request;
    request.checksums = in.arguments.has("--checksums");
    request.dt = in.arguments.value("--dt").value_or("");
    if (!request.dt.empty() && !is_day(request.dt))
        return fail(ErrorCode::kUsage, "--dt takes a day, not '" + request.dt + "'", {},
                    "for example --dt 2026-11-23");
    TRY(auto report, verify(in.env, store, DataFolders(in.settings).warehouse, request));
    fmt::print("{}", in.arguments.has("--json") ? report.json() : report.text());
    return report.proved ? 0 : 1;
}

Result<int> run_repair(Invocation& in) {
    DataFolders folders(in.settings);
    LocalFileStore store(in.env);
    TRY(auto counter, open_counter(in.env, in.settings));
    RepairRequest request;
    request.yes = in.arguments.has("--yes") && !in.arguments.has("--dry-run");
    request.accept_gaps = in.arguments.has("--accept-gaps");
    request.by = in.arguments.value("--by").value_or("");
    request.why = in.arguments.value("--why").value_or("");
    request.topics = folders.topics;
    if (request.accept_gaps && (request.by.empty() || request.why.empty()))
        return fail(ErrorCode::kUsage, "--accept-gaps takes --by and --why: they go into the log",
                    {}, "for example --by 'night operator' --why 'disk 3 died, no copy'");
    TRY(auto report, repair(in.env, store, folders.warehouse, request, counter.get()));
    fmt::print("{}", report.text());
    bool good = report.outcome == RepairReport::Outcome::kNothing ||
                report.outcome == RepairReport::Outcome::kRepaired;
    return good ? 0 : 1;
}

Result<int> run_backup(Invocation& in) {
    if (in.arguments.words.size() != 1)
        return fail(ErrorCode::kUsage, "table backup takes one folder", {},
                    "loanstream table backup monday");
    LocalFileStore store(in.env);
    TRY(auto report,
        backup(in.env, store, DataFolders(in.settings).warehouse, in.arguments.words.front()));
    fmt::print("{}", report.text());
    return 0;
}

Result<int> run_restore(Invocation& in) {
    if (in.arguments.words.size() != 1)
        return fail(ErrorCode::kUsage, "table restore takes one folder", {},
                    "loanstream table restore monday");
    LocalFileStore store(in.env);
    TRY(auto report,
        restore(in.env, store, in.arguments.words.front(), DataFolders(in.settings).warehouse));
    fmt::print("{}", report.text());
    return 0;
}

}  // namespace

void add_repair_commands(std::vector<CommandSpec>& commands) {
    commands.push_back({"table verify",
                        "is every file that the log names there, with its size and rows?",
                        "[PROFILE]",
                        {{"--checksums", "", "read every byte and compare its SHA-256 too"},
                         {"--dt", "DAY", "only the files of this day"},
                         {"--json", "", "for programs"}},
                        {"loanstream table verify", "loanstream table verify --checksums --json"},
                        run_verify});
    commands.push_back(
        {"table repair",
         "makes a lost or broken log anew; says what it would do, --yes does it",
         "[PROFILE]",
         {{"--dry-run", "", "only say it, even with --yes"},
          {"--yes", "", "do it; the old log is kept aside"},
          {"--accept-gaps", "", "go on over offsets that no file holds; takes --by and --why"},
          {"--by", "NAME", "who accepts; goes into the log"},
          {"--why", "TEXT", "why; goes into the log"}},
         {"loanstream table repair", "loanstream table repair --yes",
          "loanstream table repair --yes --accept-gaps --by 'night operator' --why 'disk 3 died'"},
         run_repair});
    commands.push_back({"table backup",
                        "a copy that is consistent in itself, made while writers write",
                        "[PROFILE] FOLDER",
                        {},
                        {"loanstream table backup monday"},
                        run_backup});
    commands.push_back({"table restore",
                        "makes the warehouse of a copy; refused where one is",
                        "[PROFILE] FOLDER",
                        {},
                        {"loanstream table restore monday --data elsewhere"},
                        run_restore});
}

}  // namespace loanstream

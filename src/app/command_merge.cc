// table merge and table wait: what a scheduler runs at night.
#include <fmt/format.h>

#include "app/command.h"
#include "app/merge_thread.h"
#include "app/stream_session.h"
#include "log/day_progress.h"
#include "table/amounts.h"

namespace loanstream {

namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::chrono::milliseconds kBetweenLooks(500);

std::string parts_text(std::int64_t parts) { return count_text(parts, "part", "parts"); }

void print_round(const MergeRound& round) {
    for (const MergedPart& part : round.merged)
        fmt::print("merged {}: {}, {} -> {}, {}; {}\n", part.part.text(),
                   count_text(part.files, "file", "files"), bytes_text(part.bytes_before),
                   count_text(part.outputs, "file", "files"), bytes_text(part.bytes),
                   count_text(part.rows, "row", "rows"));
    for (const auto& [part, error] : round.refused)
        fmt::print("not merged {}: {}\n", part.text(), error.line());
    for (const auto& dt : round.completed) fmt::print("{} is complete\n", dt);
}

Result<void> need_table(Invocation& in) {
    LocalFileStore files(in.env);
    auto there = Warehouse::open_to_read(in.env, files, DataFolders(in.settings).warehouse);
    if (there) return {};
    if (there.error().code != ErrorCode::kNotFound) return std::unexpected(there.error());
    return fail(ErrorCode::kNotFound, "there is no table yet", DataFolders(in.settings).warehouse,
                "loanstream stream makes one; --data DIR names the folder of its state");
}

Result<int> merge(Invocation& in) {
    TRY_VOID(need_table(in));
    TRY(auto choices, MergeChoices::from(in.settings));
    TRY(auto member, MergingMember::open(in.env, choices));
    if (in.arguments.has("--seal")) TRY_VOID(member->warehouse().seal_open_parts());
    TRY(MergeRound round, member->round());
    print_round(round);
    std::string line = parts_text(static_cast<std::int64_t>(round.merged.size())) + " merged";
    if (round.tidied > 0)
        line += ", the replaced files of " + parts_text(round.tidied) + " deleted";
    if (round.waiting > 0)
        line += ", those of " + parts_text(round.waiting) + " wait for the grace time";
    fmt::print("{}\n", line);
    return round.refused.empty() ? 0 : 1;
}

Result<std::string> day_option(Invocation& in) {
    std::string dt = in.arguments.value("--dt").value_or("yesterday");
    std::int64_t now = in.env.now().value;
    if (dt == "yesterday") return day_of(EpochMs(now - kDayMs));
    if (dt == "today") return day_of(EpochMs(now));
    if (is_day(dt)) return dt;
    return fail(ErrorCode::kUsage, "--dt takes a UTC day, not '" + dt + "'", {},
                "for example --dt 2026-11-23, or yesterday");
}

Result<int> wait(Invocation& in) {
    TRY(std::string dt, day_option(in));
    std::string timeout = in.arguments.value("--timeout").value_or("0");
    auto limit = parse_duration_ms(timeout);
    if (!limit)
        return fail(ErrorCode::kUsage, "--timeout takes a time, not '" + timeout + "'", {},
                    "for example --timeout 2h");
    bool landed = in.arguments.has("--landed");
    TRY_VOID(need_table(in));
    LocalFileStore files(in.env);
    TRY(auto warehouse, Warehouse::open_to_read(in.env, files, DataFolders(in.settings).warehouse));
    auto end = in.env.monotonic() + std::chrono::milliseconds(static_cast<std::int64_t>(*limit));
    while (true) {
        TRY_VOID(warehouse->reload());
        TRY(auto progress, day_progress(*warehouse, dt, in.settings.number("table.file_size")));
        bool done = landed ? progress.landed() : progress.complete();
        if (done || in.env.monotonic() >= end) {
            fmt::print("{}\n", progress.text());
            return done ? 0 : 1;
        }
        in.env.sleep_for(kBetweenLooks);
    }
}

}  // namespace

void add_merge_commands(std::vector<CommandSpec>& commands) {
    commands.push_back({"table merge",
                        "merges the small files of every sealed part into large ones",
                        "[PROFILE]",
                        {{"--seal", "", "seal the open parts first, today's among them"}},
                        {"loanstream table merge", "loanstream table merge --seal",
                         "loanstream table merge --set table.grace=0s"},
                        merge});
    commands.push_back(
        {"table wait",
         "waits until a day is complete: no row will be added, its files are merged (exit 0 or 1)",
         "[PROFILE]",
         {{"--dt", "DAY", "a UTC day such as 2026-11-23, or yesterday (default), or today"},
          {"--timeout", "TIME", "wait so long at most, such as 2h (default 0: look once)"},
          {"--landed", "", "do not wait for merging"}},
         {"loanstream table wait --dt yesterday --timeout 2h",
          "loanstream table wait --dt 2020-01-31 --landed"},
         wait});
}

}  // namespace loanstream

#include "log/day_progress.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "log/merger.h"

namespace loanstream {

namespace {

using Json = nlohmann::ordered_json;

std::string partitions_text(const std::vector<TopicPartition>& partitions) {
    constexpr std::size_t kMost = 5;
    std::string text;
    for (std::size_t i = 0; i < std::min(partitions.size(), kMost); ++i)
        text += (i == 0 ? "" : ", ") + partitions[i].topic + "/" +
                std::to_string(partitions[i].partition.value);
    if (partitions.size() > kMost)
        text += " and " + std::to_string(partitions.size() - kMost) + " more";
    return text;
}

// The day's files, rows and bytes of one table.
Result<Json> totals_of(Warehouse& warehouse, const TableDay& day) {
    std::int64_t rows = 0, bytes = 0;
    TRY(auto files, warehouse.day_files(day));
    for (const LiveFile& file : files) rows += file.rows, bytes += file.bytes;
    return Json{{"files", files.size()}, {"rows", rows}, {"bytes", bytes}};
}

}  // namespace

std::string DayProgress::text() const {
    if (!claimed) return dt + ": nothing has ever been landed here";
    if (!behind.empty())
        return dt + ": rows may still come from " + partitions_text(behind) +
               ", whose last decision is not past that day";
    if (open_files > 0)
        return dt + ": all rows have landed; " + std::to_string(open_files) +
               " files wait to be sealed and merged";
    if (unmerged_parts > 0)
        return dt + ": all rows have landed; " + std::to_string(unmerged_parts) +
               " parts wait to be merged";
    return dt + ": complete";
}

Result<DayProgress> day_progress(Warehouse& warehouse, const std::string& dt,
                                 std::int64_t file_size) {
    DayProgress progress;
    progress.dt = dt;
    for (const auto& [key, partition] : warehouse.state().partitions()) {
        progress.claimed = true;
        if (day_of(std::max(partition.decided_ms_last, EpochMs(0))) <= dt)
            progress.behind.push_back(key);
    }
    for (std::string_view table : {kPredictionTable, kDeadLettersTable}) {
        TableDay key{std::string(table), dt};
        const DayState* known = warehouse.state().day(key);
        if (known == nullptr) continue;
        DayState day = *known;  // a manifest that is gone makes the state anew
        progress.open_files += warehouse.state().open_part_size(key).files;
        for (const auto& [part, open] : warehouse.state().merges())
            progress.unmerged_parts += part.day == key && open.switched_ms < 0;
        if (static_cast<std::size_t>(day.seals) == day.merged.size()) continue;
        TRY(auto files, warehouse.day_files(key));
        for (std::int32_t part = 0; part < day.seals; ++part) {
            if (std::ranges::binary_search(day.merged, part)) continue;
            std::vector<LiveFile> its;
            std::ranges::copy_if(files, std::back_inserter(its),
                                 [&](const LiveFile& f) { return f.place.part == part; });
            progress.unmerged_parts += is_worth_merging(its, file_size);
        }
    }
    return progress;
}

Result<std::vector<std::string>> mark_complete_days(Env& env, Warehouse& warehouse,
                                                    std::int64_t file_size) {
    std::set<std::string> days;
    for (const auto& [key, day] : warehouse.state().days()) days.insert(key.dt);
    TRY(auto marked, warehouse.files().list(warehouse.layout().complete()));
    for (const FileInfo& file : marked)
        std::erase_if(days, [&](const std::string& dt) {
            return base_name(warehouse.layout().complete_day(dt)) == file.name;
        });
    std::vector<std::string> completed;
    for (const std::string& dt : days) {
        TRY(DayProgress progress, day_progress(warehouse, dt, file_size));
        if (!progress.complete()) continue;
        Json marker = {{"format", 1}, {"dt", dt}, {"at_ms", env.now().value}};
        for (std::string_view table : {kPredictionTable, kDeadLettersTable}) {
            TRY(Json totals, totals_of(warehouse, {std::string(table), dt}));
            marker[std::string(table)] = totals;
        }
        TRY_VOID(warehouse.files().make_folders(warehouse.layout().complete()));
        TRY_VOID(warehouse.files().create_if_absent(
            warehouse.layout().complete_day(dt), marker.dump() + "\n",
            warehouse.layout().temporary(warehouse.member(), env.random())));
        completed.push_back(dt);
    }
    return completed;
}

}  // namespace loanstream

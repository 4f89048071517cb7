// Parts and their files: sealing what is full or over, and the steps that a merger is made of.
#include <algorithm>

#include "base/plants.h"
#include "log/warehouse.h"

namespace loanstream {

Result<void> Warehouse::seal_past_days() {
    std::vector<TableDay> days;
    for (const auto& [day, size] : state().open_parts())
        if (is_past(day)) days.push_back(day);
    for (const TableDay& day : days) TRY_VOID(seal(day, &Warehouse::is_past));
    return {};
}

bool Warehouse::has_several(const TableDay& day) const {
    return state().open_part_size(day).files > 1;
}

Result<void> Warehouse::seal_open_parts() {
    TRY_VOID(chain_.read_on());
    std::vector<TableDay> days;
    for (const auto& [day, size] : state().open_parts()) days.push_back(day);
    for (const TableDay& day : days) TRY_VOID(seal(day, &Warehouse::has_several));
    return {};
}

Result<void> Warehouse::sweep_dead() {
    TRY(auto staged, files_.list(layout_.staging()));
    for (const auto& [source, known] : state().partitions())
        TRY_VOID(sweep(source, known.epoch, staged));
    return {};
}

// Rule 16. After it no rename into the part's folder can follow, and none can be undone.
Result<void> Warehouse::publish_part(const TablePart& part) {
    for (const RecentFile& file : state().recent_files())
        if (file.place == part && !planted(PlantedBug::kMergePublishes))
            TRY_VOID(publish_file(file.place, file.name));
    if (planted(PlantedBug::kMergeSyncsRenames)) return {};
    TRY_VOID(files_.sync_folder(layout_.staging()));
    return files_.sync_folder(layout_.part(part));
}

Result<std::vector<LiveFile>> Warehouse::day_files(TableDay day) {
    constexpr int kMostLooks = 5;
    for (int look = 1;; ++look) {
        const DayState* known = state().day(day);
        if (known == nullptr) return std::vector<LiveFile>();
        auto files = read_manifest(*known);
        if (files) {
            for (const LiveFile& file : state().files())
                if (file.place.day == day) files->push_back(file);
            return files;
        }
        if (look == kMostLooks) return files;
        TRY_VOID(newer_state_for(files.error()));
    }
}

Result<bool> Warehouse::is_in_place(const MergeEntry& merge) {
    for (const LiveFile& output : merge.outputs) {
        TRY(auto found, files_.stat(layout_.final_file(merge.part, output.name)));
        if (!found) return false;
    }
    return true;
}

// Rule 21: a merge is carried until its outputs are in place for good and its inputs are gone.
Result<std::set<TablePart>> Warehouse::merges_done() {
    std::set<TablePart> done;
    for (const auto& [part, open] : state().merges()) {
        if (open.switched_ms < 0) continue;
        std::string retired = layout_.retired(part);
        TRY(auto inputs, files_.stat(join_path(retired, open.merge.generation)));
        if (inputs) continue;
        TRY(bool placed, is_in_place(open.merge));
        if (!placed) continue;
        TRY_VOID(files_.sync_folder(folder_of(layout_.part(part))));
        auto synced = files_.sync_folder(retired);
        if (!synced && synced.error().code != ErrorCode::kNotFound)
            return std::unexpected(synced.error());
        done.insert(part);
    }
    return done;
}

}  // namespace loanstream

#include "log/merger.h"

#include <algorithm>
#include <cstdio>

#include "base/crash_points.h"
#include "base/plants.h"
#include "log/day_progress.h"

namespace loanstream {

namespace {

constexpr std::string_view kProbeStart = "probe-";
constexpr std::size_t kLeastFiles = 2;

std::string hex_of(std::uint64_t random) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(random));
    return text;
}

// Sources in order, offsets ascending: what belongs together comes to lie together.
void put_in_order(std::vector<LiveFile>& files) {
    std::ranges::stable_sort(files, [](const LiveFile& a, const LiveFile& b) {
        const FileRange &x = a.ranges.front(), &y = b.ranges.front();
        return std::pair(x.source, x.range.begin) < std::pair(y.source, y.range.begin);
    });
}

bool is_merged(const LogState& state, const TablePart& part) {
    const DayState* day = state.day(part.day);
    return day != nullptr && std::ranges::binary_search(day->merged, part.part);
}

MergedPart summary_of(const MergeEntry& entry, const std::vector<LiveFile>& inputs) {
    MergedPart done{entry.part,
                    static_cast<std::int64_t>(inputs.size()),
                    static_cast<std::int64_t>(entry.outputs.size()),
                    0,
                    0,
                    0};
    for (const LiveFile& input : inputs) done.bytes_before += input.bytes;
    for (const LiveFile& output : entry.outputs)
        done.rows += output.rows, done.bytes += output.bytes;
    return done;
}

}  // namespace

bool is_worth_merging(const std::vector<LiveFile>& files, std::int64_t file_size) {
    if (files.size() < kLeastFiles) return false;
    std::int64_t bytes = 0;
    for (const LiveFile& file : files) bytes += file.bytes;
    return bytes / static_cast<std::int64_t>(files.size()) < file_size / 2;
}

std::vector<FileRange> joined_ranges(const std::vector<LiveFile>& files) {
    std::vector<FileRange> joined;
    for (const LiveFile& file : files)
        for (const FileRange& range : file.ranges) {
            bool touches = !joined.empty() && joined.back().source == range.source &&
                           joined.back().epoch == range.epoch &&
                           joined.back().range.next == range.range.begin;
            if (!touches) {
                joined.push_back(range);
                continue;
            }
            joined.back().range.next = range.range.next;
            joined.back().rows += range.rows;
        }
    return joined;
}

std::string PartToWrite::output_name(int n) const {
    return part.day.table + "-" + part.day.dt + "-" + std::to_string(part.part) + "-" + generation +
           "-" + std::to_string(n) + ".parquet";
}

// Two empty folders change places, before anything depends on it. False: another has the lock.
Result<bool> Merger::probe() {
    if (probed_) return true;
    TRY(auto lock, env_.try_lock(warehouse_.layout().merge_lock()));
    if (!lock) return false;
    std::string name = std::string(kProbeStart) + hex_of(env_.random());
    std::string one = join_path(warehouse_.layout().retired(), name + "-one");
    std::string other = join_path(warehouse_.layout().retired(), name + "-other");
    FileStore& files = warehouse_.files();
    TRY_VOID(files.make_folders(one));
    TRY_VOID(files.make_folders(other));
    auto exchanged = files.exchange(one, other);
    TRY_VOID(files.remove_folder(one));
    TRY_VOID(files.remove_folder(other));
    if (!exchanged)
        return fail(ErrorCode::kOutside,
                    "this file system cannot exchange two folders in one step, so nothing is "
                    "merged: " +
                        exchanged.error().what,
                    warehouse_.layout().warehouse(),
                    "landing goes on; put the warehouse on ext4, xfs or btrfs, or set "
                    "table.merge = off");
    probed_ = true;
    return true;
}

Result<MergeRound> Merger::round() {
    MergeRound round;
    TRY_VOID(warehouse_.reload());
    TRY_VOID(warehouse_.seal_past_days());
    TRY_VOID(warehouse_.sweep_dead());
    TRY_VOID(finish_merges(round));
    TRY(auto due, parts_due());
    round.backlog = static_cast<std::int64_t>(due.size());
    bool able = true;
    if (!due.empty()) {
        TRY(able, probe());
    }
    for (const TablePart& part : due) {
        if (!able || stopped()) break;
        TRY_VOID(merge_part(part, round));
        --round.backlog;
    }
    TRY_VOID(sweep_generations());
    TRY_VOID(warehouse_.maintain());
    TRY(round.completed, mark_complete_days(env_, warehouse_, settings_.file_size));
    return round;
}

Result<std::vector<TablePart>> Merger::parts_due() {
    std::vector<TablePart> due;
    auto days = warehouse_.state().days();  // a manifest that is gone makes the state anew
    for (const auto& [key, day] : days) {
        std::vector<TablePart> sealed;
        for (std::int32_t part = 0; part < day.seals; ++part)
            if (!std::ranges::binary_search(day.merged, part) && !left_alone_.contains({key, part}))
                sealed.push_back({key, part});
        if (sealed.empty()) continue;
        TRY(auto files, warehouse_.day_files(key));
        for (const TablePart& part : sealed) {
            std::vector<LiveFile> its;
            std::ranges::copy_if(files, std::back_inserter(its),
                                 [&](const LiveFile& file) { return file.place == part; });
            if (is_worth_merging(its, settings_.file_size))
                due.push_back(part);
            else
                left_alone_.insert(part);
        }
    }
    return due;
}

Result<std::vector<LiveFile>> Merger::write_generation(const PartToWrite& request) {
    TRY_VOID(warehouse_.files().make_folders(request.folder));
    TRY(auto outputs, writer_.write(request));
    if (planted(PlantedBug::kMergeSyncsOutput)) return outputs;
    TRY_VOID(warehouse_.files().sync_folder(request.folder));
    return outputs;
}

Result<void> Merger::merge_part(const TablePart& part, MergeRound& round) {
    TRY_VOID(warehouse_.publish_part(part));
    PartToWrite request{part, hex_of(env_.random()), {}, {}, {}};
    request.folder = join_path(warehouse_.layout().retired(part), request.generation);
    TRY(auto files, warehouse_.day_files(part.day));
    for (LiveFile& file : files)
        if (file.place == part) request.inputs.push_back(std::move(file));
    put_in_order(request.inputs);
    MergeEntry entry{part, request.generation, {}, {}};
    for (const LiveFile& input : request.inputs) {
        request.paths.push_back(warehouse_.layout().final_file(part, input.name));
        entry.inputs.push_back(input.name);
    }
    auto outputs = write_generation(request);
    if (!outputs) {
        TRY_VOID(remove_generation(request.folder));
        TRY_VOID(warehouse_.reload());
        if (is_merged(warehouse_.state(), part)) return {};  // another was faster
        bool bad_input = outputs.error().code == ErrorCode::kDamaged ||
                         outputs.error().code == ErrorCode::kInvalidData ||
                         outputs.error().code == ErrorCode::kNotFound;
        if (bad_input) {
            left_alone_.insert(part);
            round.refused.emplace_back(part, outputs.error());
            return {};
        }
        return std::unexpected(std::move(outputs).error());
    }
    crash_point(CrashPoint::kMergeWritten);
    entry.outputs = std::move(*outputs);
    TRY(bool ours, put_merge(entry));
    if (!ours) return remove_generation(request.folder);
    crash_point(CrashPoint::kMergePut);
    round.merged.push_back(summary_of(entry, request.inputs));
    TRY(bool done, switch_part(entry));
    round.switched += done;
    return {};
}

// False: another's merge of the part stands.
Result<bool> Merger::put_merge(const MergeEntry& entry) {
    auto put = warehouse_.append(entry);
    if (put) return true;
    if (!is_merged(warehouse_.state(), entry.part)) return std::unexpected(put.error());
    return stands(entry.part, entry.generation);
}

Result<bool> Merger::stands(const TablePart& part, const std::string& generation) {
    auto open = warehouse_.state().merges().find(part);
    if (open != warehouse_.state().merges().end())
        return open->second.merge.generation == generation;
    TRY(auto files, warehouse_.day_files(part.day));
    return std::ranges::any_of(files, [&](const LiveFile& file) {
        return file.place == part && file.generation == generation;
    });
}

Result<void> Merger::finish_merges(MergeRound& round) {
    auto merges = warehouse_.state().merges();  // appending changes them
    for (const auto& [part, open] : merges) {
        if (open.switched_ms < 0) {
            TRY(bool done, switch_part(open.merge));
            round.switched += done;
            continue;
        }
        if (tidied_.contains(part)) continue;
        if (env_.now().value < open.switched_ms + settings_.grace.count()) {
            ++round.waiting;
            continue;
        }
        TRY(auto inputs, warehouse_.files().stat(
                             join_path(warehouse_.layout().retired(part), open.merge.generation)));
        bool done = !inputs;  // earlier; the next checkpoint forgets it
        if (inputs) {
            TRY(done, tidy_part(open.merge));
            round.tidied += done;
        }
        if (done) tidied_.insert(part);
    }
    std::erase_if(tidied_, [&](const TablePart& part) {
        return !warehouse_.state().merges().contains(part);
    });
    return {};
}

// Under the lock. An exchange is a toggle: only if the outputs do not lie there already.
Result<void> Merger::put_in_place(const MergeEntry& merge) {
    const Layout& layout = warehouse_.layout();
    FileStore& files = warehouse_.files();
    std::string part = layout.part(merge.part), retired = layout.retired(merge.part);
    TRY(bool placed, warehouse_.is_in_place(merge));
    if (!placed || planted(PlantedBug::kExchangeGuarded)) {
        auto exchanged = files.exchange(part, join_path(retired, merge.generation));
        if (!exchanged && exchanged.error().code == ErrorCode::kNotFound)
            return fail(ErrorCode::kDamaged, "the output of a merge is gone",
                        join_path(retired, merge.generation),
                        "restore it from a copy; loanstream table prove tells what is amiss");
        TRY_VOID(exchanged);
        crash_point(CrashPoint::kExchanged);
    }
    if (placed && planted(PlantedBug::kDeleteSyncs)) return {};
    TRY_VOID(files.sync_folder(folder_of(part)));
    auto synced = files.sync_folder(retired);
    if (!synced && placed && synced.error().code == ErrorCode::kNotFound) return {};  // tidied
    return synced;
}

// False: another holds the lock, and does it.
Result<bool> Merger::switch_part(const MergeEntry& merge) {
    {
        TRY(auto lock, env_.try_lock(warehouse_.layout().merge_lock()));
        if (!lock) return false;
        TRY_VOID(put_in_place(merge));
    }
    auto put = warehouse_.append(SwitchedEntry{merge.part, merge.generation});
    auto open = warehouse_.state().merges().find(merge.part);
    bool known = open == warehouse_.state().merges().end() || open->second.switched_ms >= 0;
    if (!put && !known) return std::unexpected(put.error());
    crash_point(CrashPoint::kSwitched);
    return put.has_value();
}

// False: another holds the lock.
Result<bool> Merger::tidy_part(const MergeEntry& merge) {
    TRY(auto lock, env_.try_lock(warehouse_.layout().merge_lock()));
    if (!lock) return false;
    if (!planted(PlantedBug::kDeleteLooks)) TRY_VOID(put_in_place(merge));
    std::string folder = join_path(warehouse_.layout().retired(merge.part), merge.generation);
    for (const std::string& input : merge.inputs) {
        TRY_VOID(warehouse_.files().remove(join_path(folder, input)));
        crash_point(CrashPoint::kInputDeleted);
    }
    TRY_VOID(warehouse_.files().remove_folder(folder));
    crash_point(CrashPoint::kInputsGone);
    return true;
}

Result<void> Merger::remove_generation(const std::string& folder) {
    TRY(auto files, warehouse_.files().list(folder));
    for (const FileInfo& file : files)
        TRY_VOID(warehouse_.files().remove(join_path(folder, file.name)));
    return warehouse_.files().remove_folder(folder);
}

// What attempts that lost or died have left: generations of merged parts that no merge entry
// names, and probes.
Result<void> Merger::sweep_generations() {
    TRY(auto lock, env_.try_lock(warehouse_.layout().merge_lock()));
    if (!lock) return {};
    FileStore& files = warehouse_.files();
    TRY(auto probes, files.list(warehouse_.layout().retired()));
    for (const FileInfo& probe : probes)
        if (probe.name.starts_with(kProbeStart))
            TRY_VOID(files.remove_folder(join_path(warehouse_.layout().retired(), probe.name)));
    for (const auto& [key, day] : warehouse_.state().days()) {
        std::string folder = folder_of(warehouse_.layout().retired({key, 0}));
        TRY(auto parts, files.list(folder));
        for (std::int32_t part : day.merged) {
            TablePart place{key, part};
            std::string retired = warehouse_.layout().retired(place);
            std::string name = base_name(retired);
            if (!std::ranges::any_of(parts, [&](const auto& p) { return p.name == name; }))
                continue;
            auto open = warehouse_.state().merges().find(place);
            bool known = open != warehouse_.state().merges().end();
            TRY(auto generations, files.list(retired));
            for (const FileInfo& generation : generations)
                if (!known || open->second.merge.generation != generation.name)
                    TRY_VOID(remove_generation(join_path(retired, generation.name)));
            if (!known) TRY_VOID(files.remove_folder(retired));
        }
    }
    return {};
}

}  // namespace loanstream

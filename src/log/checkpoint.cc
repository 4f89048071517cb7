// Seals, checkpoints with their manifests, truncation; and the reading of live files, which begins
// at the manifests.
#include <algorithm>

#include "base/crash_points.h"
#include "base/plants.h"
#include "base/sha256.h"
#include "log/manifest_name.h"
#include "log/warehouse.h"

namespace loanstream {

namespace {

constexpr int kMostTries = 1000;
constexpr std::uint64_t kMostManifestBytes = 4ULL << 30;
constexpr std::int32_t kPartsBeforeLate = 20;
constexpr std::int64_t kLateMs = 3'600'000;  // how long after midnight a day is still written to

std::unexpected<Error> outrun(std::string_view doing, const std::string& where) {
    return fail(ErrorCode::kOutside,
                std::string(doing) + ": lost every race for the next log entry", where,
                "run fewer writers on this warehouse");
}

}  // namespace

std::int64_t Warehouse::most_files(const TableDay& day) const {
    bool late = state().open_part(day) >= kPartsBeforeLate;
    return late ? std::max(settings_.max_open_files_late, settings_.max_open_files)
                : settings_.max_open_files;
}

bool Warehouse::is_full(const TableDay& day) const {
    auto size = state().open_part_size(day);
    return size.files >= most_files(day) || size.bytes >= settings_.file_size;
}

bool Warehouse::is_past(const TableDay& day) const {
    return state().open_part_size(day).files > 0 &&
           day.dt < day_of(EpochMs(env_.now().value - kLateMs));
}

Result<void> Warehouse::seal(const TableDay& day, bool (Warehouse::*due)(const TableDay&) const) {
    for (int attempt = 0; attempt < kMostTries; ++attempt) {
        if (!(this->*due)(day)) return {};
        TRY_VOID(chain_.put(SealEntry{{day, state().open_part(day)}}));  // lost: look again
        crash_point(CrashPoint::kSealed);
    }
    return outrun("cannot seal", day.table + "/dt=" + day.dt);
}

Result<void> Warehouse::maintain() {
    std::vector<TableDay> days;
    for (const auto& [day, size] : state().open_parts())
        if (is_full(day) || (checkpoint_is_due() && is_past(day))) days.push_back(day);
    for (const TableDay& day : days) {
        TRY_VOID(seal(day, &Warehouse::is_full));
        if (checkpoint_is_due()) TRY_VOID(seal(day, &Warehouse::is_past));
    }
    if (checkpoint_is_due()) return checkpoint();
    return {};
}

bool Warehouse::checkpoint_is_due() const {
    return static_cast<std::int64_t>(chain_.last_number() - chain_.anchor_number()) >=
           settings_.checkpoint_every;
}

// A checkpoint carries no commit that is not published: all are, and durably so, before it.
Result<void> Warehouse::publish_all() {
    if (planted(PlantedBug::kCheckpointPublishes)) return {};
    TRY(auto listed, files_.list(layout_.staging()));
    std::set<std::string> staged;
    for (const FileInfo& file : listed) staged.insert(join_path(layout_.staging(), file.name));
    std::set<TablePart> places;
    for (const RecentFile& file : state().recent_files()) {
        places.insert(file.place);
        if (staged.contains(layout_.staged_file(file.name)))
            TRY_VOID(publish_file(file.place, file.name));
    }
    if (planted(PlantedBug::kCheckpointSyncs)) return {};
    for (const TablePart& place : places) TRY_VOID(files_.sync_folder(layout_.part(place)));
    if (!places.empty()) TRY_VOID(files_.sync_folder(layout_.staging()));
    return {};
}

// What the manifest of this day must hold now.
Result<std::vector<LiveFile>> Warehouse::sealed_files(const DayState& day) {
    TRY(auto files, read_manifest(day));
    for (const LiveFile& file : state().files())
        if (file.place.day == day.day && file.place.part < day.seals) files.push_back(file);
    return files;
}

Result<std::vector<DayState>> Warehouse::write_manifests() {
    std::vector<DayState> written;
    for (const auto& [day, known] : state().days()) {
        if (state().manifest_is_current(day)) continue;
        if (planted(PlantedBug::kManifestFresh) && !known.manifest.empty()) continue;
        TRY(auto files, sealed_files(known));
        std::string bytes = encode_manifest(day, files);
        DayState next = known;
        next.manifest = manifest_name(day, chain_.last_number() + 1, env_.random());
        next.sha256 = sha256_hex(bytes);
        next.files = static_cast<std::int64_t>(files.size());
        next.rows = next.bytes = 0;
        for (const LiveFile& file : files) next.rows += file.rows, next.bytes += file.bytes;
        TRY_VOID(files_.write_new(join_path(layout_.manifests(), next.manifest), bytes));
        written.push_back(std::move(next));
    }
    if (!written.empty() && !planted(PlantedBug::kManifestSync))
        TRY_VOID(files_.sync_folder(layout_.manifests()));
    crash_point(CrashPoint::kManifestWritten);
    return written;
}

Result<void> Warehouse::checkpoint() {
    for (int attempt = 0; attempt < kMostTries; ++attempt) {
        if (!checkpoint_is_due()) return {};  // another's stands
        TRY_VOID(publish_all());
        auto written = write_manifests();
        if (!written) {
            TRY_VOID(newer_state_for(written.error()));
            continue;
        }
        const std::vector<DayState>& days = *written;
        std::set<std::string> kept;  // by readers of the checkpoint before
        for (const auto& [day, known] : state().days()) kept.insert(known.manifest);
        TRY(auto done, merges_done());
        TRY(auto put, chain_.put(state().checkpoint(days, done)));
        if (put == LogChain::Put::kWon) {
            crash_point(CrashPoint::kCheckpointPut);
            TRY_VOID(truncate());
            return remove_manifests(kept);
        }
        for (const DayState& day : days)  // named by nothing, and never will be
            if (put == LogChain::Put::kTaken)
                TRY_VOID(files_.remove(join_path(layout_.manifests(), day.manifest)));
    }
    return outrun("cannot put a checkpoint", layout_.log());
}

// In ascending order, so that a number above a missing one is never the first to be seen free.
Result<void> Warehouse::truncate() {
    TRY(auto names, files_.list(layout_.log()));
    std::set<std::uint64_t> numbers;
    for (const FileInfo& file : names)
        if (auto number = entry_number(file.name)) numbers.insert(*number);
    std::vector<std::uint64_t> order(numbers.begin(), numbers.end());
    if (planted(PlantedBug::kAscending)) std::ranges::reverse(order);
    for (std::uint64_t number : order) {
        if (number >= chain_.anchor_number() && planted(PlantedBug::kAscending)) continue;
        if (number >= chain_.anchor_number()) break;
        TRY_VOID(files_.remove(layout_.entry(number)));
        crash_point(CrashPoint::kTruncatedOne);
    }
    return {};
}

// Only those written for an earlier number than the standing checkpoint's: a later one may be
// about to be named by a checkpoint of another.
Result<void> Warehouse::remove_manifests(const std::set<std::string>& kept) {
    TRY(auto names, files_.list(layout_.manifests()));
    std::set<std::string> named = kept;
    for (const auto& [day, known] : state().days()) named.insert(known.manifest);
    for (const FileInfo& file : names) {
        auto number = manifest_number(file.name);
        bool later = number && *number >= chain_.anchor_number();
        if (!number || (later && !planted(PlantedBug::kManifestNumber)) ||
            named.contains(file.name))
            continue;
        TRY_VOID(files_.remove(join_path(layout_.manifests(), file.name)));
    }
    return {};
}

// Without the files that a merge has replaced since.
Result<std::vector<LiveFile>> Warehouse::read_manifest(const DayState& day) {
    if (day.manifest.empty()) return std::vector<LiveFile>();
    std::string path = join_path(layout_.manifests(), day.manifest);
    TRY(std::string bytes, files_.read(path, kMostManifestBytes));
    if (sha256_hex(bytes) != day.sha256)
        return fail(ErrorCode::kDamaged, "the manifest's bytes do not have its checksum", path,
                    "restore it from a copy, or run 'loanstream table repair'");
    auto files = decode_manifest(day.day, bytes);
    if (!files) return std::unexpected(std::move(files.error()).at(path));
    std::erase_if(*files, [&](const LiveFile& file) {
        return file.generation.empty() && std::ranges::binary_search(day.merged, file.place.part);
    });
    return files;
}

Result<std::vector<LiveFile>> Warehouse::live_files() {
    constexpr int kMostLooks = 5;
    for (int look = 1;; ++look) {
        std::vector<LiveFile> all;
        Result<void> read;
        for (const auto& [key, day] : state().days()) {
            auto files = read_manifest(day);
            if (!files) {
                read = std::unexpected(std::move(files).error());
                break;
            }
            std::ranges::move(*files, std::back_inserter(all));
        }
        if (read) {
            std::ranges::copy(state().files(), std::back_inserter(all));
            return all;
        }
        if (look == kMostLooks) return std::unexpected(std::move(read).error());
        TRY_VOID(newer_state_for(read.error()));
    }
}

// A manifest that is gone was tidied away after a later checkpoint: success when there is one.
Result<void> Warehouse::newer_state_for(const Error& error) {
    if (error.code != ErrorCode::kNotFound || planted(PlantedBug::kManifestAgain))
        return std::unexpected(error);
    std::uint64_t before = chain_.last_number();
    TRY_VOID(chain_.read_on());
    if (chain_.last_number() != before) return {};
    return fail(ErrorCode::kDamaged, "a manifest is missing: " + error.what, error.where,
                "restore it from a copy, or run 'loanstream table repair'");
}

// A rename may fall between the first look and the second, and an exchange between those and the
// last.
Result<std::string> Warehouse::locate(const LiveFile& file) {
    std::string final_file = layout_.final_file(file.place, file.name);
    std::string staged = layout_.staged_file(file.name);
    for (const std::string& path : {final_file, staged, final_file}) {
        TRY(auto found, files_.stat(path));
        if (found) return path;
    }
    std::string retired = layout_.retired(file.place);
    TRY(auto generations, files_.list(retired));
    if (planted(PlantedBug::kReaderRetired)) generations.clear();
    for (const FileInfo& generation : generations) {
        std::string path = join_path(join_path(retired, generation.name), file.name);
        TRY(auto found, files_.stat(path));
        if (found) return path;
    }
    return fail(ErrorCode::kNotFound, "the file is in no place where it may lie", final_file);
}

}  // namespace loanstream

#include "log/warehouse.h"

#include <algorithm>
#include <map>

#include "base/crash_points.h"
#include "base/plants.h"
#include "base/sha256.h"
#include "log/state_formats.h"

namespace loanstream {

namespace {

constexpr int kMostTries = 1000;  // lost races for a number in a row
constexpr std::uint64_t kMostVersionBytes = 1ULL << 30;

std::unexpected<Error> outrun(std::string_view doing, const std::string& where) {
    return fail(ErrorCode::kOutside,
                std::string(doing) + ": lost every race for the next log entry", where,
                "run fewer writers on this warehouse");
}

}  // namespace

// What is left of a request; indices into it.
struct Warehouse::Pending {
    const CommitRequest* request = nullptr;
    std::vector<std::uint32_t> ranges;
    CommitOutcome outcome;
};

Warehouse::Warehouse(Env& env, FileStore& files, WarehouseSettings settings)
    : env_(env),
      files_(files),
      settings_(std::move(settings)),
      layout_(settings_.folder),
      chain_(env_, files_, layout_, settings_.member) {}

Result<std::unique_ptr<Warehouse>> Warehouse::open(Env& env, FileStore& files,
                                                   WarehouseSettings settings) {
    if (settings.member.empty()) settings.member = random_id(env);
    std::unique_ptr<Warehouse> made(new Warehouse(env, files, std::move(settings)));
    TRY_VOID(made->prepare());
    return made;
}

Result<std::unique_ptr<Warehouse>> Warehouse::open_to_read(Env& env, FileStore& files,
                                                           const std::string& folder) {
    WarehouseSettings settings;
    settings.folder = folder;
    std::unique_ptr<Warehouse> made(new Warehouse(env, files, std::move(settings)));
    TRY_VOID(made->chain_.load());
    return made;
}

Result<void> Warehouse::prepare() {
    // Read first: nothing is written where a later version's state or damage is met.
    auto loaded = chain_.load();
    if (loaded) loaded = check_manifest_formats(files_, layout_, state());
    if (!loaded && loaded.error().code != ErrorCode::kNotFound) return loaded;
    // Not log/: it is born with entry 0 in it (rule 37).
    for (const std::string& folder :
         {layout_.manifests(), layout_.staging(), layout_.versions(), layout_.locks()})
        TRY_VOID(files_.make_folders(folder));
    if (!loaded && loaded.error().code == ErrorCode::kNotFound) {
        TRY_VOID(begin_where_nothing_is());
        loaded = chain_.load();
    }
    if (!loaded) return loaded;
    // Whoever gave log/ its name may have died before that name was durable.
    return files_.sync_folder(folder_of(layout_.log()));
}

Result<void> Warehouse::begin_where_nothing_is() {
    std::string full;
    for (std::string_view table : {kPredictionTable, kDeadLettersTable}) {
        TRY(auto days, files_.list(layout_.table(table)));
        if (!days.empty()) full = table;
    }
    TRY(auto log, files_.stat(layout_.log()));
    if (log) {
        // Another may have begun it between the two looks.
        auto loaded = chain_.load();
        if (loaded || loaded.error().code != ErrorCode::kNotFound) return loaded;
        return fail(
            ErrorCode::kDamaged, "the log folder has no entry", layout_.log(),
            "run 'loanstream table repair'; if nothing ever landed here, remove the folder");
    }
    if (full.empty()) return chain_.begin();
    return fail(ErrorCode::kDamaged, "there is no log, and the table " + full + " is not empty",
                layout_.log(), "run 'loanstream table repair', or choose an empty folder");
}

Result<void> Warehouse::reload() { return chain_.read_on(); }

Result<std::optional<std::unique_ptr<FileLock>>> Warehouse::try_lock(const TopicPartition& source) {
    return env_.try_lock(layout_.partition_lock(source.topic, source.partition));
}

Result<Claimed> Warehouse::claim(const TopicPartition& source) {
    TRY_VOID(check_topic_name(source.topic));
    for (int attempt = 0; attempt < kMostTries; ++attempt) {
        TRY_VOID(chain_.read_on());
        ClaimEntry claim{{source.topic, Incarnation(0), source.partition}, Epoch(1), member()};
        if (const PartitionState* known = state().partition(source)) {
            claim.source = known->source;
            claim.epoch = Epoch(known->epoch.value + 1);
        }
        TRY(auto put, chain_.put(claim));
        if (put != LogChain::Put::kWon) continue;
        crash_point(CrashPoint::kClaimed);
        TRY_VOID(recover(source, claim.epoch));
        const PartitionState& now = *state().partition(source);
        return Claimed{now.source, claim.epoch, now.next, now.decided_ms_last};
    }
    return outrun("cannot claim the partition",
                  source.topic + "/" + std::to_string(source.partition.value));
}

// Redoes what an earlier owner left undone, then removes what no entry names. Every step may be
// done again by anybody at any time.
Result<void> Warehouse::recover(const TopicPartition& source, Epoch epoch) {
    TRY(auto staged, files_.list(layout_.staging()));
    std::set<std::string> names;
    for (const FileInfo& file : staged) names.insert(file.name);
    for (const RecentFile& file : state().recent_files()) {
        std::string path = layout_.staged_file(file.name);
        if (file.source != source || !names.contains(base_name(path))) continue;
        if (planted(PlantedBug::kRedoPublish)) continue;
        TRY_VOID(publish_file(file.place, file.name));
        crash_point(CrashPoint::kRecoveredPublish);
    }
    return sweep(source, epoch, staged);
}

// A log folder that died before it had its name: entry 0 at most.
Result<void> Warehouse::remove_unborn_log(const std::string& folder) {
    TRY(auto entries, files_.list(folder));
    for (const FileInfo& entry : entries) TRY_VOID(files_.remove(join_path(folder, entry.name)));
    return files_.remove_folder(folder);
}

Result<void> Warehouse::sweep(const TopicPartition& source, Epoch epoch,
                              const std::vector<FileInfo>& staged) {
    std::set<std::string> named, members;
    for (const RecentFile& file : state().recent_files())
        named.insert(layout_.staged_file(file.name));
    for (const auto& [key, partition] : state().partitions()) members.insert(partition.member);
    for (const FileInfo& file : staged) {
        std::string path = join_path(layout_.staging(), file.name);
        auto name = DataFileName::parse(file.name);
        bool dead = name && name->topic == topic_in_name(source.topic) &&
                    name->partition == source.partition && name->epoch < epoch &&
                    (!named.contains(path) || planted(PlantedBug::kFencedKeepsNamed));
        if (planted(PlantedBug::kSweepOwnDead)) dead = name && !named.contains(path);
        // An entry of a member that owns nothing: offered again from memory if it still lives.
        auto member = temporary_member(file.name);
        if (!dead && !(member && !members.contains(*member))) continue;
        TRY_VOID(file.is_folder ? remove_unborn_log(path) : files_.remove(path));
        crash_point(CrashPoint::kSwept);
    }
    return {};
}

std::string Warehouse::name_file(std::string_view table, const Claimed& claimed,
                                 OffsetRange range) {
    DataFileName name{std::string(table),
                      topic_in_name(claimed.source.topic),
                      claimed.source.partition,
                      claimed.epoch,
                      range,
                      env_.random()};
    return name.base() + ".parquet";
}

// Takes ranges with a newer owner out of the request. Their files are removed only when the entry
// that names them fell for certain: by then the log was read past the claim that fenced them.
Result<void> Warehouse::drop_fenced(Pending& pending, bool remove_files) {
    std::vector<std::uint32_t> kept;
    for (std::uint32_t index : pending.ranges) {
        const CommittedRange& range = pending.request->ranges[index];
        const PartitionState* known = state().partition(topic_partition_of(range.source));
        bool fenced = known != nullptr && known->epoch > range.epoch &&
                      !(planted(PlantedBug::kEveryRangeChecked) && !kept.empty());
        if (!fenced) {
            kept.push_back(index);
            continue;
        }
        pending.outcome.ranges[index] = RangeOutcome::kFenced;
        for (const StagedFile& file : pending.request->files)
            if (remove_files && (file.range == index || planted(PlantedBug::kFencedRangeOnly)))
                TRY_VOID(files_.remove(layout_.staged_file(file.name)));
    }
    pending.ranges = std::move(kept);
    return {};
}

namespace {

// The entry of these ranges as the state is now, with the parts that are open now.
CommitEntry entry_of(const CommitRequest& request, const std::vector<std::uint32_t>& ranges,
                     const LogState& state, const std::string& member) {
    CommitEntry entry{member, {}, {}};
    for (std::uint32_t index : ranges) {
        for (const StagedFile& file : request.files)
            if (file.range == index)
                entry.files.push_back({static_cast<std::uint32_t>(entry.ranges.size()),
                                       {file.day, state.open_part(file.day)},
                                       file.name,
                                       file.rows,
                                       file.bytes,
                                       file.sha256});
        entry.ranges.push_back(request.ranges[index]);
    }
    return entry;
}

// After an outcome that the entries no longer show: did the commit stand? Only we move `next` in
// our epoch, so one range tells for the whole entry.
bool stands_by_state(const CommitEntry& entry, const LogState& state) {
    for (const CommittedRange& range : entry.ranges) {
        const PartitionState* known = state.partition(topic_partition_of(range.source));
        if (known != nullptr && known->epoch == range.epoch &&
            (!range.range.empty() || planted(PlantedBug::kJudgeNotEmpty)) &&
            known->next == range.range.next)
            return true;
    }
    return false;
}

}  // namespace

// Seals a part that the pending files would make larger than its limit. True: the log was read on
// meanwhile, look at everything anew.
Result<bool> Warehouse::make_room(const Pending& pending) {
    std::map<TableDay, std::int64_t> files;
    for (const StagedFile& file : pending.request->files)
        if (std::ranges::find(pending.ranges, file.range) != pending.ranges.end())
            ++files[file.day];
    for (const auto& [day, count] : files) {
        std::int64_t open = state().open_part_size(day).files;
        if (open == 0 || open + count <= most_files(day)) continue;
        TRY_VOID(chain_.put(SealEntry{{day, state().open_part(day)}}));  // lost: look again
        crash_point(CrashPoint::kSealed);
        return true;
    }
    return false;
}

Result<CommitOutcome> Warehouse::commit(const CommitRequest& request) {
    Pending pending{&request, {}, {}};
    for (std::uint32_t i = 0; i < request.ranges.size(); ++i) pending.ranges.push_back(i);
    pending.outcome.ranges.assign(request.ranges.size(), RangeOutcome::kCommitted);
    for (const StagedFile& file : request.files)
        if (file.range >= request.ranges.size())
            return fail(ErrorCode::kInternal, "a staged file of no range", file.name);
    if (!request.files.empty() && !planted(PlantedBug::kStageSync))
        TRY_VOID(files_.sync_folder(layout_.staging()));
    if (planted(PlantedBug::kCommitFirst))
        for (const StagedFile& file : request.files)
            TRY_VOID(publish_file({file.day, state().open_part(file.day)}, file.name));
    crash_point(CrashPoint::kFileSynced);
    std::vector<CommittedFile> first;  // of a planted bug
    for (int attempt = 0; attempt < kMostTries; ++attempt) {
        TRY_VOID(drop_fenced(pending, true));
        if (pending.ranges.empty()) return pending.outcome;
        TRY(bool looked, planted(PlantedBug::kPartLimit) ? false : make_room(pending));
        if (looked) continue;
        CommitEntry entry = entry_of(request, pending.ranges, state(), member());
        if (planted(PlantedBug::kSealCheck)) {
            if (first.size() == entry.files.size()) entry.files = first;
            first = entry.files;
        }
        std::uint64_t number = chain_.last_number() + 1;
        TRY(auto put, chain_.put(entry));
        if (put == LogChain::Put::kTaken) continue;
        if (put == LogChain::Put::kPassed && !stands_by_state(entry, state())) {
            // A newer owner may stand on top of our commit: its files are left to it.
            TRY_VOID(drop_fenced(pending, false));
            continue;
        }
        for (CommittedFile& file : entry.files) {
            file.range = pending.ranges[file.range];
            unpublished_.push_back(file);
            pending.outcome.files.push_back(std::move(file));
        }
        pending.outcome.entry = number;
        return pending.outcome;
    }
    return outrun("cannot commit", layout_.log());
}

// True when this call moved it.
Result<bool> Warehouse::publish_file(const TablePart& place, const std::string& name) {
    TRY_VOID(files_.make_folders(layout_.part(place)));
    std::string final_file = layout_.final_file(place, name);
    TRY(auto outcome, files_.publish(layout_.staged_file(name), final_file));
    if (outcome == PublishOutcome::kTaken)
        return fail(ErrorCode::kDamaged, "another file has the name of a committed one", final_file,
                    "move it away and start again");
    if (outcome == PublishOutcome::kMissing && planted(PlantedBug::kMissingIsDone))
        return fail(ErrorCode::kDamaged, "a committed file is gone", final_file);
    return outcome == PublishOutcome::kDone;
}

Result<void> Warehouse::publish() {
    while (!unpublished_.empty()) {
        const CommittedFile& file = unpublished_.front();
        TRY_VOID(publish_file(file.place, file.name));
        unpublished_.erase(unpublished_.begin());
        crash_point(CrashPoint::kPublishedOne);
    }
    crash_point(CrashPoint::kPublished);
    return {};
}

Result<std::string> Warehouse::keep_version(std::string_view bytes) {
    std::string hash = sha256_hex(bytes);
    std::string path = layout_.version(hash);
    TRY_VOID(files_.create_if_absent(path, bytes, layout_.temporary(member(), env_.random())));
    TRY(auto kept, files_.stat(path));
    if (!kept || kept->bytes != bytes.size())
        return fail(ErrorCode::kDamaged, "a kept version is not what its name says", path,
                    "move it away and start again");
    crash_point(CrashPoint::kVersionKept);
    return hash;
}

Result<std::string> Warehouse::read_version(std::string_view sha256) {
    if (!is_sha256_hex(sha256))
        return fail(ErrorCode::kUsage, "not a version's hash: '" + std::string(sha256) + "'");
    std::string path = layout_.version(sha256);
    TRY(std::string bytes, files_.read(path, kMostVersionBytes));
    if (sha256_hex(bytes) != sha256)
        return fail(ErrorCode::kDamaged, "the kept version's bytes do not have its hash", path,
                    "restore it from a copy");
    return bytes;
}

namespace {

// Does the state show the incarnation that this reset starts? It must never be put twice.
bool started(const EntryBody& body, const LogState& state) {
    const auto* reset = std::get_if<ResetEntry>(&body);
    if (reset == nullptr) return false;
    const PartitionState* known = state.partition(topic_partition_of(reset->source));
    return known != nullptr && known->source.incarnation > reset->source.incarnation;
}

}  // namespace

Result<std::uint64_t> Warehouse::append(const EntryBody& body) {
    for (int attempt = 0; attempt < kMostTries; ++attempt) {
        TRY_VOID(chain_.read_on());
        std::uint64_t number = chain_.last_number() + 1;
        TRY(auto put, chain_.put(body));
        if (put == LogChain::Put::kWon) return number;
        if (put == LogChain::Put::kPassed && started(body, state())) return number;
        if (put == LogChain::Put::kPassed)
            return fail(ErrorCode::kOutside, "it is not known whether the entry stands",
                        layout_.entry(number), "look at the state, then try again");
    }
    return outrun("cannot append", layout_.log());
}

}  // namespace loanstream

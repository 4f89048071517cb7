#include "table/log_repair.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/text_box.h"
#include "log/delivered_positions.h"
#include "log/first_checkpoint.h"
#include "log/manifest_name.h"
#include "table/amounts.h"
#include "table/dead_replay.h"
#include "table/file_digest.h"
#include "table/prove_files.h"

namespace loanstream {

namespace {

constexpr int kMostLooks = 4;
constexpr std::size_t kMostTroubles = 10;
constexpr std::string_view kNewLog = "log-of-repair-";
constexpr std::string_view kOldLog = "log-before-repair-";

std::string hex_text(std::uint64_t number) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
    return text;
}

std::string offsets_text(const Hole& hole) {
    std::int64_t count = hole.range.next - hole.range.begin;
    return hole.source.text() + " offsets " + std::to_string(hole.range.begin.value) + " to " +
           std::to_string(hole.range.next.value - 1) + " (" +
           count_text(count, "offset", "offsets") + ")" + (hole.why.empty() ? "" : ": " + hole.why);
}

// What is amiss as a reader sees it; kNotFound: look again.
Result<std::vector<std::string>> troubles_of(Env& env, FileStore& files,
                                             const std::string& warehouse) {
    std::vector<std::string> troubles;
    TellFailure tell = [&](const std::string& place, const std::string& what) {
        if (troubles.size() < kMostTroubles) troubles.push_back(place + ": " + what);
    };
    auto opened = Warehouse::open_to_read(env, files, warehouse);
    if (!opened) {
        TRY(auto report, report_without_log(files, warehouse, opened.error()));
        tell(opened.error().where, opened.error().what);
        return troubles;
    }
    auto live = (*opened)->live_files();
    if (!live && live.error().code != ErrorCode::kDamaged)
        return std::unexpected(std::move(live).error());
    if (!live) {
        tell(live.error().where, live.error().what);
        return troubles;
    }
    prove_ranges((*opened)->state(), *live, tell);
    TRY_VOID(prove_files(**opened, *live, FileDepth::kSize, tell));
    TRY_VOID(prove_folders(env, **opened, tell));
    return troubles;
}

class Repair {
public:
    Repair(Env& env, FileStore& files, const std::string& warehouse, const RepairRequest& request,
           SourceCounter* counter)
        : env_(env), files_(files), layout_(warehouse), request_(request), counter_(counter) {}

    Result<RepairReport> run() {
        TRY_VOID(look());
        if (report_.troubles.empty()) return report_;
        TRY_VOID(lock_what_is_there());
        TRY(std::string log, log_to_read());
        TRY(names_, names_in(log));
        TRY(facts_, read_log_facts(files_, layout_, log));
        TRY_VOID(add_replays());
        TRY(counted_, count_files(env_, files_, layout_, facts_));
        TRY(rebuilt_, rebuild_state(files_, facts_, counted_, request_, counter_));
        describe();
        bool refused =
            !rebuilt_.doublings.empty() || (!rebuilt_.holes.empty() && !request_.accept_gaps);
        report_.outcome = refused ? RepairReport::Outcome::kRefused : RepairReport::Outcome::kWaits;
        if (refused || !request_.yes) return report_;
        TRY_VOID(lock_the_rest());
        TRY(auto names, names_in(log));
        if (names != names_) return changed_meanwhile();
        TRY_VOID(write());
        report_.outcome = RepairReport::Outcome::kRepaired;
        return report_;
    }

private:
    std::string own(const std::string& name) const {
        return join_path(folder_of(layout_.log()), name);
    }

    Result<std::set<std::string>> names_in(const std::string& log) {
        TRY(auto files, files_.list(log));
        std::set<std::string> names;
        for (const FileInfo& file : files) names.insert(file.name);
        return names;
    }

    // Not all that write hold a lock: the desk does not, nor a stream of a topic that is new here.
    std::unexpected<Error> changed_meanwhile() const {
        return fail(ErrorCode::kBusy, "another process has written into the log meanwhile",
                    layout_.log(), "stop it and run table repair again");
    }

    Result<void> look() {
        for (int look = 1;; ++look) {
            auto troubles = troubles_of(env_, files_, layout_.warehouse());
            if (!troubles && troubles.error().code == ErrorCode::kNotFound && look < kMostLooks)
                continue;
            if (!troubles) return std::unexpected(std::move(troubles).error());
            report_.troubles = std::move(*troubles);
            return {};
        }
    }

    Result<void> lock(const std::string& path) {
        if (locks_.contains(path)) return {};
        TRY(auto lock, env_.try_lock(path));
        if (!lock)
            return fail(ErrorCode::kBusy, "another process holds a lock of this warehouse", path,
                        "stop stream and merge on it, then run table repair again");
        locks_[path] = std::move(*lock);
        return {};
    }

    Result<void> lock_what_is_there() {
        TRY(auto names, files_.list(layout_.locks()));
        for (const FileInfo& file : names)
            if (!file.is_folder && file.name.ends_with(".lock"))
                TRY_VOID(lock(join_path(layout_.locks(), file.name)));
        return {};
    }

    Result<void> lock_the_rest() {
        TRY_VOID(files_.make_folders(layout_.locks()));
        TRY_VOID(lock(layout_.merge_lock()));
        for (const PartitionState& state : rebuilt_.checkpoint.partitions)
            TRY_VOID(lock(layout_.partition_lock(state.source.topic, state.source.partition)));
        return {};
    }

    // The log; or, when a repair died between its two renames, what it had put aside.
    Result<std::string> log_to_read() {
        TRY(auto log, files_.stat(layout_.log()));
        if (log) return layout_.log();
        TRY(auto names, files_.list(folder_of(layout_.log())));
        for (const FileInfo& file : names) {
            if (!file.is_folder || !file.name.starts_with(kNewLog)) continue;
            std::string old = own(std::string(kOldLog) + file.name.substr(kNewLog.size()));
            TRY(auto kept, files_.stat(old));
            if (kept) return old;
        }
        return layout_.log();
    }

    // A record in a topic of repaired ones is there because an entry said so.
    Result<void> add_replays() {
        if (request_.topics.empty()) return {};
        std::set<Position> known;
        for (const ReplayEntry& entry : facts_.replays) known.insert(entry.origin);
        TRY(auto replays, replays_in_topics(env_, request_.topics));
        for (ReplayEntry& entry : replays) {
            if (!known.insert(entry.origin).second) continue;
            facts_.replays.push_back(std::move(entry));
            replays_found_ += 1;
        }
        return {};
    }

    void step(std::string text) { report_.steps.push_back(std::move(text)); }

    void describe() {
        std::string from =
            count_text(facts_.entries, "entry", "entries") + " of the old log and " +
            count_text(static_cast<std::int64_t>(counted_.files.size()), "file", "files") +
            " of the tables";
        step("make a new log of " + from + "; keep the old one aside");
        for (const std::string& name : facts_.broken)
            step("leave out " + name + ", which cannot be read");
        for (const auto& [from_path, to] : counted_.moves)
            step("publish " + to.substr(layout_.warehouse().size() + 1));
        for (const Stranger& stranger : counted_.strangers)
            step("move aside " + stranger.place + ": " + stranger.why);
        for (const Hole& hole : rebuilt_.decided_again)
            step("let the topic be decided again: " + offsets_text(hole));
        if (replays_found_ > 0)
            step("take " + count_text(replays_found_, "replay", "replays") +
                 " from the topics of repaired records");
        for (const Hole& hole : rebuilt_.holes) report_.holes.push_back(offsets_text(hole));
        for (const Doubling& twice : rebuilt_.doublings)
            report_.doublings.push_back(offsets_text({twice.source, twice.range, twice.by}));
    }

    Result<void> write() {
        std::string mark = hex_text(env_.random());
        TRY(auto live, live_files());
        std::string aside = own("set-aside-" + mark);
        TRY_VOID(move_aside(aside));
        TRY_VOID(keep_manifests(join_path(aside, "manifests")));
        TRY_VOID(move_in());
        TRY_VOID(sync_places());
        TRY_VOID(end_delivered_positions());
        std::string fresh = own(std::string(kNewLog) + mark);
        TRY(std::uint64_t number, number_above_all());
        TRY_VOID(write_first_checkpoint(env_, files_, layout_,
                                        {number, rebuilt_.checkpoint, std::move(live)}, fresh));
        TRY_VOID(swap_logs(fresh, own(std::string(kOldLog) + mark)));
        return files_.sync_folder(folder_of(layout_.log()));
    }

    // As entries have them; the outputs of a merge also go into its entry.
    Result<std::vector<LiveFile>> live_files() {
        std::vector<LiveFile> live;
        for (CountedFile& file : counted_.files) {
            const FoundFile& found = file.found;
            if (file.sha256.empty()) {
                TRY(auto digest, digest_of(files_, found.path));
                file.sha256 = digest.sha256;
            }
            live.push_back({found.place, found.name, found.rows, found.bytes, file.sha256,
                            file.ranges, found.generation});
        }
        // The order of the log: newest last.
        std::ranges::stable_sort(live, {}, [](const LiveFile& file) {
            return std::tuple(file.place.day.dt, file.place.part,
                              file.ranges.empty() ? Offset(0) : file.ranges.front().range.begin);
        });
        for (OpenMerge& open : rebuilt_.checkpoint.merges)
            if (open.merge.outputs.empty())
                for (const LiveFile& file : live)
                    if (file.place == open.merge.part) open.merge.outputs.push_back(file);
        return live;
    }

    Result<void> move_aside(const std::string& folder) {
        for (const Stranger& stranger : counted_.strangers) {
            std::string from = join_path(layout_.warehouse(), stranger.place);
            std::string to = join_path(folder, stranger.place);
            TRY_VOID(files_.make_folders(folder_of(to)));
            TRY_VOID(files_.publish(from, to));
            TRY_VOID(files_.sync_folder(folder_of(to)));
            TRY_VOID(files_.sync_folder(folder_of(from)));
        }
        return {};
    }

    // A later checkpoint deletes those that it does not name; the old log needs them.
    Result<void> keep_manifests(const std::string& folder) {
        TRY(auto names, files_.list(layout_.manifests()));
        if (names.empty()) return {};
        TRY_VOID(files_.make_folders(folder));
        for (const FileInfo& file : names) {
            std::string from = join_path(layout_.manifests(), file.name);
            std::string to = join_path(folder, file.name);
            if (!env_.hard_link(from, to)) TRY_VOID(copy_file(files_, from, to));
        }
        return files_.sync_folder(folder);
    }

    Result<std::uint64_t> number_above_all() {
        std::uint64_t number = 0;
        for (const std::string& name : names_)
            number = std::max(number, entry_number(name).value_or(0) + 1);
        TRY(auto manifests, files_.list(layout_.manifests()));
        for (const FileInfo& file : manifests)
            number = std::max(number, manifest_number(file.name).value_or(0) + 1);
        return number;
    }

    Result<void> move_in() {
        for (const auto& [from, to] : counted_.moves) {
            TRY_VOID(files_.make_folders(folder_of(to)));
            TRY(auto moved, files_.publish(from, to));
            if (moved == PublishOutcome::kTaken)
                return fail(ErrorCode::kDamaged, "another file has the name of a committed one", to,
                            "move it away and run table repair again");
            TRY_VOID(files_.sync_folder(folder_of(to)));
            TRY_VOID(files_.sync_folder(folder_of(from)));
        }
        return {};
    }

    // Offsets that are decided again are delivered again to the topics beside the table.
    Result<void> end_delivered_positions() {
        TRY(auto there, files_.stat(own("delivered")));
        if (!there) return {};
        TRY(auto sinks, files_.list(own("delivered")));
        for (const FileInfo& sink : sinks) {
            if (!sink.is_folder) continue;
            DeliveredPositions positions(files_, layout_.delivered(sink.name));
            for (const PartitionState& state : rebuilt_.checkpoint.partitions)
                TRY_VOID(positions.end_at({state.source.topic, state.source.partition},
                                          {state.source.incarnation, state.next}));
        }
        return {};
    }

    // A checkpoint forgets the commits and exchanges below it: what they renamed must stay so, also
    // when the power fails (rule 21 of docs/delivery.md).
    Result<void> sync_places() {
        std::set<std::string> folders;
        for (const CountedFile& file : counted_.files) {
            const TablePart& place = file.found.place;
            std::string part = layout_.part(place);
            folders.insert({part, folder_of(part), layout_.retired(place)});
        }
        for (const std::string& folder : folders) {
            TRY(auto there, files_.stat(folder));
            if (there) TRY_VOID(files_.sync_folder(folder));
        }
        TRY(auto staging, files_.stat(layout_.staging()));
        return staging ? files_.sync_folder(layout_.staging()) : Result<void>();
    }

    // In one step where the file system can exchange two folders. Back again when the old log is
    // not what was read of it.
    Result<void> swap_logs(const std::string& fresh, const std::string& old) {
        TRY(auto there, files_.stat(layout_.log()));
        if (there && files_.exchange(fresh, layout_.log())) {
            TRY(auto names, names_in(fresh));
            if (names == names_) {
                TRY_VOID(files_.publish(fresh, old));
                return {};
            }
            TRY_VOID(files_.exchange(fresh, layout_.log()));
            return changed_meanwhile();
        }
        if (there) {
            TRY_VOID(files_.publish(layout_.log(), old));
            TRY(auto names, names_in(old));
            if (names != names_) {
                TRY_VOID(files_.publish(old, layout_.log()));
                return changed_meanwhile();
            }
        }
        TRY(auto born, files_.publish(fresh, layout_.log()));
        if (born == PublishOutcome::kDone) return {};
        return fail(ErrorCode::kBusy, "another process has begun a log meanwhile", layout_.log(),
                    "stop it and run table repair again");
    }

    Env& env_;
    FileStore& files_;
    Layout layout_;
    const RepairRequest& request_;
    SourceCounter* counter_;
    std::map<std::string, std::unique_ptr<FileLock>> locks_;
    LogFacts facts_;
    CountedFiles counted_;
    std::set<std::string> names_;  // of the old log's folder, from before it was read
    RebuiltState rebuilt_;
    std::int64_t replays_found_ = 0;
    RepairReport report_;
};

}  // namespace

std::string RepairReport::text() const {
    if (outcome == Outcome::kNothing)
        return "nothing to repair: the log holds and every file that it names is there\n";
    bool done = outcome == Outcome::kRepaired;
    std::string out;
    for (const auto& line : troubles) out += "amiss: " + line + "\n";
    for (const auto& line : steps) out += (done ? "done: " : "to do: ") + line + "\n";
    for (const auto& line : doublings) out += "TWICE: " + line + "\n";
    for (const auto& line : holes) out += (done ? "accepted as lost: " : "HOLE: ") + line + "\n";
    if (done) return out + "repaired: loanstream table prove tells whether all holds\n";
    if (!doublings.empty())
        return out + "nothing is written: move away the file that is one too many\n";
    if (outcome == Outcome::kRefused)
        return out +
               "nothing is written: restore the files from a copy, or accept the loss with "
               "--accept-gaps --by NAME --why TEXT\n";
    return out + "nothing is written: --yes does it\n";
}

Result<RepairReport> repair(Env& env, FileStore& files, const std::string& warehouse,
                            const RepairRequest& request, SourceCounter* counter) {
    return Repair(env, files, warehouse, request, counter).run();
}

}  // namespace loanstream

#include "table/backup.h"

#include <filesystem>
#include <set>

#include "base/text_box.h"
#include "log/first_checkpoint.h"
#include "table/amounts.h"
#include "table/file_digest.h"

namespace loanstream {

namespace {

constexpr int kMostLooks = 20;
constexpr int kMostSteps = 4;  // of one file, while it moves

// With `may_link`, files are linked where they can be.
class Backup {
public:
    Backup(Env& env, FileStore& files, Warehouse& warehouse, const std::string& folder,
           bool may_link)
        : env_(env), files_(files), warehouse_(warehouse), copy_(folder), may_link_(may_link) {
        report_.folder = folder;
    }

    Result<BackupReport> run() {
        TRY(auto live, take_files());
        TRY_VOID(files_.make_folders(copy_.warehouse()));
        TRY_VOID(drop_replaced(live));
        TRY_VOID(take_versions());
        for (const std::string& folder : folders_) TRY_VOID(files_.sync_folder(folder));
        for (const std::string& folder : {copy_.staging(), copy_.locks()})
            TRY_VOID(files_.make_folders(folder));
        // The merges are done in the copy: outputs in place, no input anywhere.
        CheckpointEntry state = warehouse_.state().checkpoint({}, {});
        state.merges.clear();
        std::string aside = join_path(folder_of(copy_.log()), "log-of-backup");
        TRY_VOID(write_first_checkpoint(env_, files_, copy_, {0, std::move(state), live}, aside));
        TRY(auto born, files_.publish(aside, copy_.log()));
        if (born != PublishOutcome::kDone)
            return fail(ErrorCode::kAlreadyThere, "another process writes into the copy",
                        copy_.log(), "choose an empty folder");
        TRY_VOID(files_.sync_folder(folder_of(copy_.log())));
        for (const LiveFile& file : live) report_.rows += file.rows, report_.bytes += file.bytes;
        return report_;
    }

private:
    // All files of one moment; those of an earlier look stay and are dropped if they went.
    Result<std::vector<LiveFile>> take_files() {
        for (int look = 0; look < kMostLooks; ++look) {
            TRY_VOID(warehouse_.reload());
            TRY(auto live, warehouse_.live_files());
            report_.entry = warehouse_.last_number();
            bool whole = true;
            for (const LiveFile& file : live) {
                TRY(bool taken, take_file(file));
                if (taken) continue;
                missing_ = file.place.text() + "/" + file.name;
                whole = false;
                break;
            }
            if (whole) return live;
        }
        return fail(ErrorCode::kDamaged, "a file that the log names is gone", missing_,
                    "loanstream table verify tells what is amiss; loanstream table repair mends");
    }

    // False: it was replaced meanwhile, look at the log anew.
    Result<bool> take_file(const LiveFile& file) {
        std::string to = copy_.final_file(file.place, file.name);
        if (taken_.contains(to)) return true;
        TRY_VOID(files_.make_folders(folder_of(to)));
        folders_.insert(folder_of(to));
        for (int step = 0; step < kMostSteps; ++step) {
            auto path = warehouse_.locate(file);
            if (!path && path.error().code == ErrorCode::kNotFound) return false;
            if (!path) return std::unexpected(std::move(path).error());
            auto taken = take(*path, to, file.sha256);
            if (taken) {
                taken_.insert(to);
                return true;
            }
            if (taken.error().code != ErrorCode::kNotFound)
                return std::unexpected(std::move(taken).error());
        }
        return false;
    }

    // `sha256` may be empty: then it is not looked at.
    Result<void> take(const std::string& from, const std::string& to, const std::string& sha256) {
        if (may_link_) {
            auto linked = env_.hard_link(from, to);
            if (linked) ++report_.linked;
            if (linked || linked.error().code == ErrorCode::kNotFound) return linked;
        }
        // Not to be linked, another file system, or one without links.
        TRY(auto digest, copy_file(files_, from, to));
        if (!sha256.empty() && digest.sha256 != sha256)
            return fail(ErrorCode::kDamaged, "the file's bytes do not have its checksum", from,
                        "restore it from an older copy; loanstream table verify --checksums "
                        "tells which others");
        ++report_.copied;
        return {};
    }

    Result<void> drop_replaced(const std::vector<LiveFile>& live) {
        for (const LiveFile& file : live) taken_.erase(copy_.final_file(file.place, file.name));
        for (const std::string& path : taken_) TRY_VOID(files_.remove(path));
        return {};
    }

    // Every one there is: the policies and models of all rows, and repaired records.
    Result<void> take_versions() {
        TRY_VOID(files_.make_folders(copy_.versions()));
        folders_.insert(copy_.versions());
        TRY(auto kept, files_.list(warehouse_.layout().versions()));
        for (const FileInfo& file : kept)
            TRY_VOID(
                take(warehouse_.layout().version(file.name), copy_.version(file.name), file.name));
        return {};
    }

    Env& env_;
    FileStore& files_;
    Warehouse& warehouse_;
    Layout copy_;
    bool may_link_;
    BackupReport report_;
    std::set<std::string> taken_, folders_;
    std::string missing_;
};

Result<void> must_be_empty(FileStore& files, const std::string& folder, const char* mend) {
    TRY(auto there, files.list(folder));
    if (there.empty()) return {};
    return fail(ErrorCode::kAlreadyThere, "the folder is not empty", folder, mend);
}

// Is `inner` the folder `outer`, or within it?
bool lies_in(const std::string& inner, const std::string& outer) {
    std::error_code ignored;
    auto path = std::filesystem::weakly_canonical(inner, ignored);
    auto folder = std::filesystem::weakly_canonical(outer, ignored);
    auto rest = path.lexically_relative(folder);
    return !rest.empty() && *rest.begin() != "..";
}

}  // namespace

std::string BackupReport::text() const {
    if (is_restored)
        return "restored: " + count_text(copied, "file", "files") + ", " + with_commas(rows) +
               " rows, " + bytes_text(bytes) + ", in " + folder +
               "; loanstream table prove tells whether all holds\n";
    return count_text(linked + copied, "file", "files") + " (" + with_commas(linked) + " linked, " +
           with_commas(copied) + " copied), " + with_commas(rows) + " rows, " + bytes_text(bytes) +
           ", up to log entry " + with_commas(static_cast<long long>(entry)) + ", in " + folder +
           "\n";
}

Result<BackupReport> backup(Env& env, FileStore& files, const std::string& warehouse,
                            const std::string& folder) {
    TRY(auto opened, Warehouse::open_to_read(env, files, warehouse));
    if (lies_in(folder, warehouse))
        return fail(ErrorCode::kUsage, "the copy would lie in the warehouse itself", folder,
                    "choose a folder beside it");
    TRY_VOID(must_be_empty(files, folder, "choose an empty folder, or one that is not there yet"));
    return Backup(env, files, *opened, folder, true).run();
}

Result<BackupReport> restore(Env& env, FileStore& files, const std::string& copy,
                             const std::string& warehouse) {
    auto opened = Warehouse::open_to_read(env, files, copy);
    if (!opened && opened.error().code == ErrorCode::kNotFound)
        return fail(ErrorCode::kNotFound, "no finished copy is here: its log has no entry", copy,
                    "choose a folder that loanstream table backup has made");
    if (!opened) return std::unexpected(std::move(opened).error());
    TRY_VOID(must_be_empty(files, warehouse,
                           "stop stream and move the warehouse away; one without _loanstream/log "
                           "is of a restore that was broken off"));
    if (lies_in(warehouse, copy))
        return fail(ErrorCode::kUsage, "the warehouse would lie in the copy itself", warehouse,
                    "choose another --data");
    TRY(auto report, Backup(env, files, **opened, warehouse, false).run());
    report.is_restored = true;
    return report;
}

}  // namespace loanstream

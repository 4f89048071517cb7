#include "table/reading_folder.h"

#include "table/columns.h"

namespace loanstream {

namespace {

constexpr int kMostLooks = 4;
constexpr const char* kMark = ".reading-";
constexpr const char* kLock = "lock";

// At most <look>/<table>/dt=/part=/<file> deep.
Result<void> remove(Env& env, const std::string& folder, int depth = 0) {
    TRY(auto entries, env.list(folder));
    for (const auto& entry : entries) {
        std::string path = join_path(folder, entry.name);
        if (!entry.is_folder)
            TRY_VOID(env.remove_file(path));
        else if (depth < 4)
            TRY_VOID(remove(env, path, depth + 1));
    }
    return env.remove_folder(folder);
}

// Folders whose owner died.
Result<void> sweep(Env& env, const std::string& warehouse) {
    std::string start = warehouse.substr(warehouse.rfind('/') + 1) + kMark;
    std::string parent = folder_of(warehouse);
    TRY(auto entries, env.list(parent));
    for (const auto& entry : entries) {
        if (!entry.is_folder || !entry.name.starts_with(start)) continue;
        std::string path = join_path(parent, entry.name);
        auto lock = env.try_lock(join_path(path, kLock));
        if (lock && *lock) (void)remove(env, path);
    }
    return {};
}

// Links one file; false: it was replaced meanwhile, look at the log anew.
Result<bool> link_file(Env& env, Warehouse& warehouse, const LiveFile& file,
                       const std::string& folder) {
    std::string into = join_path(folder, file.place.text());
    TRY_VOID(env.make_folders(into));
    for (int look = 0; look < kMostLooks; ++look) {
        auto path = warehouse.locate(file);
        if (!path && path.error().code == ErrorCode::kNotFound) return false;
        if (!path) return std::unexpected(path.error());
        auto linked = env.hard_link(*path, join_path(into, file.name));
        if (linked) return true;
        if (linked.error().code != ErrorCode::kNotFound) return std::unexpected(linked.error());
    }
    return false;
}

}  // namespace

Result<ReadingFolder> ReadingFolder::make(Env& env, const std::string& warehouse) {
    TRY_VOID(sweep(env, warehouse));
    ReadingFolder made(env, warehouse + kMark + std::to_string(env.random()));
    TRY_VOID(env.make_folders(made.path_));
    TRY(auto lock, env.try_lock(join_path(made.path_, kLock)));
    if (!lock) return fail(ErrorCode::kOutside, "a fresh folder is locked", made.path_);
    made.lock_ = std::move(*lock);
    return made;
}

ReadingFolder::~ReadingFolder() {
    if (lock_) (void)remove(env_, path_);
}

Result<ReadingFolder::LinkedTables> ReadingFolder::link_tables(Warehouse& warehouse) {
    for (int look = 1;; ++look) {
        TRY_VOID(warehouse.reload());
        TRY(auto files, warehouse.live_files());
        LinkedTables linked;
        bool whole = true;
        linked.folder = join_path(path_, std::to_string(look));  // an earlier one is in part
        TRY_VOID(env_.make_folders(linked.folder));
        for (const auto& file : files) {
            TRY(bool done, link_file(env_, warehouse, file, linked.folder));
            if (!done && look == kMostLooks)
                return fail(ErrorCode::kDamaged, "a file that the log names is gone",
                            warehouse.layout().final_file(file.place, file.name),
                            "loanstream table prove tells what is amiss");
            whole = whole && done;
            if (!whole) break;
            (file.place.day.table == kPredictionTable ? linked.prediction : linked.dead_letters) =
                true;
        }
        if (whole) return linked;
    }
}

}  // namespace loanstream

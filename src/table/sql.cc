#include "table/sql.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "table/columns.h"
#include "table/query_words.h"
#include "table/table_reader.h"

extern char** environ;

namespace loanstream {

namespace {

constexpr int kMostLooks = 4;

// The private folder: <warehouse>.reading-<16 hex digits>, locked while its owner lives.
class ReadingFolder {
public:
    static Result<ReadingFolder> make(Env& env, const std::string& warehouse) {
        TRY_VOID(sweep(env, warehouse));
        ReadingFolder made(env, warehouse + kMark + std::to_string(env.random()));
        TRY_VOID(env.make_folders(made.path_));
        TRY(auto lock, env.try_lock(join_path(made.path_, kLock)));
        if (!lock) return fail(ErrorCode::kOutside, "a fresh folder is locked", made.path_);
        made.lock_ = std::move(*lock);
        return made;
    }
    ReadingFolder(ReadingFolder&&) = default;
    ReadingFolder& operator=(ReadingFolder&&) = delete;
    ~ReadingFolder() {
        if (lock_) (void)remove(env_, path_);
    }
    const std::string& path() const { return path_; }

private:
    static constexpr const char* kMark = ".reading-";
    static constexpr const char* kLock = "lock";
    ReadingFolder(Env& env, std::string path) : env_(env), path_(std::move(path)) {}

    // Folders whose owner died.
    static Result<void> sweep(Env& env, const std::string& warehouse) {
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

    // At most <table>/dt=/part=/<file> deep.
    static Result<void> remove(Env& env, const std::string& folder, int depth = 0) {
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

    Env& env_;
    std::string path_;
    std::unique_ptr<FileLock> lock_;
};

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

struct LinkedTables {
    std::string folder;                             // where their folders are
    bool prediction = false, dead_letters = false;  // have files
};

Result<LinkedTables> link_files(Env& env, Warehouse& warehouse, const std::string& folder) {
    for (int look = 1;; ++look) {
        TRY_VOID(warehouse.reload());
        TRY(auto files, warehouse.live_files());
        LinkedTables linked;
        bool whole = true;
        linked.folder = join_path(folder, std::to_string(look));  // an earlier one is in part
        TRY_VOID(env.make_folders(linked.folder));
        for (const auto& file : files) {
            TRY(bool done, link_file(env, warehouse, file, linked.folder));
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

std::string_view duckdb_type(ColumnType type) {
    switch (type) {
        case ColumnType::kInt: return "INTEGER";
        case ColumnType::kBigint: return "BIGINT";
        case ColumnType::kFloat: return "FLOAT";
        case ColumnType::kDouble: return "DOUBLE";
        case ColumnType::kString: return "VARCHAR";
        case ColumnType::kBinary: return "BLOB";
    }
    return "";
}

std::string view_of(const TableDeclaration& table, bool has_files) {
    std::string name(table.name);
    std::string view = "CREATE VIEW " + name + " AS SELECT ";
    if (has_files)
        return view + "* FROM read_parquet('" + name +
               "/*/*/*.parquet', hive_partitioning=true, hive_types_autocast=false, "
               "hive_types={'dt': VARCHAR, 'part': INTEGER});";
    for (const auto& column : table.columns)
        view += "CAST(NULL AS " + std::string(duckdb_type(column.type)) + ") AS " +
                std::string(column.name) + ", ";
    return view + "CAST(NULL AS VARCHAR) AS dt, CAST(NULL AS INTEGER) AS part WHERE false;";
}

Result<int> spawn_duckdb(const SqlRequest& request, const std::string& folder,
                         const std::string& setup) {
    const char* form = request.form == SqlForm::kCsv    ? "-csv"
                       : request.form == SqlForm::kJson ? "-json"
                                                        : "-box";
    std::vector<std::string> words = {request.duckdb, "-no-init", "-batch",     form,
                                      "-cmd",         setup,      "-cmd",       ".safe_mode",
                                      "-no-stdin",    "-c",       request.query};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);

    // The child looks for the program from its own folder; a bare word is looked for in PATH.
    std::string program = request.duckdb;
    std::error_code ignored;
    if (program.contains('/')) program = std::filesystem::absolute(program, ignored).string();
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, request.output, 1);
    ::posix_spawn_file_actions_adddup2(&actions, request.errors, 2);
    pid_t child = 0;
    int failed = ::posix_spawnp(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
        return fail(ErrorCode::kOutside, std::string("cannot run duckdb: ") + std::strerror(failed),
                    request.duckdb, "./dev setup installs it; LOANSTREAM_DUCKDB names another");
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return fail(ErrorCode::kOutside, "cannot wait for duckdb", request.duckdb);
    if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? 0 : 1;
    return fail(ErrorCode::kOutside, "duckdb was ended by a signal", request.duckdb);
}

}  // namespace

Result<int> run_sql(Env& env, Warehouse& warehouse, const SqlRequest& request) {
    TRY_VOID(check_only_reads(request.query));
    if (request.duckdb.empty())
        return fail(ErrorCode::kUsage, "no duckdb program is set", "table sql",
                    "./dev setup installs it; LOANSTREAM_DUCKDB names another");
    TRY(auto folder, ReadingFolder::make(env, warehouse.layout().warehouse()));
    TRY(auto linked, link_files(env, warehouse, folder.path()));
    std::string setup = "SET allowed_directories=['./']; SET allow_community_extensions=false; " +
                        view_of(prediction_table(), linked.prediction) +
                        view_of(dead_letters_table(), linked.dead_letters);
    return spawn_duckdb(request, linked.folder, setup);
}

}  // namespace loanstream

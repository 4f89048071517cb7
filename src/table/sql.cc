#include "table/sql.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "table/columns.h"
#include "table/query_words.h"
#include "table/reading_folder.h"

extern char** environ;

namespace loanstream {

namespace {

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
    TRY(auto linked, folder.link_tables(warehouse));
    std::string setup = "SET allowed_directories=['./']; SET allow_community_extensions=false; " +
                        view_of(prediction_table(), linked.prediction) +
                        view_of(dead_letters_table(), linked.dead_letters);
    return spawn_duckdb(request, linked.folder, setup);
}

}  // namespace loanstream

#include "table/row_file.h"

#include <fnmatch.h>

#include <algorithm>

namespace loanstream {

namespace {

constexpr int kMostDepth = 8;
constexpr const char* kEndings = "end the name in .csv, .csv.gz or .parquet";

bool is_parquet(const std::string& path) { return path.ends_with(".parquet"); }
bool is_csv(const std::string& path) { return path.ends_with(".csv") || path.ends_with(".csv.gz"); }

// Rows in a folder of Spark's: no _SUCCESS, _temporary, .crc; no part that got no row and header.
Result<void> add_below(Env& env, const std::string& folder, int depth,
                       std::vector<std::string>& paths) {
    TRY(auto entries, env.list(folder));
    std::ranges::sort(entries, {}, &FileInfo::name);
    for (const auto& entry : entries) {
        if (entry.name == "_loanstream")
            return fail(ErrorCode::kUsage, "is a warehouse of loanstream", folder,
                        "leave NEW out and give --data, or name its folder prediction");
        if (entry.name.starts_with('_') || entry.name.starts_with('.')) continue;
        std::string path = join_path(folder, entry.name);
        if (entry.is_folder && depth < kMostDepth)
            TRY_VOID(add_below(env, path, depth + 1, paths));
        else if (is_parquet(path) || (is_csv(path) && entry.bytes > 0))
            paths.push_back(path);
    }
    return {};
}

bool is_pattern(std::string_view text) { return text.find_first_of("*?") != text.npos; }

// The names that match, the pattern's parts taken one after the other.
Result<void> add_matches(Env& env, const std::string& start, std::string_view rest,
                         std::vector<std::string>& paths) {
    std::size_t slash = rest.find('/');
    std::string part(rest.substr(0, slash));
    std::string_view after = slash == rest.npos ? std::string_view() : rest.substr(slash + 1);
    auto go_on = [&](const std::string& path, bool is_folder) -> Result<void> {
        if (slash != rest.npos)
            return is_folder ? add_matches(env, path, after, paths) : Result<void>();
        if (is_folder) return add_below(env, path, 0, paths);
        paths.push_back(path);
        return {};
    };
    auto under = [&](const std::string& name) {
        return start.empty() ? name : join_path(start, name);
    };
    if (!is_pattern(part)) {
        std::string path = part.empty() && start.empty() ? "/" : under(part);
        TRY(auto info, env.stat(path));
        return info ? go_on(path, info->is_folder) : Result<void>();
    }
    TRY(auto entries, env.list(start.empty() ? "." : start));
    std::ranges::sort(entries, {}, &FileInfo::name);
    for (const auto& entry : entries)
        if (::fnmatch(part.c_str(), entry.name.c_str(), FNM_PERIOD) == 0)
            TRY_VOID(go_on(under(entry.name), entry.is_folder));
    return {};
}

}  // namespace

Result<std::unique_ptr<RowFile>> RowFile::open(FileStore& files, const std::string& path) {
    if (is_parquet(path)) return open_parquet_rows(files, path);
    if (is_csv(path)) return open_csv_rows(path);
    return fail(ErrorCode::kUsage, "the ending tells no format", path, kEndings);
}

bool RowFiles::has(const std::string& column) const {
    return std::ranges::find(columns, column) != columns.end();
}

Result<void> RowFiles::read(FileStore& files, const std::vector<std::string>& wanted,
                            const RowFile::Take& take) const {
    bool more = true;
    auto take_row = [&](std::span<const InputValue> row) { return more = take(row); };
    for (const auto& path : paths) {
        TRY(auto file, RowFile::open(files, path));
        TRY_VOID(file->read(wanted, take_row));
        if (!more) break;
    }
    return {};
}

Result<RowFiles> find_row_files(Env& env, FileStore& files, const std::string& path) {
    RowFiles found;
    found.name = path;
    TRY(auto info, env.stat(path));
    if (info && !info->is_folder)
        found.paths.push_back(path);
    else if (info)
        TRY_VOID(add_below(env, path, 0, found.paths));
    else if (is_pattern(path))
        TRY_VOID(add_matches(env, "", path, found.paths));
    else
        return fail(ErrorCode::kNotFound, "cannot be opened", path, "give a file that is there");
    if (found.paths.empty())
        return fail(ErrorCode::kNotFound, "no file of rows is there", path, kEndings);
    for (const auto& each : found.paths) {
        TRY(auto file, RowFile::open(files, each));
        if (&each == &found.paths.front()) found.columns = file->columns();
        std::erase_if(found.columns, [&](const std::string& column) {
            return std::ranges::find(file->columns(), column) == file->columns().end();
        });
    }
    return found;
}

}  // namespace loanstream

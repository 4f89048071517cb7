#include "table/prove_files.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/env.h"
#include "base/sha256.h"
#include "table/amounts.h"
#include "table/columns.h"
#include "table/file_digest.h"
#include "table/table_reader.h"

namespace loanstream {

namespace {

constexpr std::size_t kHashDigits = 64;

std::string place_of(const LiveFile& file) { return file.place.text() + "/" + file.name; }

// Size and, where it is asked for, checksum of what a path holds now.
Result<FileDigest> measure(Warehouse& warehouse, const std::string& path, FileDepth depth) {
    if (depth == FileDepth::kChecksum) return digest_of(warehouse.files(), path);
    TRY(auto info, warehouse.files().stat(path));
    if (!info) return fail(ErrorCode::kNotFound, "the file is gone", path);
    return FileDigest{{}, static_cast<std::int64_t>(info->bytes)};
}

Result<void> prove_file(Warehouse& warehouse, const LiveFile& file, FileDepth depth,
                        const TellFailure& tell) {
    auto scan = open_live(warehouse, file);  // also finds out whether a merge has replaced it
    if (!scan && scan.error().code == ErrorCode::kNotFound) return std::unexpected(scan.error());
    if (!scan && scan.error().code == ErrorCode::kDamaged) {
        tell(place_of(file), "the log names this file and it is gone");
        return {};
    }
    TRY(auto path, warehouse.locate(file));
    TRY(auto digest, measure(warehouse, path, depth));
    if (digest.bytes != file.bytes)
        tell(place_of(file), std::to_string(digest.bytes) + " bytes, and the log says " +
                                 std::to_string(file.bytes));
    else if (depth == FileDepth::kChecksum && digest.sha256 != file.sha256)
        tell(place_of(file), "its checksum is not the one in the log: its bytes were changed");
    else if (!scan)
        tell(place_of(file), scan.error().what);
    else if ((*scan)->rows() != file.rows)
        tell(place_of(file), std::to_string((*scan)->rows()) + " rows, and the log says " +
                                 std::to_string(file.rows));
    return {};
}

// The hashes in the lines "<sha256> <name>" that a policy's hash is made from; empty: no policy.
std::vector<std::string> files_of_policy(std::string_view text) {
    std::vector<std::string> hashes;
    while (!text.empty()) {
        auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        bool good = end != text.npos && line.size() > kHashDigits + 1 &&
                    is_sha256_hex(line.substr(0, kHashDigits)) && line[kHashDigits] == ' ';
        if (!good) return {};
        hashes.emplace_back(line.substr(0, kHashDigits));
        text.remove_prefix(end + 1);
    }
    return hashes;
}

// Finds whatever lies in the tables' folders and is not in `named`.
class FolderWalk {
public:
    FolderWalk(FileStore& files, const Layout& layout, const std::set<std::string>& named)
        : files_(files), layout_(layout), named_(named) {}

    Result<void> walk(std::string_view table) {
        return walk(layout_.table(table), std::string(table), 0);
    }
    std::vector<std::string> foreign;
    std::int64_t known = 0;

private:
    static bool is_folder_of(int depth, std::string_view name) {
        if (depth == 0) return name.starts_with("dt=") && is_day(name.substr(3));
        if (!name.starts_with("part=") || name.size() < 6 || name.size() > 15) return false;
        return std::ranges::all_of(name.substr(5), [](char c) { return c >= '0' && c <= '9'; });
    }

    Result<void> walk(const std::string& folder, const std::string& place, int depth) {
        TRY(auto entries, files_.list(folder));
        for (const auto& entry : entries) {
            std::string path = join_path(folder, entry.name), at = place + "/" + entry.name;
            if (entry.is_folder && depth < 2 && is_folder_of(depth, entry.name))
                TRY_VOID(walk(path, at, depth + 1));
            else if (!entry.is_folder && named_.contains(path))
                ++known;
            else
                foreign.push_back(at);
        }
        return {};
    }

    FileStore& files_;
    const Layout& layout_;
    const std::set<std::string>& named_;
};

// Paths that may lie in the tables' folders: live files, and what a merge has replaced but not yet
// switched away or has switched in.
Result<std::set<std::string>> named_paths(Warehouse& warehouse) {
    TRY(auto files, warehouse.live_files());
    std::set<std::string> named;
    const Layout& layout = warehouse.layout();
    for (const auto& file : files) named.insert(layout.final_file(file.place, file.name));
    for (const auto& [part, open] : warehouse.state().merges())
        for (const auto& input : open.merge.inputs) named.insert(layout.final_file(part, input));
    return named;
}

}  // namespace

Result<std::string> prove_files(Warehouse& warehouse, const std::vector<LiveFile>& files,
                                FileDepth depth, const TellFailure& tell) {
    std::int64_t bytes = 0, manifests = 0;
    for (const auto& file : files) {
        TRY_VOID(prove_file(warehouse, file, depth, tell));
        bytes += file.bytes;
    }
    for (const auto& [key, day] : warehouse.state().days()) manifests += !day.manifest.empty();
    return count_text(static_cast<std::int64_t>(files.size()), "file", "files") + " (" +
           bytes_text(bytes) +
           (depth == FileDepth::kChecksum ? ") with size, checksum and rows, "
                                          : ") with size and rows, ") +
           count_text(manifests, "manifest", "manifests");
}

Result<std::string> prove_versions(Warehouse& warehouse, const TellFailure& tell) {
    std::set<std::string> wanted(warehouse.state().versions());
    std::set<std::string> proved;
    while (!wanted.empty()) {
        std::string hash = *wanted.begin();
        wanted.erase(wanted.begin());
        if (!proved.insert(hash).second) continue;
        auto bytes = warehouse.read_version(hash);
        std::string place = "_loanstream/versions/" + hash;
        if (!bytes && bytes.error().code == ErrorCode::kNotFound)
            tell(place, "a policy or model that rows were decided by is gone");
        else if (!bytes)
            tell(place, bytes.error().what);
        else
            for (auto& file : files_of_policy(*bytes)) wanted.insert(std::move(file));
    }
    return count_text(static_cast<std::int64_t>(proved.size()), "file", "files") +
           " of policies and models";
}

Result<std::string> prove_folders(Env& env, Warehouse& warehouse, const TellFailure& tell) {
    TRY(auto named, named_paths(warehouse));
    FolderWalk walk(warehouse.files(), warehouse.layout(), named);
    TRY_VOID(walk.walk(kPredictionTable));
    TRY_VOID(walk.walk(kDeadLettersTable));
    if (!walk.foreign.empty()) {
        // Published while we walked: a log that is read from here on names it.
        const std::string& folder = warehouse.layout().warehouse();
        TRY(auto later, Warehouse::open_to_read(env, warehouse.files(), folder));
        TRY(auto named_later, named_paths(*later));
        std::erase_if(walk.foreign, [&](const std::string& place) {
            return named_later.contains(join_path(folder, place));
        });
    }
    std::ranges::sort(walk.foreign);
    for (const auto& place : walk.foreign) tell(place, "the log does not name it");
    return count_text(walk.known, "file", "files") + " in the tables' folders and nothing else";
}

}  // namespace loanstream

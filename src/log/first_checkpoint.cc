#include "log/first_checkpoint.h"

#include <map>

#include "base/sha256.h"
#include "log/chain.h"
#include "log/manifest_name.h"
#include "log/state.h"

namespace loanstream {

namespace {

// Puts each file where it belongs: into the entry, or into its day's list.
std::map<TableDay, std::vector<LiveFile>> split_files(CheckpointEntry& state,
                                                      const std::vector<LiveFile>& live) {
    std::map<TableDay, std::int32_t> seals;
    for (const DayState& day : state.days) seals[day.day] = day.seals;
    std::map<TableDay, std::vector<LiveFile>> sealed;
    state.files.clear();
    for (const LiveFile& file : live)
        (file.place.part < seals[file.place.day] ? sealed[file.place.day] : state.files)
            .push_back(file);
    return sealed;
}

// `name` is for the case that there is something to write.
Result<void> write_manifest(FileStore& files, const Layout& layout, DayState& day,
                            const std::vector<LiveFile>& sealed, std::string name) {
    day.manifest.clear();
    day.sha256.clear();
    day.files = static_cast<std::int64_t>(sealed.size());
    day.rows = day.bytes = 0;
    if (sealed.empty()) return {};
    for (const LiveFile& file : sealed) day.rows += file.rows, day.bytes += file.bytes;
    std::string bytes = encode_manifest(day.day, sealed);
    day.manifest = std::move(name);
    day.sha256 = sha256_hex(bytes);
    if (auto readable = decode_manifest(day.day, bytes); !readable)
        return fail(ErrorCode::kInternal,
                    "the manifest would not be readable: " + readable.error().what, day.manifest);
    return files.write_new(join_path(layout.manifests(), day.manifest), bytes);
}

}  // namespace

Result<void> write_first_checkpoint(Env& env, FileStore& files, const Layout& layout,
                                    FirstCheckpoint first, const std::string& aside) {
    CheckpointEntry& state = first.state;
    auto sealed = split_files(state, first.live);
    TRY_VOID(files.make_folders(layout.manifests()));
    for (DayState& day : state.days)
        TRY_VOID(write_manifest(files, layout, day, sealed[day.day],
                                manifest_name(day.day, first.number, env.random())));
    TRY_VOID(files.sync_folder(layout.manifests()));

    Entry entry{{}, random_id(env), env.now(), std::move(state)};
    std::string bytes = encode_entry(entry);
    auto readable = decode_entry(bytes);
    if (readable && bytes.size() > kMostEntryBytes)
        readable = fail(ErrorCode::kInternal, "too long");
    if (!readable)
        return fail(ErrorCode::kInternal,
                    "the log entry would not be readable: " + readable.error().what, layout.log());
    TRY_VOID(files.make_folders(aside));
    TRY_VOID(files.write_new(join_path(aside, base_name(layout.entry(first.number))), bytes));
    return files.sync_folder(aside);
}

}  // namespace loanstream

#include "base/file_store.h"

namespace loanstream {

std::string folder_of(std::string_view path) {
    auto slash = path.find_last_of('/');
    if (slash == path.npos) return ".";
    return std::string(slash == 0 ? "/" : path.substr(0, slash));
}

Result<bool> FileStore::create_if_absent(const std::string& path, std::string_view bytes,
                                         const std::string& temporary) {
    constexpr int kMostTries = 5;
    for (int attempt = 0; attempt < kMostTries; ++attempt) {
        TRY(auto there, stat(path));
        if (there) {
            TRY_VOID(sync_folder(folder_of(path)));
            return false;
        }
        TRY_VOID(write_new(temporary, bytes));
        TRY(PublishOutcome outcome, publish(temporary, path));
        if (outcome == PublishOutcome::kMissing) continue;  // swept by another: it is ours to redo
        if (outcome == PublishOutcome::kTaken) TRY_VOID(remove(temporary));
        TRY_VOID(sync_folder(folder_of(path)));
        return outcome == PublishOutcome::kDone;
    }
    return fail(ErrorCode::kOutside, "is removed each time before it can be published", temporary,
                "see who removes files there");
}

Result<std::unique_ptr<AppendFile>> LocalFileStore::create(const std::string& path) {
    return env_.create_file(path);
}

Result<void> LocalFileStore::write_new(const std::string& path, std::string_view bytes) {
    TRY(auto file, env_.create_file(path));
    TRY_VOID(file->append(bytes));
    TRY_VOID(file->sync());
    return file->close();
}

Result<PublishOutcome> LocalFileStore::publish(const std::string& from, const std::string& to) {
    auto renamed = env_.rename_noreplace(from, to);
    if (renamed) return PublishOutcome::kDone;
    if (renamed.error().code == ErrorCode::kAlreadyThere) return PublishOutcome::kTaken;
    if (renamed.error().code != ErrorCode::kNotFound)
        return std::unexpected(std::move(renamed).error());
    // rename(2) says the same when the folder of `to` is missing, and that is not success.
    TRY(auto folder, env_.stat(folder_of(to)));
    if (!folder) return std::unexpected(std::move(renamed).error());
    return PublishOutcome::kMissing;
}

Result<void> LocalFileStore::exchange(const std::string& a, const std::string& b) {
    return env_.exchange(a, b);
}

Result<std::string> LocalFileStore::read(const std::string& path, std::uint64_t most) {
    return env_.read_whole(path, most);
}

Result<std::unique_ptr<ReadFile>> LocalFileStore::open(const std::string& path) {
    return env_.read_file(path);
}

Result<std::optional<FileInfo>> LocalFileStore::stat(const std::string& path) {
    return env_.stat(path);
}

Result<std::vector<FileInfo>> LocalFileStore::list(const std::string& folder) {
    auto files = env_.list(folder);
    if (!files && files.error().code == ErrorCode::kNotFound) return std::vector<FileInfo>();
    return files;
}

Result<void> LocalFileStore::remove(const std::string& path) {
    auto removed = env_.remove_file(path);
    if (!removed && removed.error().code == ErrorCode::kNotFound) return {};
    return removed;
}

Result<void> LocalFileStore::remove_folder(const std::string& path) {
    auto removed = env_.remove_folder(path);
    if (!removed && removed.error().code == ErrorCode::kNotFound) return {};
    return removed;
}

Result<void> LocalFileStore::make_folders(const std::string& path) {
    return env_.make_folders(path);
}

Result<void> LocalFileStore::sync_folder(const std::string& path) { return env_.sync_folder(path); }

}  // namespace loanstream

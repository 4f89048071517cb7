// The one seam to the world: clock, randomness, files. Passed in, never global. The real one is
// thread safe; a simulated one (tests) fakes exactly this. Paths are plain strings, '/' separated.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace loanstream {

// A file opened for appending. Bytes are durable only after sync(); a failed sync is fatal for the
// writer (never retried: the kernel may have dropped the dirty pages).
class AppendFile {
public:
    virtual ~AppendFile() = default;
    virtual Result<void> append(std::string_view bytes) = 0;
    virtual Result<void> sync() = 0;
    virtual Result<void> close() = 0;
};

// A file opened for reading at any place.
class ReadFile {
public:
    virtual ~ReadFile() = default;
    // Reads up to into.size() bytes at `at`; fewer only at the end of the file.
    virtual Result<std::size_t> read_at(std::uint64_t at, std::span<char> into) = 0;
    virtual Result<std::uint64_t> size() = 0;
    // Makes durable what others have written to it so far; a failure as AppendFile::sync.
    virtual Result<void> sync() = 0;
};

// A lock on a file (flock): released by destruction or by the death of the process.
class FileLock {
public:
    virtual ~FileLock() = default;
};

struct FileInfo {
    std::string name;  // base name
    bool is_folder = false;
    std::uint64_t bytes = 0;
};

class Env {
public:
    virtual ~Env() = default;

    virtual EpochMs now() = 0;                              // wall clock
    virtual std::chrono::nanoseconds monotonic() = 0;       // never runs backwards
    virtual void sleep_for(std::chrono::milliseconds) = 0;  // ends early on wake()
    virtual void wake() = 0;                                // ends sleeps; safe in any thread
    virtual std::uint64_t random() = 0;

    virtual Result<std::unique_ptr<AppendFile>> create_file(const std::string& path) = 0;  // O_EXCL
    virtual Result<std::unique_ptr<AppendFile>> append_file(const std::string& path) = 0;  // or new
    virtual Result<std::unique_ptr<ReadFile>> read_file(const std::string& path) = 0;
    virtual Result<std::string> read_whole(const std::string& path, std::uint64_t most) = 0;
    virtual Result<std::optional<FileInfo>> stat(const std::string& path) = 0;
    virtual Result<std::vector<FileInfo>> list(const std::string& folder) = 0;  // one picture
    virtual Result<void> make_folders(const std::string& path) = 0;  // all of them, synced
    virtual Result<void> sync_folder(const std::string& path) = 0;
    virtual Result<void> truncate(const std::string& path, std::uint64_t bytes) = 0;  // synced
    // renameat2 RENAME_NOREPLACE (where that is lacking: link + unlink of a file, rename of a
    // folder, which replaces none but an empty one): kAlreadyThere, kNotFound.
    virtual Result<void> rename_noreplace(const std::string& from, const std::string& to) = 0;
    virtual Result<void> replace(const std::string& from, const std::string& to) = 0;  // rename(2)
    virtual Result<void> exchange(const std::string& a, const std::string& b) = 0;
    virtual Result<void> hard_link(const std::string& from, const std::string& to) = 0;
    virtual Result<void> remove_file(const std::string& path) = 0;  // kNotFound if it is not there
    virtual Result<void> remove_folder(const std::string& path) = 0;  // empty folders only
    // nullopt: another process (or another handle in this one) holds it.
    virtual Result<std::optional<std::unique_ptr<FileLock>>> try_lock(const std::string& path) = 0;
    // Bytes that can still be written on the file system of a folder.
    virtual Result<std::uint64_t> free_bytes(const std::string& folder) = 0;
};

// The machine's own clock and disk.
std::unique_ptr<Env> make_system_env();

// The last name of a path ("c" of "a/b/c").
std::string base_name(std::string_view path);

// Joins with exactly one '/'.
std::string join_path(std::string_view folder, std::string_view name);

}  // namespace loanstream

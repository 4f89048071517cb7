// Where a warehouse's files lie: a local folder now, HDFS as the second implementation. Only the
// few moves that the delivery protocol is made of. Thread safe where the Env beneath it is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"

namespace loanstream {

// What a rename without replacing met. An Error instead means that the outcome is not known: the
// caller looks at the state, and may try again.
enum class PublishOutcome {
    kDone,     // the name is ours and `from` is gone
    kTaken,    // another file has the name; `from` stays
    kMissing,  // there is no `from`: another process has done it, or it was swept
};

class FileStore {
public:
    virtual ~FileStore() = default;

    // A new file to be written in pieces (a staged Parquet file). kAlreadyThere.
    virtual Result<std::unique_ptr<AppendFile>> create(const std::string& path) = 0;
    // A new file of these bytes, synced (its folder is not). kAlreadyThere.
    virtual Result<void> write_new(const std::string& path, std::string_view bytes) = 0;
    // `from` becomes `to` in one step without replacing what is there; the folder of `to` exists.
    // `from` may be a folder: it moves with all that lies in it.
    virtual Result<PublishOutcome> publish(const std::string& from, const std::string& to) = 0;
    // Two folders change places in one step.
    virtual Result<void> exchange(const std::string& a, const std::string& b) = 0;

    // kNotFound; kInvalidData when the file is longer than `most`.
    virtual Result<std::string> read(const std::string& path, std::uint64_t most) = 0;
    virtual Result<std::unique_ptr<ReadFile>> open(const std::string& path) = 0;  // kNotFound
    virtual Result<std::optional<FileInfo>> stat(const std::string& path) = 0;
    // One picture of the folder, unsorted; empty when there is no such folder.
    virtual Result<std::vector<FileInfo>> list(const std::string& folder) = 0;
    // Success also when it was not there.
    virtual Result<void> remove(const std::string& path) = 0;
    virtual Result<void> remove_folder(const std::string& path) = 0;  // empty ones only; as remove
    virtual Result<void> make_folders(const std::string& path) = 0;   // durable
    // Makes the names in a folder durable. A failure is a crash for the writer, never retried.
    virtual Result<void> sync_folder(const std::string& path) = 0;

    // Writes `bytes` under `temporary` and publishes it as `path`: true when this call made it,
    // false when a file of that name stood already (the temporary one is removed then). Not for
    // log entries, whose lost answers need more care. Syncs the folder of `path`.
    Result<bool> create_if_absent(const std::string& path, std::string_view bytes,
                                  const std::string& temporary);
};

// A folder of this machine, by Env.
class LocalFileStore : public FileStore {
public:
    explicit LocalFileStore(Env& env) : env_(env) {}
    Result<std::unique_ptr<AppendFile>> create(const std::string& path) override;
    Result<void> write_new(const std::string& path, std::string_view bytes) override;
    Result<PublishOutcome> publish(const std::string& from, const std::string& to) override;
    Result<void> exchange(const std::string& a, const std::string& b) override;
    Result<std::string> read(const std::string& path, std::uint64_t most) override;
    Result<std::unique_ptr<ReadFile>> open(const std::string& path) override;
    Result<std::optional<FileInfo>> stat(const std::string& path) override;
    Result<std::vector<FileInfo>> list(const std::string& folder) override;
    Result<void> remove(const std::string& path) override;
    Result<void> remove_folder(const std::string& path) override;
    Result<void> make_folders(const std::string& path) override;
    Result<void> sync_folder(const std::string& path) override;

private:
    Env& env_;
};

// The folder that a path lies in ("a/b" of "a/b/c"; "." without a slash).
std::string folder_of(std::string_view path);

}  // namespace loanstream

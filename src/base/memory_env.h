// A machine in memory, for tests and simulation: files, folders, locks and a clock that moves only
// when told. It can lose power: what was not synced is then gone, file by file and name by name.
// A name is durable once a folder that its making or renaming touched was synced (a folder that is
// made is so at once); bytes once their file was. Thread safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/env.h"

namespace loanstream {

class MemoryEnv : public Env {
public:
    explicit MemoryEnv(std::uint64_t seed = 1) : random_state_(seed) {}

    // Only what was made durable is left, and of the rest nothing, or what a disk had written by
    // itself: the first so many changes of names and of each file's bytes, by chance. Every lock is
    // free. Nothing else may use the Env now.
    enum class Unsynced { kGone, kPartlyThere };
    void lose_power(Unsynced unsynced = Unsynced::kGone);
    void advance(std::chrono::milliseconds by);
    // Frees a lock under its holder, as on a machine that has lost it.
    void break_lock(const std::string& path);
    // Bytes behind the back of the program (a test's sabotage); an absent file is made.
    void overwrite(const std::string& path, std::string bytes);
    // Every file with its bytes, by path.
    std::map<std::string, std::string> files();

    EpochMs now() override;
    std::chrono::nanoseconds monotonic() override;
    void sleep_for(std::chrono::milliseconds) override;
    void wake() override {}
    std::uint64_t random() override;
    Result<std::unique_ptr<AppendFile>> create_file(const std::string& path) override;
    Result<std::unique_ptr<AppendFile>> append_file(const std::string& path) override;
    Result<std::unique_ptr<ReadFile>> read_file(const std::string& path) override;
    Result<std::string> read_whole(const std::string& path, std::uint64_t most) override;
    Result<std::optional<FileInfo>> stat(const std::string& path) override;
    Result<std::vector<FileInfo>> list(const std::string& folder) override;
    Result<void> make_folders(const std::string& path) override;
    Result<void> sync_folder(const std::string& path) override;
    Result<void> truncate(const std::string& path, std::uint64_t bytes) override;
    Result<void> rename_noreplace(const std::string& from, const std::string& to) override;
    Result<void> replace(const std::string& from, const std::string& to) override;
    Result<void> exchange(const std::string& a, const std::string& b) override;
    Result<void> hard_link(const std::string& from, const std::string& to) override;
    Result<void> remove_file(const std::string& path) override;
    Result<void> remove_folder(const std::string& path) override;
    Result<std::optional<std::unique_ptr<FileLock>>> try_lock(const std::string& path) override;
    Result<std::uint64_t> free_bytes(const std::string& folder) override;

    struct Inode {
        std::string bytes, durable;
    };

private:
    using Names = std::map<std::string, std::shared_ptr<Inode>>;
    using Folders = std::set<std::string>;
    // A change of names that is not durable yet: take `gone` away, put `inode` at `made`; without
    // an inode a folder's new name, or two folders that change places.
    struct Change {
        std::string gone, made;
        std::shared_ptr<Inode> inode;
        bool exchanged = false;
        // A path after this change of folders.
        std::string renamed(const std::string& path) const;
        Change undone() const { return {made, gone, inode, exchanged}; }
    };
    Result<std::unique_ptr<AppendFile>> open_to_append(const std::string& path, bool fresh);
    Result<void> move(const std::string& from, const std::string& to, bool replacing);
    void change(Change change);
    static void apply(Names& names, Folders& folders, const Change& change);
    static Change moved(Change change, const Change& folder);
    void make_durable(const std::string& folder);
    std::uint64_t next_random();
    Change as_now(std::size_t index) const;
    Change as_durable(std::size_t index) const;
    std::string durable_name(std::string path) const;

    std::mutex mutex_;
    Names names_, durable_names_;
    Folders folders_, durable_folders_;
    std::vector<Change> changes_;
    std::size_t folder_changes_ = 0;              // among them
    std::map<std::string, std::uint64_t> locks_;  // which handle holds it
    std::uint64_t handles_ = 0;
    std::int64_t now_ms_ = 1'700'000'000'000;
    std::uint64_t random_state_;

    friend class MemoryAppendFile;
    friend class MemoryReadFile;
    friend class MemoryFileLock;
};

}  // namespace loanstream

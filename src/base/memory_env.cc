#include "base/memory_env.h"

#include <algorithm>

#include "base/file_store.h"

namespace loanstream {

namespace {

std::unexpected<Error> missing(const std::string& path) {
    return fail(ErrorCode::kNotFound, "no such file or folder", path);
}

}  // namespace

class MemoryAppendFile : public AppendFile {
public:
    MemoryAppendFile(MemoryEnv& env, std::shared_ptr<MemoryEnv::Inode> inode)
        : env_(env), inode_(std::move(inode)) {}
    Result<void> append(std::string_view bytes) override {
        std::lock_guard lock(env_.mutex_);
        inode_->bytes += bytes;
        return {};
    }
    Result<void> sync() override {
        std::lock_guard lock(env_.mutex_);
        inode_->durable = inode_->bytes;
        return {};
    }
    Result<void> close() override { return {}; }

private:
    MemoryEnv& env_;
    std::shared_ptr<MemoryEnv::Inode> inode_;
};

class MemoryFileLock : public FileLock {
public:
    MemoryFileLock(MemoryEnv& env, std::string path, std::uint64_t handle)
        : env_(env), path_(std::move(path)), handle_(handle) {}
    ~MemoryFileLock() override {
        std::lock_guard lock(env_.mutex_);
        auto held = env_.locks_.find(path_);
        if (held != env_.locks_.end() && held->second == handle_) env_.locks_.erase(held);
    }

private:
    MemoryEnv& env_;
    std::string path_;
    std::uint64_t handle_;
};

class MemoryReadFile : public ReadFile {
public:
    MemoryReadFile(MemoryEnv& env, std::shared_ptr<MemoryEnv::Inode> inode)
        : env_(env), inode_(std::move(inode)) {}
    Result<std::size_t> read_at(std::uint64_t at, std::span<char> into) override {
        std::lock_guard lock(env_.mutex_);
        const std::string& bytes = inode_->bytes;
        if (at >= bytes.size()) return 0;
        std::size_t n = std::min(into.size(), bytes.size() - at);
        std::copy_n(bytes.data() + at, n, into.data());
        return n;
    }
    Result<std::uint64_t> size() override {
        std::lock_guard lock(env_.mutex_);
        return inode_->bytes.size();
    }
    Result<void> sync() override {
        std::lock_guard lock(env_.mutex_);
        inode_->durable = inode_->bytes;
        return {};
    }

private:
    MemoryEnv& env_;
    std::shared_ptr<MemoryEnv::Inode> inode_;
};

namespace {

std::string renamed_to(const std::string& path, const std::string& from, const std::string& to) {
    bool beneath = path == from || path.starts_with(from + "/");
    return beneath ? to + path.substr(from.size()) : path;
}

}  // namespace

std::string MemoryEnv::Change::renamed(const std::string& path) const {
    std::string after = renamed_to(path, gone, made);
    return exchanged && after == path ? renamed_to(path, made, gone) : after;
}

void MemoryEnv::apply(Names& names, Folders& folders, const Change& change) {
    if (!change.inode) {
        Names moved;
        for (auto& [path, inode] : names) moved[change.renamed(path)] = inode;
        names = std::move(moved);
        Folders kept;
        for (const std::string& path : folders) kept.insert(change.renamed(path));
        folders = std::move(kept);
        return;
    }
    auto found = names.find(change.gone);
    if (found != names.end() && found->second == change.inode) names.erase(found);
    if (!change.made.empty()) names[change.made] = change.inode;
}

void MemoryEnv::change(Change change) {
    apply(names_, folders_, change);
    folder_changes_ += !change.inode;
    changes_.push_back(std::move(change));
}

void MemoryEnv::lose_power(Unsynced unsynced) {
    std::lock_guard lock(mutex_);
    auto some_of = [&](std::size_t all) {
        return unsynced == Unsynced::kGone ? 0 : next_random() % (all + 1);
    };
    std::size_t there = some_of(changes_.size());
    for (std::size_t i = 0; i < there; ++i) apply(durable_names_, durable_folders_, changes_[i]);
    names_ = durable_names_;
    folders_ = durable_folders_;
    changes_.clear();
    folder_changes_ = 0;
    for (auto& [path, inode] : names_) {
        if (inode->bytes.starts_with(inode->durable))
            inode->bytes.resize(inode->durable.size() +
                                some_of(inode->bytes.size() - inode->durable.size()));
        else
            inode->bytes = inode->durable;
        inode->durable = inode->bytes;
    }
    locks_.clear();
}

void MemoryEnv::advance(std::chrono::milliseconds by) {
    std::lock_guard lock(mutex_);
    now_ms_ += by.count();
}

void MemoryEnv::break_lock(const std::string& path) {
    std::lock_guard lock(mutex_);
    locks_.erase(path);
}

void MemoryEnv::overwrite(const std::string& path, std::string bytes) {
    std::lock_guard lock(mutex_);
    auto& inode = names_[path];
    if (!inode) inode = std::make_shared<Inode>();
    inode->bytes = inode->durable = std::move(bytes);
    durable_names_[path] = inode;
}

std::map<std::string, std::string> MemoryEnv::files() {
    std::lock_guard lock(mutex_);
    std::map<std::string, std::string> all;
    for (const auto& [path, inode] : names_) all[path] = inode->bytes;
    return all;
}

EpochMs MemoryEnv::now() {
    std::lock_guard lock(mutex_);
    return EpochMs(now_ms_);
}

std::chrono::nanoseconds MemoryEnv::monotonic() {
    std::lock_guard lock(mutex_);
    return std::chrono::milliseconds(now_ms_);
}

void MemoryEnv::sleep_for(std::chrono::milliseconds duration) { advance(duration); }

std::uint64_t MemoryEnv::random() {
    std::lock_guard lock(mutex_);
    return next_random();
}

std::uint64_t MemoryEnv::next_random() {  // splitmix64
    std::uint64_t z = (random_state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

Result<std::unique_ptr<AppendFile>> MemoryEnv::open_to_append(const std::string& path, bool fresh) {
    std::lock_guard lock(mutex_);
    if (!folders_.contains(folder_of(path))) return missing(path);
    auto found = names_.find(path);
    if (found != names_.end() && fresh)
        return fail(ErrorCode::kAlreadyThere, "the file exists", path);
    if (found == names_.end()) change({{}, path, std::make_shared<Inode>()});
    return std::make_unique<MemoryAppendFile>(*this, names_[path]);
}

Result<std::unique_ptr<AppendFile>> MemoryEnv::create_file(const std::string& path) {
    return open_to_append(path, true);
}

Result<std::unique_ptr<AppendFile>> MemoryEnv::append_file(const std::string& path) {
    return open_to_append(path, false);
}

Result<std::unique_ptr<ReadFile>> MemoryEnv::read_file(const std::string& path) {
    std::lock_guard lock(mutex_);
    auto found = names_.find(path);
    if (found == names_.end()) return missing(path);
    return std::make_unique<MemoryReadFile>(*this, found->second);
}

Result<std::string> MemoryEnv::read_whole(const std::string& path, std::uint64_t most) {
    std::lock_guard lock(mutex_);
    auto found = names_.find(path);
    if (found == names_.end()) return missing(path);
    if (found->second->bytes.size() > most)
        return fail(ErrorCode::kInvalidData, "longer than it may be", path);
    return found->second->bytes;
}

Result<std::optional<FileInfo>> MemoryEnv::stat(const std::string& path) {
    std::lock_guard lock(mutex_);
    std::string name = base_name(path);
    if (folders_.contains(path)) return FileInfo{name, true, 0};
    auto found = names_.find(path);
    if (found == names_.end()) return std::nullopt;
    return FileInfo{name, false, found->second->bytes.size()};
}

Result<std::vector<FileInfo>> MemoryEnv::list(const std::string& folder) {
    std::lock_guard lock(mutex_);
    if (!folders_.contains(folder)) return missing(folder);
    std::vector<FileInfo> found;
    std::string start = folder + "/";
    auto is_in = [&](const std::string& path) {
        return path.starts_with(start) && path.find('/', start.size()) == path.npos;
    };
    for (auto at = folders_.lower_bound(start); at != folders_.end() && at->starts_with(start);
         ++at)
        if (is_in(*at)) found.push_back({at->substr(start.size()), true, 0});
    for (auto at = names_.lower_bound(start); at != names_.end() && at->first.starts_with(start);
         ++at)
        if (is_in(at->first))
            found.push_back({at->first.substr(start.size()), false, at->second->bytes.size()});
    return found;
}

Result<void> MemoryEnv::make_folders(const std::string& path) {
    std::lock_guard lock(mutex_);
    for (std::string folder = path; folder != "." && folder != "/"; folder = folder_of(folder)) {
        if (names_.contains(folder))
            return fail(ErrorCode::kOutside, "a file stands where a folder must be", folder);
        folders_.insert(folder);
        durable_folders_.insert(durable_name(folder));
    }
    return {};
}

Result<void> MemoryEnv::sync_folder(const std::string& path) {
    std::lock_guard lock(mutex_);
    if (!folders_.contains(path)) return missing(path);
    make_durable(path);
    return {};
}

void MemoryEnv::make_durable(const std::string& folder) {
    for (std::size_t i = 0; i < changes_.size();) {
        Change now = as_now(i);
        if (folder_of(now.made) != folder && folder_of(now.gone) != folder) {
            ++i;
            continue;
        }
        Change done = changes_[i];
        Change durable = as_durable(i);
        apply(durable_names_, durable_folders_, durable);
        folder_changes_ -= !done.inode;
        changes_.erase(changes_.begin() + static_cast<std::ptrdiff_t>(i));
        for (std::size_t j = 0; j < i && !done.inode; ++j) changes_[j] = moved(changes_[j], done);
    }
}

MemoryEnv::Change MemoryEnv::moved(Change change, const Change& folder) {
    change.gone = folder.renamed(change.gone);
    change.made = folder.renamed(change.made);
    return change;
}

// The change by today's names: later ones have renamed folders.
MemoryEnv::Change MemoryEnv::as_now(std::size_t index) const {
    Change change = changes_[index];
    if (folder_changes_ == 0) return change;
    for (std::size_t i = index + 1; i < changes_.size(); ++i)
        if (!changes_[i].inode) change = moved(change, changes_[i]);
    return change;
}

// The change by the names of the durable picture: earlier renamings of folders are not in it.
MemoryEnv::Change MemoryEnv::as_durable(std::size_t index) const {
    Change change = changes_[index];
    if (folder_changes_ == 0) return change;
    for (std::size_t i = index; i-- > 0;)
        if (!changes_[i].inode) change = moved(change, changes_[i].undone());
    return change;
}

// A path of today by the names of the durable picture.
std::string MemoryEnv::durable_name(std::string path) const {
    for (std::size_t i = changes_.size(); i-- > 0 && folder_changes_ > 0;)
        if (!changes_[i].inode) path = changes_[i].undone().renamed(path);
    return path;
}

Result<void> MemoryEnv::truncate(const std::string& path, std::uint64_t bytes) {
    std::lock_guard lock(mutex_);
    auto found = names_.find(path);
    if (found == names_.end()) return missing(path);
    found->second->bytes.resize(bytes);
    found->second->durable = found->second->bytes;
    return {};
}

Result<void> MemoryEnv::move(const std::string& from, const std::string& to, bool replacing) {
    std::lock_guard lock(mutex_);
    if (!folders_.contains(folder_of(to))) return missing(from);
    bool is_folder = folders_.contains(from);
    auto found = names_.find(from);
    if (found == names_.end() && !is_folder) return missing(from);
    if (folders_.contains(to) || (!replacing && names_.contains(to)))
        return fail(ErrorCode::kAlreadyThere, "the name is taken", to);
    change({from, to, is_folder ? nullptr : std::shared_ptr<Inode>(found->second)});
    return {};
}

Result<void> MemoryEnv::rename_noreplace(const std::string& from, const std::string& to) {
    return move(from, to, false);
}

Result<void> MemoryEnv::replace(const std::string& from, const std::string& to) {
    return move(from, to, true);
}

Result<void> MemoryEnv::exchange(const std::string& a, const std::string& b) {
    std::lock_guard lock(mutex_);
    if (!folders_.contains(a) || !folders_.contains(b)) return missing(a);
    change({a, b, nullptr, true});
    return {};
}

Result<void> MemoryEnv::hard_link(const std::string& from, const std::string& to) {
    std::lock_guard lock(mutex_);
    auto found = names_.find(from);
    if (found == names_.end()) return missing(from);
    if (names_.contains(to)) return fail(ErrorCode::kAlreadyThere, "the file exists", to);
    change({{}, to, found->second});
    return {};
}

Result<void> MemoryEnv::remove_file(const std::string& path) {
    std::lock_guard lock(mutex_);
    auto found = names_.find(path);
    if (found == names_.end()) return missing(path);
    auto inode = found->second;
    change({path, {}, inode});
    return {};
}

Result<void> MemoryEnv::remove_folder(const std::string& path) {
    std::lock_guard lock(mutex_);
    if (!folders_.contains(path)) return missing(path);
    std::string start = path + "/";
    auto file = names_.lower_bound(start);
    auto folder = folders_.lower_bound(start);
    if ((file != names_.end() && file->first.starts_with(start)) ||
        (folder != folders_.end() && folder->starts_with(start)))
        return fail(ErrorCode::kOutside, "the folder is not empty", path);
    make_durable(path);  // a folder that is gone was empty
    folders_.erase(path);
    durable_folders_.erase(durable_name(path));
    return {};
}

Result<std::optional<std::unique_ptr<FileLock>>> MemoryEnv::try_lock(const std::string& path) {
    std::lock_guard lock(mutex_);
    if (!locks_.emplace(path, handles_ + 1).second)
        return std::optional<std::unique_ptr<FileLock>>();
    return std::make_unique<MemoryFileLock>(*this, path, ++handles_);
}

Result<std::uint64_t> MemoryEnv::free_bytes(const std::string&) { return 1ULL << 40; }

}  // namespace loanstream

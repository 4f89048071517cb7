// The machine's own clock and disk. Every path is taken as it is; errors carry it.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "base/env.h"

namespace loanstream {

namespace {

std::unexpected<Error> fault(int error_number, std::string_view doing, const std::string& path) {
    ErrorCode code = ErrorCode::kOutside;
    std::string mend;
    switch (error_number) {
        case ENOENT:
        case ENOTDIR: code = ErrorCode::kNotFound; break;
        case EEXIST:
        case ENOTEMPTY: code = ErrorCode::kAlreadyThere; break;
        case ENOSPC:
        case EDQUOT:
            code = ErrorCode::kDiskFull;
            mend = "free some space and start again; nothing committed is lost";
            break;
        case EACCES:
        case EPERM:
        case EROFS: mend = "give this user the right to it, or choose another folder"; break;
        case EMFILE:
        case ENFILE: mend = "raise the limit of open files (ulimit -n)"; break;
        default: break;
    }
    return fail(code, std::string(doing) + ": " + std::strerror(error_number), path,
                std::move(mend));
}

// An open file descriptor, closed with its owner.
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_;
};

Result<Descriptor> open_path(const std::string& path, int flags) {
    int fd;
    do {
        fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return fault(errno, "cannot open", path);
    return Descriptor(fd);
}

class SystemAppendFile : public AppendFile {
public:
    SystemAppendFile(Descriptor file, std::string path)
        : file_(std::move(file)), path_(std::move(path)) {}

    Result<void> append(std::string_view bytes) override {
        while (!bytes.empty()) {
            ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fault(errno, "cannot write", path_);
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return {};
    }

    Result<void> sync() override {
        if (::fsync(file_.get()) != 0) return fault(errno, "cannot sync", path_);
        return {};
    }

    Result<void> close() override {
        int fd = file_.release();
        if (fd >= 0 && ::close(fd) != 0 && errno != EINTR)
            return fault(errno, "cannot close", path_);
        return {};
    }

private:
    Descriptor file_;
    std::string path_;
};

class SystemReadFile : public ReadFile {
public:
    SystemReadFile(Descriptor file, std::string path)
        : file_(std::move(file)), path_(std::move(path)) {}

    Result<std::size_t> read_at(std::uint64_t at, std::span<char> into) override {
        std::size_t done = 0;
        while (done < into.size()) {
            ssize_t n = ::pread(file_.get(), into.data() + done, into.size() - done,
                                static_cast<off_t>(at + done));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fault(errno, "cannot read", path_);
            if (n == 0) break;
            done += static_cast<std::size_t>(n);
        }
        return done;
    }

    Result<std::uint64_t> size() override {
        struct stat info{};
        if (::fstat(file_.get(), &info) != 0) return fault(errno, "cannot look at", path_);
        return static_cast<std::uint64_t>(info.st_size);
    }

    Result<void> sync() override {
        if (::fdatasync(file_.get()) != 0) return fault(errno, "cannot sync", path_);
        return {};
    }

private:
    Descriptor file_;
    std::string path_;
};

class SystemFileLock : public FileLock {
public:
    explicit SystemFileLock(Descriptor file) : file_(std::move(file)) {}

private:
    Descriptor file_;  // closing it lets the lock go
};

FileInfo info_of(const struct stat& info, std::string name) {
    return FileInfo{std::move(name), S_ISDIR(info.st_mode),
                    static_cast<std::uint64_t>(info.st_size)};
}

// For file systems without RENAME_NOREPLACE. Done only when `from` is gone, whoever made the link.
Result<void> link_and_unlink(const std::string& from, const std::string& to) {
    struct stat a{}, b{};
    if (::stat(from.c_str(), &a) == 0 && S_ISDIR(a.st_mode)) {  // folders have no links
        if (::rename(from.c_str(), to.c_str()) == 0) return {};
        return fault(errno == ENOTEMPTY ? EEXIST : errno, "cannot rename to " + to, from);
    }
    if (::link(from.c_str(), to.c_str()) != 0) {
        int error_number = errno;
        bool ours = error_number == EEXIST && ::stat(from.c_str(), &a) == 0 &&
                    ::stat(to.c_str(), &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
        if (!ours) return fault(error_number, "cannot link to " + to, from);
    }
    if (::unlink(from.c_str()) != 0 && errno != ENOENT) return fault(errno, "cannot remove", from);
    return {};
}

class SystemEnv : public Env {
public:
    EpochMs now() override {
        auto since = std::chrono::system_clock::now().time_since_epoch();
        return EpochMs(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
    }

    std::chrono::nanoseconds monotonic() override {
        return std::chrono::steady_clock::now().time_since_epoch();
    }

    void sleep_for(std::chrono::milliseconds duration) override {
        std::unique_lock lock(mutex_);
        auto before = wakes_;
        woken_.wait_for(lock, duration, [&] { return wakes_ != before; });
    }

    void wake() override {
        std::lock_guard lock(mutex_);
        ++wakes_;
        woken_.notify_all();
    }

    std::uint64_t random() override {
        std::uint64_t value = 0;
        char* bytes = reinterpret_cast<char*>(&value);
        std::size_t done = 0;
        while (done < sizeof value) {
            ssize_t n = ::getrandom(bytes + done, sizeof value - done, 0);
            if (n > 0) done += static_cast<std::size_t>(n);
        }
        return value;
    }

    Result<std::unique_ptr<AppendFile>> create_file(const std::string& path) override {
        return open_to_write(path, O_EXCL);
    }
    Result<std::unique_ptr<AppendFile>> append_file(const std::string& path) override {
        return open_to_write(path, O_APPEND);
    }
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

private:
    static Result<std::unique_ptr<AppendFile>> open_to_write(const std::string& path, int flags) {
        TRY(Descriptor file, open_path(path, O_WRONLY | O_CREAT | flags));
        return std::make_unique<SystemAppendFile>(std::move(file), path);
    }

    std::mutex mutex_;
    std::condition_variable woken_;
    std::uint64_t wakes_ = 0;
};

Result<std::unique_ptr<ReadFile>> SystemEnv::read_file(const std::string& path) {
    TRY(Descriptor file, open_path(path, O_RDONLY));
    return std::make_unique<SystemReadFile>(std::move(file), path);
}

Result<std::string> SystemEnv::read_whole(const std::string& path, std::uint64_t most) {
    TRY(auto file, read_file(path));
    TRY(std::uint64_t size, file->size());
    std::string bytes;
    std::size_t room = static_cast<std::size_t>(std::min(size, most)) + 1;
    for (;;) {  // the file may grow while it is read; each turn but the last doubles the room
        std::size_t have = bytes.size();
        bytes.resize(room);
        TRY(std::size_t n, file->read_at(have, std::span(bytes).subspan(have)));
        bytes.resize(have + n);
        if (bytes.size() > most)
            return fail(ErrorCode::kInvalidData,
                        "longer than the " + std::to_string(most) + " bytes it may have", path);
        if (bytes.size() < room) return bytes;
        room *= 2;
    }
}

Result<std::optional<FileInfo>> SystemEnv::stat(const std::string& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0) return info_of(info, base_name(path));
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return fault(errno, "cannot look at", path);
}

Result<std::vector<FileInfo>> SystemEnv::list(const std::string& folder) {
    std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
    if (!open) return fault(errno, "cannot list", folder);
    std::vector<FileInfo> files;
    for (;;) {
        errno = 0;
        dirent* entry = ::readdir(open.get());
        if (entry == nullptr && errno != 0) return fault(errno, "cannot list", folder);
        if (entry == nullptr) return files;
        std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        struct stat info{};
        if (::fstatat(::dirfd(open.get()), entry->d_name, &info, 0) == 0)
            files.push_back(info_of(info, std::string(name)));
        else if (errno != ENOENT)  // gone since: not part of the picture
            return fault(errno, "cannot look at", join_path(folder, name));
    }
}

Result<void> SystemEnv::make_folders(const std::string& path) {
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
        std::string folder = path.substr(0, end);
        if (::mkdir(folder.c_str(), 0755) == 0) {
            auto slash = folder.find_last_of('/');
            std::string parent = slash == folder.npos ? "." : folder.substr(0, slash + 1);
            TRY_VOID(sync_folder(parent));
        } else if (int error_number = errno; error_number != EEXIST) {
            struct stat info{};
            bool there = ::stat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
            if (!there) return fault(error_number, "cannot make the folder", folder);
        }
        if (end == path.npos) break;
    }
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0 && !S_ISDIR(info.st_mode))
        return fail(ErrorCode::kOutside, "a file stands where a folder must be", path,
                    "move it away or choose another folder");
    return {};
}

Result<void> SystemEnv::sync_folder(const std::string& path) {
    TRY(Descriptor folder, open_path(path, O_RDONLY | O_DIRECTORY));
    if (::fsync(folder.get()) != 0) return fault(errno, "cannot sync the folder", path);
    return {};
}

Result<void> SystemEnv::truncate(const std::string& path, std::uint64_t bytes) {
    TRY(Descriptor file, open_path(path, O_WRONLY));
    if (::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0)
        return fault(errno, "cannot cut", path);
    if (::fsync(file.get()) != 0) return fault(errno, "cannot sync", path);
    return {};
}

Result<void> SystemEnv::rename_noreplace(const std::string& from, const std::string& to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
    if (errno == EINVAL || errno == ENOSYS) return link_and_unlink(from, to);
    return fault(errno, "cannot rename to " + to, from);
}

Result<void> SystemEnv::replace(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    return fault(errno, "cannot rename to " + to, from);
}

Result<void> SystemEnv::exchange(const std::string& a, const std::string& b) {
    if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return {};
    return fault(errno, "cannot exchange with " + b, a);
}

Result<void> SystemEnv::hard_link(const std::string& from, const std::string& to) {
    if (::link(from.c_str(), to.c_str()) == 0) return {};
    return fault(errno, "cannot link to " + to, from);
}

Result<void> SystemEnv::remove_file(const std::string& path) {
    if (::unlink(path.c_str()) == 0) return {};
    return fault(errno, "cannot remove", path);
}

Result<void> SystemEnv::remove_folder(const std::string& path) {
    if (::rmdir(path.c_str()) == 0) return {};
    return fault(errno, "cannot remove the folder", path);
}

Result<std::optional<std::unique_ptr<FileLock>>> SystemEnv::try_lock(const std::string& path) {
    TRY(Descriptor file, open_path(path, O_RDWR | O_CREAT));
    int status;
    do {
        status = ::flock(file.get(), LOCK_EX | LOCK_NB);
    } while (status != 0 && errno == EINTR);
    if (status == 0) return std::make_unique<SystemFileLock>(std::move(file));
    if (errno == EWOULDBLOCK) return std::optional<std::unique_ptr<FileLock>>();
    return fault(errno, "cannot lock", path);
}

Result<std::uint64_t> SystemEnv::free_bytes(const std::string& folder) {
    struct statvfs system{};
    if (::statvfs(folder.c_str(), &system) != 0)
        return fault(errno, "cannot tell the free space", folder);
    return static_cast<std::uint64_t>(system.f_bavail) * system.f_frsize;
}

}  // namespace

std::unique_ptr<Env> make_system_env() { return std::make_unique<SystemEnv>(); }

std::string base_name(std::string_view path) {
    return std::string(path.substr(path.find_last_of('/') + 1));
}

std::string join_path(std::string_view folder, std::string_view name) {
    while (folder.size() > 1 && folder.ends_with('/')) folder.remove_suffix(1);
    while (name.starts_with('/')) name.remove_prefix(1);
    std::string path(folder);
    if (!path.empty() && !path.ends_with('/')) path += '/';
    return path += name;
}

}  // namespace loanstream

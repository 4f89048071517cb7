#include "base/faulty_env.h"

namespace loanstream {

namespace {

class FaultyAppendFile : public AppendFile {
public:
    FaultyAppendFile(FaultyEnv& env, std::unique_ptr<AppendFile> real, std::string path)
        : env_(env), real_(std::move(real)), path_(std::move(path)) {}
    Result<void> append(std::string_view bytes) override {
        return env_.pass(
            path_, [&] { return real_->append(bytes); },
            [&] { (void)real_->append(bytes.substr(0, bytes.size() / 2)); });
    }
    Result<void> sync() override {
        return env_.pass(path_, [&] { return real_->sync(); });
    }
    Result<void> close() override {
        return env_.pass(path_, [&] { return real_->close(); });
    }

private:
    FaultyEnv& env_;
    std::unique_ptr<AppendFile> real_;
    std::string path_;
};

}  // namespace

void FaultyEnv::plan(Fault fault, std::int64_t call) {
    fault_ = fault;
    planned_ = call;
    calls_ = 0;
}

void FaultyEnv::strike(Fault fault) {
    fault_ = fault;
    planned_ = calls_;
}

Result<std::unique_ptr<AppendFile>> FaultyEnv::create_file(const std::string& path) {
    TRY(auto file, pass(path, [&] { return real_.create_file(path); }));
    return std::make_unique<FaultyAppendFile>(*this, std::move(file), path);
}

Result<std::unique_ptr<AppendFile>> FaultyEnv::append_file(const std::string& path) {
    TRY(auto file, pass(path, [&] { return real_.append_file(path); }));
    return std::make_unique<FaultyAppendFile>(*this, std::move(file), path);
}

Result<std::unique_ptr<ReadFile>> FaultyEnv::read_file(const std::string& path) {
    return pass(path, [&] { return real_.read_file(path); });
}

Result<std::string> FaultyEnv::read_whole(const std::string& path, std::uint64_t most) {
    return pass(path, [&] { return real_.read_whole(path, most); });
}

Result<std::optional<FileInfo>> FaultyEnv::stat(const std::string& path) {
    return pass(path, [&] { return real_.stat(path); });
}

Result<std::vector<FileInfo>> FaultyEnv::list(const std::string& folder) {
    return pass(folder, [&] { return real_.list(folder); });
}

Result<void> FaultyEnv::make_folders(const std::string& path) {
    return pass(path, [&] { return real_.make_folders(path); });
}

Result<void> FaultyEnv::sync_folder(const std::string& path) {
    return pass(path, [&] { return real_.sync_folder(path); });
}

Result<void> FaultyEnv::truncate(const std::string& path, std::uint64_t bytes) {
    return pass(path, [&] { return real_.truncate(path, bytes); });
}

Result<void> FaultyEnv::rename_noreplace(const std::string& from, const std::string& to) {
    return pass(from, [&] { return real_.rename_noreplace(from, to); });
}

Result<void> FaultyEnv::replace(const std::string& from, const std::string& to) {
    return pass(from, [&] { return real_.replace(from, to); });
}

Result<void> FaultyEnv::exchange(const std::string& a, const std::string& b) {
    return pass(a, [&] { return real_.exchange(a, b); });
}

Result<void> FaultyEnv::hard_link(const std::string& from, const std::string& to) {
    return pass(from, [&] { return real_.hard_link(from, to); });
}

Result<void> FaultyEnv::remove_file(const std::string& path) {
    return pass(path, [&] { return real_.remove_file(path); });
}

Result<void> FaultyEnv::remove_folder(const std::string& path) {
    return pass(path, [&] { return real_.remove_folder(path); });
}

Result<std::optional<std::unique_ptr<FileLock>>> FaultyEnv::try_lock(const std::string& path) {
    return pass(path, [&] { return real_.try_lock(path); });
}

Result<std::uint64_t> FaultyEnv::free_bytes(const std::string& folder) {
    return real_.free_bytes(folder);
}

}  // namespace loanstream

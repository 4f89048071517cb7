// An Env that lets calls through to another and makes one of them go wrong: the whole process dies
// there, or one call fails, or its answer is lost. For tests and simulation; thread safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/env.h"

namespace loanstream {

class FaultyEnv : public Env {
public:
    enum class Fault {
        kNone,
        kDiesBefore,  // that call and all later ones fail without effect (half of an append)
        kDiesAfter,   // that call has its effect, it and all later ones fail
        kFailsOnce,   // that call alone fails, without effect
        kAnswerLost,  // that call has its effect and fails
        kDiskFull,    // that call alone fails so, without effect
    };
    explicit FaultyEnv(Env& real) : real_(real) {}

    // Counts from the next call, which is call 1.
    void plan(Fault fault, std::int64_t call);
    // From within before_call: this call goes wrong.
    void strike(Fault fault);
    std::int64_t calls() const { return calls_; }
    // Called before each call is let through, with its number: another process may act there.
    void before_call(std::function<void(std::int64_t)> act) { act_ = std::move(act); }

    EpochMs now() override { return real_.now(); }
    std::chrono::nanoseconds monotonic() override { return real_.monotonic(); }
    void sleep_for(std::chrono::milliseconds duration) override { real_.sleep_for(duration); }
    void wake() override { real_.wake(); }
    std::uint64_t random() override { return real_.random(); }
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

    // Lets `call` through, or not, by the plan; `half` is done by a process that dies in it.
    template <typename Call, typename Half>
    auto pass(const std::string& where, Call call, Half half) -> decltype(call()) {
        std::int64_t number = ++calls_;
        if (act_) act_(number);
        bool here = number == planned_, past = number > planned_;
        bool dies = fault_ == Fault::kDiesBefore || fault_ == Fault::kDiesAfter;
        if (dies && past) return fault_at(where);
        if (!here || fault_ == Fault::kNone) return call();
        if (fault_ == Fault::kDiesBefore) half();
        if (fault_ == Fault::kDiskFull)
            return fail(ErrorCode::kDiskFull, "a planned fault: no space left", where);
        if (fault_ == Fault::kDiesBefore || fault_ == Fault::kFailsOnce) return fault_at(where);
        (void)call();
        return fault_at(where);
    }
    template <typename Call>
    auto pass(const std::string& where, Call call) -> decltype(call()) {
        return pass(where, call, [] {});
    }

private:
    static std::unexpected<Error> fault_at(const std::string& where) {
        return fail(ErrorCode::kOutside, "a planned fault", where);
    }

    Env& real_;
    Fault fault_ = Fault::kNone;
    std::int64_t planned_ = 0;
    std::atomic<std::int64_t> calls_{0};
    std::function<void(std::int64_t)> act_;
};

}  // namespace loanstream

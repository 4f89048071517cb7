#include "app/stream_watch.h"

#include <algorithm>

#include "app/stream_session.h"
#include "base/metrics.h"
#include "pipeline/readiness.h"

namespace loanstream {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kBetweenLooks(1000), kLeastStuckAfter(60000);
constexpr std::uint64_t kLeastFree = 64u << 20;

std::int64_t seconds_of(std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

}  // namespace

StreamWatchSettings stream_watch_settings(const Settings& settings) {
    StreamWatchSettings watch;
    watch.stuck_after = settings.duration("stream.stuck_after");
    if (watch.stuck_after.count() == 0)
        watch.stuck_after =
            std::max(10 * settings.duration("table.commit_every"), kLeastStuckAfter);
    watch.warehouse = DataFolders(settings).warehouse;
    return watch;
}

StreamWatch::StreamWatch(Env& env, Logger& log, const SnapshotBoard& board,
                         StreamWatchSettings settings)
    : env_(env),
      log_(log),
      board_(board),
      settings_(std::move(settings)),
      dog_(settings_.stuck_after),
      last_{"starting", env.now()},
      said_(last_) {}

void StreamWatch::start(std::function<void()> rejoin) {
    rejoin_ = std::move(rejoin);
    look();
    thread_ = std::thread([this] { work(); });
}

void StreamWatch::stop() {
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void StreamWatch::work() {
    milliseconds wait = std::clamp(settings_.stuck_after / 4, milliseconds(10), kBetweenLooks);
    while (true) {
        {
            std::unique_lock lock(mutex_);
            if (changed_.wait_for(lock, wait, [this] { return stop_; })) return;
        }
        look();
    }
}

void StreamWatch::look() {
    auto snapshot = board_.newest();
    auto now = env_.monotonic();
    auto free_bytes = env_.free_bytes(settings_.warehouse);
    std::unique_lock lock(mutex_);
    if (free_bytes) free_bytes_ = *free_bytes;
    is_disk_full_ = free_bytes && *free_bytes < kLeastFree;
    auto still = dog_.still_for(now);
    auto finding = dog_.look(*snapshot, now);
    if (finding == Watchdog::Finding::kStuck) rejoins_ += 1;
    say(judge(*snapshot));
    lock.unlock();
    std::int64_t lag = lag_of(*snapshot);
    if (finding == Watchdog::Finding::kAlarm)
        log_.event(events::kStillStuck, {{"lag", lag}, {"seconds", seconds_of(still)}});
    if (finding != Watchdog::Finding::kStuck) return;
    log_.event(events::kStuck, {{"lag", lag}, {"seconds", seconds_of(still)}});
    rejoin_();
}

StreamWatch::Readiness StreamWatch::judge(const Snapshot& snapshot) {
    std::string reason = not_ready_because(snapshot, {dog_.is_stuck(), is_disk_full_});
    if (reason != last_.reason) last_ = {std::move(reason), env_.now()};
    return last_;
}

// Starting and stopping have events of their own.
void StreamWatch::say(const Readiness& now) {
    if (now.reason == said_.reason || now.reason == "starting" || now.reason == "stopping") return;
    if (!now.reason.empty())
        log_.event(events::kNotReady, {{"reason", now.reason}});
    else if (said_.reason != "starting")
        log_.event(events::kReady, {{"was", said_.reason},
                                    {"seconds", (now.since.value - said_.since.value) / 1000}});
    said_ = now;
}

StreamWatch::Readiness StreamWatch::readiness() {
    auto snapshot = board_.newest();
    std::lock_guard lock(mutex_);
    return judge(*snapshot);
}

std::string StreamWatch::metrics() {
    auto now = readiness();
    std::lock_guard lock(mutex_);
    MetricsText out;
    out.add(metrics::kReady, now.reason.empty() ? 1 : 0);
    out.add(metrics::kStuck, dog_.is_stuck() ? 1 : 0);
    out.add(metrics::kRejoins, static_cast<double>(rejoins_));
    out.add(metrics::kDiskFree, static_cast<double>(free_bytes_));
    return out.text();
}

}  // namespace loanstream

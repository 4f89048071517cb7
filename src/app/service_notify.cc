#include "app/service_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "app/stream_view.h"

namespace loanstream {

using std::chrono::microseconds;

namespace {

// How long the first snapshot may go unseen, and the longest time between looks at the board.
constexpr microseconds kFirstLook(20'000), kLongestWait(10'000'000);

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

NotifySettings NotifySettings::from_environment() {
    NotifySettings settings;
    settings.socket = variable("NOTIFY_SOCKET");
    std::string owner = variable("WATCHDOG_PID");
    if (owner.empty() || owner == std::to_string(::getpid()))
        settings.watchdog = microseconds(
            std::max(0LL, std::strtoll(variable("WATCHDOG_USEC").c_str(), nullptr, 10)));
    return settings;
}

ServiceNotify::ServiceNotify(NotifySettings settings, const SnapshotBoard& board)
    : settings_(std::move(settings)), board_(board) {
    if (settings_.socket.empty()) return;
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return;
    thread_ = std::thread([this, before = board_.newest()] { watch(before); });
}

ServiceNotify::~ServiceNotify() {
    if (socket_ < 0) return;
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
    send("STOPPING=1");
    ::close(socket_);
}

// `seen` is held, so that no other snapshot has its place in memory.
void ServiceNotify::watch(std::shared_ptr<const Snapshot> seen) {
    bool ready = false;
    microseconds wait = kFirstLook;
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, wait, [this] { return stop_; })) {
        auto newest = board_.newest();
        if (newest == seen) continue;
        seen = std::move(newest);
        std::string message = "STATUS=" + status_line(*seen) + "\n";
        if (!ready) message += "READY=1\n";
        if (settings_.watchdog.count() > 0) message += "WATCHDOG=1\n";
        send(message);
        ready = true;
        wait = kLongestWait;
        if (settings_.watchdog.count() > 0) wait = std::min(wait, settings_.watchdog / 2);
    }
}

// Without waiting: a manager that is slow misses a word, the job does not stand still for it.
void ServiceNotify::send(const std::string& message) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (settings_.socket.size() >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, settings_.socket.data(), settings_.socket.size());
    bool is_abstract = settings_.socket.front() == '@';
    if (is_abstract) address.sun_path[0] = '\0';
    auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + settings_.socket.size() +
                                       (is_abstract ? 0 : 1));
    (void)::sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                   reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace loanstream

// Tells a service manager (systemd's Type=notify, sd_notify(3)) how the job does: READY=1 with the
// loop's first snapshot, WATCHDOG=1 twice in each interval in which the loop has posted another
// one, STOPPING=1 at the end. A loop that hangs posts none, the manager hears nothing and starts
// the job anew. Has a thread of its own; made and destroyed on one thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "pipeline/snapshot.h"

namespace loanstream {

struct NotifySettings {
    std::string socket;                        // of datagrams; '@' first: abstract; empty: none
    std::chrono::microseconds watchdog{0};     // the manager's interval; 0: it has no watchdog
    static NotifySettings from_environment();  // NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID
};

class ServiceNotify {
public:
    // Begins to watch the board. Does nothing without a socket; one that nobody reads is no error.
    ServiceNotify(NotifySettings settings, const SnapshotBoard& board);
    ~ServiceNotify();
    ServiceNotify(const ServiceNotify&) = delete;
    ServiceNotify& operator=(const ServiceNotify&) = delete;

private:
    void watch(std::shared_ptr<const Snapshot> seen);
    void send(const std::string& message) const;

    NotifySettings settings_;
    const SnapshotBoard& board_;
    int socket_ = -1;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace loanstream

#include "app/stop_signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace loanstream {

namespace {

sigset_t watched() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR2);  // how the destructor wakes the watcher
    return set;
}

}  // namespace

StopSignals::StopSignals(std::function<void()> stop) : stop_(std::move(stop)) {
    sigset_t set = watched();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    watcher_ = std::thread([this, set] {
        while (true) {
            int signal = 0;
            if (sigwait(&set, &signal) != 0 || ending_) return;
            if (signal == SIGUSR2) continue;
            if (asked_.exchange(true) && signal == SIGINT) ::_exit(130);
            stop_();
        }
    });
}

StopSignals::~StopSignals() {
    ending_ = true;
    pthread_kill(watcher_.native_handle(), SIGUSR2);
    watcher_.join();
}

}  // namespace loanstream

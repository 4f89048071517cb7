#include "app/service_notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace loanstream {

namespace {

using std::chrono::milliseconds;

// What a service manager has: a socket that takes datagrams.
class Manager {
public:
    explicit Manager(bool is_abstract = false) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
        static int number = 0;
        name = testing::TempDir() + "notify-" + std::to_string(::getpid()) + "-" +
               std::to_string(++number);
        if (is_abstract) name = "@" + name;
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (is_abstract) address.sun_path[0] = '\0';
        auto size = offsetof(sockaddr_un, sun_path) + name.size();
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(size)),
                  0);
    }
    ~Manager() {
        ::close(fd_);
        ::unlink(name.c_str());
    }
    // The next message; nothing if none comes in this time.
    std::optional<std::string> next(milliseconds within) {
        timeval time{within.count() / 1000, within.count() % 1000 * 1000};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
        std::string text(4096, '\0');
        auto got = ::recv(fd_, text.data(), text.size(), 0);
        if (got < 0) return std::nullopt;
        text.resize(static_cast<std::size_t>(got));
        return text;
    }
    std::string name;

private:
    int fd_;
};

bool says(const std::optional<std::string>& message, const char* word) {
    return message && ("\n" + *message).find(std::string("\n") + word) != std::string::npos;
}

constexpr milliseconds kSoon(20'000), kInterval(200);

void post(SnapshotBoard& board) { board.post(std::make_shared<Snapshot>()); }

}  // namespace

TEST(ServiceNotify, PingsOnlyWhileTheLoopPosts) {
    Manager manager;
    SnapshotBoard board;
    {
        ServiceNotify notify({manager.name, kInterval}, board);
        EXPECT_FALSE(manager.next(kInterval)) << "ready before the loop has begun";
        post(board);
        auto first = manager.next(kSoon);
        EXPECT_TRUE(says(first, "READY=1\n") && says(first, "WATCHDOG=1\n")) << first.value_or("");
        EXPECT_TRUE(says(first, "STATUS=starting: ")) << *first;
        for (int i = 0; i < 3; ++i) {
            post(board);
            auto ping = manager.next(kSoon);
            EXPECT_TRUE(says(ping, "WATCHDOG=1\n"));
            EXPECT_FALSE(says(ping, "READY=1"));
        }
        EXPECT_FALSE(manager.next(3 * kInterval)) << "pings although the loop hangs";
        post(board);
        EXPECT_TRUE(says(manager.next(kSoon), "WATCHDOG=1\n"));
    }
    EXPECT_EQ(manager.next(kSoon), "STOPPING=1");
}

TEST(ServiceNotify, TwiceInEachInterval) {
    Manager manager(true);
    SnapshotBoard board;
    constexpr milliseconds kLong(2000);
    ServiceNotify notify({manager.name, kLong}, board);
    post(board);
    ASSERT_TRUE(manager.next(kSoon));
    auto began = std::chrono::steady_clock::now();
    post(board);
    ASSERT_TRUE(manager.next(kSoon));
    EXPECT_LT(std::chrono::steady_clock::now() - began, kLong * 3 / 4);
}

TEST(ServiceNotify, WithoutWatchdogOnlyReadyAndStatus) {
    Manager manager;
    SnapshotBoard board;
    ServiceNotify notify({manager.name, {}}, board);
    post(board);
    auto first = manager.next(kSoon);
    EXPECT_TRUE(says(first, "READY=1\n"));
    EXPECT_FALSE(says(first, "WATCHDOG"));
}

TEST(ServiceNotify, NobodyListens) {
    SnapshotBoard board;
    ServiceNotify none({"", kInterval}, board);
    ServiceNotify gone({testing::TempDir() + "no-such-socket", kInterval}, board);
    ServiceNotify too_long({std::string(300, 'x'), kInterval}, board);
    post(board);
}

TEST(ServiceNotify, TakesTheEnvironmentOfItsOwnProcess) {
    ::setenv("NOTIFY_SOCKET", "/run/x", 1);
    ::setenv("WATCHDOG_USEC", "5000000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    auto mine = NotifySettings::from_environment();
    EXPECT_EQ(mine.socket, "/run/x");
    EXPECT_EQ(mine.watchdog, std::chrono::seconds(5));
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_EQ(NotifySettings::from_environment().watchdog.count(), 0);
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
    EXPECT_EQ(NotifySettings::from_environment().socket, "");
}

}  // namespace loanstream

// Bytes to the applicant API's port, as a client sends them. Holds: every answer is one of HTTP/1.1
// with a status that the server knows; as many applications are answered as are counted; another
// client is answered after it.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "feed/applicant_server.h"

using namespace loanstream;

namespace {

class Endless : public ApplicantSource {
public:
    Result<bool> next(std::string& json) override {
        json = R"({"member_id":"7","emp_title":"a \"quoted\" {word}"})";
        return true;
    }
};

ApplicantServer& server() {
    static auto running = [] {
        std::signal(SIGPIPE, SIG_IGN);
        return ApplicantServer::start(
                   {}, [] { return Result<std::unique_ptr<ApplicantSource>>(new Endless); }, true)
            .value();
    }();
    return *running;
}

// The fuzzer's own alarm may interrupt any call; it goes on.
bool is_connected(int fd, const sockaddr_in& to) {
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return true;
    int fault = errno;
    if (fault == EINTR) {
        pollfd ready{fd, POLLOUT, 0};
        socklen_t size = sizeof fault;
        while (::poll(&ready, 1, 10'000) < 0 && errno == EINTR) {
        }
        ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size);
    }
    if (fault != 0) std::fprintf(stderr, "http_fuzz: connect: %s\n", std::strerror(fault));
    return fault == 0;
}

// From ever another address of loopback: ports of one would be used up.
int connected() {
    static std::uint32_t count = 0;
    int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in from{}, to{};
    from.sin_family = to.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(0x7F000002u + (++count & 0xFFFFF));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(server().port());
    timeval patience{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    LOANSTREAM_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) == 0);
    LOANSTREAM_CHECK(is_connected(fd, to));
    return fd;
}

// Sends all, says that no more comes, and reads to the end.
std::string answers_to(std::string_view bytes) {
    int fd = connected();
    while (!bytes.empty()) {
        ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) break;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    ::shutdown(fd, SHUT_WR);
    std::string all;
    char block[4096];
    ssize_t got = 0;
    while ((got = ::recv(fd, block, sizeof block, 0)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0) all.append(block, static_cast<std::size_t>(got));
    // A reset may follow an early answer; silence may not.
    LOANSTREAM_CHECK(got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK));
    ::close(fd);
    return all;
}

// The applications among the answers.
std::int64_t check_answers(std::string_view all) {
    std::int64_t applications = 0;
    while (!all.empty()) {
        LOANSTREAM_CHECK(all.starts_with("HTTP/1.1 ") || all.starts_with("HTTP/1.0 "));
        std::string_view status = all.substr(9, 3);
        bool known = status == "200" || status == "400" || status == "404" || status == "405" ||
                     status == "413";
        LOANSTREAM_CHECK(known);
        std::size_t end = all.find("\r\n\r\n"), length = all.find("Content-Length: ");
        LOANSTREAM_CHECK(end != all.npos && length < end);
        std::size_t body = 0;
        std::from_chars(all.data() + length + 16, all.data() + end, body);
        LOANSTREAM_CHECK(end + 4 + body <= all.size());
        if (status == "200") {
            ++applications;
            LOANSTREAM_CHECK(all.substr(end + 4, body).starts_with("{\n  \"member_id\": \"7\""));
        }
        all.remove_prefix(end + 4 + body);
    }
    return applications;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    std::int64_t before = server().served();
    std::int64_t counted = check_answers(answers_to(text));
    LOANSTREAM_CHECK(server().served() - before == counted);
    static unsigned round = 0;
    if (++round % 16 == 0) {
        std::string good = std::string("GET ") + kApplicantPath + " HTTP/1.1\r\nHost: x\r\n\r\n";
        LOANSTREAM_CHECK(check_answers(answers_to(good)) == 1);
    }
    return 0;
}

#include "http/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <thread>

#include "http/client.h"

namespace loanstream {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::unique_ptr<HttpServer> serve(HttpServer::Handler handler, HttpServerSettings settings = {}) {
    auto server = HttpServer::start(settings, std::move(handler));
    EXPECT_TRUE(server) << server.error().line();
    return std::move(*server);
}

std::string url(const HttpServer& server, const std::string& target) {
    return "http://127.0.0.1:" + std::to_string(server.port()) + target;
}

// A client that says exactly what it is told.
class RawSocket {
public:
    explicit RawSocket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        timeval patience{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    ~RawSocket() { ::close(fd_); }
    void say(std::string_view bytes) {
        [[maybe_unused]] auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    // Until the other side closes.
    std::string hear() {
        std::string all;
        char block[4096];
        while (true) {
            ssize_t count = ::recv(fd_, block, sizeof block, 0);
            if (count <= 0) return all;
            all.append(block, static_cast<std::size_t>(count));
        }
    }

private:
    int fd_;
};

TEST(HttpServer, AnswersWithWhatTheHandlerGives) {
    auto server = serve([](const HttpRequest& request) {
        return HttpResponse{
            201, "text/plain",
            request.method + " " + request.path + " " + request.query + " " + request.body};
    });
    RawSocket socket(server->port());
    socket.say(
        "POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n"
        "\r\nbody");
    std::string answer = socket.hear();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 201 Created\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\n\r\nPOST /a/b c=d body"));
}

TEST(HttpServer, KeepsAConnection) {
    auto server = serve(
        [](const HttpRequest& request) { return HttpResponse{200, "text/plain", request.path}; });
    RawSocket socket(server->port());
    socket.say("GET /one HTTP/1.1\r\n\r\nGET /two HTTP/1.1\r\nConnection: close\r\n\r\n");
    std::string answers = socket.hear();
    EXPECT_THAT(answers, HasSubstr("/one"));
    EXPECT_THAT(answers, ::testing::EndsWith("/two"));
}

TEST(HttpServer, BoundsAndMalformedRequests) {
    HttpServerSettings settings;
    settings.most_body_bytes = 100;
    std::atomic<int> asked{0};
    auto server = serve([&](const HttpRequest&) { return ++asked, HttpResponse{}; }, settings);
    struct Case {
        std::string request, answer;
    };
    for (const auto& [request, answer] : {
             Case{"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", "HTTP/1.1 413"},
             Case{"GET / HTTP/1.1\r\nX: " + std::string(20000, 'x'), "HTTP/1.1 413"},
             Case{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
                      std::string(101, 'x') + "\r\n0\r\n\r\n",
                  "HTTP/1.1 413"},
             Case{"what?\r\n\r\n", "HTTP/1.1 400"},
             Case{"GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400"},
             Case{"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400"},
         }) {
        RawSocket socket(server->port());
        socket.say(request);
        EXPECT_THAT(socket.hear(), StartsWith(answer)) << request.substr(0, 60);
    }
    EXPECT_EQ(asked, 0);
}

TEST(HttpServer, LetsASilentConnectionGo) {
    HttpServerSettings settings;
    settings.idle_seconds = 1;
    auto server = serve([](const HttpRequest&) { return HttpResponse{}; }, settings);
    RawSocket silent(server->port()), half(server->port());
    half.say("GET / HT");
    EXPECT_EQ(silent.hear(), "");
    EXPECT_EQ(half.hear(), "");
}

TEST(HttpServer, ConnectionsAreBounded) {
    HttpServerSettings settings;
    settings.most_connections = 1;
    auto server = serve([](const HttpRequest&) { return HttpResponse{}; }, settings);
    RawSocket first(server->port());
    first.say("GET / HTTP/1.1\r\n\r\n");
    RawSocket second(server->port());
    EXPECT_EQ(second.hear(), "");
    auto client = HttpClient::make({url(*server, "/"), std::chrono::milliseconds(5000)});
    EXPECT_FALSE((*client)->get());
}

TEST(HttpServer, ATakenPortIsAnErrorWithItsMend) {
    auto first = serve([](const HttpRequest&) { return HttpResponse{}; });
    HttpServerSettings settings;
    settings.port = first->port();
    auto second = HttpServer::start(settings, [](const HttpRequest&) { return HttpResponse{}; });
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kOutside);
    EXPECT_THAT(second.error().line(), HasSubstr("another port"));
    first.reset();
    EXPECT_TRUE(HttpServer::start(settings, [](const HttpRequest&) { return HttpResponse{}; }))
        << "the port is free again";
}

TEST(HttpClient, GetsStatusTypeAndBodyOverOneConnection) {
    int asked = 0;
    auto server = serve([&](const HttpRequest&) {
        return ++asked < 3 ? HttpResponse{200, "text/x", "hello"} : HttpResponse{204, "", ""};
    });
    auto client = HttpClient::make({url(*server, "/")});
    for (int i = 0; i < 2; ++i) {
        auto answer = (*client)->get();
        ASSERT_TRUE(answer) << answer.error().line();
        EXPECT_EQ(answer->status, 200u);
        EXPECT_EQ(answer->content_type, "text/x");
        EXPECT_EQ(answer->body, "hello");
    }
    EXPECT_EQ((*client)->get()->status, 204u);
}

TEST(HttpClient, TheAnswerIsBoundedAndRedirectsAreNotFollowed) {
    auto server = serve([](const HttpRequest& request) {
        return request.path == "/large" ? HttpResponse{200, "text/plain", std::string(101, 'x')}
                                        : HttpResponse{302, "text/plain", ""};
    });
    auto large = HttpClient::make({url(*server, "/large"), std::chrono::seconds(5), 100});
    EXPECT_THAT((*large)->get().error().line(), HasSubstr("larger than the bound of 100 bytes"));
    auto moved = HttpClient::make({url(*server, "/moved")});
    EXPECT_EQ((*moved)->get()->status, 302u);
}

TEST(HttpClient, NobodyThere) {
    std::uint16_t port = 0;
    {
        auto server = serve([](const HttpRequest&) { return HttpResponse{}; });
        port = server->port();
    }
    auto client = HttpClient::make({"http://127.0.0.1:" + std::to_string(port) + "/"});
    auto answer = (*client)->get();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kOutside);
    EXPECT_THAT(answer.error().line(), HasSubstr("is the server running?"));
    EXPECT_EQ(HttpClient::make({"file:///etc/passwd"}).error().code, ErrorCode::kUsage);
}

TEST(HttpClient, AProxyIsNotAskedForLoopback) {
    auto server = serve([](const HttpRequest&) { return HttpResponse{}; });
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    auto client = HttpClient::make({url(*server, "/")});
    auto answer = (*client)->get();
    ::unsetenv("http_proxy");
    EXPECT_TRUE(answer);
}

TEST(HttpClient, CancelEndsAWaitingGet) {
    std::promise<void> asked, release;
    auto server = serve([&](const HttpRequest&) {
        asked.set_value();
        release.get_future().wait();
        return HttpResponse{};
    });
    auto client = HttpClient::make({url(*server, "/"), std::chrono::seconds(60)});
    auto answer = std::async(std::launch::async, [&] { return (*client)->get(); });
    asked.get_future().wait();
    auto before = std::chrono::steady_clock::now();
    (*client)->cancel();
    EXPECT_FALSE(answer.get());
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
    release.set_value();
    EXPECT_FALSE((*client)->get());
}

}  // namespace
}  // namespace loanstream

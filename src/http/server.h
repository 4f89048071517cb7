// A small HTTP/1.1 server on loopback: one thread of its own, any number of keep-alive
// connections, bounded headers, bodies and times. The handler runs on that thread and must not
// block for long. start() and stop() from the owner's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"

namespace loanstream {

struct HttpRequest {
    std::string method;  // "GET"
    std::string path;    // without the query
    std::string query;   // behind '?', or empty
    std::string body;
};

struct HttpResponse {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
};

struct HttpServerSettings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    std::uint64_t most_body_bytes = 1 << 20;
    int most_connections = 1024;
    int idle_seconds = 60;
};

class HttpServer {
public:
    using Handler = std::function<HttpResponse(const HttpRequest&)>;
    // Listens when this returns. kOutside: the port is taken.
    static Result<std::unique_ptr<HttpServer>> start(HttpServerSettings settings, Handler handler);
    ~HttpServer();  // stops
    std::uint16_t port() const;
    void stop();

    struct State;

private:
    explicit HttpServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace loanstream

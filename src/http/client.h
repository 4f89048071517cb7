// An HTTP client for one address: keep-alive, time-outs, a bound on the answer, no redirects, no
// proxy for loopback. One thread a client; cancel() from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "http/server.h"

namespace loanstream {

struct HttpClientSettings {
    std::string url;  // http:// or https://
    std::chrono::milliseconds timeout{10000};
    std::uint64_t most_body_bytes = 16 << 20;
};

class HttpClient {
public:
    static Result<std::unique_ptr<HttpClient>> make(HttpClientSettings settings);
    ~HttpClient();
    // Any status is an answer; kOutside when there was none.
    Result<HttpResponse> get();
    // Ends a get() that is under way within about a second, and refuses later ones.
    void cancel();

    struct State;

private:
    explicit HttpClient(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace loanstream

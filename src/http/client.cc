#include "http/client.h"

#include <curl/curl.h>

#include <atomic>

#include "http/shown_url.h"

namespace loanstream {

struct HttpClient::State {
    HttpClientSettings settings;
    CURL* handle = nullptr;
    std::string body;
    bool too_large = false;
    std::atomic<bool> cancelled{false};
    char error[CURL_ERROR_SIZE] = {};

    ~State() {
        if (handle != nullptr) curl_easy_cleanup(handle);
    }
    static int look(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        return static_cast<State*>(self)->cancelled ? 1 : 0;
    }
    static std::size_t take(char* bytes, std::size_t, std::size_t count, void* self) {
        auto& state = *static_cast<State*>(self);
        if (state.body.size() + count > state.settings.most_body_bytes) {
            state.too_large = true;
            return 0;
        }
        state.body.append(bytes, count);
        return count;
    }
};

namespace {

// A proxy that the environment names for the world outside does not reach this machine's servers.
bool is_loopback(std::string_view url) {
    url.remove_prefix(url.find("//") + 2);
    url = url.substr(0, url.find_first_of("/?"));
    return url.starts_with("127.") || url.starts_with("[::1]") || url == "localhost" ||
           url.starts_with("localhost:");
}

}  // namespace

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::make(HttpClientSettings settings) {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!settings.url.starts_with("http://") && !settings.url.starts_with("https://"))
        return fail(ErrorCode::kUsage, "not an http address: '" + shown_url(settings.url) + "'", {},
                    "write http://HOST:PORT/PATH");
    auto state = std::make_unique<State>();
    state->settings = std::move(settings);
    state->handle = started == CURLE_OK ? curl_easy_init() : nullptr;
    if (state->handle == nullptr) return fail(ErrorCode::kOutside, "libcurl does not start");
    CURL* handle = state->handle;
    curl_easy_setopt(handle, CURLOPT_URL, state->settings.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                     static_cast<long>(state->settings.timeout.count()));
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, state->error);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &State::take);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, state.get());
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &State::look);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, state.get());
    if (is_loopback(state->settings.url)) curl_easy_setopt(handle, CURLOPT_PROXY, "");
    return std::unique_ptr<HttpClient>(new HttpClient(std::move(state)));
}

void HttpClient::cancel() { state_->cancelled = true; }

Result<HttpResponse> HttpClient::get() {
    State& state = *state_;
    if (state.cancelled)
        return fail(ErrorCode::kOutside, "cancelled", shown_url(state.settings.url));
    state.body.clear();
    state.too_large = false;
    state.error[0] = '\0';
    CURLcode code = curl_easy_perform(state.handle);
    if (state.too_large)
        return fail(ErrorCode::kOutside,
                    "the answer is larger than the bound of " +
                        std::to_string(state.settings.most_body_bytes) + " bytes",
                    shown_url(state.settings.url));
    if (code != CURLE_OK)
        return fail(ErrorCode::kOutside,
                    state.error[0] != '\0' ? state.error : curl_easy_strerror(code),
                    shown_url(state.settings.url), "is the server running?");
    long status = 0;
    curl_easy_getinfo(state.handle, CURLINFO_RESPONSE_CODE, &status);
    const char* type = nullptr;
    curl_easy_getinfo(state.handle, CURLINFO_CONTENT_TYPE, &type);
    return HttpResponse{static_cast<unsigned>(status), type != nullptr ? type : "",
                        std::move(state.body)};
}

}  // namespace loanstream

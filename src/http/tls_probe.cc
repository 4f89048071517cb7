#include "http/tls_probe.h"

#include <curl/curl.h>

#include <array>
#include <memory>

namespace loanstream {

std::string why_tls_fails(const std::string& bootstrap, const std::string& ca_file) {
    std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
    if (!curl) return {};
    std::string url = "https://" + bootstrap.substr(0, bootstrap.find(','));
    std::array<char, CURL_ERROR_SIZE> text{};
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, 3000L);
    curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, text.data());
    if (!ca_file.empty()) curl_easy_setopt(curl.get(), CURLOPT_CAINFO, ca_file.c_str());
    return curl_easy_perform(curl.get()) == CURLE_OK ? std::string() : std::string(text.data());
}

}  // namespace loanstream

#include "http/shown_url.h"

#include <algorithm>

namespace loanstream {

std::string shown_url(std::string_view url) {
    url = url.substr(0, url.find('#'));
    std::size_t host = url.find("//");
    host = host == std::string_view::npos ? 0 : host + 2;
    std::string_view rest = url.substr(host);
    std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
    std::size_t at = rest.substr(0, path).rfind('@');
    std::string out(url.substr(0, host));
    if (at != std::string_view::npos) {
        out += "***@";
        rest.remove_prefix(at + 1);
    }
    std::size_t query = rest.find('?');
    out += rest.substr(0, query);
    char before = '?';
    while (query != std::string_view::npos) {
        rest.remove_prefix(query + 1);
        query = rest.find('&');
        std::string_view pair = rest.substr(0, query);
        std::size_t value = pair.find('=');
        out += before;
        out += pair.substr(0, value);
        if (value != std::string_view::npos) out += "=***";
        before = '&';
    }
    return out;
}

}  // namespace loanstream

// Why a TLS connection is refused, in OpenSSL's words: librdkafka only says that it was. Connects
// once more, by libcurl, sends nothing, and hangs up.
#pragma once

#include <string>

namespace loanstream {

// `bootstrap` "host:port,...": the first is tried. Empty when the connection is made or nothing
// more can be said. Waits at most three seconds.
std::string why_tls_fails(const std::string& bootstrap, const std::string& ca_file);

}  // namespace loanstream

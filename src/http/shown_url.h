// An address as logs, errors and `config show` may have it: without the password that it may carry.
#pragma once

#include <string>
#include <string_view>

namespace loanstream {

// "https://user:secret@host/path?key=secret&page" -> "https://***@host/path?key=***&page": what
// stands before the host's @ and the values of the query are hidden, and a fragment is left out.
// Any text is taken; one that is no address comes back as it is. Any thread.
std::string shown_url(std::string_view url);

}  // namespace loanstream

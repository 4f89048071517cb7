// Who does it: the login name, or the user's number where there is none. Free function, any thread.
#pragma once

#include <string>

namespace loanstream {

std::string login_name();

}  // namespace loanstream

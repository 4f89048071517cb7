#include "app/login_name.h"

#include <pwd.h>
#include <unistd.h>

namespace loanstream {

std::string login_name() {
    const passwd* user = ::getpwuid(::geteuid());
    return user != nullptr ? user->pw_name : std::to_string(::geteuid());
}

}  // namespace loanstream

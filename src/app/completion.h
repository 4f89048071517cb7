// Completion scripts for shells, made of the verbs and settings that are declared as data. Pure.
#pragma once

#include <string>

namespace loanstream {

std::string bash_completion();
std::string zsh_completion();  // the bash one, by zsh's own bashcompinit
std::string fish_completion();

}  // namespace loanstream

// Runs this program once more as a process of its own and waits for its end. One thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace loanstream {

struct ChildRequest {
    std::string program;
    std::vector<std::string> arguments;    // without the program's name
    std::vector<std::string> environment;  // "NAME=value" added to this process's own
    std::string output;                    // file that takes its stdout and stderr
};

// Its exit status; 128 + the signal that ended it. kOutside: it could not be started.
Result<int> run_child(const ChildRequest& request);

// The path of this process's program.
std::string own_program();

}  // namespace loanstream

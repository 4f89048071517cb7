#include "app/command.h"
#include "base/env.h"

int main(int count, char** words) {
    auto env = loanstream::make_system_env();
    return loanstream::run_command_line(count, words, *env);
}

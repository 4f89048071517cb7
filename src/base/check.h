// Invariants that must hold in the shipped program too. A broken one ends the process at once (a
// restart goes on from the log): going on could land a wrong row.
#pragma once

#include <cstdio>
#include <cstdlib>

#define LOANSTREAM_CHECK(condition)                                                  \
    do {                                                                             \
        if (!(condition)) {                                                          \
            std::fprintf(stderr, "loanstream: internal: %s:%d: does not hold: %s\n", \
                         __FILE_NAME__, __LINE__, #condition);                       \
            std::abort();                                                            \
        }                                                                            \
    } while (false)

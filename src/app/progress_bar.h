// How far a long command has come, on stderr: a bar that is drawn again in place on a terminal, a
// plain line every ten seconds elsewhere. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/env.h"

namespace loanstream {

class ProgressBar {
public:
    ProgressBar(Env& env, bool is_terminal);
    // `share` of the work that is done, 0 to 1. Cheap; draws no more often than five times a
    // second.
    void update(double share, std::int64_t rows);
    void finish();  // wipes the bar

    // "[########............]  40 %  1,200,000 rows  350,000/s  5 s left"
    static std::string text(double share, std::int64_t rows, std::chrono::nanoseconds elapsed);

private:
    Env& env_;
    bool is_terminal_;
    bool drawn_ = false;
    std::chrono::nanoseconds began_, last_;
};

}  // namespace loanstream

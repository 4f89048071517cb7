// The observers of several lines as one: told by one line at a time, of a fault or an order that
// all lines meet once. line() belongs to that line's thread; `next` is called on any of them, never
// on two at a time.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/run_loop.h"

namespace loanstream {

class LineFeed {
public:
    LineFeed(RunLoopObserver& next, std::size_t lines);
    RunLoopObserver& line(std::size_t number) { return *lines_[number]; }

private:
    class Line;
    void tell_fault();
    void tell_order();

    RunLoopObserver& next_;
    std::mutex mutex_;  // of all below and of next_
    std::vector<std::unique_ptr<RunLoopObserver>> lines_;
    std::vector<std::string> faults_;
    std::vector<std::optional<ReferAll>> orders_;
    std::string told_fault_;
    std::optional<ReferAll> told_order_;
};

}  // namespace loanstream

// Step a of `table prove`: the ranges of each source partition follow one another without hole or
// overlap, and the rows that the log counts are those of its files. Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "log/state.h"

namespace loanstream {

using TellFailure = std::function<void(const std::string& place, const std::string& what)>;

// Checks the state with all its live files; gives what was checked, for people.
std::string prove_ranges(const LogState& state, const std::vector<LiveFile>& files,
                         const TellFailure& tell);

}  // namespace loanstream

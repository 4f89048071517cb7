// Plays flow stories (docs/flow.md) and compares what comes out with what they expect. One thread.
#pragma once

#include <string>
#include <vector>

#include "base/env.h"
#include "base/error.h"

namespace loanstream {

struct StoryOptions {
    std::string program;  // what `crash after` starts; empty: this process's program
    bool update = false;  // writes what came out into the file
};

struct StoryResult {
    std::string name;
    std::string place;  // file:line
    bool passed = false;
    std::string failure;  // of a failed one: where, what was expected, what came
};

struct StoryReport {
    std::vector<StoryResult> stories;
    bool updated = false;      // the file was written anew
    std::string text() const;  // one line a story, failures with what follows
};

// Plays all stories of a file. An Error only where the file cannot be read as stories.
Result<StoryReport> run_story(Env& env, const std::string& path, const StoryOptions& options);

}  // namespace loanstream

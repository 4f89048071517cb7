// Where running `stream` processes of this machine answer: a small file each under <data>/run, made
// when the pages are up and removed at the end. What a killed one left is told by its answer, or
// none. Free functions, any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/env.h"

namespace loanstream {

// Removes the file when it goes.
class RunningMark {
public:
    // A fault of the disk is no fault of the job: null.
    static std::unique_ptr<RunningMark> put(Env& env, const std::string& data,
                                            const std::string& topic, const std::string& url);
    ~RunningMark();

private:
    RunningMark(Env& env, std::string path) : env_(env), path_(std::move(path)) {}
    Env& env_;
    std::string path_;
};

struct RunningStream {
    std::string url;
    std::int64_t pid = 0;
    std::string reason;  // not ready because; empty: ready
    std::string since;   // "2026-11-23T08:50:44.123Z"
};

// Asks each; those that do not answer for this topic are left out.
std::vector<RunningStream> running_streams(Env& env, const std::string& data,
                                           const std::string& topic);

}  // namespace loanstream

// The whole line in one process: applicant API, source, topic, stream and table, each on a thread
// of its own, with a live view in the terminal. Owned and driven by main's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/stream_session.h"
#include "feed/applicant_server.h"
#include "feed/source_loop.h"
#include "feed/topic_application_writer.h"

namespace loanstream {

struct DemoRequest {
    std::string topic;
    ApplicantServer::Open applicants;
    bool has_end = false;  // a file: the demo ends with it
    std::chrono::milliseconds every{0};
    std::optional<std::chrono::milliseconds> longest;  // nothing: until it is through or stopped
};

class Demo {
public:
    static Result<std::unique_ptr<Demo>> start(Env& env, const Settings& settings,
                                               DemoRequest request);
    ~Demo();
    // Draws until the end, then drains: all that was produced is landed when it returns.
    Result<void> watch(bool is_terminal);
    void stop();  // any thread
    const ApplicantServer& applicants() const { return *applicants_; }

private:
    Demo(Env& env, DemoRequest request) : env_(env), request_(std::move(request)) {}
    bool is_over() const;
    Result<void> drain();
    void draw(const Snapshot& snapshot, double records_per_second) const;
    void note_fault(const Error& error);
    std::optional<Error> fault() const;

    Env& env_;
    DemoRequest request_;
    RunLoopObserver nobody_;
    MergeObserver no_merge_observer_;
    SnapshotBoard board_;
    std::unique_ptr<ApplicantServer> applicants_;
    std::unique_ptr<SourceLoop> source_;
    std::unique_ptr<StreamSession> stream_;
    std::thread source_thread_, stream_thread_;
    std::atomic<bool> source_ended_{false}, stream_ended_{false}, stop_{false};
    mutable std::mutex fault_mutex_;
    std::optional<Error> fault_;
    std::chrono::nanoseconds began_{0};
};

}  // namespace loanstream

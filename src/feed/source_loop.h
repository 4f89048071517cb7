// The source: polls the applicant API, or reads a file, and produces into a topic. What it has
// reported as produced is durable. run() belongs to one thread; stop() and counts() to any.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "feed/applicant_file.h"
#include "feed/application_writer.h"
#include "http/client.h"

namespace loanstream {

struct SourceLoopSettings {
    std::string url;                             // polled, when `file` is empty
    std::chrono::milliseconds every{5000};       // between two polls; 0: as fast as it answers
    std::string file;                            // CSV or JSONL, plain or gz
    bool once = false;                           // stop at 204, instead of asking again
    std::int64_t most_waiting = 256;             // fast polls are appended this many at a time ...
    std::chrono::milliseconds longest_wait{50};  // ... or after this long
    std::int64_t most_batch_bytes = 4 << 20;
};

// Told of what happens, on the loop's thread.
struct SourceObserver {
    std::function<void(std::int64_t produced_now, std::int64_t produced)> produced =
        [](std::int64_t, std::int64_t) {};
    std::function<void(const Error&, std::chrono::milliseconds next_try)> failed =
        [](const Error&, std::chrono::milliseconds) {};
    // Nothing can be delivered: why, and since when.
    std::function<void(const std::string&, std::chrono::milliseconds)> held =
        [](const std::string&, std::chrono::milliseconds) {};
    std::function<void(const std::string&)> note = [](const std::string&) {};
};

class SourceLoop {
public:
    static Result<std::unique_ptr<SourceLoop>> open(Env& env,
                                                    std::unique_ptr<ApplicationWriter> writer,
                                                    SourceLoopSettings settings,
                                                    SourceObserver observer);
    // Until stop(), or the end of the file, or with `once` the API's 204. Returns with success
    // only when all that was read is delivered, or when stopped.
    Result<void> run();
    void stop();

    std::int64_t produced() const { return produced_; }
    std::int64_t retries() const { return retries_; }
    bool through() const { return through_; }
    bool all_delivered() const { return all_delivered_; }  // false: stopped while some were not

private:
    SourceLoop(Env& env, SourceLoopSettings settings, SourceObserver observer);
    Result<void> run_api();
    Result<void> run_file();
    void deliver_the_rest();
    Result<void> produce_rows(std::int64_t first_row, std::vector<std::string>& rows);
    Result<void> produce(std::vector<std::string>& waiting);
    // Until the writer has room, or has delivered all, or stop(); says so when it takes long.
    Result<void> await(Result<bool> (ApplicationWriter::*done)(std::chrono::milliseconds));
    void report();
    void back_off(const Error& error);
    void pause(std::chrono::milliseconds time);

    Env& env_;
    SourceLoopSettings settings_;
    SourceObserver observer_;
    std::unique_ptr<HttpClient> client_;  // null: reads a file
    std::unique_ptr<ApplicationWriter> writer_;
    int failures_ = 0;  // in a row
    std::atomic<std::int64_t> produced_{0}, retries_{0};
    std::atomic<bool> stop_{false}, through_{false}, all_delivered_{true};
};

}  // namespace loanstream

// What a running `stream` answers over HTTP: /metrics, /health/live, /health/ready. On the server's
// own thread; reads the newest picture alone. start() and destruction on one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/running_streams.h"
#include "app/settings.h"
#include "app/stream_watch.h"
#include "base/log_line.h"
#include "http/server.h"

namespace loanstream {

class StreamPages {
public:
    using Metrics = std::function<std::string()>;
    // On metrics.port, or any free one where that is taken; the log says which. Null: it is off, or
    // cannot be (the log says why: the job goes on without). What is passed in outlives it.
    static std::unique_ptr<StreamPages> start(Env& env, Logger& log, const Settings& settings,
                                              const std::string& topic, Metrics metrics,
                                              StreamWatch& watch);
    std::string url() const;  // "http://127.0.0.1:9100"

private:
    StreamPages(std::string topic, Metrics metrics, StreamWatch& watch)
        : topic_(std::move(topic)), metrics_(std::move(metrics)), watch_(watch) {}
    HttpResponse answer(const HttpRequest& request);
    HttpResponse ready();

    std::string topic_;
    Metrics metrics_;
    StreamWatch& watch_;
    std::string address_;
    std::unique_ptr<RunningMark> mark_;
    std::unique_ptr<HttpServer> server_;
};

}  // namespace loanstream

// The applicant API: GET /api/v1.0/FinTech/streamingdata answers one application after the other,
// as the replaced system's did (an indented JSON object of strings). 204 when there are no more.
// Owns its server's thread; served() may be asked from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "feed/applicant_file.h"
#include "http/server.h"

namespace loanstream {

inline constexpr const char* kApplicantPath = "/api/v1.0/FinTech/streamingdata";

class ApplicantServer {
public:
    // Opens the applications anew; called at the start and, with repeat, at each end.
    using Open = std::function<Result<std::unique_ptr<ApplicantSource>>()>;
    static Result<std::unique_ptr<ApplicantServer>> start(HttpServerSettings settings, Open open,
                                                          bool repeat);
    std::uint16_t port() const { return server_->port(); }
    std::string url() const;
    std::int64_t served() const { return served_; }
    bool through() const { return through_; }  // 204 has been answered
    // The first fault of the applications themselves (a broken file), empty when none.
    std::string fault() const;
    // What the file's reader left out, once it is through.
    const ApplicantSource& applicants() const { return *source_; }

private:
    ApplicantServer(Open open, bool repeat) : open_(std::move(open)), repeat_(repeat) {}
    HttpResponse answer(const HttpRequest& request);
    Result<bool> next(std::string& json);

    Open open_;
    bool repeat_;
    std::unique_ptr<ApplicantSource> source_;
    std::string address_, json_;
    std::atomic<std::int64_t> served_{0};
    std::atomic<bool> through_{false};
    mutable std::mutex fault_mutex_;
    std::string fault_;
    std::unique_ptr<HttpServer> server_;  // last: its thread ends before what it uses
};

// A flat JSON object on one line, one member a line with two spaces before it.
std::string indented(std::string_view flat_object);

}  // namespace loanstream

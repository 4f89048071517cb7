#include "app/stream_pages.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

namespace loanstream {

std::unique_ptr<StreamPages> StreamPages::start(Env& env, Logger& log, const Settings& settings,
                                                const std::string& topic, Metrics metrics,
                                                StreamWatch& watch) {
    auto port = static_cast<std::uint16_t>(settings.number("metrics.port"));
    if (port == 0) return nullptr;
    std::unique_ptr<StreamPages> pages(new StreamPages(topic, std::move(metrics), watch));
    pages->address_ = settings.text("metrics.address");
    HttpServerSettings server;
    server.address = pages->address_;
    auto handler = [raw = pages.get()](const HttpRequest& request) { return raw->answer(request); };
    std::int64_t taken = 0;
    for (std::uint16_t chosen : {port, std::uint16_t(0)}) {
        server.port = chosen;
        auto started = HttpServer::start(server, handler);
        if (started) {
            pages->server_ = std::move(*started);
            pages->mark_ = RunningMark::put(env, settings.text("data"), topic, pages->url());
            log.event(events::kMetricsServed, {{"url", pages->url()}, {"taken", taken}});
            return pages;
        }
        if (chosen == 0) log.event(events::kMetricsNotServed, started.error());
        taken = chosen;
    }
    return nullptr;
}

std::string StreamPages::url() const {
    return "http://" + address_ + ":" + std::to_string(server_->port());
}

HttpResponse StreamPages::ready() {
    auto now = watch_.readiness();
    nlohmann::ordered_json json = {{"ready", now.reason.empty()}};
    if (!now.reason.empty()) json["reason"] = now.reason;
    json["since"] = utc_text(now.since);
    json["topic"] = topic_;
    json["pid"] = ::getpid();
    return {now.reason.empty() ? 200u : 503u, "application/json", json.dump() + "\n"};
}

HttpResponse StreamPages::answer(const HttpRequest& request) {
    if (request.method != "GET")
        return {405, "application/json", "{\"error\":\"only GET is answered here\"}\n"};
    if (request.path == "/metrics")
        return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_()};
    if (request.path == "/health/live") return {200, "application/json", "{\"live\":true}\n"};
    if (request.path == "/health/ready") return ready();
    return {404, "application/json",
            "{\"error\":\"there are /metrics, /health/live and /health/ready\"}\n"};
}

}  // namespace loanstream

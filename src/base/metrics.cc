#include "base/metrics.h"

#include <fmt/format.h>

#include <cmath>

#include "base/check.h"

namespace loanstream {

namespace {

std::string escaped(std::string_view value) {
    std::string out;
    for (char c : value) {
        if (c == '\\' || c == '"') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

std::string labels_of(const MetricsText::Labels& labels) {
    std::string out, names;
    for (const auto& [name, value] : labels)
        out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : ",", name, escaped(value));
    return out.empty() ? out : "{" + out + "}";
}

}  // namespace

std::string_view name_of(MetricKind kind) {
    return kind == MetricKind::kCounter ? "counter" : "gauge";
}

std::span<const Metric> all_metrics() {
    static constexpr Metric kAll[] = {
#define LOANSTREAM_METRIC(id, kind, name, labels, text) metrics::id,
        LOANSTREAM_METRICS(LOANSTREAM_METRIC)
#undef LOANSTREAM_METRIC
    };
    return kAll;
}

void MetricsText::add(const Metric& metric, double value, const Labels& labels) {
    std::string names;
    for (const auto& [name, text] : labels) names += (names.empty() ? "" : " ") + std::string(name);
    LOANSTREAM_CHECK(names == metric.labels);
    if (last_ != metric.name)
        text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", metric.name, metric.text, metric.name,
                             name_of(metric.kind));
    last_ = metric.name;
    if (value == std::floor(value) && std::abs(value) < 1e15)
        text_ += fmt::format("{}{} {}\n", metric.name, labels_of(labels),
                             static_cast<std::int64_t>(value));
    else
        text_ += fmt::format("{}{} {}\n", metric.name, labels_of(labels), value);
}

}  // namespace loanstream

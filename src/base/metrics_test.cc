#include "base/metrics.h"

#include <gtest/gtest.h>

#include <set>

#include "base/log_events.h"

namespace loanstream {
namespace {

TEST(Metrics, TextFormat) {
    MetricsText text;
    text.add(metrics::kRecords, 12);
    text.add(metrics::kDecisions, 3, {{"status", "approved"}});
    text.add(metrics::kDecisions, 4, {{"status", "a \"b\"\\"}});
    text.add(metrics::kFreshness, 0.25);
    EXPECT_EQ(text.text(),
              "# HELP loanstream_records_total records polled from the topic\n"
              "# TYPE loanstream_records_total counter\n"
              "loanstream_records_total 12\n"
              "# HELP loanstream_decisions_total applications decided\n"
              "# TYPE loanstream_decisions_total counter\n"
              "loanstream_decisions_total{status=\"approved\"} 3\n"
              "loanstream_decisions_total{status=\"a \\\"b\\\"\\\\\"} 4\n"
              "# HELP loanstream_freshness_seconds age of the oldest record of the last commit "
              "when it landed\n"
              "# TYPE loanstream_freshness_seconds gauge\n"
              "loanstream_freshness_seconds 0.25\n");
}

TEST(Metrics, NamesKeepToTheCustom) {
    std::set<std::string_view> names;
    for (const Metric& metric : all_metrics()) {
        EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
        EXPECT_TRUE(metric.name.starts_with("loanstream_")) << metric.name;
        EXPECT_EQ(metric.name.ends_with("_total"), metric.kind == MetricKind::kCounter)
            << metric.name;
        EXPECT_FALSE(metric.text.empty());
    }
}

TEST(LogEvents, CodesAreStableWords) {
    std::set<std::string_view> codes;
    for (const LogEvent& event : log_events()) {
        EXPECT_TRUE(codes.insert(event.code).second) << event.code;
        EXPECT_EQ(event.code.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), event.code.npos);
        EXPECT_FALSE(event.what.empty());
    }
}

}  // namespace
}  // namespace loanstream

#include "app/why_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log_line.h"
#include "base/text_box.h"

namespace loanstream {

namespace {

// What a job that is not ready waits for, by its reason (pipeline/readiness.h).
struct ReasonText {
    std::string_view reason, waits_for, type;
};
constexpr ReasonText kReasons[] = {
    {"starting", "its start", "loanstream why {}"},
    {"stopping", "its end", "loanstream stream {}"},
    {"disk full", "room where the table lies", "df -h, then make room"},
    {"waiting: broker", "the brokers", "loanstream topic describe {}"},
    {"waiting: another process", "a process that has the partition", "loanstream why {}"},
    {"waiting: partitions", "its consumer group", "loanstream topic describe {}"},
    {"fenced", "nothing: another process has claimed it", "loanstream why {}"},
    {"stuck", "a commit that does not come", "stop the job, loanstream stream {}"},
};

class Report {
public:
    explicit Report(const WhyFacts& facts) : facts_(facts) {}

    WhyReport make() {
        WhyReport report{facts_.topic, {}, facts_.running, {}, {}};
        for (const auto& extent : facts_.extents) report.lines.push_back(line_of(extent));
        const StandingOrder* all =
            facts_.log == nullptr ? nullptr : facts_.log->review_all_of(facts_.topic);
        if (all != nullptr) {
            report.review_all = fmt::format("since {} by {}: {}", utc_text(all->since),
                                            all->order.by, all->order.why);
            report.review_words = "loanstream review-all off " + facts_.words + " --why TEXT";
        }
        return report;
    }

private:
    std::string typed(std::string_view form) const {
        return fmt::format(fmt::runtime(form), facts_.words);
    }

    WhyLine line_of(const SourceCounter::Extent& extent) {
        WhyLine line;
        line.partition = extent.source.partition.value;
        TopicPartition key{facts_.topic, extent.source.partition};
        const PartitionState* known = facts_.log ? facts_.log->partition(key) : nullptr;
        const StandingOrder* hold = facts_.log ? facts_.log->hold_of(key) : nullptr;
        line.lag = extent.watermark - (known == nullptr ? extent.first : known->next);
        if (known != nullptr) {
            line.since = known->decided_ms_last;
            line.owner = known->member;
        }
        if (hold != nullptr)
            tell_hold(line, *hold);
        else if (line.lag < 0)
            tell(line, "topic made anew", "a word whether to go on with the new topic",
                 "loanstream stream {} --accept-reset");
        else if (line.lag == 0)
            line.stage = "all landed";
        else
            tell_jobs(line, known != nullptr);
        return line;
    }

    void tell(WhyLine& line, std::string stage, std::string waits_for, std::string_view type) {
        line.stage = std::move(stage);
        line.waits_for = std::move(waits_for);
        line.type = typed(type);
    }

    void tell_hold(WhyLine& line, const StandingOrder& hold) {
        const OrderEntry& order = hold.order;
        tell(line, order.order == OrderKind::kDrain ? "drained" : "paused", "resume",
             "loanstream resume {} --why TEXT");
        if (order.partition != kAllPartitions)
            line.type += fmt::format(" --partition {}", order.partition);
        line.since = hold.since;
        line.by = order.by;
        line.why = order.why;
    }

    // Records wait, and nobody has ordered that.
    void tell_jobs(WhyLine& line, bool is_known) {
        bool one_is_ready = std::ranges::any_of(
            facts_.running, [](const RunningStream& one) { return one.reason.empty(); });
        bool is_fresh =
            is_known && facts_.now.value - line.since.value < facts_.quiet_after.count();
        if (one_is_ready || (facts_.running.empty() && is_fresh)) {
            line.stage = "landing";
            return;
        }
        if (facts_.running.empty())
            return tell(line, is_known ? "not read now" : "never read", "a running stream",
                        "loanstream stream {}");
        for (const ReasonText& one : kReasons)
            if (one.reason == facts_.running.front().reason)
                return tell(line, std::string(one.reason), std::string(one.waits_for), one.type);
        tell(line, facts_.running.front().reason, "see its log", "loanstream why {}");
    }

    const WhyFacts& facts_;
};

std::string since_text(EpochMs since) { return since.value > 0 ? utc_text(since) : ""; }

}  // namespace

bool WhyReport::is_held_up() const { return std::ranges::any_of(lines, &WhyLine::is_held_up); }

std::string WhyReport::text() const {
    TextBox box{{"partition", "stage", "since", "lag", "waits for"}, {}, true};
    for (const WhyLine& line : lines)
        box.rows.push_back({std::to_string(line.partition), line.stage, since_text(line.since),
                            with_commas(line.lag), line.waits_for});
    std::string out = box.rows.empty() ? topic + ": there is no such topic\n" : box.text();
    for (const WhyLine& line : lines) {
        if (!line.by.empty())
            out += fmt::format("{}/{}: {} by {}: {}\n", topic, line.partition, line.stage, line.by,
                               line.why);
        if (!line.type.empty()) out += fmt::format("{}/{}: {}\n", topic, line.partition, line.type);
    }
    for (const RunningStream& one : running)
        out += fmt::format("process {} at {}: {} since {}\n", one.pid, one.url,
                           one.reason.empty() ? "ready" : one.reason, one.since);
    if (!review_all.empty())
        out += fmt::format("every decision becomes a review {}\n{}\n", review_all, review_words);
    return out;
}

std::string WhyReport::json() const {
    nlohmann::ordered_json json = {{"topic", topic}, {"held_up", is_held_up()}};
    json["partitions"] = nlohmann::ordered_json::array();
    for (const WhyLine& line : lines)
        json["partitions"].push_back({{"partition", line.partition},
                                      {"stage", line.stage},
                                      {"since", since_text(line.since)},
                                      {"lag", line.lag},
                                      {"waits_for", line.waits_for},
                                      {"by", line.by},
                                      {"why", line.why},
                                      {"type", line.type},
                                      {"owner", line.owner}});
    json["processes"] = nlohmann::ordered_json::array();
    for (const RunningStream& one : running)
        json["processes"].push_back({{"pid", one.pid},
                                     {"url", one.url},
                                     {"ready", one.reason.empty()},
                                     {"reason", one.reason},
                                     {"since", one.since}});
    json["review_all"] = review_all;
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

WhyReport why_report(const WhyFacts& facts) { return Report(facts).make(); }

}  // namespace loanstream

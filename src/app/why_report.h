// Why records do not land: of each partition of a topic its stage, since when, what it waits for
// and what to type. Put together from the log, the topic's extents and what running jobs answer.
// Pure but for the clock that is passed in.
#pragma once

#include <string>
#include <vector>

#include "app/running_streams.h"
#include "log/state.h"
#include "table/prove.h"

namespace loanstream {

struct WhyFacts {
    std::string topic;
    std::string words;              // "local TOPIC": what verbs take to mean this topic
    const LogState* log = nullptr;  // null: there is no table yet
    std::vector<SourceCounter::Extent> extents;
    std::vector<RunningStream> running;
    EpochMs now;
    std::chrono::milliseconds quiet_after{60000};  // no decision for so long: it stands still
};

struct WhyLine {
    std::int32_t partition = 0;
    std::string stage;  // "all landed", "landing", "paused", "stuck", ...
    EpochMs since;      // 0: not known
    std::int64_t lag = 0;
    std::string waits_for;  // empty: nothing holds it up
    std::string by, why;    // of an order
    std::string type;
    std::string owner;  // member of the newest claim
    bool is_held_up() const { return !waits_for.empty(); }
};

struct WhyReport {
    std::string topic;
    std::vector<WhyLine> lines;
    std::vector<RunningStream> running;
    std::string review_all;  // who refers everything to review, and why; empty: nobody
    std::string review_words;
    bool is_held_up() const;
    std::string text() const;
    std::string json() const;
};

WhyReport why_report(const WhyFacts& facts);

}  // namespace loanstream

#include "table/prove.h"

#include "base/repaired_topic.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text_box.h"
#include "table/amounts.h"
#include "table/prove_files.h"
#include "table/prove_positions.h"
#include "table/prove_ranges.h"
#include "table/prove_replays.h"

namespace loanstream {

namespace {

constexpr int kMostLooks = 4;

class Proof {
public:
    Proof(Env& env, Warehouse& warehouse, const ProveRequest& request, SourceCounter* counter)
        : env_(env), warehouse_(warehouse), request_(request), counter_(counter) {
        report_.quick = request.quick;
    }

    // kNotFound: a file was replaced while it was read; look again.
    Result<ProveReport> run() {
        auto files = warehouse_.live_files();
        if (!files && files.error().code == ErrorCode::kUnknownFormat)
            return std::unexpected(std::move(files).error());
        if (!files) {
            tell_at("a")(files.error().where, files.error().what);
            return finished();
        }
        step("a", [&]() -> Result<std::string> {
            return "log: entry " + with_commas(static_cast<long long>(warehouse_.last_number())) +
                   " is the last, chain holds; " +
                   prove_ranges(warehouse_.state(), *files, tell_at("a"));
        });
        auto whole = prove_files(warehouse_, *files, FileDepth::kChecksum, tell_at("b"));
        if (!whole) return std::unexpected(whole.error());
        auto versions = prove_versions(warehouse_, tell_at("b"));
        if (!versions) return std::unexpected(versions.error());
        step("b", [&]() -> Result<std::string> { return "files: " + *whole + ", " + *versions; });
        TRY(auto folders, prove_folders(env_, warehouse_, tell_at("c")));
        step("c", [&]() -> Result<std::string> { return "folders: " + folders; });
        if (!request_.quick) TRY_VOID(run_slow(*files));
        return finished();
    }

private:
    Result<void> run_slow(const std::vector<LiveFile>& files) {
        TRY_VOID(look_at_sources());
        TRY(auto counts, prove_positions(warehouse_, files, counted_from_, tell_at("d")));
        report_.positions = counts.decided + counts.rejected;
        step("d", [&]() -> Result<std::string> {
            return "positions: " + with_commas(report_.positions) + ", each once (" +
                   with_commas(counts.decided) + " decided, " + with_commas(counts.rejected) +
                   " rejected)";
        });
        for (const std::string& accepted : accepted_gaps())
            step("d", [&]() -> Result<std::string> { return accepted; });
        TRY(std::string replays, prove_replays(warehouse_, files, tell_at("f")));
        if (!replays.empty())
            step("f", [&]() -> Result<std::string> { return "replays: " + replays; });
        if (counter_ == nullptr) return {};
        TRY(std::string counted, count_sources(counts));
        step("e", [&]() -> Result<std::string> { return "source: " + counted; });
        return {};
    }

    // What will never be decided, as entries in the log accept it.
    std::vector<std::string> accepted_gaps() const {
        std::vector<std::string> gaps;
        for (const LostEntry& lost : warehouse_.state().lost())
            gaps.push_back("accepted as lost: " + lost.source.text() + " [" +
                           std::to_string(lost.range.begin.value) + ", " +
                           std::to_string(lost.range.next.value) + "): " + lost.why);
        for (const EndedIncarnation& ended : warehouse_.state().ended())
            gaps.push_back("accepted as made anew: " + ended.source.text() + " ended at " +
                           std::to_string(ended.next.value) + ": " + ended.why);
        return gaps;
    }

    // Where each source partition that the log knows begins and ends now.
    Result<void> look_at_sources() {
        if (counter_ == nullptr) return {};
        std::set<std::string> topics(request_.topics.begin(), request_.topics.end());
        for (const auto& [key, state] : warehouse_.state().partitions()) topics.insert(key.topic);
        for (const ReplayEntry& entry : warehouse_.state().replays())
            if (!entry.sha256.empty()) topics.insert(repaired_topic(entry.origin.source.topic));
        for (const auto& topic : topics) {
            TRY(auto extents, counter_->partitions(topic));
            for (auto& extent : extents)
                extents_[{topic, extent.source.partition}] = std::move(extent);
        }
        for (const auto& [key, state] : warehouse_.state().partitions()) {
            auto extent = extents_.find(key);
            if (extent != extents_.end())
                counted_from_[state.source] = std::max(state.first, extent->second.first);
        }
        return {};
    }

    Result<std::string> count_sources(const PositionCounts& counts) {
        std::int64_t counted = 0, gone = 0, not_counted = 0;
        for (const auto& [key, state] : warehouse_.state().partitions()) {
            auto found = extents_.find(key);
            if (found == extents_.end()) {
                ++gone;
                continue;
            }
            TRY(std::int64_t here, count_source(state, found->second, counts));
            counted += here;
            not_counted += state.records - here;
        }
        std::int64_t behind = 0;
        for (const auto& [key, extent] : extents_) TRY_VOID(note_lag(key, extent, behind));
        std::string text = count_text(counted, "record", "records") + " counted again";
        if (not_counted > 0) text += ", " + with_commas(not_counted) + " no longer there to count";
        if (gone > 0)
            text += ", " + count_text(gone, "partition", "partitions") + " without its topic";
        text += behind == 0
                    ? "; no lag"
                    : "; lag " + count_text(behind, "record", "records") + " not decided yet";
        return text;
    }

    // Gives how many of its records could be counted again.
    Result<std::int64_t> count_source(const PartitionState& state,
                                      const SourceCounter::Extent& extent,
                                      const PositionCounts& counts) {
        auto tell = tell_at("e");
        std::string place = state.source.text();
        if (extent.first > state.next)
            tell(place, "offsets " + std::to_string(state.next.value) + " to " +
                            std::to_string(extent.first.value - 1) +
                            " went from the topic before they were decided");
        if (extent.watermark < state.next) {
            tell(place, "the topic ends at offset " + std::to_string(extent.watermark.value) +
                            " and the table has come to " + std::to_string(state.next.value) +
                            ": it was cut or made anew");
            return 0;
        }
        Offset at = std::max(state.first, extent.first);
        std::int64_t real = 0;
        for (OffsetRange range : without_lost(state.source, {at, std::max(at, state.next)})) {
            TRY(std::int64_t records, counter_->count(extent.source, range));
            real += records;
        }
        auto found = counts.rows_from.find(state.source);
        std::int64_t rows = found == counts.rows_from.end() ? 0 : found->second;
        if (real != rows)
            tell(place, "the topic holds " + std::to_string(real) + " records in offsets " +
                            std::to_string(at.value) + " to " +
                            std::to_string(state.next.value - 1) + " and the table " +
                            std::to_string(rows));
        return rows;
    }

    std::vector<OffsetRange> without_lost(const SourcePartition& source, OffsetRange range) const {
        std::vector<OffsetRange> lost, out;
        for (const auto& entry : warehouse_.state().lost())
            if (entry.source == source) lost.push_back(entry.range);
        std::ranges::sort(lost);
        for (OffsetRange gap : lost) {
            if (gap.next <= range.begin || gap.begin >= range.next) continue;
            if (range.begin < gap.begin) out.push_back({range.begin, gap.begin});
            range.begin = std::min(gap.next, range.next);
        }
        if (range.begin < range.next) out.push_back(range);
        return out;
    }

    Result<void> note_lag(const TopicPartition& key, const SourceCounter::Extent& extent,
                          std::int64_t& behind) {
        const PartitionState* state = warehouse_.state().partition(key);
        Offset next = state == nullptr ? extent.first : std::max(state->next, extent.first);
        if (extent.watermark <= next) return {};
        TRY(std::int64_t records, counter_->count(extent.source, {next, extent.watermark}));
        if (records == 0) return {};
        behind += records;
        SourcePartition source = state == nullptr ? extent.source : state->source;
        report_.lag.push_back({source, next, extent.watermark, records});
        if (request_.complete)
            tell_at("e")(source.text(), count_text(records, "record", "records") + " from offset " +
                                            std::to_string(next.value) + " on are not decided yet");
        return {};
    }

    TellFailure tell_at(std::string letter) {
        return [this, letter](const std::string& place, const std::string& what) {
            report_.failures_total += 1;
            if (report_.failures.size() < kMostFailuresKept)
                report_.failures.push_back(letter + " " + place + ": " + what);
        };
    }

    // A step that held is told; one with failures is not.
    template <typename Text>
    void step(const char* letter, const Text& text) {
        std::int64_t before = failures_seen_;
        std::string what = *text();
        failures_seen_ = report_.failures_total;
        if (failures_seen_ == before) report_.steps.push_back({letter, what});
    }

    ProveReport finished() {
        report_.proved = report_.failures_total == 0;
        return report_;
    }

    Env& env_;
    Warehouse& warehouse_;
    const ProveRequest& request_;
    SourceCounter* counter_;
    ProveReport report_;
    std::int64_t failures_seen_ = 0;
    std::map<TopicPartition, SourceCounter::Extent> extents_;
    std::map<SourcePartition, Offset> counted_from_;
};

}  // namespace

Result<ProveReport> report_without_log(FileStore& files, const std::string& warehouse,
                                       const Error& error) {
    bool damage = error.code == ErrorCode::kDamaged || error.code == ErrorCode::kInvalidData;
    if (error.code == ErrorCode::kNotFound) {
        Layout layout(warehouse);
        for (const auto& folder :
             {layout.table(kPredictionTable), layout.table(kDeadLettersTable), layout.log()}) {
            TRY(auto info, files.stat(folder));
            damage = damage || info.has_value();
        }
    }
    if (!damage) return std::unexpected(error);
    ProveReport report;
    report.failures_total = 1;
    report.failures.push_back("a " + (error.where.empty() ? warehouse : error.where) + ": " +
                              error.what);
    return report;
}

std::string ProveReport::text() const {
    std::string out;
    for (const auto& step : steps) out += step.letter + "  " + step.what + "\n";
    for (const auto& behind : lag)
        out += "   lag: " + behind.source.text() + " " + with_commas(behind.records) +
               " from offset " + std::to_string(behind.next.value) + " on\n";
    if (proved && quick) return out + "PROVED (quick): the files are those of the log\n";
    if (proved)
        return out + "PROVED: each of " + count_text(positions, "record", "records") +
               " stands exactly once in the table\n";
    for (const auto& failure : failures) out += "NOT PROVED: " + failure + "\n";
    if (failures_total > static_cast<std::int64_t>(failures.size()))
        out += "NOT PROVED: and " +
               with_commas(failures_total - static_cast<std::int64_t>(failures.size())) + " more\n";
    return out;
}

std::string ProveReport::json() const {
    nlohmann::ordered_json out = {{"proved", proved},
                                  {"quick", quick},
                                  {"positions", positions},
                                  {"failures_total", failures_total},
                                  {"failures", failures},
                                  {"steps", nlohmann::json::array()},
                                  {"lag", nlohmann::json::array()}};
    for (const auto& step : steps)
        out["steps"].push_back({{"step", step.letter}, {"what", step.what}});
    for (const auto& behind : lag)
        out["lag"].push_back({{"source", behind.source.text()},
                              {"next", behind.next.value},
                              {"watermark", behind.watermark.value},
                              {"records", behind.records}});
    return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<ProveReport> prove(Env& env, FileStore& files, const std::string& warehouse,
                          const ProveRequest& request, SourceCounter* counter) {
    for (int look = 1;; ++look) {
        auto opened = Warehouse::open_to_read(env, files, warehouse);
        if (!opened) return report_without_log(files, warehouse, opened.error());
        auto report = Proof(env, **opened, request, counter).run();
        bool replaced = !report && report.error().code == ErrorCode::kNotFound;
        if (!replaced || look == kMostLooks) return report;
    }
}

}  // namespace loanstream

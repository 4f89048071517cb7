#include "app/dry_run.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/job_source.h"
#include "app/stream_session.h"
#include "base/nearest_word.h"
#include "clean/message.h"

namespace loanstream {

namespace {

constexpr std::size_t kRowsShown = 3;
constexpr std::size_t kMostKeys = 5000;  // of unused ones; more are not counted

class DryRunner {
public:
    DryRunner(std::shared_ptr<const Policy> policy, const MessagePath& path,
              std::unique_ptr<Decider> decider)
        : policy_(std::move(policy)),
          opener_(path),
          cleaner_(policy_, path),
          decider_(std::move(decider)) {
        for (std::size_t slot = 0; slot < policy_->fields.size(); ++slot) {
            const Field& field = policy_->fields[slot];
            if (field.constant || field.is_derived) continue;
            slots_.push_back(static_cast<Slot>(slot));
            report.fields.push_back({field.name, {}, 0, 0, 0});
            for (const auto& key : field.keys) row_of_key_[key] = report.fields.size() - 1;
        }
        report.policy = policy_->name;
    }

    void add(const RawBatch& raw) {
        cleaner_.clean(raw, clean_);
        decider_->decide(clean_, decided_);
        for (const RawRecord& record : raw.records)
            count_keys(opener_.open(raw.bytes_of(record), false).record);
        for (std::size_t i = 0; i < clean_.applications.size(); ++i) count_cells(clean_.row(i));
        for (const Decision& decision : decided_.decisions) {
            report.by_status[static_cast<std::size_t>(decision.status)] += 1;
            if (report.rows.size() < kRowsShown)
                report.rows.emplace_back(recent_row(decided_, decision), decision.evidence);
        }
        for (const Reject& reject : decided_.rejects) count_reject(raw, reject);
        report.records += static_cast<std::int64_t>(raw.records.size());
        report.decided += static_cast<std::int64_t>(decided_.decisions.size());
        report.rejected += static_cast<std::int64_t>(decided_.rejects.size());
    }

    DryRunReport finish() {
        for (std::size_t row = 0; row < report.fields.size(); ++row)
            for (const auto& key : met_[row])
                report.fields[row].keys += (report.fields[row].keys.empty() ? "" : ", ") + key;
        std::ranges::stable_sort(report.causes, std::greater<>(), &DryRunReport::Cause::records);
        std::vector<std::string_view> names;
        for (std::size_t row = 0; row < report.fields.size(); ++row)
            if (report.fields[row].records == 0) names.push_back(report.fields[row].field);
        for (const auto& [key, records] : report.unused)
            if (auto near = nearest_word(key, names); !near.empty()) report.nearest[key] = near;
        return std::move(report);
    }

    DryRunReport report;

private:
    void count_keys(std::string_view record) {
        auto object = nlohmann::json::parse(record, nullptr, false);
        if (!object.is_object()) return;  // a reject says so
        for (const auto& [key, value] : object.items()) {
            auto found = row_of_key_.find(key);
            if (found != row_of_key_.end()) {
                report.fields[found->second].records += 1;
                met_[found->second].insert(key);
            } else if (report.unused.size() < kMostKeys || report.unused.contains(key)) {
                report.unused[key] += 1;
            }
        }
    }
    void count_cells(const Cell* row) {
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            report.fields[i].missing += row[slots_[i]].missing();
            report.fields[i].bad += row[slots_[i]].was_bad;
        }
    }
    void count_reject(const RawBatch& raw, const Reject& reject) {
        std::string field =
            reject.field == kNoSlot ? std::string() : policy_->fields[reject.field].name;
        std::string stage(name_of(reject.stage)), reason(reject.reason_text);
        for (auto& cause : report.causes)
            if (cause.stage == stage && cause.reason == reason && cause.field == field) {
                cause.records += 1;
                return;
            }
        report.causes.push_back({stage, reason, field,
                                 Position{raw.source, raw.records[reject.record].offset}.text(),
                                 1});
    }

    std::shared_ptr<const Policy> policy_;
    MessageOpener opener_;
    Cleaner cleaner_;
    std::unique_ptr<Decider> decider_;
    CleanBatch clean_;
    DecidedBatch decided_;
    std::vector<Slot> slots_;  // of report.fields
    std::map<std::string, std::size_t, std::less<>> row_of_key_;
    std::map<std::size_t, std::set<std::string>> met_;
};

}  // namespace

Result<DryRunReport> dry_run(Env& env, const Settings& settings, const std::string& topic,
                             std::int64_t limit) {
    TRY(auto policy, load_policy(settings.text("policy"), settings.text("model")));
    TRY(auto decider, Decider::make(policy));
    DataFolders folders(settings);
    LocalFileStore files(env);
    std::unique_ptr<Warehouse> table;
    if (auto opened = Warehouse::open_to_read(env, files, folders.warehouse))
        table = std::move(*opened);
    else if (opened.error().code != ErrorCode::kNotFound)
        return std::unexpected(std::move(opened).error());
    auto known = [&](PartitionId partition) -> const PartitionState* {
        return table ? table->state().partition({topic, partition}) : nullptr;
    };
    TRY(auto source, open_source_to_look(env, settings, {topic}, [&](PartitionId p) {
            return known(p) ? known(p)->source.incarnation : Incarnation();
        }));
    TRY(auto path, MessagePath::parse(settings.text("source.envelope")));
    DryRunner runner(policy, path, std::move(decider));
    runner.report.topic = topic;
    TRY(auto assignment, source->assignment());
    std::map<SourcePartition, Offset> ends;
    for (const auto& partition : assignment.owned) {
        const PartitionState* state = known(partition.partition);
        TRY(auto begin, source->seek(partition, {state ? state->next : Offset(0), !state}));
        TRY(Offset end, source->watermark(partition));
        if (begin.next < end) ends[partition] = end;
        runner.report.from +=
            (runner.report.from.empty() ? "" : ", ") + Position{partition, begin.next}.text();
    }
    RawBatch batch;
    while (runner.report.records < limit && !ends.empty()) {
        TRY(bool some, source->poll(std::chrono::milliseconds(1000), batch));
        TRY_VOID(source->assignment());  // with the faults of a broker
        if (!some) continue;
        if (batch.range.next >= ends[batch.source]) ends.erase(batch.source);
        auto room = static_cast<std::size_t>(limit - runner.report.records);
        if (batch.records.size() > room) batch.records.resize(room);
        runner.add(batch);
    }
    return runner.finish();
}

}  // namespace loanstream

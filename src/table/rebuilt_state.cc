#include "table/rebuilt_state.h"

#include <algorithm>

namespace loanstream {

namespace {

constexpr const char* kMember = "repair";
constexpr std::size_t kMostNames = 3;  // in one text

struct Span {
    OffsetRange range;
    bool is_quiet = false;
    std::string what;
};

class Rebuild {
public:
    Rebuild(FileStore& files, const LogFacts& facts, CountedFiles& counted,
            const RebuildRequest& request, SourceCounter* counter)
        : files_(files), facts_(facts), counted_(counted), request_(request), counter_(counter) {}

    Result<RebuiltState> run() {
        TRY(coverage_, cover(files_, facts_, counted_));
        out_.doublings = coverage_.doublings;
        for (const auto& [source, covered] : coverage_.covered) know(source);
        for (const auto& [source, reach] : facts_.reaches) know(source);
        note_epochs();
        for (const SourcePartition& source : sources_) TRY_VOID(settle(source));
        add_lists();
        add_days();
        return std::move(out_);
    }

private:
    static TopicPartition key_of(const SourcePartition& source) {
        return topic_partition_of(source);
    }

    void know(const SourcePartition& source) {
        sources_.insert(source);
        SourcePartition& newest = newest_.try_emplace(key_of(source), source).first->second;
        newest = std::max(newest, source);
    }

    void note_epochs() {
        for (const auto& [key, owner] : facts_.owners)
            epochs_[key] = std::max(epochs_[key], owner.epoch);
        for (const CountedFile& file : counted_.files)
            for (const FileRange& range : file.ranges)
                epochs_[key_of(range.source)] =
                    std::max(epochs_[key_of(range.source)], range.epoch);
        for (const auto& [key, newest] : newest_) {
            auto named = counted_.epochs.find({topic_in_name(key.topic), key.partition});
            if (named != counted_.epochs.end())
                epochs_[key] = std::max(epochs_[key], named->second);
        }
    }

    // Files that the log names in a range and that do not count.
    std::string gone_in(const SourcePartition& source, OffsetRange range) {
        if (counting_.empty())
            for (const CountedFile& file : counted_.files) counting_.insert(file.found.name);
        std::string names;
        std::size_t count = 0;
        for (const auto& [name, file] : facts_.files) {
            bool touches = std::ranges::any_of(file.ranges, [&](const FileRange& r) {
                return r.source == source && r.range.begin < range.next &&
                       range.begin < r.range.next;
            });
            if (!touches || counting_.contains(name) || ++count > kMostNames) continue;
            names += (names.empty() ? "" : ", ") + file.place.text() + "/" + name;
        }
        return names.empty() ? names : names + (count == 1 ? " is gone" : " are gone");
    }

    void add_hole(std::vector<Hole>& to, const SourcePartition& source, OffsetRange range) {
        std::string why = gone_in(source, range);
        for (const ShortRange& one : coverage_.shorts[source])
            if (why.empty() && one.range.begin < range.next && range.begin < one.range.next)
                why = one.why;
        to.push_back({source, range, why});
    }

    // Does the topic still have all of them?
    Result<bool> topic_has(const SourcePartition& source, OffsetRange range) {
        if (counter_ == nullptr) return false;
        TRY(auto extents, counter_->partitions(source.topic));
        for (const auto& extent : extents)
            if (extent.source.partition == source.partition && extent.first <= range.begin &&
                range.next <= extent.watermark)
                return true;
        return false;
    }

    // What covers offsets of one incarnation; gives where those end that hold or lose records.
    std::vector<Span> spans_of(const SourcePartition& source, Offset& end) {
        std::vector<Span> spans;
        for (OffsetRange range : coverage_.covered[source])
            spans.push_back({range, false, "the files of the tables"});
        for (const LostEntry& lost : facts_.lost)
            if (lost.source == source)
                spans.push_back({lost.range, false, "what was accepted as lost"});
        for (const Span& span : spans) end = std::max(end, span.range.next);
        for (const QuietRange& quiet : facts_.quiet)
            if (quiet.source == source) spans.push_back({quiet.range, true, "what held no record"});
        std::ranges::sort(spans, {}, &Span::range);
        return spans;
    }

    // Lays them one after the other.
    Result<void> settle(const SourcePartition& source) {
        auto known = facts_.reaches.find(source);
        LogFacts::Reach reach = known == facts_.reaches.end() ? LogFacts::Reach{} : known->second;
        reach.next = std::max(reach.next, coverage_.reached[source]);
        Offset end = reach.first, reached = reach.first;
        for (const Span& span : spans_of(source, end)) {
            if (span.range.begin > reached && span.is_quiet && span.range.begin >= end) break;
            if (span.range.begin > reached)
                add_hole(out_.holes, source, {reached, span.range.begin});
            if (span.range.begin < reached)
                out_.doublings.push_back(
                    {source, {span.range.begin, std::min(reached, span.range.next)}, span.what});
            if (span.is_quiet) out_.checkpoint.quiet.push_back({source, span.range});
            reached = std::max(reached, span.range.next);
        }
        bool is_newest = newest_.at(key_of(source)) == source;
        if (reached < reach.next) {
            OffsetRange tail{reached, reach.next};
            TRY(bool again, topic_has(source, tail));
            again = again && is_newest;
            add_hole(again ? out_.decided_again : out_.holes, source, tail);
            if (!again) reached = tail.next;
        }
        reach.next = reached;
        return is_newest ? add_partition(source, reach) : add_ended(source, reach);
    }

    Epoch next_epoch(const TopicPartition& key) const {
        auto highest = epochs_.find(key);
        return Epoch(highest == epochs_.end() ? 1 : highest->second.value + 1);
    }

    template <typename T>
    void count_rows(const SourcePartition& source, T& into) {
        for (const CountedFile& file : counted_.files)
            for (const FileRange& range : file.ranges) {
                if (range.source != source) continue;
                bool decided = file.found.place.day.table == kPredictionTable;
                (decided ? into.decided : into.rejected) += range.rows;
            }
        into.records = into.decided + into.rejected;
    }

    // Of the last commit, as far as its files tell.
    Result<void> add_last(PartitionState& state) {
        Offset last(0);
        for (const CountedFile& file : counted_.files) {
            for (const FileRange& range : file.ranges) {
                if (range.source != state.source || range.range.next < state.next) continue;
                TRY(EpochMs decided_ms, last_decided_in(files_, file.found, state.source));
                state.decided_ms_last = std::max(state.decided_ms_last, decided_ms);
            }
            for (const FoundRange& range : file.found.ranges) {
                if (range.source != state.source || range.range.next < last ||
                    range.policy_hash.empty())
                    continue;
                last = range.range.next;
                state.policy_hash = range.policy_hash;
                state.model_hash = range.model_hash;
            }
        }
        return {};
    }

    Result<void> add_partition(const SourcePartition& source, const LogFacts::Reach& reach) {
        PartitionState state;
        state.source = source;
        state.epoch = next_epoch(key_of(source));
        state.member = kMember;
        state.first = reach.first;
        state.next = reach.next;
        if (auto owner = facts_.owners.find(key_of(source)); owner != facts_.owners.end()) {
            state.decided_ms_last = owner->second.decided_ms_last;
            state.policy_hash = owner->second.policy_hash;
            state.model_hash = owner->second.model_hash;
        }
        count_rows(source, state);
        TRY_VOID(add_last(state));
        out_.checkpoint.partitions.push_back(std::move(state));
        return {};
    }

    Result<void> add_ended(const SourcePartition& source, const LogFacts::Reach& reach) {
        EndedIncarnation ended{source, reach.first, reach.next, 0, 0, 0, reach.why, reach.by};
        if (ended.by.empty()) {
            ended.why = "known by its files alone: the log was lost";
            ended.by = kMember;
        }
        count_rows(source, ended);
        out_.checkpoint.ended.push_back(std::move(ended));
        return {};
    }

    void add_lists() {
        CheckpointEntry& checkpoint = out_.checkpoint;
        checkpoint.lost = facts_.lost;
        checkpoint.replays = facts_.replays;
        for (const auto& [place, order] : facts_.orders) checkpoint.orders.push_back(order);
        if (request_.accept_gaps)
            for (const Hole& hole : out_.holes)
                checkpoint.lost.push_back({hole.source, next_epoch(key_of(hole.source)), hole.range,
                                           request_.why, request_.by});
        std::set<std::string> versions = facts_.versions;
        for (const CountedFile& file : counted_.files)
            for (const FoundRange& range : file.found.ranges)
                versions.insert({range.policy_hash, range.model_hash});
        versions.erase("");
        checkpoint.versions = {versions.begin(), versions.end()};
        for (const auto& [part, merge] : counted_.merges) checkpoint.merges.push_back(merge);
    }

    // The highest part seen is open, those below it are sealed; a merged one is.
    void add_days() {
        std::map<TableDay, DayState> days;
        auto day_of_seals = [&](const TableDay& day, std::int32_t seals) -> DayState& {
            DayState& state = days[day];
            state.day = day;
            state.seals = std::max(state.seals, seals);
            return state;
        };
        for (const auto& [day, seals] : facts_.seals) day_of_seals(day, seals);
        for (const CountedFile& file : counted_.files)
            day_of_seals(file.found.place.day, file.found.place.part);
        for (const TablePart& part : counted_.merged)
            day_of_seals(part.day, part.part + 1).merged.push_back(part.part);
        for (auto& [day, state] : days) out_.checkpoint.days.push_back(std::move(state));
    }

    FileStore& files_;
    const LogFacts& facts_;
    CountedFiles& counted_;
    const RebuildRequest& request_;
    SourceCounter* counter_;
    Coverage coverage_;
    std::set<SourcePartition> sources_;
    std::map<TopicPartition, SourcePartition> newest_;
    std::map<TopicPartition, Epoch> epochs_;
    std::set<std::string_view> counting_;  // names of files
    RebuiltState out_;
};

}  // namespace

Result<RebuiltState> rebuild_state(FileStore& files, const LogFacts& facts, CountedFiles& counted,
                                   const RebuildRequest& request, SourceCounter* counter) {
    return Rebuild(files, facts, counted, request, counter).run();
}

}  // namespace loanstream

#include "log/state.h"
#include "base/plants.h"

#include <algorithm>

#include "base/repaired_topic.h"

namespace loanstream {

namespace {

std::unexpected<Error> damaged(std::string what, std::string where) {
    return fail(ErrorCode::kDamaged, std::move(what), std::move(where));
}

bool same(const PartitionState& a, const PartitionState& b) {
    auto all = [](const PartitionState& p) {
        return std::tie(p.source, p.epoch, p.member, p.first, p.next, p.decided_ms_last,
                        p.policy_hash, p.model_hash, p.records, p.decided, p.rejected);
    };
    return all(a) == all(b);
}

bool contains(const std::vector<std::int32_t>& parts, std::int32_t part) {
    return std::ranges::find(parts, part) != parts.end();
}

}  // namespace

TopicPartition topic_partition_of(const SourcePartition& source) {
    return {source.topic, source.partition};
}

const PartitionState* LogState::partition(const TopicPartition& key) const {
    auto found = partitions_.find(key);
    return found == partitions_.end() ? nullptr : &found->second;
}

const DayState* LogState::day(const TableDay& day) const {
    auto found = days_.find(day);
    return found == days_.end() ? nullptr : &found->second;
}

std::int32_t LogState::open_part(const TableDay& day) const {
    const DayState* state = this->day(day);
    return state == nullptr ? 0 : state->seals;
}

LogState::OpenPart LogState::open_part_size(const TableDay& day) const {
    auto found = open_sizes_.find(day);
    return found == open_sizes_.end() ? OpenPart{} : found->second;
}

bool LogState::manifest_is_current(const TableDay& day) const {
    return !days_to_rewrite_.contains(day);
}

Result<void> LogState::check(const EntryBody& body) const {
    if (fresh_ && !std::holds_alternative<CheckpointEntry>(body))
        return damaged("the first entry read must be a checkpoint", {});
    return std::visit([this](const auto& entry) { return check_one(entry); }, body);
}

Result<void> LogState::apply(const EntryBody& body, EpochMs at) {
    TRY_VOID(check(body));
    std::visit([&](const auto& entry) { apply_one(entry, at); }, body);
    fresh_ = false;
    return {};
}

Result<const PartitionState*> LogState::owned(const SourcePartition& source, Epoch epoch,
                                              Offset begin) const {
    const PartitionState* known = partition(topic_partition_of(source));
    if (known == nullptr) return damaged("the partition was never claimed", source.text());
    if (epoch < known->epoch)
        return fail(ErrorCode::kFenced,
                    "a newer owner (epoch " + std::to_string(known->epoch.value) +
                        ") has taken the partition over from epoch " + std::to_string(epoch.value),
                    source.text(), "nothing is lost: the newer owner goes on from the last commit");
    if (epoch > known->epoch)
        return damaged("epoch " + std::to_string(epoch.value) + " was never claimed",
                       source.text());
    if (source != known->source)
        return damaged("the newest incarnation is " + known->source.text(), source.text());
    if (begin != known->next)
        return damaged("offsets begin at " + std::to_string(begin.value) +
                           " and the last commit ended at " + std::to_string(known->next.value),
                       source.text());
    return known;
}

Result<void> LogState::check_one(const ClaimEntry& entry) const {
    const PartitionState* known = partition(topic_partition_of(entry.source));
    Epoch last = known == nullptr ? Epoch(0) : known->epoch;
    if (entry.epoch.value != last.value + 1)
        return damaged("epoch " + std::to_string(entry.epoch.value) + " follows epoch " +
                           std::to_string(last.value),
                       entry.source.text());
    Incarnation newest = known == nullptr ? Incarnation(0) : known->source.incarnation;
    if (entry.source.incarnation != newest)
        return damaged("the claim is of another incarnation", entry.source.text());
    return {};
}

void LogState::apply_one(const ClaimEntry& entry, EpochMs) {
    PartitionState& state = partitions_[topic_partition_of(entry.source)];
    state.source = entry.source;
    state.epoch = entry.epoch;
    state.member = entry.member;
}

Result<void> LogState::check_file(const CommitEntry& entry, const CommittedFile& file) const {
    if (file.range >= entry.ranges.size())
        return damaged("the file is of no range of its entry", file.name);
    const CommittedRange& range = entry.ranges[file.range];
    auto name = DataFileName::parse(file.name);
    bool named_right = name && name->table == file.place.day.table &&
                       name->topic == topic_in_name(range.source.topic) &&
                       name->partition == range.source.partition && name->epoch == range.epoch &&
                       name->range == range.range;
    if (!named_right) return damaged("the file's name is not that of its range", file.name);
    if (file.place.part != open_part(file.place.day) && !planted(PlantedBug::kSealCheck))
        return damaged("the file names " + file.place.text() + ", and the open part is " +
                           std::to_string(open_part(file.place.day)),
                       file.name);
    return {};
}

Result<void> LogState::check_one(const CommitEntry& entry) const {
    if (entry.ranges.empty()) return damaged("a commit of no range", {});
    std::set<TopicPartition> sources;
    for (const CommittedRange& range : entry.ranges) {
        if (planted(PlantedBug::kEveryRangeChecked) && &range != &entry.ranges.front()) continue;
        TRY(const PartitionState* known, owned(range.source, range.epoch, range.range.begin));
        std::string where = range.source.text();
        if (!sources.insert(topic_partition_of(range.source)).second)
            return damaged("two ranges of one partition in a commit", where);
        if (known->member != entry.member)
            return damaged("the commit is of another member than the claim", where);
        if (range.records != range.decided + range.rejected ||
            range.records > range.range.next - range.range.begin)
            return damaged("the counts of a commit do not fit together", where);
        if (range.decided_ms_last < known->decided_ms_last)
            return damaged("decided_ms runs backwards", where);
    }
    std::set<std::string_view> names;
    std::map<std::pair<std::uint32_t, std::string_view>, std::int64_t> rows;
    for (const CommittedFile& file : entry.files) {
        TRY_VOID(check_file(entry, file));
        if (!names.insert(file.name).second) return damaged("a file named twice", file.name);
        rows[{file.range, file.place.day.table}] += file.rows;
    }
    for (std::uint32_t i = 0; i < entry.ranges.size(); ++i)
        if (rows[{i, kPredictionTable}] != entry.ranges[i].decided ||
            rows[{i, kDeadLettersTable}] != entry.ranges[i].rejected)
            return damaged("the files' rows are not the decided and the rejected of the range",
                           entry.ranges[i].source.text());
    return {};
}

void LogState::add_quiet(const CommittedRange& range) {
    if (range.records > 0 || range.range.empty()) return;
    for (QuietRange& known : quiet_)
        if (known.source == range.source && known.range.next == range.range.begin) {
            known.range.next = range.range.next;
            return;
        }
    quiet_.push_back({range.source, range.range});
}

void LogState::add_live(LiveFile file) {
    const TableDay& day = file.place.day;
    days_[day].day = day;
    if (file.place.part == days_[day].seals) {
        OpenPart& size = open_sizes_[day];
        size.files += 1;
        size.bytes += file.bytes;
    } else {
        days_to_rewrite_.insert(day);
    }
    files_.push_back(std::move(file));
}

void LogState::apply_one(const CommitEntry& entry, EpochMs) {
    for (const CommittedRange& range : entry.ranges) {
        PartitionState& state = partitions_[topic_partition_of(range.source)];
        state.next = range.range.next;
        state.decided_ms_last = range.decided_ms_last;
        state.policy_hash = range.policy_hash;
        state.model_hash = range.model_hash;
        state.records += range.records;
        state.decided += range.decided;
        state.rejected += range.rejected;
        add_quiet(range);
        for (const std::string& hash : {range.policy_hash, range.model_hash})
            if (!hash.empty()) versions_.insert(hash);
    }
    for (const CommittedFile& file : entry.files) {
        const CommittedRange& range = entry.ranges[file.range];
        recent_files_.push_back(
            {file.place, file.name, topic_partition_of(range.source), range.epoch});
        add_live({file.place,
                  file.name,
                  file.rows,
                  file.bytes,
                  file.sha256,
                  {{range.source, range.epoch, range.range, file.rows}},
                  {}});
    }
}

Result<void> LogState::check_one(const SealEntry& entry) const {
    std::int32_t open = open_part(entry.part.day);
    if (entry.part.part == open) return {};
    return damaged("sealed, and the open part is " + std::to_string(open), entry.part.text());
}

void LogState::apply_one(const SealEntry& entry, EpochMs) {
    const TableDay& day = entry.part.day;
    days_[day].day = day;
    days_[day].seals += 1;
    if (open_sizes_.erase(day) > 0) days_to_rewrite_.insert(day);
}

Result<void> LogState::check_one(const MergeEntry& entry) const {
    const DayState* state = day(entry.part.day);
    if (state == nullptr || entry.part.part >= state->seals)
        return damaged("merged before it was sealed", entry.part.text());
    if (contains(state->merged, entry.part.part) && !planted(PlantedBug::kMergeOnce))
        return damaged("merged a second time", entry.part.text());
    if (entry.generation.empty() || entry.outputs.empty())
        return damaged("a merge without generation or output", entry.part.text());
    for (const LiveFile& output : entry.outputs)
        if (output.place != entry.part || output.generation != entry.generation)
            return damaged("a merge's output of another part or generation", output.name);
    for (const LiveFile& file : files_)
        if (file.place == entry.part &&
            std::ranges::find(entry.inputs, file.name) == entry.inputs.end())
            return damaged("a merge that leaves a file of its part out", file.name);
    return {};
}

void LogState::apply_one(const MergeEntry& entry, EpochMs) {
    std::erase_if(files_, [&](const LiveFile& file) { return file.place == entry.part; });
    DayState& state = days_[entry.part.day];
    state.merged.push_back(entry.part.part);
    std::ranges::sort(state.merged);
    merges_[entry.part] = {entry, -1};
    for (const LiveFile& output : entry.outputs) add_live(output);
}

Result<void> LogState::check_one(const SwitchedEntry& entry) const {
    auto found = merges_.find(entry.part);
    if (found == merges_.end() || found->second.merge.generation != entry.generation)
        return damaged("switched to what no merge wrote", entry.part.text());
    if (found->second.switched_ms >= 0)
        return fail(ErrorCode::kAlreadyThere, "switched before", entry.part.text());
    return {};
}

void LogState::apply_one(const SwitchedEntry& entry, EpochMs at) {
    merges_[entry.part].switched_ms = at.value;
}

Result<void> LogState::check_one(const LostEntry& entry) const {
    TRY_VOID(owned(entry.source, entry.epoch, entry.range.begin));
    if (entry.range.empty()) return damaged("nothing is accepted as lost", entry.source.text());
    return {};
}

void LogState::apply_one(const LostEntry& entry, EpochMs) {
    partitions_[topic_partition_of(entry.source)].next = entry.range.next;
    lost_.push_back(entry);
}

Result<void> LogState::check_one(const ResetEntry& entry) const {
    TRY_VOID(owned(entry.source, entry.epoch, entry.begin));
    return {};
}

void LogState::apply_one(const ResetEntry& entry, EpochMs) {
    PartitionState& state = partitions_[topic_partition_of(entry.source)];
    ended_.push_back({state.source, state.first, state.next, state.records, state.decided,
                      state.rejected, entry.why, entry.by});
    state.source.incarnation.value += 1;
    state.first = state.next = entry.next;
    state.records = state.decided = state.rejected = 0;
}

Result<void> LogState::check_one(const ReplayEntry& entry) const {
    const PartitionState* known = partition(topic_partition_of(entry.origin.source));
    bool landed = known != nullptr &&
                  (entry.origin.source.incarnation < known->source.incarnation ||
                   (entry.origin.source == known->source && entry.origin.offset < known->next));
    if (!landed) return damaged("a replay of what has not landed", entry.origin.text());
    return {};
}

void LogState::apply_one(const ReplayEntry& entry, EpochMs) { replays_.push_back(entry); }

namespace {

bool is_review(OrderKind kind) {
    return kind == OrderKind::kReviewAll || kind == OrderKind::kReviewEnds;
}

bool ends(OrderKind kind) { return kind == OrderKind::kResume || kind == OrderKind::kReviewEnds; }

// Is this standing order one that `end` (a resume, or the end of a review) takes away?
bool is_ended_by(const OrderPlace& place, const OrderEntry& end) {
    return place.topic == end.topic && place.is_review == is_review(end.order) &&
           (end.partition == kAllPartitions || place.partition == end.partition);
}

OrderPlace place_of(const OrderEntry& order) {
    return {order.topic, order.partition, is_review(order.order)};
}

}  // namespace

const StandingOrder* LogState::hold_of(const TopicPartition& source) const {
    std::string topic = source.topic;
    if (is_repaired_topic(topic)) topic.resize(topic.size() - kRepairedEnding.size());
    for (const OrderPlace& place : {OrderPlace{source.topic, source.partition.value, false},
                                    OrderPlace{source.topic, kAllPartitions, false},
                                    OrderPlace{topic, kAllPartitions, false}})
        if (auto found = orders_.find(place); found != orders_.end()) return &found->second;
    return nullptr;
}

const StandingOrder* LogState::review_all_of(const std::string& of_topic) const {
    std::string topic = of_topic;
    if (is_repaired_topic(topic)) topic.resize(topic.size() - kRepairedEnding.size());
    auto found = orders_.find({topic, kAllPartitions, true});
    return found == orders_.end() ? nullptr : &found->second;
}

// What would change nothing is refused, so that each entry tells of a change.
Result<void> LogState::check_one(const OrderEntry& entry) const {
    std::string where = entry.topic;
    if (entry.partition != kAllPartitions) where += "/" + std::to_string(entry.partition);
    if (is_review(entry.order) && entry.partition != kAllPartitions)
        return damaged("everything is referred to review for a whole topic only", where);
    if (ends(entry.order)) {
        for (const auto& [place, standing] : orders_)
            if (is_ended_by(place, entry)) return {};
        return fail(ErrorCode::kAlreadyThere,
                    is_review(entry.order) ? "decisions are not referred to review"
                                           : "no order holds it up",
                    where);
    }
    auto found = orders_.find(place_of(entry));
    if (found == orders_.end() || found->second.order.order != entry.order) return {};
    return fail(ErrorCode::kAlreadyThere,
                "ordered before, by " + found->second.order.by + ": " + found->second.order.why,
                where);
}

void LogState::apply_one(const OrderEntry& entry, EpochMs at) {
    if (ends(entry.order))
        std::erase_if(orders_, [&](const auto& one) { return is_ended_by(one.first, entry); });
    else
        orders_[place_of(entry)] = {entry, at};
}

// A checkpoint must say what the entries below it say; only where the files stand may differ.
Result<void> LogState::check_one(const CheckpointEntry& entry) const {
    if (fresh_) return {};
    bool agrees =
        entry.partitions.size() == partitions_.size() && entry.days.size() == days_.size() &&
        entry.ended.size() == ended_.size() && entry.lost.size() == lost_.size() &&
        entry.replays.size() == replays_.size() && entry.quiet.size() == quiet_.size() &&
        entry.versions.size() == versions_.size() && entry.orders.size() == orders_.size();
    for (const PartitionState& state : entry.partitions) {
        const PartitionState* known = partition(topic_partition_of(state.source));
        agrees = agrees && known != nullptr && same(*known, state);
    }
    for (const DayState& state : entry.days) {
        const DayState* known = day(state.day);
        agrees = agrees && known != nullptr && known->seals == state.seals &&
                 known->merged == state.merged;
    }
    std::vector<std::string_view> carried, open;
    for (const LiveFile& file : entry.files) carried.push_back(file.name);
    for (const LiveFile& file : files_)
        if (file.place.part == open_part(file.place.day)) open.push_back(file.name);
    if (agrees && carried == open) return {};
    return damaged("the checkpoint does not say what the entries below it say", {});
}

void LogState::index_files() {
    open_sizes_.clear();
    days_to_rewrite_.clear();
    std::vector<LiveFile> files = std::move(files_);
    files_.clear();
    files_.reserve(files.size());
    for (LiveFile& file : files) add_live(std::move(file));
}

void LogState::apply_one(const CheckpointEntry& entry, EpochMs) {
    partitions_.clear();
    days_.clear();
    merges_.clear();
    for (const PartitionState& state : entry.partitions)
        partitions_[topic_partition_of(state.source)] = state;
    for (const DayState& state : entry.days) days_[state.day] = state;
    for (const OpenMerge& merge : entry.merges) merges_[merge.merge.part] = merge;
    ended_ = entry.ended;
    quiet_ = entry.quiet;
    lost_ = entry.lost;
    replays_ = entry.replays;
    versions_ = {entry.versions.begin(), entry.versions.end()};
    orders_.clear();
    for (const StandingOrder& one : entry.orders) orders_[place_of(one.order)] = one;
    recent_files_.clear();
    files_ = entry.files;
    index_files();
}

CheckpointEntry LogState::checkpoint(const std::vector<DayState>& rewritten,
                                     const std::set<TablePart>& done) const {
    CheckpointEntry entry;
    for (const auto& [key, state] : partitions_) entry.partitions.push_back(state);
    auto days = days_;
    for (const DayState& state : rewritten) days[state.day] = state;
    for (const auto& [key, state] : days) entry.days.push_back(state);
    for (const LiveFile& file : files_)
        if (file.place.part == open_part(file.place.day)) entry.files.push_back(file);
    for (const auto& [key, merge] : merges_)
        if (!done.contains(key)) entry.merges.push_back(merge);
    if (planted(PlantedBug::kMergesUntilGone)) entry.merges.clear();
    if (planted(PlantedBug::kCheckpointCarries)) entry.files.clear();
    entry.ended = ended_;
    entry.quiet = quiet_;
    entry.lost = lost_;
    entry.replays = replays_;
    entry.versions = {versions_.begin(), versions_.end()};
    for (const auto& [place, standing] : orders_) entry.orders.push_back(standing);
    return entry;
}

}  // namespace loanstream

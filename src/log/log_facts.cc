#include "log/log_facts.h"

#include <algorithm>
#include <optional>

#include "base/sha256.h"

namespace loanstream {

namespace {

constexpr std::uint64_t kMostManifestBytes = 4ULL << 30;

struct ReadEntry {
    Entry entry;
    std::string sum;  // of the whole file
};
using Entries = std::map<std::uint64_t, ReadEntry>;

// All that can be read, by number; the rest goes into `broken`.
Result<Entries> read_entries(FileStore& files, const std::string& log,
                             std::vector<std::string>& broken) {
    TRY(auto names, files.list(log));
    Entries entries;
    std::set<std::string> ids;
    std::ranges::sort(names, {}, &FileInfo::name);
    for (const FileInfo& file : names) {
        auto number = entry_number(file.name);
        if (!number) continue;
        std::string path = join_path(log, file.name);
        auto bytes = files.read(path, kMostEntryBytes);
        if (!bytes && bytes.error().code != ErrorCode::kInvalidData)
            return std::unexpected(std::move(bytes).error());
        Result<Entry> entry = bytes ? decode_entry(*bytes) : std::unexpected(bytes.error());
        if (!entry && entry.error().code == ErrorCode::kUnknownFormat)
            return std::unexpected(std::move(entry.error()).at(path));
        if (entry && ids.insert(entry->id).second)  // not a copy of another
            entries[*number] = {std::move(*entry), sha256_hex(*bytes)};
        else
            broken.push_back(file.name);
    }
    return entries;
}

class Gathering {
public:
    Gathering(FileStore& files, const Layout& layout) : files_(files), layout_(layout) {}

    Result<LogFacts> run(const std::string& log) {
        TRY(auto entries, read_entries(files_, log, facts_.broken));
        auto next = entries.begin();
        for (auto at = entries.begin(); at != entries.end(); ++at)
            if (std::holds_alternative<CheckpointEntry>(at->second.entry.body)) next = at;
        if (next != entries.end() &&
            std::holds_alternative<CheckpointEntry>(next->second.entry.body))
            next = fold_chain(entries, next);
        TRY_VOID(take_state());
        for (; next != entries.end(); ++next) {
            std::visit([&](const auto& entry) { take(entry, next->second.entry.at_ms); },
                       next->second.entry.body);
            facts_.entries += 1;
        }
        std::erase_if(facts_.files,
                      [&](const auto& file) { return replaced_.contains(file.first); });
        return std::move(facts_);
    }

private:
    // From the checkpoint on as far as each entry follows the one before; gives the first that
    // does not.
    Entries::iterator fold_chain(Entries& entries, Entries::iterator at) {
        std::string last_sum = at->second.entry.prev;
        std::uint64_t number = at->first;
        for (; at != entries.end() && at->first == number; ++at, ++number) {
            const Entry& entry = at->second.entry;
            if (entry.prev != last_sum || !state_.apply(entry.body, entry.at_ms)) break;
            last_sum = at->second.sum;
            facts_.entries += 1;
            if (const auto* commit = std::get_if<CommitEntry>(&entry.body))
                std::ranges::copy(commit->ranges, std::back_inserter(facts_.ranges));
        }
        return at;
    }

    Result<void> take_state() {
        for (const auto& [key, p] : state_.partitions()) {
            facts_.owners[key] = {p.epoch, p.decided_ms_last, p.policy_hash, p.model_hash};
            facts_.reaches[p.source] = {p.first, p.next, false, {}, {}};
        }
        for (const EndedIncarnation& e : state_.ended())
            facts_.reaches[e.source] = {e.first, e.next, true, e.why, e.by};
        for (const auto& [key, day] : state_.days()) {
            facts_.seals[key] = day.seals;
            for (std::int32_t part : day.merged) facts_.merged.insert({key, part});
            TRY_VOID(take_manifest(day));
        }
        for (const LiveFile& file : state_.files()) facts_.files[file.name] = file;
        facts_.merges = state_.merges();
        facts_.quiet = state_.quiet();
        facts_.lost = state_.lost();
        facts_.replays = state_.replays();
        facts_.versions = state_.versions();
        facts_.orders = state_.orders();
        return {};
    }

    // One that is gone or damaged leaves its files to be found in their folders.
    Result<void> take_manifest(const DayState& day) {
        if (day.manifest.empty()) return {};
        std::string path = join_path(layout_.manifests(), day.manifest);
        auto bytes = files_.read(path, kMostManifestBytes);
        if (!bytes && bytes.error().code != ErrorCode::kNotFound)
            return std::unexpected(std::move(bytes).error());
        auto files = bytes ? decode_manifest(day.day, *bytes) : std::unexpected(bytes.error());
        if (!files && files.error().code == ErrorCode::kUnknownFormat)
            return std::unexpected(std::move(files.error()).at(path));
        if (!files || sha256_hex(*bytes) != day.sha256) {
            facts_.broken.push_back(day.manifest);
            return {};
        }
        for (LiveFile& file : *files) {
            bool replaced =
                file.generation.empty() && std::ranges::binary_search(day.merged, file.place.part);
            if (!replaced) facts_.files[file.name] = std::move(file);
        }
        return {};
    }

    // Entries beyond a break of the chain: each says what it says, whatever came before it.
    void take(const CheckpointEntry&, EpochMs) {}  // there is none above the newest
    void take(const ClaimEntry& entry, EpochMs) {
        owner_of(entry.source, entry.epoch);
        facts_.reaches.try_emplace(entry.source);
    }
    void take(const CommitEntry& entry, EpochMs) {
        for (const CommittedRange& range : entry.ranges) {
            LogFacts::Owner& owner = owner_of(range.source, range.epoch);
            owner.decided_ms_last = std::max(owner.decided_ms_last, range.decided_ms_last);
            owner.policy_hash = range.policy_hash;
            owner.model_hash = range.model_hash;
            reach(range.source, range.range.next);
            facts_.ranges.push_back(range);
            if (range.records == 0 && !range.range.empty())
                facts_.quiet.push_back({range.source, range.range});
            for (const std::string& hash : {range.policy_hash, range.model_hash})
                if (!hash.empty()) facts_.versions.insert(hash);
        }
        for (const CommittedFile& file : entry.files) {
            if (file.range >= entry.ranges.size()) continue;
            const CommittedRange& range = entry.ranges[file.range];
            facts_.files[file.name] = {
                file.place, file.name,   file.rows,
                file.bytes, file.sha256, {{range.source, range.epoch, range.range, file.rows}},
                {}};
        }
    }
    void take(const SealEntry& entry, EpochMs) {
        std::int32_t& seals = facts_.seals[entry.part.day];
        seals = std::max(seals, entry.part.part + 1);
    }
    void take(const MergeEntry& entry, EpochMs) {
        facts_.merged.insert(entry.part);
        facts_.merges[entry.part] = {entry, -1};
        replaced_.insert(entry.inputs.begin(), entry.inputs.end());
        for (const LiveFile& output : entry.outputs) facts_.files[output.name] = output;
    }
    void take(const SwitchedEntry& entry, EpochMs at) {
        auto found = facts_.merges.find(entry.part);
        if (found != facts_.merges.end() && found->second.merge.generation == entry.generation)
            found->second.switched_ms = at.value;
    }
    void take(const LostEntry& entry, EpochMs) {
        owner_of(entry.source, entry.epoch);
        reach(entry.source, entry.range.next);
        facts_.lost.push_back(entry);
    }
    void take(const ResetEntry& entry, EpochMs) {
        owner_of(entry.source, entry.epoch);
        LogFacts::Reach& before = facts_.reaches[entry.source];
        before.next = entry.begin;
        before.is_ended = true;
        before.why = entry.why;
        before.by = entry.by;
        SourcePartition after = entry.source;
        after.incarnation.value += 1;
        facts_.reaches[after] = {entry.next, entry.next, false, {}, {}};
    }
    void take(const ReplayEntry& entry, EpochMs) { facts_.replays.push_back(entry); }
    // An order that ends others may have lost those: what is in doubt stands.
    void take(const OrderEntry& entry, EpochMs at) {
        bool is_review = entry.order == OrderKind::kReviewAll;
        if (entry.order != OrderKind::kResume && entry.order != OrderKind::kReviewEnds)
            facts_.orders[{entry.topic, entry.partition, is_review}] = {entry, at};
    }

    LogFacts::Owner& owner_of(const SourcePartition& source, Epoch epoch) {
        LogFacts::Owner& owner = facts_.owners[topic_partition_of(source)];
        owner.epoch = std::max(owner.epoch, epoch);
        return owner;
    }
    void reach(const SourcePartition& source, Offset next) {
        LogFacts::Reach& known = facts_.reaches[source];
        known.next = std::max(known.next, next);
    }

    FileStore& files_;
    const Layout& layout_;
    LogState state_;
    LogFacts facts_;
    std::set<std::string> replaced_;  // by a merge beyond the break
};

}  // namespace

Result<LogFacts> read_log_facts(FileStore& files, const Layout& layout, const std::string& log) {
    return Gathering(files, layout).run(log);
}

}  // namespace loanstream

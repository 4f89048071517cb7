#include "table/table_sink.h"

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/check.h"
#include "base/sha256.h"
#include "table/row_buffers.h"

namespace loanstream {

namespace {

constexpr std::size_t kRowsAtOnce = 4096;
constexpr std::size_t kLargeBatchBytes = 256 << 20;

// The file of one table that takes the rows of one source partition until the next commit.
struct GrowingFile {
    explicit GrowingFile(const TableDeclaration& table) : buffers(table) {}
    RowBuffers buffers;
    std::unique_ptr<ParquetFile> file;  // once a row group is handed over; the encoder's then
    std::string name;                   // as it lies in staging
    OffsetRange named_range;
    std::int64_t group_rows = 0;              // handed over
    std::atomic<std::int64_t> file_bytes{0};  // written by the encoder
    std::int64_t rows() const { return buffers.rows() + group_rows; }
    std::int64_t bytes() const { return buffers.bytes() + file_bytes; }
};

}  // namespace

struct TableSink::Share {
    Claimed claimed;
    EpochMs decided_ms_last;
    // What waits for the commit; nothing where `range` is empty.
    OffsetRange range;
    std::string day;
    std::shared_ptr<const Policy> policy;
    std::int64_t decided = 0, rejected = 0;
    GrowingFile prediction{prediction_table()}, dead_letters{dead_letters_table()};

    std::array<GrowingFile*, 2> files() { return {&prediction, &dead_letters}; }
    std::int64_t buffered() const {
        return prediction.buffers.bytes() + dead_letters.buffers.bytes();
    }
    void begin_at(Offset next) {
        range = {next, next};
        decided = rejected = 0;
        policy.reset();
        for (GrowingFile* file : files()) {
            file->buffers.clear();
            file->file.reset();
            file->name.clear();
            file->group_rows = file->file_bytes = 0;
        }
    }
};

namespace {

std::string model_hash_of(const Policy& policy) {
    return policy.has_model ? policy.model_hash : std::string();
}

// Letter i of the protocol: what makes a lost log anew.
ParquetFile::Metadata footer_of(std::string_view table, const CommittedRange& range,
                                const std::string& program) {
    nlohmann::ordered_json entry = {
        {"topic", range.source.topic},
        {"partition", range.source.partition.value},
        {"incarnation", range.source.incarnation.value},
        {"epoch", range.epoch.value},
        {"begin", range.range.begin.value},
        {"next", range.range.next.value},
        {"records", range.records},
        {"decided", range.decided},
        {"rejected", range.rejected},
        {"policy", range.policy_hash},
        {"model", range.model_hash},
    };
    auto ranges = nlohmann::ordered_json::array({entry});
    return {{"loanstream.format", std::string(kFileFormat)},
            {"loanstream.table", std::string(table)},
            {"loanstream.ranges", ranges.dump()},
            {"loanstream.program", program}};
}

// A file that was begun before its range was known takes the name of the range that it holds.
Result<void> rename_to_range(Warehouse& warehouse, const Claimed& claimed, GrowingFile& growing,
                             OffsetRange range) {
    if (growing.named_range == range) return {};
    std::string name = warehouse.name_file(growing.buffers.table().name, claimed, range);
    const Layout& layout = warehouse.layout();
    TRY(auto outcome,
        warehouse.files().publish(layout.staged_file(growing.name), layout.staged_file(name)));
    if (outcome != PublishOutcome::kDone)
        return fail(ErrorCode::kOutside, "a staged file of ours is gone",
                    layout.staged_file(growing.name),
                    "is another program cleaning this folder? keep it out and start again");
    growing.name = std::move(name);
    growing.named_range = range;
    return {};
}

}  // namespace

TableSink::TableSink(Env& env, Warehouse& warehouse, TableSinkSettings settings)
    : env_(env),
      warehouse_(warehouse),
      settings_(std::move(settings)),
      encoder_(settings_.encodes_beside) {}

TableSink::~TableSink() = default;

template <typename T>
Result<T> TableSink::ending(Result<T> result) {
    if (!result && !ended_) ended_ = result.error();
    return result;
}

EpochMs TableSink::decision_time(const Share& share) const {
    return std::max(env_.now(), share.decided_ms_last);
}

Result<ReadingPlace> TableSink::claim(const SourcePartition& source) {
    if (ended_) return std::unexpected(*ended_);
    if (shares_.contains(source))
        return fail(ErrorCode::kInternal, "claimed a second time", source.text());
    TRY(auto claimed, ending(warehouse_.claim(topic_partition_of(source))));
    if (claimed.source != source)
        return fail(ErrorCode::kOutside,
                    "the table knows this partition as " + claimed.source.text() +
                        " since its topic was made anew",
                    source.text(), "read the topic that it knows");
    auto share = std::make_unique<Share>();
    share->decided_ms_last = claimed.decided_ms_last;
    share->begin_at(claimed.next);
    share->claimed = claimed;
    shares_[source] = std::move(share);
    const PartitionState* known = warehouse_.state().partition(topic_partition_of(source));
    return ReadingPlace{claimed.next, known != nullptr && known->is_only_claimed()};
}

Result<void> TableSink::skip_to(const SourcePartition& source, Offset next,
                                const std::string& why) {
    if (ended_) return std::unexpected(*ended_);
    auto found = shares_.find(source);
    LOANSTREAM_CHECK(found != shares_.end() && found->second->range.empty());
    Share& share = *found->second;
    LostEntry entry{source, share.claimed.epoch, {share.range.next, next}, why, settings_.program};
    TRY_VOID(ending(warehouse_.append(entry)));
    share.begin_at(next);
    return {};
}

Result<void> TableSink::release(const SourcePartition& source) {
    auto found = shares_.find(source);
    if (found == shares_.end()) return {};
    TRY_VOID(ending(encoder_.wait()));
    for (GrowingFile* growing : found->second->files()) {
        if (!growing->file) continue;
        growing->file.reset();
        TRY_VOID(warehouse_.files().remove(warehouse_.layout().staged_file(growing->name)));
    }
    shares_.erase(found);
    return {};
}

Result<void> TableSink::write(const DecidedBatch& batch) {
    if (ended_) return std::unexpected(*ended_);
    auto found = shares_.find(batch.raw->source);
    if (found == shares_.end())
        return fail(ErrorCode::kInternal, "written without a claim", batch.raw->source.text());
    Share& share = *found->second;
    LOANSTREAM_CHECK(batch.raw->range.begin == share.range.next);
    LOANSTREAM_CHECK(batch.decisions.size() + batch.rejects.size() == batch.raw->records.size());
    TRY_VOID(ending(keep_versions(*batch.policy)));
    bool waits = !share.range.empty();
    bool other_policy = waits && (share.policy->hash != batch.policy->hash ||
                                  model_hash_of(*share.policy) != model_hash_of(*batch.policy));
    if (waits && (other_policy || share.day != day_of(decision_time(share))))
        TRY_VOID(ending(commit_all()));
    if (!shares_.contains(batch.raw->source)) return {};  // fenced: the next Receipt says so
    TRY_VOID(ending(take_batch(share, batch)));
    return ending(bound_memory());
}

Result<void> TableSink::take_batch(Share& share, const DecidedBatch& batch) {
    EpochMs decided_ms = decision_time(share);
    if (share.range.empty()) share.day = day_of(decided_ms);
    share.policy = batch.policy;
    share.range.next = batch.raw->range.next;
    share.decided_ms_last = decided_ms;
    share.decided += static_cast<std::int64_t>(batch.decisions.size());
    share.rejected += static_cast<std::int64_t>(batch.rejects.size());

    // Offsets into text are 32 bits: rows of a giant batch are taken one by one.
    std::size_t most = batch.raw->bytes.size() > kLargeBatchBytes ? 1 : kRowsAtOnce;
    for (GrowingFile* growing : share.files()) {
        RowBuffers& buffers = growing->buffers;
        std::size_t rows = buffers.rows_in(batch);
        for (std::size_t from = 0; from < rows;) {
            auto room = static_cast<std::size_t>(kMostGroupRows - buffers.rows());
            std::size_t count = std::min({most, room, rows - from});
            buffers.append(batch, from, count, {decided_ms, settings_.program});
            from += count;
            if (buffers.rows() == kMostGroupRows || buffers.bytes() > settings_.most_buffered_bytes)
                TRY_VOID(write_group(share, *growing));
        }
    }
    return {};
}

// Hands what is buffered over as a row group, into a new file where there is none yet.
template <typename File>
Result<void> TableSink::write_group(Share& share, File& growing) {
    if (growing.buffers.rows() == 0) return {};
    const TableDeclaration& table = growing.buffers.table();
    if (!growing.file) {
        growing.name = warehouse_.name_file(table.name, share.claimed, share.range);
        growing.named_range = share.range;
        TRY(growing.file,
            ParquetFile::create(warehouse_.files(), warehouse_.layout().staged_file(growing.name),
                                table, settings_.codec));
    }
    TRY_VOID(encoder_.wait());
    RowBuffers& group = groups_.try_emplace(table.name, table).first->second;
    std::swap(group, growing.buffers);
    growing.group_rows += group.rows();
    return encoder_.begin([&group, &growing]() -> Result<void> {
        TRY_VOID(growing.file->write_group(group.columns()));
        growing.file_bytes = growing.file->bytes();
        group.clear();
        return {};
    });
}

// Over all partitions: the largest buffers become row groups first.
Result<void> TableSink::bound_memory() {
    while (true) {
        std::int64_t total = 0;
        Share* largest_share = nullptr;
        GrowingFile* largest = nullptr;
        for (auto& [source, share] : shares_)
            for (GrowingFile* growing : share->files()) {
                if (growing->buffers.rows() == 0) continue;
                total += growing->buffers.bytes();
                if (largest && growing->buffers.bytes() <= largest->buffers.bytes()) continue;
                largest = growing;
                largest_share = share.get();
            }
        if (largest == nullptr || total <= settings_.most_buffered_bytes) return {};
        TRY_VOID(write_group(*largest_share, *largest));
    }
}

// Before the first entry that names them, durable.
Result<void> TableSink::keep_versions(const Policy& policy) {
    if (kept_policy_ != policy.hash) {
        std::vector<std::string> lines;
        for (const PolicyFile& file : policy.files) {
            TRY(auto hash, warehouse_.keep_version(file.bytes));
            lines.push_back(hash + " " + file.name + "\n");
        }
        std::ranges::sort(lines);
        std::string text;
        for (const auto& line : lines) text += line;
        TRY(auto hash, warehouse_.keep_version(text));
        if (hash != policy.hash)
            return fail(ErrorCode::kInternal, "the policy's hash is not that of its files",
                        policy.name);
        kept_policy_ = policy.hash;
    }
    if (policy.has_model && kept_model_ != policy.model_hash) {
        TRY(auto hash, warehouse_.keep_version(policy.model_bytes));
        if (hash != policy.model_hash)
            return fail(ErrorCode::kInternal, "the model's hash is not that of its bytes",
                        policy.name);
        kept_model_ = hash;
    }
    return {};
}

Sink::Pending TableSink::pending() const {
    Pending pending;
    for (const auto& [source, share] : shares_)
        for (GrowingFile* growing : share->files()) {
            pending.rows += growing->rows();
            pending.bytes += growing->bytes();
        }
    return pending;
}

bool TableSink::wants_commit() const {
    if (!receipt_.landed().empty() || !receipt_.fenced().empty()) return true;
    for (const auto& [source, share] : shares_)
        if (!share->range.empty() && share->day != day_of(decision_time(*share))) return true;
    Pending all = pending();
    return all.rows >= settings_.most_pending_rows || all.bytes >= settings_.file_size;
}

Result<Receipt> TableSink::commit() {
    if (ended_) return std::unexpected(*ended_);
    TRY_VOID(ending(commit_all()));
    return std::exchange(receipt_, Receipt{});
}

// Rule 28: its last decision lies in a day that is over, and nothing waits.
bool TableSink::is_behind(const Share& share) const {
    return share.range.empty() &&
           day_of(std::max(share.decided_ms_last, EpochMs(0))) < day_of(decision_time(share));
}

bool TableSink::day_is_over() const {
    return !ended_ &&
           std::ranges::any_of(shares_, [&](const auto& one) { return is_behind(*one.second); });
}

Result<Receipt> TableSink::end_day(const Policy& policy) {
    if (ended_) return std::unexpected(*ended_);
    TRY_VOID(ending(keep_versions(policy)));
    TRY_VOID(ending(commit_all(&policy)));
    return std::exchange(receipt_, Receipt{});
}

Result<void> TableSink::read_orders() {
    if (ended_) return std::unexpected(*ended_);
    return ending(warehouse_.reload());
}

PartitionOrders TableSink::orders_of(const SourcePartition& source) const {
    PartitionOrders orders;
    const LogState& log = warehouse_.state();
    if (log.orders().empty()) return orders;
    if (const auto* hold = log.hold_of(topic_partition_of(source)))
        orders.hold = hold->order.order == OrderKind::kDrain ? Hold::kDrained : Hold::kPaused;
    if (const auto* all = log.review_all_of(source.topic))
        orders.refer_all = ReferAll{all->order.by, all->order.why, all->since};
    return orders;
}

CommittedRange TableSink::empty_range(Share& share, const Policy& policy) const {
    share.decided_ms_last = decision_time(share);
    return {share.claimed.source,  share.claimed.epoch, share.range,          0, 0, 0,
            share.decided_ms_last, policy.hash,         model_hash_of(policy)};
}

Result<void> TableSink::begin_here(const SourcePartition& source, const Policy& policy) {
    if (ended_) return std::unexpected(*ended_);
    auto found = shares_.find(source);
    LOANSTREAM_CHECK(found != shares_.end() && found->second->range.empty());
    TRY_VOID(ending(keep_versions(policy)));
    return ending(put({{empty_range(*found->second, policy)}, {}}));
}

Result<CommitRequest> TableSink::finish_files(const Policy* ends_day) {
    CommitRequest request;
    for (auto& [source, share] : shares_) {
        if (ends_day != nullptr && is_behind(*share)) {
            request.ranges.push_back(empty_range(*share, *ends_day));
            continue;
        }
        if (share->range.empty()) continue;
        CommittedRange range{source,
                             share->claimed.epoch,
                             share->range,
                             share->decided + share->rejected,
                             share->decided,
                             share->rejected,
                             share->decided_ms_last,
                             share->policy->hash,
                             model_hash_of(*share->policy)};
        auto index = static_cast<std::uint32_t>(request.ranges.size());
        for (GrowingFile* growing : share->files()) {
            if (growing->rows() == 0) continue;
            std::string_view table = growing->buffers.table().name;
            TRY_VOID(write_group(*share, *growing));
            TRY_VOID(encoder_.wait());
            TRY(auto done, growing->file->finish(footer_of(table, range, settings_.program)));
            growing->file.reset();
            TRY_VOID(rename_to_range(warehouse_, share->claimed, *growing, share->range));
            request.files.push_back({index,
                                     {std::string(table), share->day},
                                     growing->name,
                                     done.rows,
                                     done.bytes,
                                     done.sha256});
        }
        request.ranges.push_back(std::move(range));
    }
    return request;
}

Result<void> TableSink::commit_all(const Policy* ends_day) {
    TRY(auto request, finish_files(ends_day));
    return request.ranges.empty() ? Result<void>() : put(request);
}

Result<void> TableSink::put(const CommitRequest& request) {
    TRY(auto outcome, warehouse_.commit(request));
    TRY_VOID(warehouse_.publish());
    TRY_VOID(warehouse_.maintain());
    for (std::size_t i = 0; i < request.ranges.size(); ++i) {
        const CommittedRange& range = request.ranges[i];
        if (outcome.ranges[i] == RangeOutcome::kFenced) {
            shares_.erase(range.source);
            add_fenced(receipt_, range.source);
            continue;
        }
        shares_[range.source]->begin_at(range.range.next);
        if (range.range.empty()) continue;
        add_landed(receipt_,
                   {range.source, range.range, range.records, range.decided, range.rejected});
    }
    return {};
}

}  // namespace loanstream

#include "feed/topic_source.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "base/file_store.h"
#include "base/repaired_topic.h"
#include "feed/envelope.h"

namespace loanstream {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kBetweenLockTries(200);
constexpr milliseconds kBetweenLooks(10);
constexpr std::size_t kKeptOfLongRecord = 65536;
constexpr std::uint64_t kLeastRead = 1 << 18;

// Room for `bytes` and the padding behind them, without clearing it first.
void make_room(std::string& bytes, std::size_t size) {
    if (bytes.capacity() < size + kRecordPadding) bytes.reserve(size + kRecordPadding);
    bytes.resize_and_overwrite(size, [](char*, std::size_t n) { return n; });
}

}  // namespace

Result<std::unique_ptr<TopicSource>> TopicSource::open(Env& env, const std::string& topics,
                                                       const std::string& name, TryLock try_lock,
                                                       IncarnationOf incarnation_of,
                                                       TopicSourceSettings settings) {
    TRY(auto topic, describe_topic(env, topics, name));
    for (std::int32_t wanted : settings.partitions)
        if (wanted < 0 || wanted >= topic.partitions)
            return fail(ErrorCode::kUsage, fmt::format("there is no partition {}", wanted), name,
                        fmt::format("the topic has 0 to {}", topic.partitions - 1));
    std::unique_ptr<TopicSource> source(
        new TopicSource(env, TopicFolder(topics, name), std::move(try_lock), settings));
    for (std::int32_t p = 0; p < topic.partitions; ++p) {
        if (!settings.partitions.empty() && !settings.partitions.contains(p)) continue;
        Partition partition;
        partition.source = {name, incarnation_of(PartitionId(p)), PartitionId(p)};
        partition.index = std::make_unique<TopicIndex>(env, source->folder_.index(PartitionId(p)));
        source->partitions_.push_back(std::move(partition));
    }
    return source;
}

Result<std::unique_ptr<TopicSource>> TopicSource::open_to_look(Env& env, const std::string& topics,
                                                               const std::string& name,
                                                               IncarnationOf incarnation_of,
                                                               TopicSourceSettings settings) {
    auto no_lock = [](const SourcePartition&) -> Result<std::optional<std::unique_ptr<FileLock>>> {
        return std::make_unique<FileLock>();
    };
    return open(env, topics, name, no_lock, std::move(incarnation_of), settings);
}

TopicSource::Partition& TopicSource::at(const SourcePartition& source) {
    for (auto& partition : partitions_)
        if (partition.source == source) return partition;
    LOANSTREAM_CHECK(!"a partition of this source");
    return partitions_.front();
}

Result<Source::Assignment> TopicSource::assignment() {
    auto now = env_.monotonic();
    bool complete = assignment_.waiting.empty() && !assignment_.owned.empty();
    if (complete || now < next_try_) return assignment_;
    next_try_ = now + kBetweenLockTries;
    Assignment found;
    for (auto& partition : partitions_) {
        if (!partition.lock) {
            TRY(auto held, try_lock_(partition.source));
            if (held) partition.lock = std::move(*held);
        }
        (partition.lock ? found.owned : found.waiting).push_back(partition.source);
    }
    assignment_ = std::move(found);
    return assignment_;
}

Result<bool> TopicSource::open_file(Partition& partition) {
    if (partition.file) return true;
    auto file = env_.read_file(folder_.records(partition.source.partition));
    if (file) {
        partition.file = std::move(*file);
        return true;
    }
    if (file.error().code == ErrorCode::kNotFound) return false;
    return std::unexpected(std::move(file).error());
}

Result<Source::Seek> TopicSource::seek(const SourcePartition& source, const ReadingPlace& place) {
    Partition& partition = at(source);
    Offset next = place.next;
    TRY_VOID(partition.index->start_near(next.value));
    TRY_VOID(partition.index->follow());
    TRY(bool there, open_file(partition));
    LineCounter counter(0, 0);
    if (there) {
        TRY(counter, partition.index->place_before(next.value, *partition.file));
        TRY_VOID(counter.advance(*partition.file, next.value));
    }
    if (counter.line() != next.value)
        return fail(ErrorCode::kDamaged,
                    fmt::format("the topic ends at offset {}, but the table holds it up to {}",
                                counter.line(), next.value),
                    source.text(), "was the topic deleted and made again? give it another name");
    partition.next = next.value;
    partition.next_byte = partition.scanned = counter.byte();
    partition.end = counter;
    partition.seeked = true;
    if (is_repaired_topic(source.topic)) TRY_VOID(find_origins(partition, next.value));
    return Seek{next};
}

// A repaired topic is short: it is read from its begin up to the place where reading goes on.
Result<void> TopicSource::find_origins(Partition& partition, std::int64_t before) {
    partition.origins.clear();
    std::int64_t next = partition.next;
    auto next_byte = partition.next_byte;
    partition.next = 0;
    partition.next_byte = partition.scanned = 0;
    RawBatch batch;
    while (partition.next < before) {
        TRY(bool some, read_batch(partition, batch));
        if (!some) break;
    }
    // What was read beyond `before` is read again, and must not count as seen then.
    for (const RawRecord& record : batch.records)
        if (record.offset.value >= before && record.origin && !record.repeats_origin)
            partition.origins.erase(*record.origin);
    partition.next = next;
    partition.next_byte = partition.scanned = next_byte;
    return {};
}

// Their producer syncs them too, but perhaps not yet.
Result<void> TopicSource::make_durable(const SourcePartition& source) {
    Partition& partition = at(source);
    if (!partition.file) return {};
    TRY_VOID(partition.file->sync());
    if (!partition.name_durable)
        TRY_VOID(env_.sync_folder(folder_of(folder_.records(source.partition))));
    partition.name_durable = true;
    return {};
}

Result<Offset> TopicSource::watermark(const SourcePartition& source) {
    Partition& partition = at(source);
    TRY(bool there, open_file(partition));
    if (!there) return Offset(0);
    TRY(std::uint64_t size, partition.file->size());
    if (partition.next_byte > partition.end.byte())
        partition.end = LineCounter(partition.next, partition.next_byte);
    if (size > partition.end.byte()) {
        TRY_VOID(partition.index->follow());
        constexpr auto kNewest = std::numeric_limits<std::int64_t>::max();
        TRY(auto newest, partition.index->place_before(kNewest, *partition.file));
        if (newest.byte() > partition.end.byte()) partition.end = newest;
        TRY_VOID(partition.end.advance(*partition.file));
    }
    return Offset(partition.end.line());
}

Result<void> TopicSource::mirror(const SourcePartition& source, Offset next) {
    std::string path = folder_.position(source.partition);
    std::string temporary = fmt::format("{}.{:016x}.temporary", path, env_.random());
    TRY(auto file, env_.create_file(temporary));
    TRY_VOID(
        file->append(fmt::format("{{\"next\":{},\"ms\":{}}}\n", next.value, env_.now().value)));
    TRY_VOID(file->close());
    return env_.replace(temporary, path);
}

Result<bool> TopicSource::poll(milliseconds wait, RawBatch& out) {
    auto end = env_.monotonic() + wait;
    while (true) {
        for (std::size_t i = 0; i < partitions_.size(); ++i) {
            Partition& partition = partitions_[(turn_ + i) % partitions_.size()];
            if (!partition.lock || !partition.seeked || partition.is_held) continue;
            TRY(bool some, read_batch(partition, out));
            if (!some) continue;
            turn_ = (turn_ + i + 1) % partitions_.size();
            return true;
        }
        auto left = end - env_.monotonic();
        if (left <= std::chrono::nanoseconds(0)) return false;
        env_.sleep_for(std::min(kBetweenLooks, std::chrono::ceil<milliseconds>(left)));
    }
}

Result<bool> TopicSource::read_batch(Partition& partition, RawBatch& out) {
    TRY(bool there, open_file(partition));
    if (!there) return false;
    TRY(std::uint64_t size, partition.file->size());
    if (size <= partition.scanned) return false;
    // Not much more than the batch may hold: what does not fit is read again next time.
    auto most = static_cast<std::uint64_t>(settings_.batch_bytes);
    std::uint64_t likely =
        static_cast<std::uint64_t>(settings_.batch_records) * (partition.record_bytes + 1) * 5 / 4;
    if (partition.record_bytes > 0) most = std::min(most, std::max(likely, kLeastRead));
    auto want = static_cast<std::size_t>(std::min(size - partition.next_byte, most));
    make_room(out.bytes, want);
    TRY(std::size_t count, partition.file->read_at(partition.next_byte, out.bytes));
    make_room(out.bytes, count);
    out.source = partition.source;
    out.range.begin = Offset(partition.next);
    out.records.clear();
    take_lines(partition, out.bytes, out);
    if (out.records.empty()) {
        if (count == most) return read_long_record(partition, out);
        partition.scanned = partition.next_byte + count;
        return false;
    }
    out.range.next = Offset(partition.next);
    TRY_VOID(add_times(partition, out));
    open_envelopes(partition, out);
    return true;
}

void TopicSource::take_lines(Partition& partition, std::string_view bytes, RawBatch& out) {
    std::size_t at = 0;
    auto most = static_cast<std::size_t>(settings_.most_record_bytes);
    while (static_cast<std::int64_t>(out.records.size()) < settings_.batch_records) {
        const void* found = std::memchr(bytes.data() + at, '\n', bytes.size() - at);
        if (found == nullptr) break;
        auto end = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
        RawRecord record;
        record.offset = Offset(partition.next++);
        record.begin = at;
        record.too_large = end - at > most;
        record.length = static_cast<std::uint32_t>(
            record.too_large ? std::min(end - at, kKeptOfLongRecord) : end - at);
        out.records.push_back(record);
        at = end + 1;
    }
    partition.next_byte += at;
    partition.scanned = partition.next_byte;
    if (!out.records.empty()) partition.record_bytes = at / out.records.size();
}

// One record longer than what is read at a time: up to the bound it is read whole, beyond it only
// its beginning.
Result<bool> TopicSource::read_long_record(Partition& partition, RawBatch& out) {
    std::string block(kLeastRead, '\0');
    std::uint64_t at = std::max(partition.scanned, partition.next_byte + out.bytes.size());
    std::uint64_t end = 0;
    while (end == 0) {
        TRY(std::size_t count, partition.file->read_at(at, block));
        if (count == 0) {
            partition.scanned = at;
            return false;
        }
        if (const void* found = std::memchr(block.data(), '\n', count))
            end = at + static_cast<std::uint64_t>(static_cast<const char*>(found) - block.data());
        at += count;
    }
    std::uint64_t length = end - partition.next_byte;
    RawRecord record;
    record.offset = Offset(partition.next);
    record.too_large = length > static_cast<std::uint64_t>(settings_.most_record_bytes);
    record.length = static_cast<std::uint32_t>(
        record.too_large ? std::min<std::uint64_t>(length, kKeptOfLongRecord) : length);
    make_room(out.bytes, record.length);
    TRY(std::size_t count, partition.file->read_at(partition.next_byte, out.bytes));
    if (count != record.length)
        return fail(ErrorCode::kOutside, "the topic became shorter while it was read",
                    folder_.records(partition.source.partition));
    out.records.push_back(record);
    partition.next += 1;
    partition.next_byte = partition.scanned = end + 1;
    out.range.next = Offset(partition.next);
    TRY_VOID(add_times(partition, out));
    open_envelopes(partition, out);
    return true;
}

Result<void> TopicSource::add_times(Partition& partition, RawBatch& out) {
    // Only the newest batch's end is not certain yet: it may have been cut short.
    const auto& entries = partition.index->entries();
    if (entries.empty() || partition.next > entries.back().offset)
        TRY_VOID(partition.index->follow());
    partition.index->drop_below(out.range.begin.value);
    const IndexEntry* entry = partition.index->before(out.range.begin.value);
    const IndexEntry* end = entries.data() + entries.size();
    if (entry == nullptr) return {};
    for (auto& record : out.records) {
        while (entry + 1 < end && entry[1].offset <= record.offset.value) ++entry;
        if (record.offset.value < entry->offset + entry->count) record.event_ms = entry->ms;
    }
    return {};
}

void TopicSource::open_envelopes(Partition& partition, RawBatch& out) {
    for (auto& record : out.records) {
        std::string_view line = out.bytes_of(record);
        if (record.too_large || !line.starts_with(kEnvelopeBegin)) continue;
        auto envelope = from_envelope(line);
        if (!envelope) continue;
        record.begin = out.bytes.size();
        record.length = static_cast<std::uint32_t>(envelope->bytes.size());
        record.origin = std::move(envelope->origin);
        if (record.origin && is_repaired_topic(partition.source.topic))
            record.repeats_origin = !partition.origins.insert(*record.origin).second;
        out.bytes += envelope->bytes;
    }
    if (out.bytes.capacity() < out.bytes.size() + kRecordPadding)
        out.bytes.reserve(out.bytes.size() + kRecordPadding);
}

}  // namespace loanstream

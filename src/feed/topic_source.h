// The consumer of an embedded topic: takes every wanted partition whose lock is free, follows the
// growing files, waits for the rest. A Source (base/source.h); one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/source.h"
#include "feed/topic.h"
#include "feed/topic_index.h"

namespace loanstream {

struct TopicSourceSettings {
    std::set<std::int32_t> partitions;  // empty: all
    std::int64_t batch_records = 4096;
    std::int64_t batch_bytes = 1 << 20;  // grows for one longer record
    std::int64_t most_record_bytes = 10 << 20;
};

class TopicSource : public Source {
public:
    // Tries to take a partition's lock; nullopt: another process has it.
    using TryLock =
        std::function<Result<std::optional<std::unique_ptr<FileLock>>>(const SourcePartition&)>;
    // The incarnation the table's log knows for a partition.
    using IncarnationOf = std::function<Incarnation(PartitionId)>;

    static Result<std::unique_ptr<TopicSource>> open(Env& env, const std::string& topics,
                                                     const std::string& name, TryLock try_lock,
                                                     IncarnationOf incarnation_of,
                                                     TopicSourceSettings settings);

    // For those who only look: every partition is theirs, without a lock.
    static Result<std::unique_ptr<TopicSource>> open_to_look(Env& env, const std::string& topics,
                                                             const std::string& name,
                                                             IncarnationOf incarnation_of,
                                                             TopicSourceSettings settings);

    Result<Assignment> assignment() override;
    Result<Seek> seek(const SourcePartition& source, const ReadingPlace& place) override;
    Result<bool> poll(std::chrono::milliseconds wait, RawBatch& out) override;
    Result<void> make_durable(const SourcePartition& source) override;
    Result<void> released(const SourcePartition&) override { return {}; }  // never asked back
    Result<Offset> watermark(const SourcePartition& source) override;
    Result<void> mirror(const SourcePartition& source, Offset next) override;
    void hold(const SourcePartition& source, bool is_held) override {
        at(source).is_held = is_held;
    }

private:
    struct Partition {
        SourcePartition source;
        std::unique_ptr<FileLock> lock;  // null: not ours yet
        std::unique_ptr<ReadFile> file;  // null: no record has been written yet
        std::unique_ptr<TopicIndex> index;
        std::int64_t next = 0;           // offset of the next record
        std::uint64_t next_byte = 0;     // where it begins
        std::uint64_t scanned = 0;       // no newline before this byte, from next_byte on
        std::uint64_t record_bytes = 0;  // of the last batch, on average; 0: not known yet
        LineCounter end{0, 0};
        bool seeked = false, is_held = false;
        bool name_durable = false;   // of the file
        std::set<Position> origins;  // of a repaired topic's records before `next`
    };
    TopicSource(Env& env, TopicFolder folder, TryLock try_lock, TopicSourceSettings settings)
        : env_(env),
          folder_(std::move(folder)),
          try_lock_(std::move(try_lock)),
          settings_(settings) {}
    Result<bool> open_file(Partition& partition);
    Result<bool> read_batch(Partition& partition, RawBatch& out);
    Result<bool> read_long_record(Partition& partition, RawBatch& out);
    void take_lines(Partition& partition, std::string_view bytes, RawBatch& out);
    Result<void> add_times(Partition& partition, RawBatch& out);
    void open_envelopes(Partition& partition, RawBatch& out);
    Result<void> find_origins(Partition& partition, std::int64_t before);
    Partition& at(const SourcePartition& source);

    Env& env_;
    TopicFolder folder_;
    TryLock try_lock_;
    TopicSourceSettings settings_;
    std::vector<Partition> partitions_;
    std::size_t turn_ = 0;
    std::chrono::nanoseconds next_try_{0};
    Assignment assignment_;
};

}  // namespace loanstream

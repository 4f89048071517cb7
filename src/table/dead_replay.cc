#include "table/dead_replay.h"

#include <map>
#include <set>

#include "base/crash_points.h"
#include "base/repaired_topic.h"
#include "base/sha256.h"
#include "feed/envelope.h"
#include "feed/topic_source.h"
#include "feed/topic_writer.h"
#include "table/table_reader.h"

namespace loanstream {

namespace {

constexpr std::int64_t kRowsAtOnce = 4096;

using TakeRecord = std::function<void(const RawBatch&, const RawRecord&)>;

// Every record of a topic; none where there is no such topic.
Result<void> read_topic(Env& env, const std::string& topics, const std::string& topic,
                        const TakeRecord& take) {
    auto source = TopicSource::open_to_look(env, topics, topic,
                                            [](PartitionId) { return Incarnation(); }, {});
    if (!source && source.error().code == ErrorCode::kNotFound) return {};
    if (!source) return std::unexpected(std::move(source).error());
    TRY(auto assignment, (*source)->assignment());
    for (const auto& partition : assignment.owned)
        TRY_VOID((*source)->seek(partition, {Offset(0)}));
    RawBatch batch;
    while (true) {
        TRY(bool some, (*source)->poll(std::chrono::milliseconds(0), batch));
        if (!some) return {};
        for (const RawRecord& record : batch.records) take(batch, record);
    }
}

// The origins of all records of a repaired topic.
Result<std::set<Position>> origins_in(Env& env, const std::string& topics,
                                      const std::string& topic) {
    std::set<Position> origins;
    auto take = [&](const RawBatch&, const RawRecord& record) {
        if (record.origin) origins.insert(*record.origin);
    };
    TRY_VOID(read_topic(env, topics, topic, take));
    return origins;
}

Result<void> produce(Env& env, const std::string& topics, const std::string& topic,
                     const std::vector<std::string>& lines) {
    TRY_VOID(create_topic_if_missing(env, topics, topic, 1));
    TRY(auto writer, TopicWriter::open(env, TopicFolder(topics, topic), PartitionId(0)));
    for (const std::string& line : lines) TRY_VOID(writer->append({line}));
    return {};
}

}  // namespace

Result<void> put_replay(Warehouse& warehouse, const Replay& replay) {
    ReplayEntry entry{replay.origin, {}, replay.why, replay.by};
    if (!replay.bytes.empty()) {
        TRY(entry.sha256, warehouse.keep_version(replay.bytes));
    }
    TRY_VOID(warehouse.append(entry));
    crash_point(CrashPoint::kReplayPut);
    return warehouse.maintain();
}

Result<std::int64_t> finish_replays(Env& env, Warehouse& warehouse, const std::string& topics) {
    // The newest entry of an origin counts.
    std::map<std::string, std::map<Position, std::string>> wanted;  // by repaired topic
    for (const ReplayEntry& entry : warehouse.state().replays())
        wanted[repaired_topic(entry.origin.source.topic)][entry.origin] = entry.sha256;
    std::int64_t done = 0;
    for (const auto& [topic, replays] : wanted) {
        TRY(auto there, origins_in(env, topics, topic));
        std::vector<std::string> lines;
        for (const auto& [origin, sha256] : replays) {
            if (sha256.empty() || there.contains(origin)) continue;
            TRY(std::string bytes, warehouse.read_version(sha256));
            lines.push_back(to_envelope(bytes, origin));
        }
        if (!lines.empty()) TRY_VOID(produce(env, topics, topic, lines));
        done += static_cast<std::int64_t>(lines.size());
    }
    return done;
}

Result<std::vector<ReplayEntry>> replays_in_topics(Env& env, const std::string& topics) {
    std::vector<ReplayEntry> replays;
    auto take = [&](const RawBatch& batch, const RawRecord& record) {
        if (!record.origin || record.repeats_origin || record.too_large) return;
        replays.push_back({*record.origin, sha256_hex(batch.bytes_of(record)),
                           "its record is in the topic of repaired ones", "repair"});
    };
    TRY(auto described, list_topics(env, topics));
    for (const TopicDescription& topic : described)
        if (is_repaired_topic(topic.name)) TRY_VOID(read_topic(env, topics, topic.name, take));
    return replays;
}

Result<void> visit_open_dead(Warehouse& warehouse, std::string_view reason,
                             const std::function<Result<void>(const DeadLetter&)>& take) {
    static const std::vector<std::string_view> kColumns = {
        "stage", "reason", "field", "source_topic", "source_partition", "source_offset", "raw"};
    TRY_VOID(warehouse.reload());
    std::set<Position> closed;
    for (const ReplayEntry& entry : warehouse.state().replays()) closed.insert(entry.origin);
    TRY(auto files, warehouse.live_files());
    for (const auto& file : files) {
        if (file.place.day.table != kDeadLettersTable) continue;
        TRY(auto scan, open_live(warehouse, file));
        for (std::int64_t at = 0; at < scan->rows(); at += kRowsAtOnce) {
            TRY(auto rows, scan->read(kColumns, at, kRowsAtOnce));
            for (const auto& row : rows) {
                if (row[1] != reason) continue;
                DeadLetter letter;
                TRY(letter.position,
                    Position::parse(row[3].value_or("") + "/" + row[4].value_or("") + "@" +
                                    row[5].value_or("")));
                if (closed.contains(letter.position)) continue;
                letter.stage = row[0].value_or("");
                letter.reason = row[1].value_or("");
                letter.field = row[2].value_or("");
                letter.raw = row[6].value_or("");
                TRY_VOID(take(letter));
            }
        }
    }
    return {};
}

}  // namespace loanstream

// What must hold when everyone is at rest: every record decided once and as the policy decides it,
// and nothing left over.
#include <fmt/format.h>

#include <sstream>

#include "app/topic_counter.h"
#include "clean/clean_batch.h"
#include "decide/decided_batch.h"
#include "feed/topic.h"
#include "sim/world.h"
#include "table/prove.h"
#include "table/table_reader.h"

namespace loanstream::sim {

namespace {

// By position within the topic: the application and its status, or the reason of a reject.
using Outcomes = std::map<std::pair<std::int32_t, std::int64_t>, std::string>;

Outcomes expected_of(const std::map<std::int32_t, std::vector<std::string>>& topic,
                     const std::shared_ptr<const Policy>& policy) {
    Outcomes outcomes;
    Cleaner cleaner(policy);
    auto decider = Decider::make(policy);
    for (const auto& [partition, lines] : topic) {
        RawBatch raw;
        raw.source = {kTopic, Incarnation(0), PartitionId(partition)};
        for (std::size_t i = 0; i < lines.size(); ++i) {
            RawRecord record;
            record.offset = Offset(static_cast<std::int64_t>(i));
            record.begin = static_cast<std::uint32_t>(raw.bytes.size());
            record.length = static_cast<std::uint32_t>(lines[i].size());
            raw.bytes += lines[i];
            raw.records.push_back(record);
        }
        raw.range = {Offset(0), Offset(static_cast<std::int64_t>(lines.size()))};
        raw.bytes.reserve(raw.bytes.size() + kRecordPadding);
        CleanBatch clean;
        DecidedBatch decided;
        cleaner.clean(raw, clean);
        (*decider)->decide(clean, decided);
        for (const Decision& d : decided.decisions)
            outcomes[{partition, raw.records[d.record].offset.value}] =
                fmt::format("{} {}", d.member_id, name_of(d.status));
        for (const Reject& r : decided.rejects)
            outcomes[{partition, raw.records[r.record].offset.value}] = std::string(r.reason_text);
    }
    return outcomes;
}

}  // namespace

// As they stand in the topic: what a loss of power took was produced anew, and is another record.
std::vector<std::string> World::lines_of(std::int32_t partition) {
    std::string path = TopicFolder(kTopics, kTopic).records(PartitionId(partition));
    std::istringstream bytes(machine_.disk().files()[path]);
    std::vector<std::string> lines;
    for (std::string line; std::getline(bytes, line);) lines.push_back(line);
    return lines;
}

void World::check_rows() {
    Env& env = machine_.disk();
    LocalFileStore files(env);
    auto warehouse = Warehouse::open_to_read(env, files, kWarehouse);
    auto policy = load_policy(settings_.text("policy"), settings_.text("model"));
    if (!warehouse || !policy) return violated("the end cannot be looked at");
    std::map<std::int32_t, std::vector<std::string>> topic;
    for (std::int32_t p = 0; p < shape_.partitions; ++p) topic[p] = lines_of(p);
    Outcomes expected = expected_of(topic, *policy), got;
    auto live = (*warehouse)->live_files();
    if (!live) return violated(live.error().line());
    for (const LiveFile& file : *live) {
        bool dead = file.place.day.table == kDeadLettersTable;
        auto scan = open_live(**warehouse, file);
        if (!scan) return violated(scan.error().line());
        std::vector<std::string_view> columns = {"source_partition", "source_offset"};
        if (dead)
            columns.push_back("reason");
        else
            columns.insert(columns.end(), {"member_id", "status"});
        auto rows = (*scan)->read(columns, 0, file.rows);
        if (!rows) return violated(rows.error().line());
        for (const TextRow& row : *rows) {
            std::pair key(std::atoi(row[0]->c_str()), std::atoll(row[1]->c_str()));
            if (!got.emplace(key, dead ? *row[2] : *row[2] + " " + *row[3]).second)
                violated(fmt::format("{}@{} stands twice", key.first, key.second));
        }
    }
    for (const auto& [key, outcome] : expected)
        if (!got.contains(key) || got[key] != outcome)
            return violated(fmt::format("{}@{} is '{}', expected '{}'", key.first, key.second,
                                        got.contains(key) ? got[key] : "nowhere", outcome));
    if (got.size() != expected.size()) violated("there are rows too many");
}

void World::check_end() {
    Env& env = machine_.disk();
    LocalFileStore files(env);
    TopicCounter counter(env, kTopics);
    ProveRequest request;
    request.complete = true;
    request.topics = {kTopic};
    auto report = prove(env, files, kWarehouse, request, &counter);
    if (!report) return violated("prove: " + report.error().line());
    if (!report->proved)
        return violated("not proved: " +
                        (report->failures.empty() ? "" : report->failures.front()));
    check_rows();
    for (const auto& [path, bytes] : machine_.disk().files()) {
        if (path.ends_with(".staged")) violated("left in staging: " + path);
        if (path.find("/retired/") != path.npos) violated("left in retired: " + path);
    }
}

}  // namespace loanstream::sim

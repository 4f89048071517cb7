#include "app/story_world.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "app/child_program.h"
#include "app/story_file.h"
#include "app/stream_session.h"
#include "app/topic_counter.h"
#include "base/crash_points.h"
#include "base/nearest_word.h"
#include "feed/envelope.h"
#include "feed/topic_writer.h"
#include "table/prove.h"
#include "table/table_scan.h"

namespace loanstream {

namespace {

constexpr int kCrashed = 137;

// TOPIC/PARTITION
Result<SourcePartition> parse_place(const std::string& place) {
    auto position = Position::parse(place + "@0");
    if (!position)
        return fail(ErrorCode::kUsage, "'" + place + "' is no TOPIC/PARTITION", {},
                    "for example applicants/0");
    return position->source;
}

// The name of a crash point as stories write it.
Result<std::string> crash_name(std::string text) {
    std::string count;
    if (auto colon = text.find(':'); colon != text.npos) {
        count = text.substr(colon);
        text.resize(colon);
    }
    std::replace(text.begin(), text.end(), ' ', '-');
    static constexpr std::string_view kNames[] = {
#define LOANSTREAM_CRASH_NAME(id, name, ...) name,
        LOANSTREAM_CRASH_POINTS(LOANSTREAM_CRASH_NAME)
#undef LOANSTREAM_CRASH_NAME
    };
    std::vector<std::string_view> names(std::begin(kNames), std::end(kNames));
    if (std::find(names.begin(), names.end(), text) == names.end())
        return fail(ErrorCode::kUsage, "unknown crash point '" + text + "'", {},
                    did_you_mean(text, names, "docs/delivery.md lists them"));
    return text + count;
}

std::string cell_text(const std::optional<std::string>& cell) {
    return cell ? escape_cell(*cell) : "null";
}

std::int64_t number_of(const std::optional<std::string>& cell) {
    std::int64_t number = -1;
    if (cell) std::from_chars(cell->data(), cell->data() + cell->size(), number);
    return number;
}

// Every row of a table with the columns asked for, in the order of their positions.
Result<std::vector<TextRow>> read_rows(Warehouse& warehouse, const TableDeclaration& table,
                                       std::vector<std::string_view> columns) {
    std::size_t asked = columns.size();
    columns.insert(columns.end(), {"source_topic", "source_partition", "source_offset"});
    std::vector<TextRow> rows;
    TRY(auto files, warehouse.live_files());
    for (const auto& file : files) {
        if (file.place.day.table != table.name) continue;
        TRY(std::string path, warehouse.locate(file));
        TRY(auto scan, TableScan::open(warehouse.files(), path, table));
        TRY(auto some, scan->read(columns, 0, scan->rows()));
        rows.insert(rows.end(), std::make_move_iterator(some.begin()),
                    std::make_move_iterator(some.end()));
    }
    std::sort(rows.begin(), rows.end(), [asked](const TextRow& a, const TextRow& b) {
        auto key = [asked](const TextRow& row) {
            return std::tuple(row[asked], number_of(row[asked + 1]), number_of(row[asked + 2]));
        };
        return key(a) < key(b);
    });
    return rows;
}

}  // namespace

StoryWorld::StoryWorld(Env& env, std::string program, std::string folder)
    : env_(env), program_(std::move(program)), folder_(std::move(folder)) {}

StoryWorld::~StoryWorld() {
    std::error_code ignored;  // a folder that stays behind harms nobody
    std::filesystem::remove_all(folder_, ignored);
}

Result<std::unique_ptr<StoryWorld>> StoryWorld::make(Env& env, std::string program) {
    const char* chosen = std::getenv("TMPDIR");
    std::string form = join_path(chosen != nullptr && *chosen != '\0' ? chosen : "/tmp",
                                 "loanstream-story-XXXXXX");
    if (::mkdtemp(form.data()) == nullptr)
        return fail(ErrorCode::kOutside, "a temporary folder cannot be made", form,
                    "set TMPDIR to a folder that can be written to");
    return std::unique_ptr<StoryWorld>(new StoryWorld(env, std::move(program), form));
}

std::vector<std::string> StoryWorld::all_sets() const {
    std::vector<std::string> sets = {"data=" + folder_, "policy=" + policy_, "model=" + model_};
    sets.insert(sets.end(), sets_.begin(), sets_.end());
    return sets;
}

Result<void> StoryWorld::use_policy(const std::string& policy, const std::string& model) {
    TRY(auto loaded, load_policy(policy, model));
    TRY_VOID(Explainer::make(loaded));
    policy_ = policy;
    model_ = model;
    return {};
}

Result<void> StoryWorld::set(const std::string& key_and_value) {
    sets_.push_back(key_and_value);
    TRY_VOID(Settings::resolve("embedded", all_sets()));
    return {};
}

Result<void> StoryWorld::make_topic(const std::string& topic) {
    if (std::find(topics_.begin(), topics_.end(), topic) != topics_.end()) return {};
    TRY_VOID(check_topic_name(topic));
    TRY(auto settings, Settings::resolve("embedded", all_sets()));
    TRY_VOID(
        create_topic_if_missing(env_, DataFolders(settings).topics, topic,
                                static_cast<std::int32_t>(settings.number("topic.partitions"))));
    topics_.push_back(topic);
    return {};
}

Result<void> StoryWorld::append(const std::string& place, const std::vector<std::string>& records) {
    TRY(auto source, parse_place(place));
    TRY_VOID(make_topic(source.topic));
    TopicFolder folder(join_path(folder_, "topics"), source.topic);
    TRY(auto writer, TopicWriter::open(env_, folder, source.partition));
    std::vector<std::string> lines;
    for (const auto& record : records)
        lines.push_back(needs_envelope(record) ? to_envelope(record, std::nullopt) : record);
    TRY_VOID(writer->append(std::vector<std::string_view>(lines.begin(), lines.end())));
    auto& known = records_[source.text()];
    known.insert(known.end(), records.begin(), records.end());
    return {};
}

Result<void> StoryWorld::append_torn(const std::string& place, const std::string& bytes) {
    TRY(auto source, parse_place(place));
    TRY_VOID(make_topic(source.topic));
    TopicFolder folder(join_path(folder_, "topics"), source.topic);
    TRY(auto file, env_.append_file(folder.records(source.partition)));
    TRY_VOID(file->append(bytes));
    return file->close();
}

Result<void> StoryWorld::run() {
    TRY(auto settings, Settings::resolve("embedded", all_sets()));
    for (const auto& topic : topics_) {
        StreamRequest request;
        request.topic = topic;
        request.once = true;
        RunLoopObserver observer;
        MergeObserver merge_observer;
        SnapshotBoard board;
        TRY(auto session,
            StreamSession::open(env_, settings, request, observer, board, merge_observer));
        TRY_VOID(session->run());
    }
    return {};
}

Result<void> StoryWorld::crash(const std::string& point) {
    std::string asked = point;
    if (asked == "log entry") {
        // The entry of the commit comes after a claim for each partition.
        TRY(auto settings, Settings::resolve("embedded", all_sets()));
        asked = "entry-synced:" + std::to_string(settings.number("topic.partitions") + 1);
    }
    TRY(std::string name, crash_name(asked));
    std::string output = join_path(folder_, "crash-output");
    for (const auto& topic : topics_) {
        ChildRequest child{program_, {"stream", topic, "--once", "--quiet"}, {}, output};
        for (const auto& set : all_sets()) {
            child.arguments.push_back("--set");
            child.arguments.push_back(set);
        }
        child.environment.push_back("LOANSTREAM_CRASH_AT=" + name);
        TRY(int status, run_child(child));
        if (status == kCrashed) return {};
        if (status == 0) continue;
        auto said = env_.read_whole(output, 1 << 20);
        return fail(ErrorCode::kAnswerIsNo, "the stream ended with status " +
                                                std::to_string(status) +
                                                " instead: " + (said ? *said : std::string()));
    }
    return fail(ErrorCode::kAnswerIsNo, "the stream never came to crash point " + name);
}

Result<TextTable> StoryWorld::rows(const std::string& table,
                                   const std::vector<std::string>& columns) {
    const TableDeclaration* declaration = table_named(table);
    if (declaration == nullptr)
        return fail(ErrorCode::kUsage, "unknown table '" + table + "'", {},
                    "prediction or dead_letters");
    std::vector<std::string_view> known, asked(columns.begin(), columns.end());
    for (const auto& column : declaration->columns) known.push_back(column.name);
    for (auto column : asked)
        if (declaration->index_of(column) < 0)
            return fail(ErrorCode::kUsage, table + " has no column '" + std::string(column) + "'",
                        {}, did_you_mean(column, known, "docs/table.md lists them"));
    TextTable text = {columns};
    LocalFileStore store(env_);
    auto warehouse = Warehouse::open_to_read(env_, store, join_path(folder_, "warehouse"));
    if (!warehouse && warehouse.error().code == ErrorCode::kNotFound) return text;
    if (!warehouse) return std::unexpected(std::move(warehouse).error());
    TRY(auto found, read_rows(**warehouse, *declaration, asked));
    for (const auto& row : found) {
        text.emplace_back();
        for (std::size_t i = 0; i < asked.size(); ++i) text.back().push_back(cell_text(row[i]));
    }
    return text;
}

Result<TextTable> StoryWorld::rejects() {
    TRY(auto table, rows("dead_letters", {"source_topic", "source_partition", "source_offset",
                                          "stage", "reason", "field"}));
    TextTable text;
    for (std::size_t i = 1; i < table.size(); ++i) {
        const auto& row = table[i];
        text.push_back({row[0] + "/" + row[1] + " @" + row[2], row[3], row[4]});
        if (row[5] != "null") text.back().push_back(row[5]);
    }
    return text;
}

Result<std::vector<std::string>> StoryWorld::explain(const std::string& text) {
    TRY(auto position, Position::parse(text));
    auto found = records_.find(position.source.text());
    auto offset = static_cast<std::size_t>(position.offset.value);
    if (found == records_.end() || offset >= found->second.size())
        return fail(ErrorCode::kNotFound, "the story put no record there", text);
    TRY(auto policy, load_policy(policy_, model_));
    TRY(auto explainer, Explainer::make(policy));
    std::string verdict = explainer->explain(position, found->second[offset]).verdict();
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < verdict.size();) {
        std::size_t end = std::min(verdict.find('\n', at), verdict.size());
        lines.push_back(verdict.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

Result<void> StoryWorld::prove() {
    if (topics_.empty()) return {};
    LocalFileStore store(env_);
    TopicCounter counter(env_, join_path(folder_, "topics"));
    ProveRequest request;
    request.complete = true;
    request.topics = topics_;
    TRY(auto report,
        loanstream::prove(env_, store, join_path(folder_, "warehouse"), request, &counter));
    if (report.proved) return {};
    return fail(ErrorCode::kAnswerIsNo, "table prove: " + report.text());
}

}  // namespace loanstream

#include "table/table_reader.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <tuple>

#include "base/plants.h"
#include "log/merger.h"

namespace loanstream {

namespace {

constexpr int kMostLooks = 4;
constexpr std::int64_t kMostMixRows = 1'000'000;
constexpr std::int64_t kMostMixFiles = 200;
constexpr std::size_t kMostNewestFiles = 64;

const std::vector<std::string_view> kNewestColumns = {
    "annual_inc",    "data",       "funded_amnt",  "member_id",
    "status",        "reason_1",   "source_topic", "source_partition",
    "source_offset", "decided_ms", "event_ms"};
constexpr std::size_t kShown = 6;  // the first of them, as they are

bool is_prediction(const LiveFile& file) { return file.place.day.table == kPredictionTable; }

// True when the log still names the file; the state is at its end then.
Result<bool> still_named(Warehouse& warehouse, const LiveFile& file) {
    TRY_VOID(warehouse.reload());
    TRY(auto files, warehouse.live_files());
    return std::ranges::any_of(
        files, [&](const LiveFile& f) { return f.name == file.name && f.place == file.place; });
}

std::int64_t number(const std::optional<std::string>& cell) {
    return cell ? std::strtoll(cell->c_str(), nullptr, 10) : -1;
}

// The newest files first: the log's order backwards.
std::vector<LiveFile> newest_first(const std::vector<LiveFile>& files) {
    std::vector<LiveFile> out;
    for (const auto& file : files)
        if (is_prediction(file)) out.push_back(file);
    std::ranges::reverse(out);
    std::ranges::stable_sort(
        out, [](const auto& a, const auto& b) { return a.place.day.dt > b.place.day.dt; });
    return out;
}

Result<void> read_newest(Warehouse& warehouse, const std::vector<LiveFile>& newest,
                         std::int64_t rows, TableOverview& overview) {
    std::vector<TextRow> read;
    std::size_t least_files = std::min(overview.partitions.size() * 2, kMostNewestFiles);
    for (std::size_t i = 0; i < newest.size(); ++i) {
        if (static_cast<std::int64_t>(read.size()) >= rows && i >= least_files) break;
        TRY(auto scan, open_live(warehouse, newest[i]));
        std::int64_t begin = std::max<std::int64_t>(scan->rows() - rows, 0);
        TRY(auto last, scan->read(kNewestColumns, begin, rows));
        std::ranges::move(last, std::back_inserter(read));
    }
    auto age_key = [](const TextRow& row) { return std::pair(number(row[9]), number(row[8])); };
    std::ranges::sort(read, [&](const auto& a, const auto& b) { return age_key(a) > age_key(b); });
    for (const auto& row : read)
        overview.newest_event_ms = std::max(overview.newest_event_ms, number(row[10]));
    if (static_cast<std::int64_t>(read.size()) > rows) read.resize(static_cast<std::size_t>(rows));
    for (std::size_t i = 0; i < kShown; ++i) overview.header.emplace_back(kNewestColumns[i]);
    overview.header.emplace_back("position");
    for (auto& row : read) {
        std::string position = *row[6] + "/" + *row[7] + "@" + *row[8];
        row.resize(kShown);
        row.push_back(std::move(position));
        overview.newest.push_back(std::move(row));
    }
    return {};
}

Result<void> read_mix(Warehouse& warehouse, const std::vector<LiveFile>& newest,
                      TableOverview& overview) {
    std::map<std::string, std::int64_t> counts;
    std::int64_t files = 0;
    for (const auto& file : newest) {
        if (overview.mix_rows >= kMostMixRows || files == kMostMixFiles) break;
        TRY(auto scan, open_live(warehouse, file));
        TRY(auto values, scan->count_values("status", 0));
        for (const auto& [status, rows] : values) counts[status] += rows;
        overview.mix_rows += scan->rows();
        ++files;
    }
    overview.mix.assign(counts.begin(), counts.end());
    std::ranges::stable_sort(overview.mix,
                             [](const auto& a, const auto& b) { return a.second > b.second; });
    return {};
}

// Small files that wait: for their part to be sealed, or to be merged.
void count_waiting(const Warehouse& warehouse, const std::vector<LiveFile>& files,
                   std::int64_t file_size, TableOverview& overview) {
    std::map<TablePart, std::vector<LiveFile>> sealed;
    for (const LiveFile& file : files) {
        const DayState* day = warehouse.state().day(file.place.day);
        bool open = file.place.part == warehouse.state().open_part(file.place.day);
        overview.open_files += open;
        bool merged = day != nullptr && std::ranges::binary_search(day->merged, file.place.part);
        if (!open && !merged) sealed[file.place].push_back(file);
    }
    for (const auto& [part, its] : sealed) {
        if (!is_worth_merging(its, file_size)) continue;
        overview.unmerged_parts += 1;
        overview.unmerged_files += static_cast<std::int64_t>(its.size());
    }
}

Result<TableOverview> overview_once(Env& env, Warehouse& warehouse,
                                    const OverviewChoices& choices) {
    TRY_VOID(warehouse.reload());
    TRY(auto files, warehouse.live_files());
    TableOverview overview;
    overview.warehouse = warehouse.layout().warehouse();
    overview.prediction.table = kPredictionTable;
    overview.dead_letters.table = kDeadLettersTable;
    for (const auto& file : files) {
        TableTotals& totals = is_prediction(file) ? overview.prediction : overview.dead_letters;
        totals.files += 1;
        totals.rows += file.rows;
        totals.bytes += file.bytes;
    }
    for (const auto& [key, state] : warehouse.state().partitions()) {
        overview.partitions.push_back(state);
        if (state.records > 0)
            overview.newest_decided_ms =
                std::max(overview.newest_decided_ms, state.decided_ms_last.value);
    }
    auto newest = newest_first(files);
    count_waiting(warehouse, files, choices.file_size, overview);
    TRY_VOID(read_newest(warehouse, newest, choices.rows, overview));
    TRY_VOID(read_mix(warehouse, newest, overview));
    overview.now_ms = env.now().value;
    return overview;
}

// Which file of a table holds the position, if any does.
Result<std::optional<FoundRow>> find_in(Warehouse& warehouse, const LiveFile& file,
                                        const Position& position) {
    TRY(auto scan, open_live(warehouse, file));
    std::string topic = position.source.source_topic();
    std::int64_t first = 0, found = -1;
    auto take = [&](const TableScan::Positions& rows) -> Result<void> {
        for (std::size_t i = 0; i < rows.offsets.size() && found < 0; ++i)
            if (rows.offsets[i] == position.offset.value && rows.topics[i] == topic &&
                rows.partitions[i] == position.source.partition.value)
                found = first + static_cast<std::int64_t>(i);
        first += static_cast<std::int64_t>(rows.offsets.size());
        return {};
    };
    TRY_VOID(scan->read_positions(take));
    if (found < 0) return std::nullopt;
    FoundRow row{file.place.day.table, file, {}, found, {}};
    TRY(row.path, warehouse.locate(file));
    std::vector<std::string_view> columns;
    for (const auto& column : table_named(row.table)->columns) columns.push_back(column.name);
    TRY(auto cells, scan->read(columns, found, 1));
    if (cells.empty()) return fail(ErrorCode::kInvalidData, "the row is gone", row.path);
    row.cells = std::move(cells.front());
    return row;
}

bool covers(const LiveFile& file, const Position& position) {
    return std::ranges::any_of(file.ranges, [&](const FileRange& range) {
        return range.source == position.source && range.range.contains(position.offset);
    });
}

// Why no file holds the position.
std::unexpected<Error> not_there(const LogState& state, const Position& position) {
    auto no = [&](std::string what, std::string mend = {}) {
        return fail(ErrorCode::kNotFound, std::move(what), position.text(), std::move(mend));
    };
    const PartitionState* known = state.partition(topic_partition_of(position.source));
    if (known == nullptr)
        return no("the table has nothing of this partition", "loanstream table show lists them");
    for (const auto& lost : state.lost())
        if (lost.source == position.source && lost.range.contains(position.offset))
            return no("accepted as lost by " + lost.by + ": " + lost.why);
    if (known->source == position.source && position.offset >= known->next)
        return no("not decided yet: the table has come to offset " +
                  std::to_string(known->next.value));
    if (known->source == position.source && position.offset < known->first)
        return no("the table begins at offset " + std::to_string(known->first.value));
    return no("no record had this offset (a hole in the topic)");
}

}  // namespace

Result<std::unique_ptr<TableScan>> open_live(Warehouse& warehouse, const LiveFile& file) {
    const TableDeclaration* table = table_named(file.place.day.table);
    if (table == nullptr)
        return fail(ErrorCode::kUnknownFormat, "unknown table " + file.place.day.table, file.name);
    // It may move between two looks (a publish, an exchange), and between a look and the opening.
    // Only what the log still names after it was not found, again and again, is gone.
    Error last;
    for (int look = 0; look < (planted(PlantedBug::kReaderLoadsAgain) ? 1 : kMostLooks); ++look) {
        auto path = warehouse.locate(file);
        if (path) {
            auto scan = TableScan::open(warehouse.files(), *path, *table);
            if (scan || scan.error().code != ErrorCode::kNotFound) return scan;
            last = scan.error();
            continue;
        }
        if (path.error().code != ErrorCode::kNotFound) return std::unexpected(path.error());
        last = path.error();
        TRY(bool named, still_named(warehouse, file));
        if (!named) return std::unexpected(last);  // replaced: the caller looks at the log anew
    }
    return fail(ErrorCode::kDamaged, "a file that the log names is gone", last.where,
                "restore it from a copy; loanstream table prove tells what else is amiss");
}

Result<TableOverview> table_overview(Env& env, Warehouse& warehouse, OverviewChoices choices) {
    for (int look = 1;; ++look) {
        auto overview = overview_once(env, warehouse, choices);
        if (overview || overview.error().code != ErrorCode::kNotFound || look == kMostLooks)
            return overview;
    }
}

Result<std::vector<LiveFile>> table_files(Warehouse& warehouse) {
    TRY_VOID(warehouse.reload());
    TRY(auto files, warehouse.live_files());
    std::ranges::stable_sort(files, [](const LiveFile& a, const LiveFile& b) {
        return std::tie(a.place.day.dt, a.place.day.table, a.place.part) <
               std::tie(b.place.day.dt, b.place.day.table, b.place.part);
    });
    return files;
}

std::optional<std::string> FoundRow::cell(std::string_view column) const {
    int index = table_named(table)->index_of(column);
    if (index < 0 || static_cast<std::size_t>(index) >= cells.size()) return std::nullopt;
    return cells[static_cast<std::size_t>(index)];
}

Result<FoundRow> find_row(Warehouse& warehouse, const Position& position) {
    for (int look = 1;; ++look) {
        TRY_VOID(warehouse.reload());
        TRY(auto files, warehouse.live_files());
        bool replaced = false;
        for (const auto& file : files) {
            if (!covers(file, position)) continue;
            auto found = find_in(warehouse, file, position);
            if (!found && found.error().code == ErrorCode::kNotFound && look < kMostLooks) {
                replaced = true;
                break;
            }
            if (!found) return std::unexpected(found.error());
            if (*found) return std::move(**found);
        }
        if (!replaced) return not_there(warehouse.state(), position);
    }
}

}  // namespace loanstream

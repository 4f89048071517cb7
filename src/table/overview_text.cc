// How an overview and a list of files are shown.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text_box.h"
#include "table/amounts.h"
#include "table/table_reader.h"

namespace loanstream {

namespace {

using Json = nlohmann::ordered_json;

std::string totals_line(const TableTotals& totals) {
    std::string line = totals.table + ": " + count_text(totals.rows, "row", "rows") + " in " +
                       count_text(totals.files, "file", "files") + ", " + bytes_text(totals.bytes);
    if (totals.files > 0) line += " (" + bytes_text(totals.bytes / totals.files) + " a file)";
    return line + "\n";
}

std::string mix_line(const TableOverview& overview) {
    if (overview.mix_rows == 0) return {};
    std::string line;
    for (const auto& [status, rows] : overview.mix) {
        if (!line.empty()) line += ", ";
        line += status + " " + with_commas(rows) + " (" + share_text(rows, overview.mix_rows) + ")";
    }
    if (overview.mix_rows < overview.prediction.rows)
        line += ", of the newest " + with_commas(overview.mix_rows) + " rows";
    return "mix: " + line + "\n";
}

std::string waiting_line(const TableOverview& overview) {
    std::string line = "small files: " + with_commas(overview.open_files) + " in open parts";
    if (overview.unmerged_parts > 0)
        line += ", " + with_commas(overview.unmerged_files) + " in " +
                count_text(overview.unmerged_parts, "sealed part", "sealed parts") +
                " that wait to be merged";
    return line + "\n";
}

std::string freshness_line(const TableOverview& overview) {
    if (overview.newest_decided_ms < 0) return "freshness: nothing decided yet\n";
    auto age = [&](std::int64_t at) {
        return age_text(std::max<std::int64_t>(overview.now_ms - at, 0)) + " ago";
    };
    std::string line = "freshness: newest decision " + age(overview.newest_decided_ms);
    if (overview.newest_event_ms >= 0)
        line += ", its newest application " + age(overview.newest_event_ms);
    return line + "\n";
}

Json totals_json(const TableTotals& totals) {
    return {{"files", totals.files}, {"rows", totals.rows}, {"bytes", totals.bytes}};
}

Json or_null(std::int64_t ms) { return ms < 0 ? Json() : Json(ms); }

Json file_json(const Layout& layout, const LiveFile& file) {
    Json ranges = Json::array();
    for (const auto& range : file.ranges)
        ranges.push_back({{"source", range.source.text()},
                          {"begin", range.range.begin.value},
                          {"next", range.range.next.value},
                          {"rows", range.rows}});
    return {{"table", file.place.day.table},
            {"dt", file.place.day.dt},
            {"part", file.place.part},
            {"name", file.name},
            {"path", layout.final_file(file.place, file.name)},
            {"rows", file.rows},
            {"bytes", file.bytes},
            {"sha256", file.sha256},
            {"ranges", std::move(ranges)}};
}

}  // namespace

std::string TableOverview::text() const {
    std::string out = totals_line(prediction) + totals_line(dead_letters);
    out += waiting_line(*this) + mix_line(*this) + freshness_line(*this);
    for (const auto& state : partitions)
        out += state.source.text() + ": " + with_commas(state.records) + " records to offset " +
               with_commas(state.next.value) + " (" + with_commas(state.decided) + " decided, " +
               with_commas(state.rejected) + " rejected)\n";
    TextBox box{header, {}};
    for (const auto& row : newest) {
        std::vector<std::string> cells;
        for (const auto& cell : row) cells.push_back(cell.value_or("null"));
        box.rows.push_back(std::move(cells));
    }
    out += box.text();
    if (static_cast<std::int64_t>(newest.size()) < prediction.rows)
        out += "only showing newest " +
               count_text(static_cast<std::int64_t>(newest.size()), "row", "rows") + "\n";
    return out;
}

std::string TableOverview::json() const {
    Json out = {{"warehouse", warehouse},
                {"records", prediction.rows + dead_letters.rows},
                {"prediction", totals_json(prediction)},
                {"dead_letters", totals_json(dead_letters)}};
    Json by_status = Json::object();
    for (const auto& [status, rows] : mix) by_status[status] = rows;
    out["mix"] = {{"rows", mix_rows}, {"by_status", std::move(by_status)}};
    out["waiting"] = {{"open_files", open_files},
                      {"unmerged_parts", unmerged_parts},
                      {"unmerged_files", unmerged_files}};
    out["newest_decided_ms"] = or_null(newest_decided_ms);
    out["newest_event_ms"] = or_null(newest_event_ms);
    out["now_ms"] = now_ms;
    out["partitions"] = Json::array();
    for (const auto& state : partitions)
        out["partitions"].push_back({{"source", state.source.text()},
                                     {"epoch", state.epoch.value},
                                     {"next", state.next.value},
                                     {"records", state.records},
                                     {"decided", state.decided},
                                     {"rejected", state.rejected}});
    out["newest"] = Json::array();
    for (const auto& row : newest) {
        Json cells = Json::object();
        for (std::size_t i = 0; i < row.size(); ++i)
            cells[header[i]] = row[i] ? Json(*row[i]) : Json();
        out["newest"].push_back(std::move(cells));
    }
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string files_as_text(const std::vector<LiveFile>& files) {
    TextBox box{{"table", "dt", "part", "rows", "bytes", "offsets", "file"}, {}, true};
    for (const auto& file : files) {
        std::string offsets =
            count_text(static_cast<std::int64_t>(file.ranges.size()), "range", "ranges");
        if (file.ranges.size() == 1)
            offsets = file.ranges[0].source.text() + "@" +
                      std::to_string(file.ranges[0].range.begin.value) + ".." +
                      std::to_string(file.ranges[0].range.next.value);
        box.rows.push_back({file.place.day.table, file.place.day.dt,
                            std::to_string(file.place.part), with_commas(file.rows),
                            bytes_text(file.bytes), offsets, file.name});
    }
    return box.text(120);
}

std::string files_as_json(const Layout& layout, const std::vector<LiveFile>& files) {
    Json out = Json::array();
    for (const auto& file : files) out.push_back(file_json(layout, file));
    return out.dump(2) + "\n";
}

}  // namespace loanstream

// What people and programs see of the table, read through the log: overview, files, the row of a
// position. Nothing here writes. Structs to print; any thread, with a Warehouse of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/env.h"
#include "log/warehouse.h"
#include "table/columns.h"
#include "table/table_scan.h"

namespace loanstream {

struct TableTotals {
    std::string table;
    std::int64_t files = 0, rows = 0, bytes = 0;  // from the log, never from a scan
};

struct TableOverview {
    std::string warehouse;
    TableTotals prediction, dead_letters;
    std::vector<PartitionState> partitions;
    // status -> rows, most first; of the newest `mix_rows` rows.
    std::vector<std::pair<std::string, std::int64_t>> mix;
    std::int64_t mix_rows = 0;
    std::vector<std::string> header;  // of the rows
    std::vector<TextRow> newest;      // newest first
    // Of both tables: files of parts that are not sealed, and of sealed ones a merge will replace.
    std::int64_t open_files = 0, unmerged_parts = 0, unmerged_files = 0;
    std::int64_t now_ms = -1, newest_decided_ms = -1, newest_event_ms = -1;  // -1: none

    std::string text() const;  // for people, in the box form of Spark's show()
    std::string json() const;
};

struct OverviewChoices {
    std::int64_t rows = 20;                // how many of the newest
    std::int64_t file_size = 128LL << 20;  // bytes; as the merger's
};

// An empty table is no error.
Result<TableOverview> table_overview(Env& env, Warehouse& warehouse, OverviewChoices choices = {});

// Every live file of both tables, oldest day first.
Result<std::vector<LiveFile>> table_files(Warehouse& warehouse);
std::string files_as_text(const std::vector<LiveFile>& files);
// With the path where each stands once it is published, and until it is merged.
std::string files_as_json(const Layout& layout, const std::vector<LiveFile>& files);

// Reads one live file by rule 25, and through the log again when it has been replaced meanwhile.
Result<std::unique_ptr<TableScan>> open_live(Warehouse& warehouse, const LiveFile& file);

// The row that a position became, with all columns of its table.
struct FoundRow {
    std::string table;  // prediction or dead_letters
    LiveFile file;
    std::string path;
    std::int64_t row = 0;  // in the file
    TextRow cells;         // as TableDeclaration::columns
    std::optional<std::string> cell(std::string_view column) const;
};

// kNotFound says why: not decided yet, accepted as lost, a hole, or no such partition.
Result<FoundRow> find_row(Warehouse& warehouse, const Position& position);

}  // namespace loanstream

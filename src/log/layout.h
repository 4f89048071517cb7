// Names and paths of a warehouse; nothing here touches a disk. `prediction/` and `dead_letters/`
// hold nothing but dt=*/part=*/*.parquet, since globs do not pass over names that open with '_'.
// All else lies in the sibling _loanstream/ on the same file system. Values, any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ids.h"

namespace loanstream {

inline constexpr std::string_view kPredictionTable = "prediction";
inline constexpr std::string_view kDeadLettersTable = "dead_letters";

// One UTC day of one table: the unit of a manifest.
struct TableDay {
    std::string table;
    std::string dt;  // "2026-11-23"
    friend auto operator<=>(const TableDay&, const TableDay&) = default;
};

// One folder of Parquet files.
struct TablePart {
    TableDay day;
    std::int32_t part = 0;
    friend auto operator<=>(const TablePart&, const TablePart&) = default;
    std::string text() const;  // "prediction/dt=2026-11-23/part=0"
};

// The UTC day of an instant, "2026-11-23" (years 1970 to 9999).
std::string day_of(EpochMs at);
bool is_day(std::string_view dt);
bool is_table_name(std::string_view table);  // [a-z][a-z0-9_]{0,39}

// What a data file's name says; the log is the truth, the name lets a sweep judge a file that no
// entry names. Text: <table>-<topic>-<partition>-<epoch>-<begin>-<next>-<16 hex digits>, parsed
// from the right as topics may hold '-'. A topic longer than 100 bytes is cut there and followed
// by '~' and 16 hex digits of its SHA-256, so that a name stays under 255 bytes.
struct DataFileName {
    std::string table;
    std::string topic;  // as in the name (see topic_in_name)
    PartitionId partition;
    Epoch epoch;
    OffsetRange range;
    std::uint64_t random = 0;

    std::string base() const;  // without an ending
    // Takes a base name with or without .parquet or .staged; nullopt: none of ours.
    static std::optional<DataFileName> parse(std::string_view name);
    friend auto operator<=>(const DataFileName&, const DataFileName&) = default;
};
std::string topic_in_name(std::string_view topic);

class Layout {
public:
    explicit Layout(std::string warehouse) : warehouse_(std::move(warehouse)) {}
    const std::string& warehouse() const { return warehouse_; }

    std::string table(std::string_view table) const;
    std::string part(const TablePart& part) const;
    // `name` is the final base name with its .parquet, as entries carry it.
    std::string final_file(const TablePart& part, std::string_view name) const;
    // The same file before it is published: _loanstream/staging/<base>.staged.
    std::string staged_file(std::string_view name) const;
    // Where an exchange puts the files that a merge has replaced.
    std::string retired(const TablePart& part) const;
    std::string retired() const { return own("retired"); }
    // Days to which no row will be added, one file each (docs/delivery.md).
    std::string complete() const { return own("complete"); }
    std::string complete_day(std::string_view dt) const;

    std::string log() const { return own("log"); }
    std::string entry(std::uint64_t number) const;  // 20 digits and .json
    std::string manifests() const { return own("manifests"); }
    std::string staging() const { return own("staging"); }
    std::string versions() const { return own("versions"); }
    std::string version(std::string_view sha256) const;
    std::string locks() const { return own("locks"); }
    // How far a sink beside the table has come (log/delivered_positions.h).
    std::string delivered(std::string_view sink) const;
    std::string partition_lock(std::string_view topic, PartitionId partition) const;
    std::string merge_lock() const;
    // A log entry or a version before it has its name; `member` tells whose it is.
    std::string temporary(std::string_view member, std::uint64_t random) const;

private:
    std::string own(std::string_view folder) const;
    std::string warehouse_;
};

// The number of a log file's base name; nullopt: no entry's name.
std::optional<std::uint64_t> entry_number(std::string_view name);

// The member of a temporary file's base name; nullopt: no temporary file's name.
std::optional<std::string> temporary_member(std::string_view name);

}  // namespace loanstream

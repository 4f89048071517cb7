#include "table/found_files.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "table/columns.h"
#include "table/table_scan.h"

namespace loanstream {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kGenerationDigits = 16;
constexpr std::int64_t kMostOffsets = 1LL << 30;  // of one range

bool is_parquet_name(std::string_view name) {
    if (!name.ends_with(".parquet") || name.size() > 255) return false;
    return std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '~' || c == '-';
    });
}

std::optional<std::int32_t> part_of(std::string_view folder) {
    constexpr std::string_view kStart = "part=";
    if (!folder.starts_with(kStart)) return std::nullopt;
    folder.remove_prefix(kStart.size());
    std::int32_t part = -1;
    auto [end, status] = std::from_chars(folder.data(), folder.data() + folder.size(), part);
    bool good = status == std::errc{} && end == folder.data() + folder.size() && part >= 0 &&
                std::to_string(part) == folder;
    return good ? std::optional(part) : std::nullopt;
}

Result<void> find_in_part(FileStore& files, const Layout& layout, const TablePart& place,
                          FoundFolder& found) {
    TRY(auto entries, files.list(layout.part(place)));
    for (const FileInfo& entry : entries) {
        FoundFile file{place, entry.name, layout.final_file(place, entry.name), {}, 0, 0, {}, {}};
        file.generation = generation_of(place, entry.name);
        auto name = DataFileName::parse(entry.name);
        bool ours = !entry.is_folder && is_parquet_name(entry.name) &&
                    (!file.generation.empty() || (name && name->table == place.day.table));
        if (ours)
            found.files.push_back(std::move(file));
        else
            found.strange.push_back(place.text() + "/" + entry.name);
    }
    return {};
}

Result<void> find_in_day(FileStore& files, const Layout& layout, const TableDay& day,
                         FoundFolder& found) {
    std::string text = day.table + "/dt=" + day.dt;
    TRY(auto parts, files.list(join_path(layout.warehouse(), text)));
    for (const FileInfo& entry : parts) {
        auto part = part_of(entry.name);
        if (entry.is_folder && part)
            TRY_VOID(find_in_part(files, layout, {day, *part}, found));
        else
            found.strange.push_back(text + "/" + entry.name);
    }
    return {};
}

// One object of `loanstream.ranges`; nullopt: not as docs/table.md has it.
std::optional<FoundRange> range_of(const Json& json) {
    auto number = [&](const char* key, std::int64_t least) -> std::optional<std::int64_t> {
        auto found = json.find(key);
        if (found == json.end() || !found->is_number_integer()) return std::nullopt;
        auto value = found->get<std::int64_t>();
        return value >= least ? std::optional(value) : std::nullopt;
    };
    auto text = [&](const char* key) {
        auto found = json.find(key);
        return found != json.end() && found->is_string() ? found->get<std::string>() : "?";
    };
    if (!json.is_object()) return std::nullopt;
    auto partition = number("partition", 0), incarnation = number("incarnation", 0);
    auto epoch = number("epoch", 1), begin = number("begin", 0);
    auto next = number("next", begin.value_or(0));
    auto decided = number("decided", 0), rejected = number("rejected", 0);
    std::string topic = text("topic"), policy = text("policy"), model = text("model");
    auto is_hash = [](const std::string& hash) { return hash.empty() || is_sha256_hex(hash); };
    bool good = partition && incarnation && epoch && begin && next && decided && rejected &&
                *partition <= INT32_MAX && *incarnation <= INT32_MAX && check_topic_name(topic) &&
                is_hash(policy) && is_hash(model);
    if (!good) return std::nullopt;
    FoundRange range;
    range.source = {topic, Incarnation(static_cast<std::int32_t>(*incarnation)),
                    PartitionId(static_cast<std::int32_t>(*partition))};
    range.epoch = Epoch(*epoch);
    range.range = {Offset(*begin), Offset(*next)};
    range.decided = *decided;
    range.rejected = *rejected;
    range.policy_hash = policy;
    range.model_hash = model;
    return range;
}

// Empty: the footer does not say, or not in its form.
std::vector<FoundRange> ranges_of_footer(const TableScan& scan) {
    std::vector<FoundRange> ranges;
    for (const auto& [key, value] : scan.metadata()) {
        if (key != "loanstream.ranges") continue;
        Json list = Json::parse(value, nullptr, false);
        if (!list.is_array()) return {};
        for (const Json& json : list) {
            auto range = range_of(json);
            if (!range) return {};
            ranges.push_back(std::move(*range));
        }
    }
    return ranges;
}

struct Extent {
    Offset first, last;
    std::int64_t rows = 0;
};

// What the columns of position say, by source_topic and partition.
Result<std::map<std::pair<std::string, std::int64_t>, Extent>> extents_of(TableScan& scan) {
    std::map<std::pair<std::string, std::int64_t>, Extent> extents;
    auto take = [&](const TableScan::Positions& rows) -> Result<void> {
        for (std::size_t i = 0; i < rows.offsets.size(); ++i) {
            Offset at(rows.offsets[i]);
            auto [known, fresh] = extents.try_emplace(
                {std::string(rows.topics[i]), rows.partitions[i]}, Extent{at, at, 0});
            known->second.first = std::min(known->second.first, at);
            known->second.last = std::max(known->second.last, at);
            known->second.rows += 1;
        }
        return {};
    };
    TRY_VOID(scan.read_positions(take));
    return extents;
}

// Without a footer: what the columns say, and of a file that a commit wrote what its name says.
Result<std::vector<FoundRange>> ranges_of_rows(TableScan& scan, const FoundFile& file) {
    TRY(auto extents, extents_of(scan));
    auto name = DataFileName::parse(file.name);
    std::vector<FoundRange> ranges;
    for (const auto& [key, extent] : extents) {
        TRY(Position position, Position::parse(key.first + "/" + std::to_string(key.second) + "@" +
                                               std::to_string(extent.first.value)));
        FoundRange range;
        range.source = position.source;
        range.range = {extent.first, extent.last + 1};
        range.epoch = Epoch(1);
        if (name && file.generation.empty()) {
            bool fits = name->topic == topic_in_name(range.source.topic) &&
                        name->partition == range.source.partition &&
                        name->range.begin <= extent.first && extent.last < name->range.next;
            if (!fits) return fail(ErrorCode::kInvalidData, "its rows are not those of its name");
            range.epoch = name->epoch;
            range.range = name->range;
        }
        range.rows = extent.rows;
        ranges.push_back(std::move(range));
    }
    return ranges;
}

// Says how many rows of each range are in the file.
Result<void> count_rows(FileStore& files, FoundFile& file) {
    std::int64_t sum = 0;
    for (FoundRange& range : file.ranges) {
        range.rows = file.place.day.table == kPredictionTable ? range.decided : range.rejected;
        sum += range.rows;
    }
    if (sum == file.rows) return {};
    sum = 0;  // a range that is split over a merge's outputs
    for (FoundRange& range : file.ranges) {
        TRY(auto offsets, offsets_in(files, file, range.source, range.range));
        range.rows = std::ranges::count(offsets, true);
        sum += range.rows;
    }
    std::erase_if(file.ranges, [](const FoundRange& range) { return range.rows == 0; });
    if (sum == file.rows) return {};
    return fail(ErrorCode::kInvalidData, "its rows are not those of the ranges in its footer");
}

Result<void> read_scan(FileStore& files, FoundFile& file) {
    TRY(auto info, files.stat(file.path));
    file.bytes = info ? static_cast<std::int64_t>(info->bytes) : 0;
    const TableDeclaration* table = table_named(file.place.day.table);
    if (table == nullptr) return fail(ErrorCode::kInvalidData, "of an unknown table");
    TRY(auto scan, TableScan::open(files, file.path, *table));
    file.rows = scan->rows();
    file.ranges = ranges_of_footer(*scan);
    bool from_footer = !file.ranges.empty();
    if (!from_footer) {
        TRY(file.ranges, ranges_of_rows(*scan, file));
    }
    for (const FoundRange& range : file.ranges)
        if (range.range.next - range.range.begin > kMostOffsets)
            return fail(ErrorCode::kInvalidData, "a range of more offsets than can be");
    if (from_footer) return count_rows(files, file);
    return {};
}

}  // namespace

std::string generation_of(const TablePart& place, std::string_view name) {
    std::string start = place.day.table + "-" + place.day.dt + "-" + std::to_string(place.part);
    constexpr std::string_view kEnding = ".parquet";
    if (!name.starts_with(start + "-") || !name.ends_with(kEnding)) return {};
    name.remove_prefix(start.size() + 1);
    name.remove_suffix(kEnding.size());
    std::string_view generation = name.substr(0, kGenerationDigits);
    std::string_view rest = name.substr(generation.size());
    auto digits = [](std::string_view text, std::string_view more) {
        return std::ranges::all_of(
            text, [&](char c) { return (c >= '0' && c <= '9') || more.find(c) != more.npos; });
    };
    bool good = generation.size() == kGenerationDigits && digits(generation, "abcdef") &&
                rest.size() > 1 && rest[0] == '-' && digits(rest.substr(1), "");
    return good ? std::string(generation) : std::string();
}

Result<FoundFolder> find_published(FileStore& files, const Layout& layout) {
    FoundFolder found;
    for (std::string_view table : {kPredictionTable, kDeadLettersTable}) {
        TRY(auto days, files.list(layout.table(table)));
        for (const FileInfo& entry : days) {
            bool is_dt =
                entry.is_folder && entry.name.starts_with("dt=") && is_day(entry.name.substr(3));
            if (is_dt)
                TRY_VOID(
                    find_in_day(files, layout, {std::string(table), entry.name.substr(3)}, found));
            else
                found.strange.push_back(std::string(table) + "/" + entry.name);
        }
    }
    std::ranges::sort(found.files, {}, &FoundFile::path);
    std::ranges::sort(found.strange);
    return found;
}

Result<void> read_found(FileStore& files, FoundFile& file) {
    auto read = read_scan(files, file);
    if (read) return {};
    if (read.error().code == ErrorCode::kUnknownFormat) return read;
    file.fault = read.error().what;
    file.ranges.clear();
    return {};
}

Result<std::vector<bool>> offsets_in(FileStore& files, const FoundFile& file,
                                     const SourcePartition& source, OffsetRange range) {
    TRY(auto scan, TableScan::open(files, file.path, *table_named(file.place.day.table)));
    std::vector<bool> held(static_cast<std::size_t>(range.next - range.begin));
    std::string topic = source.source_topic();
    auto take = [&](const TableScan::Positions& rows) -> Result<void> {
        for (std::size_t i = 0; i < rows.offsets.size(); ++i) {
            Offset at(rows.offsets[i]);
            if (range.contains(at) && rows.partitions[i] == source.partition.value &&
                rows.topics[i] == topic)
                held[static_cast<std::size_t>(at - range.begin)] = true;
        }
        return {};
    };
    TRY_VOID(scan->read_positions(take));
    return held;
}

Result<EpochMs> last_decided_in(FileStore& files, const FoundFile& file,
                                const SourcePartition& source) {
    TRY(auto scan, TableScan::open(files, file.path, *table_named(file.place.day.table)));
    EpochMs last(0);
    std::string topic = source.source_topic();
    auto take = [&](const TableScan::Positions& rows) -> Result<void> {
        for (std::size_t i = 0; i < rows.offsets.size(); ++i)
            if (rows.partitions[i] == source.partition.value && rows.topics[i] == topic)
                last = std::max(last, EpochMs(rows.decided_ms[i]));
        return {};
    };
    TRY_VOID(scan->read_positions(take));
    return last;
}

}  // namespace loanstream

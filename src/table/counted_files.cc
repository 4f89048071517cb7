#include "table/counted_files.h"

#include <algorithm>
#include <optional>

namespace loanstream {

namespace {

// Ranges that do not overlap, by where they begin.
class Spans {
public:
    void add(OffsetRange range) { ends_[range.begin] = range.next; }
    bool overlaps(OffsetRange range) const {
        auto after = ends_.lower_bound(range.next);
        return after != ends_.begin() && std::prev(after)->second > range.begin;
    }

private:
    std::map<Offset, Offset> ends_;
};

std::string place_of(const FoundFile& file) { return file.place.text() + "/" + file.name; }

class Counting {
public:
    Counting(Env& env, FileStore& files, const Layout& layout, const LogFacts& facts)
        : env_(env), files_(files), layout_(layout), facts_(facts) {}

    Result<CountedFiles> run() {
        TRY_VOID(look_around());
        TRY(auto found, find_published(files_, layout_));
        for (const std::string& place : found.strange)
            stranger(place, "it has not the name of a table's file");
        std::map<TablePart, std::vector<FoundFile>> parts;
        for (FoundFile& file : found.files) {
            note_epoch(file.name);
            TRY_VOID(read_found(files_, file));
            parts[file.place].push_back(std::move(file));
        }
        for (const auto& [name, file] : facts_.files) parts[file.place];
        for (const auto& [place, merge] : facts_.merges) parts[place];
        for (const TablePart& place : facts_.merged) parts[place];
        for (auto& [place, lying] : parts) TRY_VOID(count_part(place, lying));
        drop_copies();
        return std::move(out_);
    }

private:
    using Files = std::vector<FoundFile>;

    void stranger(std::string place, std::string why) {
        out_.strangers.push_back({std::move(place), std::move(why)});
    }

    void note_epoch(std::string_view name) {
        auto parsed = DataFileName::parse(name);
        if (!parsed) return;
        Epoch& known = out_.epochs[{parsed->topic, parsed->partition}];
        known = std::max(known, parsed->epoch);
    }

    // Names that count for nothing but their epoch.
    Result<void> look_around() {
        TRY(auto staged, files_.list(layout_.staging()));
        for (const FileInfo& file : staged) {
            note_epoch(file.name);
            staged_.insert(file.name);
        }
        return {};
    }

    // A file at `path`; nullopt: not there, or not readable.
    Result<std::optional<FoundFile>> look_at(const TablePart& place, const std::string& name,
                                             const std::string& path) {
        TRY(auto there, files_.stat(path));
        if (!there) return std::nullopt;
        FoundFile file{place, name, path, generation_of(place, name), 0, 0, {}, {}};
        TRY_VOID(read_found(files_, file));
        if (!file.fault.empty()) return std::nullopt;
        return file;
    }

    std::string retired(const TablePart& place, const std::string& generation,
                        const std::string& name) const {
        return join_path(join_path(layout_.retired(place), generation), name);
    }

    // Where a file lies, in the part's folder or in that of the generation.
    Result<std::optional<FoundFile>> seek(const TablePart& place, const Files& lying,
                                          const std::string& generation, const std::string& name) {
        auto found = std::ranges::find(lying, name, &FoundFile::name);
        if (found != lying.end() && found->fault.empty()) return *found;
        return look_at(place, name, retired(place, generation, name));
    }

    Result<void> count_part(const TablePart& place, Files& lying) {
        auto merge = facts_.merges.find(place);
        if (merge != facts_.merges.end()) return count_merge(merge->second, lying);
        auto output = std::ranges::find_if(
            lying, [](const FoundFile& file) { return !file.generation.empty(); });
        bool merged = facts_.merged.contains(place) || output != lying.end();
        if (merged) out_.merged.insert(place);
        for (FoundFile& file : lying) {
            if (file.generation.empty() == merged)
                stranger(place_of(file), "a merge has replaced it");
            else
                take(std::move(file), true);
        }
        if (!facts_.merged.contains(place) && merged) return adopt_merge(place, output->generation);
        return find_missing(place);
    }

    // A merge that only its outputs tell of; its inputs lie in retired/, until they are deleted.
    Result<void> adopt_merge(const TablePart& place, const std::string& generation) {
        TRY(auto names, files_.list(join_path(layout_.retired(place), generation)));
        OpenMerge merge{{place, generation, {}, {}}, env_.now().value};
        for (const FileInfo& file : names) {
            note_epoch(file.name);
            if (DataFileName::parse(file.name)) merge.merge.inputs.push_back(file.name);
        }
        std::ranges::sort(merge.merge.inputs);
        if (!merge.merge.inputs.empty()) out_.merges[place] = std::move(merge);
        return {};
    }

    // What a merge entry names, wherever it lies: the outputs, or the inputs where outputs are
    // gone and no input is.
    Result<void> count_merge(const OpenMerge& open, Files& lying) {
        const MergeEntry& merge = open.merge;
        Files outputs, inputs;
        for (const LiveFile& output : merge.outputs) {
            TRY(auto file, seek(merge.part, lying, merge.generation, output.name));
            if (file) outputs.push_back(std::move(*file));
        }
        for (const std::string& name : merge.inputs) {
            note_epoch(name);
            TRY(auto file, seek(merge.part, lying, merge.generation, name));
            if (file) inputs.push_back(std::move(*file));
        }
        bool undone = outputs.size() < merge.outputs.size() && !inputs.empty() &&
                      inputs.size() == merge.inputs.size();
        Files& counted = undone ? inputs : outputs;
        bool switched = false;
        std::set<std::string> known;
        for (const FoundFile& file : counted) {
            known.insert(file.name);
            switched = switched || file.path == layout_.final_file(merge.part, file.name);
        }
        if (!undone && !switched) known.insert(merge.inputs.begin(), merge.inputs.end());
        for (const FoundFile& file : lying)
            if (!known.contains(file.name))
                stranger(place_of(file), undone ? "its merge is undone: an output is gone"
                                                : "a merge has replaced it");
        for (FoundFile& file : counted) take(std::move(file), undone);
        if (undone) return {};
        out_.merged.insert(merge.part);
        out_.merges[merge.part] = open;
        return {};
    }

    // Named by the log and not in the part's folder: published by nobody yet, or put back.
    Result<void> find_missing(const TablePart& place) {
        for (const auto& [name, logged] : facts_.files) {
            if (logged.place != place || taken_.contains(name)) continue;
            std::string staged = layout_.staged_file(name);
            if (!staged_.contains(base_name(staged))) continue;
            TRY(auto file, look_at(place, name, staged));
            if (file) take(std::move(*file), true);
        }
        return {};
    }

    // Counts a file, unless it is broken or not what the log says.
    void take(FoundFile file, bool belongs_in_place) {
        auto logged = facts_.files.find(file.name);
        CountedFile counted{std::move(file), logged != facts_.files.end(), {}, {}};
        FoundFile& found = counted.found;
        taken_.insert(found.name);
        if (counted.named && found.fault.empty()) adopt_log(logged->second, counted);
        if (!found.fault.empty()) return stranger(place_of(found), found.fault);
        if (!counted.named)
            for (const FoundRange& range : found.ranges)
                counted.ranges.push_back({range.source, range.epoch, range.range, range.rows});
        std::string place = layout_.final_file(found.place, found.name);
        if (belongs_in_place && found.path != place) out_.moves.emplace_back(found.path, place);
        out_.files.push_back(std::move(counted));
    }

    // The log knows the file's checksum and which of its ranges count.
    static void adopt_log(const LiveFile& logged, CountedFile& counted) {
        FoundFile& found = counted.found;
        if (found.bytes != logged.bytes || found.rows != logged.rows) {
            found.fault = std::to_string(found.rows) + " rows in " + std::to_string(found.bytes) +
                          " bytes, and the log says " + std::to_string(logged.rows) + " in " +
                          std::to_string(logged.bytes);
            return;
        }
        counted.sha256 = logged.sha256;
        counted.ranges = logged.ranges;
    }

    // A file that the log does not name counts only where the log has nothing.
    void drop_copies() {
        std::map<std::pair<std::string, SourcePartition>, Spans> named;
        std::map<SourcePartition, Spans> accepted;
        for (const CountedFile& file : out_.files)
            for (const FileRange& range : file.ranges)
                if (file.named) named[{file.found.place.day.table, range.source}].add(range.range);
        for (const LostEntry& lost : facts_.lost) accepted[lost.source].add(lost.range);
        for (const QuietRange& quiet : facts_.quiet) accepted[quiet.source].add(quiet.range);
        std::erase_if(out_.files, [&](const CountedFile& file) {
            if (file.named) return false;
            for (const FileRange& range : file.ranges) {
                bool copy = named[{file.found.place.day.table, range.source}].overlaps(range.range);
                if (!copy && !accepted[range.source].overlaps(range.range)) continue;
                stranger(place_of(file.found),
                         copy ? "the log names another file with its rows"
                              : "its offsets were accepted as lost or without records");
                return true;
            }
            return false;
        });
    }

    Env& env_;
    FileStore& files_;
    const Layout& layout_;
    const LogFacts& facts_;
    std::set<std::string> staged_, taken_;
    CountedFiles out_;
};

}  // namespace

Result<CountedFiles> count_files(Env& env, FileStore& files, const Layout& layout,
                                 const LogFacts& facts) {
    return Counting(env, files, layout, facts).run();
}

}  // namespace loanstream

// The Parquet files of a warehouse as they lie in its folders, and what each says of itself: by its
// name, by its footer (`loanstream.ranges`, docs/table.md), and by its columns of position where
// the footer says nothing. `table repair` makes a log of it. Reads only. Free functions and values;
// one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_store.h"
#include "log/entry.h"

namespace loanstream {

// A range that a file says it holds rows of; -1: it does not say.
struct FoundRange {
    SourcePartition source;
    Epoch epoch;
    OffsetRange range;
    std::int64_t decided = -1, rejected = -1;  // of the whole commit
    std::string policy_hash, model_hash;
    std::int64_t rows = 0;  // in this file
};

struct FoundFile {
    TablePart place;
    std::string name, path;
    std::string generation;  // of the merge that wrote it; empty: a commit did
    std::int64_t rows = 0, bytes = 0;
    std::vector<FoundRange> ranges;
    std::string fault;  // why it cannot be read; empty: it can
};

// A merge's output: <table>-<dt>-<part>-<generation>-<n>.parquet. Empty: no such name.
std::string generation_of(const TablePart& place, std::string_view name);

struct FoundFolder {
    std::vector<FoundFile> files;      // not read yet
    std::vector<std::string> strange;  // what else lies there: paths within the warehouse
};
// All of the folders prediction/ and dead_letters/.
Result<FoundFolder> find_published(FileStore& files, const Layout& layout);

// Reads rows, bytes and ranges into `file`; what is wrong with it goes into `file.fault`.
// kUnknownFormat: written by a later version.
Result<void> read_found(FileStore& files, FoundFile& file);

// The offsets of `source` within `range` that the file holds, a bit each. kInvalidData.
Result<std::vector<bool>> offsets_in(FileStore& files, const FoundFile& file,
                                     const SourcePartition& source, OffsetRange range);

// The latest decided_ms of `source` in the file. kInvalidData.
Result<EpochMs> last_decided_in(FileStore& files, const FoundFile& file,
                                const SourcePartition& source);

}  // namespace loanstream

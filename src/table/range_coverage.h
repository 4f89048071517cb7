// Which offsets the files that count hold, and which ones they lack although a footer or an entry
// says that there was a record. Reads positions only where the counts do not add up. Free function
// and values; one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "table/counted_files.h"

namespace loanstream {

struct Doubling {
    SourcePartition source;
    OffsetRange range;
    std::string by;  // file names
};

// A range of which rows are gone while others are there.
struct ShortRange {
    OffsetRange range;
    std::string why;  // "3 of its rows in dead_letters are gone"
};

struct Coverage {
    std::map<SourcePartition, std::vector<OffsetRange>>
        covered;  // ascending, joined where touching
    std::map<SourcePartition, std::vector<ShortRange>> shorts;
    std::map<SourcePartition, Offset> reached;  // the highest offset that a file tells of, plus one
    std::vector<Doubling> doublings;
};

// Cuts missing offsets out of the files' ranges.
Result<Coverage> cover(FileStore& files, const LogFacts& facts, CountedFiles& counted);

}  // namespace loanstream

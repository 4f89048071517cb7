// Which of a warehouse's Parquet files count: what the log still says of them first, then what lies
// published in the tables' folders. A part whose merge is known by its entry, or by its output in
// the part's folder, counts by its outputs; else by what commits wrote. Reads only. Values; one
// thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/file_store.h"
#include "log/log_facts.h"
#include "table/found_files.h"

namespace loanstream {

struct CountedFile {
    FoundFile found;
    bool named = false;             // by the log
    std::string sha256;             // by the log; empty: not known yet
    std::vector<FileRange> ranges;  // by the log, else by the file itself
};

// A file in the tables' folders that does not count.
struct Stranger {
    std::string place;  // "prediction/dt=.../part=0/x.parquet"
    std::string why;
};

struct CountedFiles {
    std::vector<CountedFile> files;
    std::vector<std::pair<std::string, std::string>> moves;  // into the part's folder: from, to
    std::vector<Stranger> strangers;
    std::set<TablePart> merged;
    std::map<TablePart, OpenMerge> merges;  // outputs are filled in from `files` where empty
    std::map<std::pair<std::string, PartitionId>, Epoch> epochs;  // highest, by the topic in names
};

// kUnknownFormat: a file of a later version counts.
Result<CountedFiles> count_files(Env& env, FileStore& files, const Layout& layout,
                                 const LogFacts& facts);

}  // namespace loanstream

// A private folder beside the warehouse with hard links to the files that the log names, so that
// no merge or sweep takes one away under who reads them by path (`table sql`, `table compare`).
// Named <warehouse>.reading-<number>, locked while its owner lives and removed by it; those of
// processes that died are removed by the next. One thread owns one.
#pragma once

#include <memory>
#include <string>

#include "base/env.h"
#include "log/warehouse.h"

namespace loanstream {

class ReadingFolder {
public:
    static Result<ReadingFolder> make(Env& env, const std::string& warehouse);
    ReadingFolder(ReadingFolder&&) = default;
    ReadingFolder& operator=(ReadingFolder&&) = delete;
    ~ReadingFolder();

    struct LinkedTables {
        std::string folder;                             // where their folders are
        bool prediction = false, dead_letters = false;  // have files
    };
    // Both tables as of now, as <table>/dt=/part=/<file>.
    Result<LinkedTables> link_tables(Warehouse& warehouse);

private:
    ReadingFolder(Env& env, std::string path) : env_(env), path_(std::move(path)) {}

    Env& env_;
    std::string path_;
    std::unique_ptr<FileLock> lock_;
};

}  // namespace loanstream

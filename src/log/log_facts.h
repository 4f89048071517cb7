// What a log still says, also one that does not load: the newest readable checkpoint, the longest
// chain above it, and the entries beyond a break, each whole by its own checksum. `table repair`
// makes a new log of it and of the files. Reads only. Values; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/file_store.h"
#include "log/entry.h"
#include "log/layout.h"
#include "log/state.h"

namespace loanstream {

struct LogFacts {
    // Of a source partition: its newest owner and commit.
    struct Owner {
        Epoch epoch;
        EpochMs decided_ms_last;
        std::string policy_hash, model_hash;
    };
    // Of one incarnation of a source partition.
    struct Reach {
        Offset first, next;
        bool is_ended = false;
        std::string why, by;  // of the reset that ended it
    };
    std::map<TopicPartition, Owner> owners;
    std::map<SourcePartition, Reach> reaches;
    std::vector<CommittedRange> ranges;     // of commits above the checkpoint
    std::map<std::string, LiveFile> files;  // every file that counts, by name
    std::map<TableDay, std::int32_t> seals;
    std::set<TablePart> merged;
    std::map<TablePart, OpenMerge> merges;
    std::vector<QuietRange> quiet;
    std::vector<LostEntry> lost;
    std::vector<ReplayEntry> replays;
    std::set<std::string> versions;
    std::map<OrderPlace, StandingOrder> orders;

    std::int64_t entries = 0;         // read and used
    std::vector<std::string> broken;  // base names of entries and manifests that cannot be read
};

// Nothing of a log gives empty facts. kUnknownFormat: an entry or a manifest of a later version:
// only that version may judge it. Other errors: the disk.
// `log` is the folder of its entries, Layout::log() or a copy of it.
Result<LogFacts> read_log_facts(FileStore& files, const Layout& layout, const std::string& log);

}  // namespace loanstream

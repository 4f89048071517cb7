// A log that begins with all that is known: one entry, a checkpoint, and the manifests that it
// names. `table repair` and `table backup` make a warehouse's log so. Nothing here replaces a log:
// the entry is written into a folder beside it, which the caller renames (rule 37 of
// docs/delivery.md). Free functions; one thread.
#pragma once

#include <string>
#include <vector>

#include "base/env.h"
#include "base/file_store.h"
#include "log/entry.h"
#include "log/layout.h"

namespace loanstream {

// A log that takes the place of another begins above the other's numbers: who has read that one and
// slept finds the number that it wants taken, or below the checkpoint, where nothing counts.
struct FirstCheckpoint {
    std::uint64_t number = 0;
    CheckpointEntry state;       // its `files`, and the manifests of its days, are not looked at
    std::vector<LiveFile> live;  // every file that readers see
};

// Writes it into the new folder `aside`: files of sealed parts go into manifests, the rest into the
// entry. All is durable but the name of `aside`. kInternal: what would be written could not be read
// again.
Result<void> write_first_checkpoint(Env& env, FileStore& files, const Layout& layout,
                                    FirstCheckpoint first, const std::string& aside);

}  // namespace loanstream

// `table backup`: a copy of a warehouse that is consistent in itself, made while writers write: the
// files that the log names at one moment, linked (same file system) or copied, what decided them,
// and a log of one checkpoint. A copy without its log folder is not finished. `table restore` makes
// a warehouse of one. One thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/env.h"
#include "log/warehouse.h"

namespace loanstream {

struct BackupReport {
    std::string folder;
    std::uint64_t entry = 0;  // the last of the log that is in it
    bool is_restored = false;
    std::int64_t linked = 0, copied = 0, bytes = 0, rows = 0;
    std::string text() const;
};

// `folder` must be empty or absent (kAlreadyThere). kDamaged: a file that the log names is gone, or
// is not what the log says when it is copied.
Result<BackupReport> backup(Env& env, FileStore& files, const std::string& warehouse,
                            const std::string& folder);

// Copies (never links) what backup() made into `warehouse`, which must be empty or absent
// (kAlreadyThere), and compares every checksum. kNotFound: no finished copy. kDamaged as above.
Result<BackupReport> restore(Env& env, FileStore& files, const std::string& copy,
                             const std::string& warehouse);

}  // namespace loanstream

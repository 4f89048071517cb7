// Steps b and c of `table prove`: what the log names is there, whole, and nothing else is. One
// thread.
#pragma once

#include <string>
#include <vector>

#include "log/warehouse.h"
#include "table/prove_ranges.h"

namespace loanstream {

enum class FileDepth { kSize, kChecksum };

// Size, rows and, where it is asked for, checksum of each file; kNotFound when one was replaced
// meanwhile.
Result<std::string> prove_files(Warehouse& warehouse, const std::vector<LiveFile>& files,
                                FileDepth depth, const TellFailure& tell);

// Every policy and model ever used, and the files that a policy is made of.
Result<std::string> prove_versions(Warehouse& warehouse, const TellFailure& tell);

// The tables' folders. What `warehouse` does not name is looked up in the log as it is by then.
Result<std::string> prove_folders(Env& env, Warehouse& warehouse, const TellFailure& tell);

}  // namespace loanstream

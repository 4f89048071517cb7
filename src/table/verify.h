// `table verify`: is every file that the log names there, whole? Steps a and b of `table prove`
// without looking into the rows; nothing is written. Memory does not grow with the files. One
// thread.
#pragma once

#include <string>

#include "base/env.h"
#include "table/prove.h"

namespace loanstream {

struct VerifyRequest {
    bool checksums = false;
    std::string dt;  // empty: all days
};

// Its `proved` means: all there. `positions` stays 0.
struct VerifyReport : ProveReport {
    std::string text() const;  // ends with VERIFIED: or NOT VERIFIED: and the place
    std::string json() const;
};

// An Error only where nothing can be said: no warehouse, one of a later version, no right to read.
Result<VerifyReport> verify(Env& env, FileStore& files, const std::string& warehouse,
                            const VerifyRequest& request);

}  // namespace loanstream

// `table repair`: makes a lost or broken log anew from what it still says and from the files
// (docs/repair.md). Only who has every lock of the warehouse writes (a `stream` on Kafka holds
// none: what it puts into the log meanwhile is seen, and nothing is written); nothing is deleted:
// the old log and files that do not count are renamed aside. One thread.
#pragma once

#include <string>
#include <vector>

#include "base/env.h"
#include "table/rebuilt_state.h"

namespace loanstream {

struct RepairRequest : RebuildRequest {
    bool yes = false;    // else nothing is written
    std::string topics;  // the folder of the embedded topics, for replays; may be empty
};

struct RepairReport {
    enum class Outcome {
        kNothing,   // nothing to repair
        kWaits,     // there is something to do, and nothing was written
        kRefused,   // holes that are not accepted, or positions twice: nothing was written
        kRepaired,  // the new log stands
    };
    Outcome outcome = Outcome::kNothing;
    std::vector<std::string> troubles;  // what is amiss; bounded
    std::vector<std::string> steps;     // what is or would be done
    std::vector<std::string> holes;     // with exact offsets, also what is accepted
    std::vector<std::string> doublings;

    std::string text() const;
};

// kBusy: another process holds a lock. kUnknownFormat: of a later version; nothing is written then.
// kNotFound: no warehouse.
Result<RepairReport> repair(Env& env, FileStore& files, const std::string& warehouse,
                            const RepairRequest& request, SourceCounter* counter);

}  // namespace loanstream

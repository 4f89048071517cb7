// Dead letters put up to be decided after all (docs/deadletters.md "What a replay is"). One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/env.h"
#include "log/warehouse.h"
#include "table/dead_letters.h"

namespace loanstream {

struct Replay {
    Position origin;    // of the dead letter
    std::string bytes;  // repaired; empty: it is abandoned
    std::string why, by;
};

// Steps 1 and 2: keeps the bytes and puts the entry. From then on the letter is replayed (or
// abandoned), and finish_replays() does the rest, whoever calls it.
Result<void> put_replay(Warehouse& warehouse, const Replay& replay);

// Step 3 for every replay of the log whose record is not in its repaired topic yet; how many.
Result<std::int64_t> finish_replays(Env& env, Warehouse& warehouse, const std::string& topics);

// What the repaired topics still tell of replays when a log is lost: one a record with an origin.
Result<std::vector<ReplayEntry>> replays_in_topics(Env& env, const std::string& topics);

// Every open dead letter of this reason, with its bytes, oldest files first.
Result<void> visit_open_dead(Warehouse& warehouse, std::string_view reason,
                             const std::function<Result<void>(const DeadLetter&)>& take);

}  // namespace loanstream

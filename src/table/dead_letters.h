// `dead list` and `dead show`: the dead letters by cause, and one of them with its bytes, masked
// unless asked for. Their state is derived from the log. Reads only; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "log/warehouse.h"

namespace loanstream {

enum class DeadState { kOpen, kReplayed, kAbandoned };
std::string_view name_of(DeadState state);  // "open"

struct DeadGroup {
    std::string stage, reason, field;  // field empty: the record as a whole
    DeadState state = DeadState::kOpen;
    std::int64_t count = 0;
    std::int64_t oldest_ms = 0;  // decided_ms of the oldest
    Position example;            // the oldest
};

struct DeadListRequest {
    std::int64_t older_than_ms = 0;  // only those at least this old
    bool all = false;                // also the replayed and abandoned
};

struct DeadList {
    std::int64_t now_ms = 0, total = 0;
    std::vector<DeadGroup> groups;  // most first
    std::string text() const;
    std::string json() const;
};

Result<DeadList> list_dead(Env& env, Warehouse& warehouse, const DeadListRequest& request);

struct DeadLetter {
    Position position;
    std::optional<Position> origin;
    DeadState state = DeadState::kOpen;
    std::string stage, reason, field, detail, policy, policy_hash, program;
    std::int64_t event_ms = -1, decided_ms = 0;
    std::string raw;
    std::string file;  // its path
    // The bytes are masked unless `with_raw`; then as they are (json: base64 where not UTF-8).
    std::string text(bool with_raw) const;
    std::string json(bool with_raw) const;
};

// kNotFound: no dead letter stands there; the message says what does.
Result<DeadLetter> show_dead(Warehouse& warehouse, const Position& position);

// Letters become x, digits 9, bytes beyond ASCII '?'; punctuation and lower-case JSON keys stay.
std::string masked(std::string_view raw);

}  // namespace loanstream

// Where a table that does not know a partition yet begins to read it (`stream --start`). A value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ids.h"

namespace loanstream {

struct StartPlace {
    enum class Kind { kEarliest, kLatest, kTime, kGroup, kOffsets };
    Kind kind = Kind::kEarliest;
    EpochMs time{};                          // kTime: the first record not older
    std::string group;                       // kGroup: where this consumer group stands
    std::map<std::int32_t, Offset> offsets;  // kOffsets: of each partition

    // earliest | latest | time:T | group:NAME, T as epoch ms or 2026-11-23T10:00:00Z.
    static Result<StartPlace> parse(std::string_view text);
    // kOffsets from lines `partition,offset`; a first line of other text is a heading.
    static Result<StartPlace> from_csv(std::string_view bytes, const std::string& where);
    // For the log: "start latest".
    std::string text() const;
};

}  // namespace loanstream

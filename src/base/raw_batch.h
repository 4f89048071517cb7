// What a source hands on: the records of one partition, each with its position, as the bytes that
// arrived. Owned by whoever polled; the views point into `bytes`, which grows only while filling.
// One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace loanstream {

// simdjson and our own scanners may read (never use) this many bytes past a record's end.
inline constexpr std::size_t kRecordPadding = 64;

struct RawRecord {
    Offset offset;
    std::uint64_t begin = 0;     // into RawBatch::bytes
    std::uint32_t length = 0;    // bytes, without the newline
    bool too_large = false;      // longer than source.max_record_bytes: the bytes are its beginning
    std::int64_t event_ms = -1;  // when it was produced, epoch ms; -1: not known
    std::optional<Position> origin{};  // where a repaired or corrected record came from
    bool repeats_origin = false;       // another record of this origin came before it in its topic
};

struct RawBatch {
    SourcePartition source;
    OffsetRange range;               // what this batch covers: range.next is where to go on
    std::vector<RawRecord> records;  // ascending by offset, all within range
    std::string bytes;  // capacity holds kRecordPadding readable bytes past the last record

    std::string_view bytes_of(const RawRecord& r) const {
        return std::string_view(bytes).substr(r.begin, r.length);
    }
};

}  // namespace loanstream

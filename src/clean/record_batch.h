// Raw batches made of given records, for tests and benchmarks. One thread.
#pragma once

#include <span>
#include <string>

#include "base/raw_batch.h"

namespace loanstream {

// `gap` stands between records, as a newline does in a topic's file.
inline void fill_batch(std::span<const std::string> records, std::string_view gap, RawBatch& out) {
    out.source = {"tested", {}, {}};
    out.records.clear();
    out.bytes.clear();
    for (const std::string& record : records) {
        RawRecord raw;
        raw.offset = Offset(static_cast<std::int64_t>(out.records.size()));
        raw.begin = out.bytes.size();
        raw.length = static_cast<std::uint32_t>(record.size());
        out.records.push_back(raw);
        out.bytes += record;
        out.bytes += gap;
    }
    out.range = {Offset(0), Offset(static_cast<std::int64_t>(records.size()))};
    out.bytes.reserve(out.bytes.size() + kRecordPadding);
}

}  // namespace loanstream

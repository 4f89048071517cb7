#include "pipeline/reading_end.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/time_text.h"

namespace loanstream {

Result<ReadingEnd> ReadingEnd::parse(std::string_view text) {
    ReadingEnd end;
    if (text.starts_with("time:")) {
        TRY(end.time, parse_time(text.substr(5)));
        return end;
    }
    std::int64_t number = 0;
    auto [last, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (status != std::errc{} || last != text.data() + text.size() || number < 0)
        return fail(ErrorCode::kUsage, "--until cannot be '" + std::string(text) + "'", {},
                    "write an offset, such as 5000, or time:2026-11-23T10:00:00Z");
    end.offset = Offset(number);
    return end;
}

bool cut_at(const ReadingEnd& end, RawBatch& batch) {
    auto is_behind = [&](const RawRecord& record) {
        return (end.offset && record.offset >= *end.offset) ||
               (end.time && record.event_ms >= end.time->value);
    };
    auto first = std::ranges::find_if(batch.records, is_behind);
    if (first != batch.records.end()) {
        batch.range.next = end.offset ? std::clamp(*end.offset, batch.range.begin, batch.range.next)
                                      : first->offset;
        batch.records.erase(first, batch.records.end());
        return true;
    }
    if (!end.offset || batch.range.next < *end.offset) return false;
    batch.range.next = std::max(batch.range.begin, *end.offset);  // a hole of the topic
    return true;
}

bool EndTogether::all_at_end(std::size_t member, bool is_at_end) {
    std::lock_guard lock(mutex_);
    at_end_[member] = is_at_end;
    over_ = over_ || std::ranges::all_of(at_end_, [](bool one) { return one; });
    return over_;
}

}  // namespace loanstream

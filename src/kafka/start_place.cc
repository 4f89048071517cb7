#include "kafka/start_place.h"

#include <charconv>

#include "base/time_text.h"

namespace loanstream {

namespace {

template <typename T>
bool whole_number(std::string_view text, T& value) {
    auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    return status == std::errc{} && end == text.data() + text.size() && value >= 0;
}

std::string_view next_line(std::string_view& rest) {
    auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

}  // namespace

Result<StartPlace> StartPlace::parse(std::string_view text) {
    StartPlace place;
    if (text == "earliest") return place;
    if (text == "latest") {
        place.kind = Kind::kLatest;
        return place;
    }
    if (text.starts_with("time:")) {
        place.kind = Kind::kTime;
        TRY(place.time, parse_time(text.substr(5)));
        return place;
    }
    if (text.starts_with("group:") && text.size() > 6) {
        place.kind = Kind::kGroup;
        place.group = text.substr(6);
        return place;
    }
    return fail(ErrorCode::kUsage, "--start cannot be '" + std::string(text) + "'", {},
                "write earliest, latest, time:2026-11-23T10:00:00Z, group:NAME or "
                "file:offsets.csv");
}

Result<StartPlace> StartPlace::from_csv(std::string_view bytes, const std::string& where) {
    StartPlace place;
    place.kind = Kind::kOffsets;
    std::string_view rest = bytes;
    for (int line_number = 1; !rest.empty(); ++line_number) {
        std::string_view line = next_line(rest);
        if (line.empty()) continue;
        std::int32_t partition = 0;
        std::int64_t offset = 0;
        auto comma = line.find(',');
        bool good = comma != line.npos && whole_number(line.substr(0, comma), partition) &&
                    whole_number(line.substr(comma + 1), offset);
        if (!good && line_number == 1) continue;  // a heading
        if (!good || !place.offsets.emplace(partition, Offset(offset)).second)
            return fail(ErrorCode::kUsage, "a line that is not `partition,offset`, or one again",
                        where + ":" + std::to_string(line_number), "write for example 0,1500");
    }
    if (place.offsets.empty())
        return fail(ErrorCode::kUsage, "no offset in it", where, "write lines such as 0,1500");
    return place;
}

std::string StartPlace::text() const {
    switch (kind) {
        case Kind::kEarliest: return "start earliest";
        case Kind::kLatest: return "start latest";
        case Kind::kTime: return "start time:" + std::to_string(time.value);
        case Kind::kGroup: return "start group:" + group;
        case Kind::kOffsets: return "start file";
    }
    return {};
}

}  // namespace loanstream

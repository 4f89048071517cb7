#include "base/time_text.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string>

namespace loanstream {

Result<EpochMs> parse_time(std::string_view text) {
    std::int64_t number = 0;
    auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (status == std::errc{} && end == text.data() + text.size() && number >= 0)
        return EpochMs(number);
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
    std::string copy(text);
    int fields = std::sscanf(copy.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &used);
    bool good = fields == 3 && used == 10;
    std::string_view rest = text.substr(std::min<std::size_t>(text.size(), 10));
    if (good && !rest.empty()) {
        int more = 0;
        good =
            std::sscanf(copy.c_str() + 10, "T%2d:%2d:%2d%n", &hour, &minute, &second, &more) == 3 &&
            more == 9;
        rest.remove_prefix(std::min<std::size_t>(rest.size(), 9));
        good = good && (rest.empty() || rest == "Z");
    }
    using namespace std::chrono;
    year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                        std::chrono::day(static_cast<unsigned>(day))};
    if (!good || !date.ok() || hour > 23 || minute > 59 || second > 60)
        return fail(ErrorCode::kUsage, "'" + copy + "' is not a time", {},
                    "write 2026-11-23T10:00:00Z (UTC), a day, or epoch milliseconds");
    auto at = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
    return EpochMs(duration_cast<milliseconds>(at.time_since_epoch()).count());
}

}  // namespace loanstream

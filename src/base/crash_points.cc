#include "base/crash_points.h"

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string>

namespace loanstream {

std::string_view name_of(CrashPoint point) {
    switch (point) {
#define LOANSTREAM_CRASH_NAME(id, name, ...) \
    case CrashPoint::id: return name;
        LOANSTREAM_CRASH_POINTS(LOANSTREAM_CRASH_NAME)
#undef LOANSTREAM_CRASH_NAME
    }
    return "";
}

std::span<const CrashPointText> crash_point_texts() {
#define LOANSTREAM_CRASH_TEXT(id, name, what, world, mended) {name, what, world, mended},
    static constexpr CrashPointText texts[] = {LOANSTREAM_CRASH_POINTS(LOANSTREAM_CRASH_TEXT)};
#undef LOANSTREAM_CRASH_TEXT
    return texts;
}

namespace {

struct Armed {
    std::string name;
    std::atomic<long> arrivals_left{0};
    Armed() {
        const char* text = std::getenv("LOANSTREAM_CRASH_AT");
        if (text == nullptr) return;
        name = text;
        long arrivals = 1;
        if (auto colon = name.find(':'); colon != name.npos) {
            std::from_chars(name.data() + colon + 1, name.data() + name.size(), arrivals);
            name.resize(colon);
        }
        arrivals_left = arrivals;
    }
};

}  // namespace

void crash_point(CrashPoint point) {
    static Armed armed;
    if (armed.name.empty() || armed.name != name_of(point)) return;
    if (armed.arrivals_left.fetch_sub(1) == 1) ::_exit(137);
}

}  // namespace loanstream

#include "app/progress_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/text_box.h"

namespace loanstream {

namespace {

constexpr int kWidth = 24;
constexpr std::chrono::milliseconds kBetweenDraws(200);
constexpr std::chrono::seconds kBetweenLines(10);

std::string time_text(double seconds) {
    if (seconds < 100) return fmt::format("{:.0f} s", seconds);
    return fmt::format("{:.0f} min", seconds / 60);
}

}  // namespace

ProgressBar::ProgressBar(Env& env, bool is_terminal)
    : env_(env), is_terminal_(is_terminal), began_(env.monotonic()), last_(began_) {}

std::string ProgressBar::text(double share, std::int64_t rows, std::chrono::nanoseconds elapsed) {
    share = std::clamp(share, 0.0, 1.0);
    double seconds = std::chrono::duration<double>(elapsed).count();
    auto full = static_cast<std::size_t>(share * kWidth);
    std::string bar = std::string(full, '#') + std::string(kWidth - full, '.');
    std::string text = fmt::format("[{}] {:3.0f} %  {} rows", bar, 100 * share, with_commas(rows));
    if (seconds > 0)
        text += fmt::format(
            "  {}/s", with_commas(static_cast<std::int64_t>(static_cast<double>(rows) / seconds)));
    if (share > 0.01) text += "  " + time_text(seconds * (1 - share) / share) + " left";
    return text;
}

void ProgressBar::update(double share, std::int64_t rows) {
    auto now = env_.monotonic();
    if (now - last_ < (is_terminal_ ? std::chrono::nanoseconds(kBetweenDraws) : kBetweenLines))
        return;
    last_ = now;
    std::string line = text(share, rows, now - began_);
    fmt::print(stderr, "{}", is_terminal_ ? "\r" + line + "\x1b[K" : line + "\n");
    std::fflush(stderr);
    drawn_ = is_terminal_;
}

void ProgressBar::finish() {
    if (drawn_) fmt::print(stderr, "\r\x1b[K");
    drawn_ = false;
}

}  // namespace loanstream

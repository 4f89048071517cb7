#include "log/manifest_name.h"

#include <cstdio>

namespace loanstream {

namespace {

constexpr std::size_t kNumberDigits = 20;
constexpr std::size_t kTailBytes = kNumberDigits + 1 + 16 + 5;  // "<number>-<16 hex>.json"

}  // namespace

std::string manifest_name(const TableDay& day, std::uint64_t number, std::uint64_t random) {
    char tail[kTailBytes + 1];
    std::snprintf(tail, sizeof tail, "%020llu-%016llx.json",
                  static_cast<unsigned long long>(number), static_cast<unsigned long long>(random));
    return day.table + "-" + day.dt + "-" + tail;
}

std::optional<std::uint64_t> manifest_number(std::string_view name) {
    if (name.size() <= kTailBytes || !name.ends_with(".json")) return std::nullopt;
    std::string_view digits = name.substr(name.size() - kTailBytes, kNumberDigits);
    return entry_number(std::string(digits) + ".json");
}

}  // namespace loanstream

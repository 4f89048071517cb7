// The base name of a manifest, <table>-<dt>-<20 digits>-<16 hex digits>.json: for the number that
// its checkpoint is to have (rule 30 of docs/delivery.md). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "log/layout.h"

namespace loanstream {

std::string manifest_name(const TableDay& day, std::uint64_t number, std::uint64_t random);

// nullopt: no manifest's name.
std::optional<std::uint64_t> manifest_number(std::string_view name);

}  // namespace loanstream

// The byte steps of a policy that asks for them (docs/policy.md "[input]"): newlines, doubled
// spaces, bytes past ASCII. Pure; any thread with its own arena.
#pragma once

#include <string_view>

#include "clean/text_arena.h"
#include "policy/policy.h"

namespace loanstream {

inline bool has_byte_steps(const InputSettings& input) {
    return input.drop_newlines || input.squeeze_spaces > 0 || input.drop_non_ascii;
}

// The record after the steps, in the arena, with kRecordPadding zero bytes behind it.
std::string_view apply_byte_steps(const InputSettings& input, std::string_view record,
                                  TextArena& arena);

}  // namespace loanstream

// One cleaned value of one field of one application: a slot in a flat row. Written by clean, read
// by rules and the model. Plain data.
#pragma once

#include <cstdint>
#include <string_view>

namespace loanstream {

enum class CellState : std::uint8_t { kMissing, kNumber, kText };

struct Cell {
    double number = 0;           // when kNumber
    const char* text = nullptr;  // when kText: points into the record or the batch's arena
    std::uint32_t text_length = 0;
    CellState state = CellState::kMissing;
    bool was_bad = false;     // could not be read and became zero or missing
    bool was_filled = false;  // took its fallback's value

    bool missing() const { return state == CellState::kMissing; }
    std::string_view text_view() const { return {text, text_length}; }
};

}  // namespace loanstream

// Where a byte of a TOML text stands in its file, so that an error in a rule points at the word
// itself. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace loanstream {

struct TextPlace {
    std::size_t line = 1, column = 1;  // 1 based; columns count characters
};

// `begin` is where the text's opening quote stands in `source`; `offset` counts bytes of the text
// as read, after escapes. Past the end: the place of its end.
TextPlace place_in_text(std::string_view source, TextPlace begin, std::size_t offset);

}  // namespace loanstream

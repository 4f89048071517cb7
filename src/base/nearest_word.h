// "Did you mean": the known word with the fewest edits from a misspelt one. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace loanstream {

// Empty when none is near (more than a third of the letters would change, at least two).
std::string nearest_word(std::string_view word, const std::vector<std::string_view>& candidates);

// "did you mean X?", or `otherwise` when none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates,
                         std::string_view otherwise = {});

}  // namespace loanstream

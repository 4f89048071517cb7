// A table for people, in the box form of Spark's show(), right aligned. Pure text; any thread.
#pragma once

#include <string>
#include <vector>

namespace loanstream {

struct TextBox {
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;  // each as long as the header
    bool left_aligned = false;

    // With a newline at the end. Cells longer than `widest` characters are cut with "...".
    std::string text(std::size_t widest = 60) const;
};

// 1234567 -> "1,234,567"
std::string with_commas(long long number);

}  // namespace loanstream

#include "base/text_box.h"

#include <algorithm>

namespace loanstream {

namespace {

// Characters, not bytes: continuation bytes of UTF-8 do not count.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string cut(const std::string& text, std::size_t widest) {
    if (width_of(text) <= widest) return text;
    std::size_t bytes = 0, characters = 0;
    while (bytes < text.size()) {
        if ((text[bytes] & 0xC0) != 0x80 && characters++ == widest - 3) break;
        ++bytes;
    }
    return text.substr(0, bytes) + "...";
}

}  // namespace

std::string TextBox::text(std::size_t widest) const {
    std::vector<std::vector<std::string>> lines = {header};
    lines.insert(lines.end(), rows.begin(), rows.end());
    std::vector<std::size_t> widths(header.size(), 0);
    for (auto& line : lines)
        for (std::size_t i = 0; i < header.size(); ++i) {
            line[i] = cut(line[i], widest);
            widths[i] = std::max(widths[i], width_of(line[i]));
        }
    std::string rule = "+";
    for (auto width : widths) rule += std::string(width, '-') + "+";
    rule += "\n";
    std::string out = rule;
    for (std::size_t n = 0; n < lines.size(); ++n) {
        out += "|";
        for (std::size_t i = 0; i < header.size(); ++i) {
            std::string gap(widths[i] - width_of(lines[n][i]), ' ');
            out += left_aligned ? lines[n][i] + gap : gap + lines[n][i];
            out += "|";
        }
        out += "\n";
        if (n == 0) out += rule;
    }
    return out + rule;
}

std::string with_commas(long long number) {
    std::string digits = std::to_string(number < 0 ? -number : number);
    for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
    return number < 0 ? "-" + digits : digits;
}

}  // namespace loanstream

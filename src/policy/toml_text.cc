#include "policy/toml_text.h"

#include <optional>
#include <vector>

namespace loanstream {

namespace {

struct AssertionFailed {};

// Nothing: an assertion of the parser failed.
std::optional<toml::parse_result> parse(std::string_view text, const std::string& path) {
    try {
        return toml::parse(text, path);
    } catch (const AssertionFailed&) {
        return std::nullopt;
    }
}

// The parser reads forwards: the first line with which it fails is the one that is wrong.
std::size_t first_wrong_line(std::string_view text, const std::string& path) {
    std::vector<std::size_t> ends;
    for (std::size_t at = 0; at < text.size(); ++at)
        if (text[at] == '\n') ends.push_back(at + 1);
    std::size_t low = 0, high = ends.size();
    while (low < high) {
        std::size_t middle = (low + high) / 2;
        if (parse(text.substr(0, ends[middle]), path))
            low = middle + 1;
        else
            high = middle;
    }
    return low + 1;
}

}  // namespace

void toml_assertion_failed() { throw AssertionFailed{}; }

Result<toml::table> parse_toml(std::string_view text, const std::string& path) {
    auto parsed = parse(text, path);
    if (!parsed)
        return fail(ErrorCode::kUsage,
                    "a name in [brackets] begins with another character than "
                    "a letter, a digit, _, - or a quote",
                    path + ":" + std::to_string(first_wrong_line(text, path)) + ":1");
    if (*parsed) return std::move(*parsed).table();
    const auto& error = parsed->error();
    auto begin = error.source().begin;
    return fail(ErrorCode::kUsage, std::string(error.description()),
                path + ":" + std::to_string(begin.line) + ":" + std::to_string(begin.column));
}

}  // namespace loanstream

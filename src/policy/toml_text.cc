#include "policy/toml_text.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace loanstream {

namespace {

struct AssertionFailed {};

constexpr std::string_view kQuotes[] = {R"(""")", "'''", "\"", "'"};

// The first character beyond ASCII outside texts and comments, or npos: TOML has no place for it
// there, and the parser asks of some whether they are white space without an answer for them.
std::size_t misplaced_character(std::string_view text) {
    std::string_view quote;  // of the text that we are in
    bool comment = false;
    for (std::size_t i = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < text.size(); ++i) {
        std::string_view rest = text.substr(i);
        if (rest[0] == '\n' && quote.size() < 3) comment = false, quote = {};
        if (comment) continue;
        if (!quote.empty()) {
            if (quote[0] == '"' && rest[0] == '\\') {
                ++i;
            } else if (rest.starts_with(quote)) {
                i += quote.size() - 1;
                for (int more = 0; more < 2 && quote.size() == 3; ++more)  // a text may end in one
                    if (i + 1 < text.size() && text[i + 1] == quote[0]) ++i;
                quote = {};
            }
            continue;
        }
        comment = rest[0] == '#';
        for (std::string_view one : kQuotes)
            if (quote.empty() && rest.starts_with(one)) quote = one;
        if (!quote.empty()) i += quote.size() - 1;
        if (static_cast<unsigned char>(rest[0]) >= 0x80) return i;
    }
    return text.npos;
}

std::string place_of(std::string_view text, std::size_t at, const std::string& path) {
    std::string_view before = text.substr(0, at);
    std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
    std::ptrdiff_t column = 1;
    for (char c : before.substr(line_begin)) column += (c & 0xC0) != 0x80;
    auto line = 1 + std::count(before.begin(), before.end(), '\n');
    return path + ":" + std::to_string(line) + ":" + std::to_string(column);
}

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
    if (auto at = misplaced_character(text); at != text.npos)
        return fail(ErrorCode::kUsage, "a character beyond ASCII stands outside texts and comments",
                    place_of(text, at, path));
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

#include "table/query_words.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace loanstream {

namespace {

bool is_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

std::string lower(std::string_view word) {
    std::string out(word);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

// The words of a query and its ';' and '(', without comments and quoted text.
class Words {
public:
    explicit Words(std::string_view query) : rest_(query) {}

    // Empty at the end.
    std::string next() {
        while (!rest_.empty()) {
            if (skip_blank() || skip_comment()) continue;
            char c = rest_.front();
            if (c == '\'' || c == '"') return quoted(c);
            if (c == '$' && rest_.size() > 1 && !is_digit(rest_[1])) return dollar_quoted();
            std::size_t length = 1;
            if (is_word_byte(c))
                while (length < rest_.size() && is_word_byte(rest_[length])) ++length;
            std::string word = lower(rest_.substr(0, length));
            rest_.remove_prefix(length);
            return word;
        }
        return {};
    }

private:
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

    bool skip_blank() {
        auto at = rest_.find_first_not_of(" \t\r\n\f\v");
        if (at == 0) return false;
        rest_.remove_prefix(std::min(at, rest_.size()));
        return true;
    }

    bool skip_comment() {
        std::string_view end;
        if (rest_.starts_with("--")) end = "\n";
        if (rest_.starts_with("/*")) end = "*/";
        if (end.empty()) return false;
        auto at = rest_.find(end, 2);
        rest_.remove_prefix(at == rest_.npos ? rest_.size() : at + end.size());
        return true;
    }

    std::string quoted(char quote) {
        std::size_t at = 1;
        while (at < rest_.size()) {
            if (rest_[at] != quote) {
                ++at;
            } else if (at + 1 < rest_.size() && rest_[at + 1] == quote) {
                at += 2;
            } else {
                break;
            }
        }
        rest_.remove_prefix(std::min(at + 1, rest_.size()));
        return "''";
    }

    std::string dollar_quoted() {
        auto close = rest_.find('$', 1);
        if (close == rest_.npos) {
            rest_.remove_prefix(1);
            return "$";
        }
        std::string_view tag = rest_.substr(0, close + 1);
        auto end = rest_.find(tag, close + 1);
        rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + tag.size());
        return "''";
    }

    std::string_view rest_;
};

constexpr std::array<std::string_view, 13> kReading = {
    "select", "with",      "from",  "values",  "table", "describe", "desc",
    "show",   "summarize", "pivot", "unpivot", "(",     "explain"};

// Words that EXPLAIN may stand before; what it explains is looked at as a statement of its own,
// since EXPLAIN ANALYZE runs it.
bool is_explain_word(const std::string& word) {
    static constexpr std::array<std::string_view, 8> kWords = {
        "explain", "analyze", "(", ")", "format", ",", "json", "text"};
    return std::ranges::find(kWords, word) != kWords.end();
}

}  // namespace

Result<void> check_only_reads(std::string_view query) {
    Words words(query);
    bool at_start = true, explaining = false, any = false;
    for (std::string word = words.next(); !word.empty(); word = words.next()) {
        if (word == ";") {
            at_start = true;
            explaining = false;
            continue;
        }
        if (!at_start) continue;
        any = true;
        if (word == "explain") explaining = true;
        if (explaining && is_explain_word(word)) continue;
        if (std::ranges::find(kReading, word) == kReading.end())
            return fail(ErrorCode::kUsage, "a statement that begins with '" + word + "'",
                        "table sql", "the table is only read here: begin with SELECT, WITH, FROM");
        at_start = false;
    }
    if (any) return {};
    return fail(ErrorCode::kUsage, "an empty query", "table sql",
                "loanstream table sql \"SELECT status, count(*) FROM prediction GROUP BY status\"");
}

}  // namespace loanstream

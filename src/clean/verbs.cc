#include "clean/verbs.h"

#include <algorithm>

#include "clean/number_text.h"

namespace loanstream {

namespace {

constexpr std::size_t kLongestText = 65535;

bool is_trimmed_away(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

void set_number(Cell& out, double number) {
    out.state = CellState::kNumber;
    out.number = number;
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

std::string_view after_spaces(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    return text;
}

VerbOutcome number_then(std::string_view text, Cell& out, auto&& rest_is_good) {
    double number = 0;
    std::size_t taken = read_number(text, number);
    if (taken == 0 || !rest_is_good(text.substr(taken))) return VerbOutcome::kBad;
    set_number(out, number);
    return VerbOutcome::kValue;
}

VerbOutcome years(std::string_view text, Cell& out) {
    if (text == "< 1 year") {
        set_number(out, 0);
        return VerbOutcome::kValue;
    }
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    double number = 0;
    if (digits == 0 || read_number(text.substr(0, digits), number) == 0) return VerbOutcome::kBad;
    text.remove_prefix(digits);
    if (text.starts_with(".0")) {  // a whole number as some tools write it
        auto end = text.find_first_not_of('0', 1);
        text.remove_prefix(end == text.npos ? text.size() : end);
    }
    if (text.starts_with('+')) text.remove_prefix(1);
    text = after_spaces(text);
    if (!text.empty() && text != "year" && text != "years") return VerbOutcome::kBad;
    set_number(out, number);
    return VerbOutcome::kValue;
}

VerbOutcome integer(std::string_view text, Cell& out) {
    std::string_view digits = text;
    if (digits.starts_with('+') || digits.starts_with('-')) digits.remove_prefix(1);
    double number = 0;
    if (!all_digits(digits) || read_number(text, number) != text.size()) return VerbOutcome::kBad;
    set_number(out, number);
    return VerbOutcome::kValue;
}

int month_number(std::string_view text) {
    static constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
    for (int i = 0; i < 12; ++i)
        if (std::equal(text.begin(), text.end(), kMonths[i].begin(), kMonths[i].end(),
                       [](char a, char b) { return (a | 0x20) == b; }))
            return i + 1;
    return 0;
}

int digits_value(std::string_view text) {
    int value = 0;
    for (char c : text) value = value * 10 + (c - '0');
    return value;
}

VerbOutcome month_date(std::string_view text, Cell& out) {
    int year = -1, month = 0;
    if (text.size() == 8 && text[3] == '-' && all_digits(text.substr(4))) {
        month = month_number(text.substr(0, 3));
        year = digits_value(text.substr(4));
    } else if (text.size() >= 7 && text[4] == '-' && all_digits(text.substr(0, 4)) &&
               all_digits(text.substr(5, 2)) &&
               (text.size() == 7 || text[7] == '-' || text[7] == 'T')) {
        year = digits_value(text.substr(0, 4));
        month = digits_value(text.substr(5, 2));
    }
    if (month < 1 || month > 12) return VerbOutcome::kBad;
    set_number(out, year * 12.0 + month - 1);
    return VerbOutcome::kValue;
}

VerbOutcome text_value(std::string_view text, Cell& out) {
    if (text.size() > kLongestText) return VerbOutcome::kBad;
    out.state = CellState::kText;
    out.text = text.data();
    out.text_length = static_cast<std::uint32_t>(text.size());
    return VerbOutcome::kValue;
}

VerbOutcome trimmed_verb(CleaningVerb verb, std::string_view text, Cell& out) {
    switch (verb) {
        case CleaningVerb::kNumber:
            return number_then(text, out, [](std::string_view rest) { return rest.empty(); });
        case CleaningVerb::kPercent:
            return number_then(text, out, [](std::string_view rest) {
                return rest.empty() || after_spaces(rest) == "%";
            });
        case CleaningVerb::kMonths:
            return number_then(text, out, [](std::string_view rest) {
                if (rest.empty()) return true;
                rest = after_spaces(rest);
                return rest == "month" || rest == "months";
            });
        case CleaningVerb::kYears: return years(text, out);
        case CleaningVerb::kInteger: return integer(text, out);
        case CleaningVerb::kMonthDate: return month_date(text, out);
        case CleaningVerb::kText: return text_value(text, out);
        case CleaningVerb::kDigits: break;
    }
    return VerbOutcome::kBad;
}

}  // namespace

MissingTexts::MissingTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (const auto& text : texts_) lengths_ |= 1ull << (text.size() & 63);
}

bool MissingTexts::found(std::string_view trimmed) const {
    return std::find(texts_.begin(), texts_.end(), trimmed) != texts_.end();
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_trimmed_away(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_trimmed_away(text.back())) text.remove_suffix(1);
    return text;
}

VerbOutcome apply_verb(CleaningVerb verb, std::string_view text, const MissingTexts& missing,
                       Cell& out) {
    if (verb == CleaningVerb::kDigits) {
        double number = 0;
        if (!all_digits(text) || read_number(text, number) == 0) return VerbOutcome::kBad;
        set_number(out, number);
        return VerbOutcome::kValue;
    }
    text = trimmed(text);
    if (missing.holds(text)) return VerbOutcome::kMissing;
    return trimmed_verb(verb, text, out);
}

}  // namespace loanstream

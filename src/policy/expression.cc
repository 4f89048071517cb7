#include "policy/expression.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace loanstream {

using enum ExpressionOp;

namespace {

enum class Kind { kNumber, kText, kTruth };

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::kNumber: return "a number";
        case Kind::kText: return "a text";
        case Kind::kTruth: return "true or false";
    }
    return "";
}

struct Typed {
    std::int32_t at = -1;
    Kind kind = Kind::kTruth;
    std::size_t column = 0;
};

constexpr int kDeepest = 64;
constexpr std::size_t kMostSteps = 2000;  // bounds the depth of evaluation too

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

// Recursive descent; each level of the grammar is one function, loosest first.
class ExpressionParser {
public:
    ExpressionParser(std::string_view text, const Expression::Lookup& lookup)
        : text_(text), lookup_(lookup) {}

    Result<Expression> parse(bool numbers_too) {
        TRY(Typed whole, any());
        skip_space();
        if (at_ < text_.size()) return unexpected();
        out_.is_condition_ = whole.kind == Kind::kTruth;
        if (!numbers_too) TRY_VOID(want(whole, Kind::kTruth));
        if (whole.kind == Kind::kText) TRY_VOID(want(whole, Kind::kNumber));
        if (out_.steps_.size() > kMostSteps)
            return error(0, "the expression is too long", "split it into several rules");
        out_.root_ = whole.at;
        std::sort(out_.slots_.begin(), out_.slots_.end());
        out_.slots_.erase(std::unique(out_.slots_.begin(), out_.slots_.end()), out_.slots_.end());
        return std::move(out_);
    }

private:
    std::unexpected<Error> error(std::size_t column, std::string what, std::string mend = {}) {
        return fail(ErrorCode::kUsage, std::move(what), "column " + std::to_string(column + 1),
                    std::move(mend));
    }
    std::unexpected<Error> unexpected() {
        char c = text_[at_];
        std::string_view mend;
        bool compares = c == '<' || c == '>' || text_.substr(at_).starts_with("==") ||
                        text_.substr(at_).starts_with("!=");
        if (c == '=') mend = "write == to compare";
        if (c == '\'') mend = "a text stands in double quotes";
        if (c == '&') mend = "write and";
        if (c == '|') mend = "write or";
        if (c == '!') mend = "write not, or != to compare";
        if (compares) mend = "join comparisons with and";
        return error(at_, "unexpected '" + std::string(1, c) + "'", std::string(mend));
    }
    Result<void> want(const Typed& typed, Kind kind) {
        if (typed.kind == kind) return {};
        return error(typed.column, "here stands " + std::string(name_of(typed.kind)) + ", not " +
                                       std::string(name_of(kind)));
    }
    void skip_space() {
        while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_]) != nullptr) ++at_;
    }
    bool take(std::string_view sign) {
        skip_space();
        if (!text_.substr(at_).starts_with(sign)) return false;
        bool word = is_word(sign.front());
        std::size_t after = at_ + sign.size();
        if (word && after < text_.size() && is_word(text_[after])) return false;
        at_ = after;
        return true;
    }
    Typed add(Expression::Step step, Kind kind, std::size_t column) {
        out_.steps_.push_back(std::move(step));
        return {static_cast<std::int32_t>(out_.steps_.size()) - 1, kind, column};
    }
    Typed add_two(ExpressionOp op, const Typed& left, const Typed& right, Kind kind) {
        Expression::Step step;
        step.op = op;
        step.left = left.at;
        step.right = right.at;
        return add(step, kind, left.column);
    }

    Result<Typed> any() {
        if (++depth_ > kDeepest) return error(at_, "nested too deep");
        TRY(Typed left, all());
        while (take("or")) {
            TRY_VOID(want(left, Kind::kTruth));
            TRY(Typed right, all());
            TRY_VOID(want(right, Kind::kTruth));
            left = add_two(kOr, left, right, Kind::kTruth);
        }
        --depth_;
        return left;
    }
    Result<Typed> all() {
        TRY(Typed left, negated());
        while (take("and")) {
            TRY_VOID(want(left, Kind::kTruth));
            TRY(Typed right, negated());
            TRY_VOID(want(right, Kind::kTruth));
            left = add_two(kAnd, left, right, Kind::kTruth);
        }
        return left;
    }
    Result<Typed> negated() {
        skip_space();
        std::size_t column = at_;
        if (!take("not")) return compared();
        if (++depth_ > kDeepest) return error(at_, "nested too deep");
        TRY(Typed inner, negated());
        --depth_;
        TRY_VOID(want(inner, Kind::kTruth));
        Expression::Step step;
        step.op = kNot;
        step.left = inner.at;
        return add(step, Kind::kTruth, column);
    }
    Result<Typed> compared() {
        TRY(Typed left, sum());
        static constexpr std::pair<std::string_view, ExpressionOp> kSigns[] = {
            {"==", kEqual},        {"!=", kNotEqual}, {"<=", kLessEqual},
            {">=", kGreaterEqual}, {"<", kLess},      {">", kGreater}};
        for (auto [sign, op] : kSigns) {
            if (!take(sign)) continue;
            TRY(Typed right, sum());
            if (left.kind == Kind::kText && (op == kEqual || op == kNotEqual)) {
                TRY_VOID(want(right, Kind::kText));
                return add_two(op == kEqual ? kTextEqual : kTextNotEqual, left, right,
                               Kind::kTruth);
            }
            TRY_VOID(want(left, Kind::kNumber));
            TRY_VOID(want(right, Kind::kNumber));
            return add_two(op, left, right, Kind::kTruth);
        }
        if (take("in")) return list(left, false);
        std::size_t before = at_;
        if (take("not")) {
            if (take("in")) return list(left, true);
            at_ = before;
        }
        return left;
    }
    Result<Typed> list(const Typed& left, bool negate) {
        if (left.kind == Kind::kTruth)
            return error(left.column, "only a number or text is in a list");
        bool texts = left.kind == Kind::kText;
        if (!take("["))
            return error(at_, "a list is missing", "write in [1, 2] or in [\"A\", \"B\"]");
        Expression::Step step;
        step.op = texts ? (negate ? kNotInTexts : kInTexts) : (negate ? kNotInNumbers : kInNumbers);
        step.left = left.at;
        auto size = [&] { return texts ? out_.texts_.size() : out_.numbers_.size(); };
        step.list_begin = static_cast<std::uint32_t>(size());
        do {
            TRY(Typed item, literal());
            TRY_VOID(want(item, left.kind));
            if (texts)
                out_.texts_.push_back(out_.steps_.back().text);
            else
                out_.numbers_.push_back(out_.steps_.back().number);
            out_.steps_.pop_back();
        } while (take(","));
        if (!take("]")) return error(at_, "']' is missing");
        step.list_end = static_cast<std::uint32_t>(size());
        return add(step, Kind::kTruth, left.column);
    }
    Result<Typed> literal() {
        skip_space();
        std::size_t column = at_;
        if (at_ < text_.size() && text_[at_] == '"') return quoted();
        bool minus = take("-");
        TRY(Typed item, number(column));
        if (minus) out_.steps_.back().number = -out_.steps_.back().number;
        return item;
    }
    Result<Typed> sum() {
        TRY(Typed left, product());
        while (true) {
            ExpressionOp op = take("+") ? kAdd : take("-") ? kSubtract : kNumberLiteral;
            if (op == kNumberLiteral) return left;
            TRY_VOID(want(left, Kind::kNumber));
            TRY(Typed right, product());
            TRY_VOID(want(right, Kind::kNumber));
            left = add_two(op, left, right, Kind::kNumber);
        }
    }
    Result<Typed> product() {
        TRY(Typed left, signed_value());
        while (true) {
            ExpressionOp op = take("*") ? kMultiply : take("/") ? kDivide : kNumberLiteral;
            if (op == kNumberLiteral) return left;
            TRY_VOID(want(left, Kind::kNumber));
            TRY(Typed right, signed_value());
            TRY_VOID(want(right, Kind::kNumber));
            left = add_two(op, left, right, Kind::kNumber);
        }
    }
    Result<Typed> signed_value() {
        skip_space();
        std::size_t column = at_;
        if (!take("-")) return atom();
        if (++depth_ > kDeepest) return error(at_, "nested too deep");
        TRY(Typed inner, signed_value());
        --depth_;
        TRY_VOID(want(inner, Kind::kNumber));
        Expression::Step step;
        step.op = kNegate;
        step.left = inner.at;
        return add(step, Kind::kNumber, column);
    }
    Result<Typed> atom() {
        skip_space();
        std::size_t column = at_;
        if (at_ >= text_.size()) return error(at_, "the expression ends too early");
        char c = text_[at_];
        if (take("(")) {
            TRY(Typed inner, any());
            if (!take(")")) return error(at_, "')' is missing");
            return inner;
        }
        if (c == '"') return quoted();
        if ((c >= '0' && c <= '9') || c == '.') return number(column);
        if (!is_word(c)) return unexpected();
        return word(column);
    }
    Result<Typed> word(std::size_t column) {
        std::size_t end = column;
        while (end < text_.size() && is_word(text_[end])) ++end;
        std::string_view name = text_.substr(column, end - column);
        at_ = end;
        Expression::Step step;
        if (name == "true" || name == "false") {
            step.op = name == "true" ? kTrue : kFalse;
            return add(step, Kind::kTruth, column);
        }
        if (name == "missing" && take("(")) return missing(column);
        if (name == "first" && take("(")) return first();
        TRY(auto field, find(name, column));
        step.op = field.is_text ? kFieldText : kFieldNumber;
        step.slot = field.slot;
        return add(step, field.is_text ? Kind::kText : Kind::kNumber, column);
    }
    Result<Typed> missing(std::size_t column) {
        skip_space();
        std::size_t begin = at_;
        while (at_ < text_.size() && is_word(text_[at_])) ++at_;
        TRY(auto field, find(text_.substr(begin, at_ - begin), begin));
        if (!take(")")) return error(at_, "')' is missing");
        Expression::Step step;
        step.op = kMissing;
        step.slot = field.slot;
        return add(step, Kind::kTruth, column);
    }
    Result<Typed> first() {
        if (++depth_ > kDeepest) return error(at_, "nested too deep");
        TRY(Typed left, sum());
        TRY_VOID(want(left, Kind::kNumber));
        if (!take(",")) return error(at_, "',' is missing", "write first(a, b)");
        do {
            TRY(Typed right, sum());
            TRY_VOID(want(right, Kind::kNumber));
            left = add_two(kFirst, left, right, Kind::kNumber);
        } while (take(","));
        --depth_;
        if (!take(")")) return error(at_, "')' is missing");
        return left;
    }
    Result<Expression::FieldRef> find(std::string_view name, std::size_t column) {
        auto field = lookup_(name);
        if (!field)
            return std::unexpected(
                std::move(field).error().at("column " + std::to_string(column + 1)));
        out_.slots_.push_back(field->slot);
        return *field;
    }
    Result<Typed> number(std::size_t column) {
        Expression::Step step;
        step.op = kNumberLiteral;
        const char* begin = text_.data() + at_;
        auto [end, status] = std::from_chars(begin, text_.data() + text_.size(), step.number);
        if (status != std::errc{} || !(*begin == '.' || (*begin >= '0' && *begin <= '9')))
            return error(column, "a number is expected here");
        at_ += static_cast<std::size_t>(end - begin);
        if (at_ < text_.size() && is_word(text_[at_]))
            return error(column, "a number is followed by letters");
        return add(step, Kind::kNumber, column);
    }
    Result<Typed> quoted() {
        std::size_t column = at_++;
        Expression::Step step;
        step.op = kTextLiteral;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] == '\\') {
                ++at_;
                if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\\'))
                    return error(at_, "only \\\" and \\\\ are escapes here");
            }
            step.text += text_[at_++];
        }
        if (at_ >= text_.size()) return error(column, "the text is not closed");
        ++at_;
        return add(std::move(step), Kind::kText, column);
    }

    std::string_view text_;
    const Expression::Lookup& lookup_;
    std::size_t at_ = 0;
    int depth_ = 0;
    Expression out_;
};

Result<Expression> Expression::parse(std::string_view text, const Lookup& lookup) {
    return ExpressionParser(text, lookup).parse(false);
}

Result<Expression> Expression::parse_value(std::string_view text, const Lookup& lookup) {
    return ExpressionParser(text, lookup).parse(true);
}

bool Expression::evaluate(const Cell* row) const { return truth(row, root_); }

bool Expression::compute(const Cell* row, double& out) const {
    if (!is_condition_) return value(row, root_, out);
    out = truth(row, root_) ? 1 : 0;
    return true;
}

bool Expression::value(const Cell* row, std::int32_t at, double& out) const {
    const Step& step = steps_[static_cast<std::size_t>(at)];
    double left = 0, right = 0;
    switch (step.op) {
        case kNumberLiteral: out = step.number; return true;
        case kFieldNumber:
            out = row[step.slot].number;
            return row[step.slot].state == CellState::kNumber;
        case kNegate:
            if (!value(row, step.left, left)) return false;
            out = -left;
            return true;
        case kFirst: return value(row, step.left, out) || value(row, step.right, out);
        default: break;
    }
    if (!value(row, step.left, left) || !value(row, step.right, right)) return false;
    switch (step.op) {
        case kAdd: out = left + right; break;
        case kSubtract: out = left - right; break;
        case kMultiply: out = left * right; break;
        case kDivide: out = left / right; break;
        default: return false;
    }
    return std::isfinite(out);
}

bool Expression::text_of(const Cell* row, std::int32_t at, std::string_view& out) const {
    const Step& step = steps_[static_cast<std::size_t>(at)];
    if (step.op == kTextLiteral) {
        out = step.text;
        return true;
    }
    out = row[step.slot].text_view();
    return row[step.slot].state == CellState::kText;
}

bool Expression::in_list(const Cell* row, const Step& step) const {
    if (step.op == kInTexts || step.op == kNotInTexts) {
        std::string_view text;
        if (!text_of(row, step.left, text)) return false;
        auto begin = texts_.begin() + step.list_begin, end = texts_.begin() + step.list_end;
        return (std::find(begin, end, text) != end) == (step.op == kInTexts);
    }
    double number = 0;
    if (!value(row, step.left, number)) return false;
    auto begin = numbers_.begin() + step.list_begin, end = numbers_.begin() + step.list_end;
    return (std::find(begin, end, number) != end) == (step.op == kInNumbers);
}

bool Expression::truth(const Cell* row, std::int32_t at) const {
    const Step& step = steps_[static_cast<std::size_t>(at)];
    switch (step.op) {
        case kTrue: return true;
        case kFalse: return false;
        case kAnd: return truth(row, step.left) && truth(row, step.right);
        case kOr: return truth(row, step.left) || truth(row, step.right);
        case kNot: return !truth(row, step.left);
        case kMissing: return row[step.slot].missing();
        case kInTexts:
        case kNotInTexts:
        case kInNumbers:
        case kNotInNumbers: return in_list(row, step);
        case kTextEqual:
        case kTextNotEqual: {
            std::string_view left, right;
            if (!text_of(row, step.left, left) || !text_of(row, step.right, right)) return false;
            return (left == right) == (step.op == kTextEqual);
        }
        default: break;
    }
    double left = 0, right = 0;
    if (!value(row, step.left, left) || !value(row, step.right, right)) return false;
    switch (step.op) {
        case kEqual: return left == right;
        case kNotEqual: return left != right;
        case kLess: return left < right;
        case kLessEqual: return left <= right;
        case kGreater: return left > right;
        case kGreaterEqual: return left >= right;
        default: return false;
    }
}

}  // namespace loanstream

// A rule's condition or a derived field's value. Holds: printed again with all its brackets it
// parses to what gives the same on every row; brackets around it change nothing and `not` turns
// it; a number that it computes is finite.
#include <fmt/format.h>

#include <cmath>

#include "base/check.h"
#include "policy/expression.h"

using namespace loanstream;
using enum ExpressionOp;

namespace {

constexpr std::string_view kFields[] = {"a", "b", "c", "t", "u"};
constexpr std::size_t kNumbers = 3;  // then texts

Result<Expression::FieldRef> lookup(std::string_view name) {
    for (std::uint16_t slot = 0; slot < std::size(kFields); ++slot)
        if (kFields[slot] == name) return Expression::FieldRef{slot, slot >= kNumbers};
    return fail(ErrorCode::kUsage, "no such field");
}

std::vector<std::vector<Cell>> make_rows() {
    std::vector<std::vector<Cell>> rows;
    for (double number : {0.0, 1.0, -2.5, 1e308, 1e-300, 24322.0})
        for (std::string_view text : {"", "car", "A"})
            for (unsigned missing = 0; missing < 32; missing += 5) {
                std::vector<Cell> row(std::size(kFields));
                for (std::size_t slot = 0; slot < row.size(); ++slot) {
                    if ((missing >> slot & 1) != 0) continue;
                    row[slot].state = slot < kNumbers ? CellState::kNumber : CellState::kText;
                    row[slot].number = slot < kNumbers ? number * (slot == 1 ? 0.5 : 1) : 0;
                    row[slot].text = text.data();
                    row[slot].text_length = static_cast<std::uint32_t>(text.size());
                }
                rows.push_back(std::move(row));
            }
    return rows;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (char c : text) (out += c == '"' || c == '\\' ? "\\" : "") += c;
    return out + '"';
}

std::string sign_of(ExpressionOp op) {
    switch (op) {
        case kAdd: return "+";
        case kSubtract: return "-";
        case kMultiply: return "*";
        case kDivide: return "/";
        case kEqual:
        case kTextEqual: return "==";
        case kNotEqual:
        case kTextNotEqual: return "!=";
        case kLess: return "<";
        case kLessEqual: return "<=";
        case kGreater: return ">";
        case kGreaterEqual: return ">=";
        case kAnd: return "and";
        case kOr: return "or";
        default: return "";
    }
}

class Printer {
public:
    explicit Printer(const Expression& expression) : expression_(expression) {}

    std::string at(std::int32_t index) const {
        const Expression::Step& step = expression_.steps()[static_cast<std::size_t>(index)];
        if (std::string sign = sign_of(step.op); !sign.empty())
            return fmt::format("({} {} {})", at(step.left), sign, at(step.right));
        switch (step.op) {
            case kNumberLiteral: return fmt::format("{}", step.number);
            case kTextLiteral: return quoted(step.text);
            case kFieldNumber:
            case kFieldText: return std::string(kFields[step.slot]);
            case kTrue: return "true";
            case kFalse: return "false";
            case kNegate: return fmt::format("(-{})", at(step.left));
            case kFirst: return fmt::format("first({}, {})", at(step.left), at(step.right));
            case kNot: return fmt::format("(not {})", at(step.left));
            case kMissing: return fmt::format("missing({})", kFields[step.slot]);
            default: return list(step);
        }
    }

private:
    std::string list(const Expression::Step& step) const {
        bool negated = step.op == kNotInNumbers || step.op == kNotInTexts;
        bool texts = step.op == kInTexts || step.op == kNotInTexts;
        std::string items;
        for (std::uint32_t i = step.list_begin; i < step.list_end; ++i)
            items += (items.empty() ? "" : ", ") +
                     (texts ? quoted(expression_.list_texts()[i])
                            : fmt::format("{}", expression_.list_numbers()[i]));
        return fmt::format("({} {} [{}])", at(step.left), negated ? "not in" : "in", items);
    }
    const Expression& expression_;
};

void check_same(const Expression& one, const Expression& other, bool turned) {
    static const auto rows = make_rows();
    for (const auto& row : rows) {
        double a = 0, b = 0;
        bool has_a = one.compute(row.data(), a), has_b = other.compute(row.data(), b);
        LOANSTREAM_CHECK(has_a == has_b);
        if (!has_a) continue;
        LOANSTREAM_CHECK(std::isfinite(a) && (turned ? a == 1 - b : a == b));
        if (one.is_condition()) LOANSTREAM_CHECK(one.evaluate(row.data()) == (a == 1));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto value = Expression::parse_value(text, lookup);
    auto condition = Expression::parse(text, lookup);
    if (!value) {
        LOANSTREAM_CHECK(value.error().where.starts_with("column ") && !condition);
        return 0;
    }
    LOANSTREAM_CHECK(condition.has_value() == value->is_condition());
    for (std::uint16_t slot : value->slots()) LOANSTREAM_CHECK(slot < std::size(kFields));
    // Brackets may take it past the bounds of depth; never past that of steps.
    auto check = [&](const std::string& other, bool turned) {
        auto again = Expression::parse_value(other, lookup);
        if (again) return check_same(*value, *again, turned);
        LOANSTREAM_CHECK(again.error().what == "nested too deep" ||
                         again.error().what == "the expression is too long");
    };
    check(Printer(*value).at(value->root()), false);
    check("(" + std::string(text) + ")", false);
    if (value->is_condition()) check("not (" + std::string(text) + ")", true);
    return 0;
}

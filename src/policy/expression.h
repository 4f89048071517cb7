// A rule's condition or a derived field's value: parsed and typed once, then evaluated over a row
// of cells without allocation. Immutable; any thread. Grammar and the meaning of missing:
// docs/policy.md "[[rule]]".
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "policy/cell.h"

namespace loanstream {

enum class ExpressionOp : std::uint8_t {
    kNumberLiteral,
    kTextLiteral,
    kFieldNumber,
    kFieldText,
    kTrue,
    kFalse,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kNegate,
    kFirst,  // left, or right where left is missing
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kTextEqual,
    kTextNotEqual,
    kInNumbers,
    kNotInNumbers,
    kInTexts,
    kNotInTexts,
    kAnd,
    kOr,
    kNot,
    kMissing,
};

class Expression {
public:
    struct FieldRef {
        std::uint16_t slot = 0;
        bool is_text = false;
    };
    // Answers what a word means; an error names the nearest known field.
    using Lookup = std::function<Result<FieldRef>(std::string_view field)>;

    Expression() = default;
    // Errors: kUsage; `where` is "column N" (1 based) within the text.
    static Result<Expression> parse(std::string_view text, const Lookup& lookup);
    // As parse; the text may also be arithmetic.
    static Result<Expression> parse_value(std::string_view text, const Lookup& lookup);

    bool is_condition() const { return is_condition_; }
    bool evaluate(const Cell* row) const;  // a condition
    // A number; false when it is missing. A condition gives 1 or 0.
    bool compute(const Cell* row, double& out) const;
    const std::vector<std::uint16_t>& slots() const { return slots_; }  // fields it reads

    // The parsed tree, for those who reason about it: left and right are indices into steps(),
    // list_begin and list_end into list_numbers() or list_texts(), by op.
    struct Step {
        ExpressionOp op = ExpressionOp::kNumberLiteral;
        std::uint16_t slot = 0;
        std::uint32_t list_begin = 0, list_end = 0;
        double number = 0;
        std::string text;
        std::int32_t left = -1, right = -1;
    };
    const std::vector<Step>& steps() const { return steps_; }
    std::int32_t root() const { return root_; }
    const std::vector<double>& list_numbers() const { return numbers_; }
    const std::vector<std::string>& list_texts() const { return texts_; }

private:
    friend class ExpressionParser;
    bool truth(const Cell* row, std::int32_t at) const;
    // False when missing.
    bool value(const Cell* row, std::int32_t at, double& out) const;
    bool text_of(const Cell* row, std::int32_t at, std::string_view& out) const;
    bool in_list(const Cell* row, const Step& step) const;
    std::vector<Step> steps_;
    std::vector<double> numbers_;
    std::vector<std::string> texts_;
    std::vector<std::uint16_t> slots_;
    std::int32_t root_ = -1;
    bool is_condition_ = true;
};

}  // namespace loanstream

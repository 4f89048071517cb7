#include "policy/expression.h"

#include <gtest/gtest.h>

#include <array>

namespace loanstream {
namespace {

// Slots 0 income = 40000, 1 dti missing, 2 grade = "B", 3 purpose missing (a text), 4 zero = 0.
struct Row {
    std::array<Cell, 5> cells;
    Row() {
        set(0, 40000);
        set(4, 0);
        cells[2].state = CellState::kText;
        cells[2].text = "B";
        cells[2].text_length = 1;
    }
    void set(std::size_t slot, double number) {
        cells[slot].state = CellState::kNumber;
        cells[slot].number = number;
    }
};

Result<Expression> parse(std::string_view text) {
    auto lookup = [](std::string_view name) -> Result<Expression::FieldRef> {
        if (name == "income") return Expression::FieldRef{0, false};
        if (name == "dti") return Expression::FieldRef{1, false};
        if (name == "grade") return Expression::FieldRef{2, true};
        if (name == "purpose") return Expression::FieldRef{3, true};
        if (name == "zero") return Expression::FieldRef{4, false};
        return fail(ErrorCode::kUsage, "unknown field '" + std::string(name) + "'");
    };
    return Expression::parse(text, lookup);
}

TEST(Expression, IsTrueOrFalse) {
    struct Case {
        const char* text;
        bool expected;
    };
    const Case cases[] = {
        {"true", true},
        {"false", false},
        {"income == 40000", true},
        {"income != 40000", false},
        {"income < 40000", false},
        {"income <= 40000", true},
        {"income > 39999.5", true},
        {"income >= 4.0001e4", false},
        {"income in [1, 40000]", true},
        {"income not in [1, 40000]", false},
        {"income in [-1, .5]", false},
        {"-income < 0", true},
        {"income - 30000 - 10000 == 0", true},
        {"income / 2 / 2 == 10000", true},
        {"1 + 2 * 3 == 7", true},
        {"(1 + 2) * 3 == 9", true},
        {"--1 == 1", true},
        {"grade == \"B\"", true},
        {"\"B\" == grade", true},
        {"grade != \"B\"", false},
        {"grade in [\"A\", \"B\"]", true},
        {"grade not in [\"A\"]", true},
        {"grade == \"b\"", false},
        {"grade == \"\\\"\\\\\"", false},
        // Loosest first: or, and, not.
        {"true or false and false", true},
        {"(true or false) and false", false},
        {"not false and false", false},
        {"not (false and false)", true},
        {"not not true", true},
        {"not income < 1", true},
        // A comparison with a missing value is false, whichever it is.
        {"dti == 0", false},
        {"dti != 0", false},
        {"dti < 0 or dti >= 0", false},
        {"dti in [0]", false},
        {"dti not in [0]", false},
        {"0 != dti", false},
        {"purpose == \"car\"", false},
        {"purpose != \"car\"", false},
        {"purpose not in [\"car\"]", false},
        {"purpose != grade", false},
        {"missing(dti)", true},
        {"missing(income)", false},
        {"missing( purpose )", true},
        {"not (dti > 5)", true},
        // Arithmetic with it is missing, and so is what has no finite result.
        {"dti + 1 > 0", false},
        {"-dti < 0", false},
        {"income / zero > 0", false},
        {"zero / zero == zero / zero", false},
        {"not (income / zero > 0)", true},
        {"1e308 * 10 > 0", false},
        {"-1e308 * 10 < 0", false},
        // Words stand alone.
        {"income>1 and(income<50000)", true},
        {"income in[40000]", true},
        {"\tincome\r\n== 40000 ", true},
    };
    Row row;
    for (const auto& test : cases) {
        auto expression = parse(test.text);
        ASSERT_TRUE(expression) << test.text << ": " << expression.error().line();
        EXPECT_EQ(expression->evaluate(row.cells.data()), test.expected) << test.text;
    }
}

TEST(Expression, RefusesWithTheColumn) {
    struct Case {
        const char* text;
        int column;
        const char* what;  // begins with it
        const char* mend;
    };
    const Case cases[] = {
        {"", 1, "the expression ends too early", ""},
        {"income <", 9, "the expression ends too early", ""},
        {"incom < 1", 1, "unknown field 'incom'", ""},
        {"true and incom < 1", 10, "unknown field 'incom'", ""},
        {"missing(incom)", 9, "unknown field 'incom'", ""},
        {"missing(5)", 9, "unknown field '5'", ""},
        {"missing(income", 15, "')' is missing", ""},
        {"income", 1, "here stands a number, not true or false", ""},
        {"grade", 1, "here stands a text, not true or false", ""},
        {"income = 1", 8, "unexpected '='", "write == to compare"},
        {"income == 'x'", 11, "unexpected '''", "a text stands in double quotes"},
        {"true && true", 6, "unexpected '&'", "write and"},
        {"true || true", 6, "unexpected '|'", "write or"},
        {"!true", 1, "unexpected '!'", "write not, or != to compare"},
        {"1 < income < 3", 12, "unexpected '<'", "join comparisons with and"},
        {"1 == 1 == 1", 8, "unexpected '='", "join comparisons with and"},
        {"grade < \"B\"", 1, "here stands a text, not a number", ""},
        {"grade == 5", 10, "here stands a number, not a text", ""},
        {"income == \"5\"", 11, "here stands a text, not a number", ""},
        {"income in [\"A\"]", 12, "here stands a text, not a number", ""},
        {"grade in [1]", 11, "here stands a number, not a text", ""},
        {"grade in []", 11, "a number is expected here", ""},
        {"grade in [\"A\"", 14, "']' is missing", ""},
        {"grade in \"A\"", 10, "a list is missing", "write in [1, 2] or in [\"A\", \"B\"]"},
        {"true in [1]", 1, "only a number or text is in a list", ""},
        {"grade + 1 == 2", 1, "here stands a text, not a number", ""},
        {"not income", 5, "here stands a number, not true or false", ""},
        {"true and 5", 10, "here stands a number, not true or false", ""},
        {"true == true", 1, "here stands true or false, not a number", ""},
        {"(income < 5", 12, "')' is missing", ""},
        {"income < 5)", 11, "unexpected ')'", ""},
        {"income < 5x", 10, "a number is followed by letters", ""},
        {"income < 1e999", 10, "a number is expected here", ""},
        {"grade == \"B", 10, "the text is not closed", ""},
        {"grade == \"\\n\"", 12, "only \\\" and \\\\ are escapes here", ""},
        {"income < 5 income", 12, "unexpected 'i'", ""},
    };
    for (const auto& test : cases) {
        auto expression = parse(test.text);
        ASSERT_FALSE(expression) << test.text;
        const Error& error = expression.error();
        EXPECT_EQ(error.code, ErrorCode::kUsage) << test.text;
        EXPECT_EQ(error.where, "column " + std::to_string(test.column)) << test.text;
        EXPECT_TRUE(error.what.starts_with(test.what)) << test.text << ": " << error.what;
        EXPECT_EQ(error.mend, test.mend) << test.text;
    }
}

TEST(Expression, BoundsItsDepthAndLength) {
    auto repeated = [](const char* text, int times) {
        std::string all;
        for (int i = 0; i < times; ++i) all += text;
        return all;
    };
    EXPECT_TRUE(parse(repeated("(", 60) + "true" + repeated(")", 60)));
    EXPECT_FALSE(parse(repeated("(", 100'000) + "true" + repeated(")", 100'000)));
    EXPECT_FALSE(parse(repeated("not ", 100'000) + "true"));
    EXPECT_FALSE(parse(repeated("-", 100'000) + "1 < 2"));
    EXPECT_TRUE(parse("true" + repeated(" or true", 900)));
    EXPECT_FALSE(parse("true" + repeated(" or true", 100'000)));
    EXPECT_FALSE(parse("1" + repeated(" + 1", 100'000) + " > 2"));
}

TEST(Expression, NamesTheFieldsItReads) {
    auto expression = parse("grade == \"A\" or missing(dti) or dti > income");
    ASSERT_TRUE(expression);
    EXPECT_EQ(expression->slots(), (std::vector<std::uint16_t>{0, 1, 2}));
}

}  // namespace
}  // namespace loanstream

#include "policy/rule_reach.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

const std::string kFields = R"(format = 1
name = "small"
[input]
missing = ["", "n/a"]
[[field]]
name = "income"
clean = "number"
bad = "missing"
[[field]]
name = "asked"
clean = "number"
range = [0, 100]
[[field]]
name = "needed"
clean = "number"
absent = "reject"
[[field]]
name = "years"
clean = "years"
bad = "missing"
[[field]]
name = "grade"
clean = "text"
[[field]]
name = "fixed"
constant = 3
[[derive]]
name = "flag"
value = "income > 5"
[[derive]]
name = "band"
bucket = "income"
edges = [10]
labels = ["low", "high"]
[[reason]]
code = "r"
text = "Income below our minimum"
[[reason]]
code = "s"
text = "Purpose of the loan"
)";

struct Rules {
    std::vector<const char*> rules;  // "d: condition" decline, "r: condition" review
    std::vector<const char*> found;  // each finding begins so, after its place
};

std::vector<std::string> findings_of(const Rules& test) {
    std::string text = kFields;
    for (std::size_t i = 0; i < test.rules.size(); ++i) {
        std::string rule = test.rules[i];
        text += "[[rule]]\nname = \"" + std::string(1, static_cast<char>('a' + i)) +
                "\"\nwhen = '" + rule.substr(3) + "'\noutcome = \"" +
                (rule[0] == 'd' ? "decline" : "review") + "\"\nreason = \"r\"\n";
    }
    auto policy = parse_policy(text, "p.toml");
    EXPECT_TRUE(policy) << (policy ? "" : policy.error().line());
    std::vector<std::string> found;
    if (!policy) return found;
    for (const auto& finding : find_idle_rules(**policy)) found.push_back(finding.what);
    return found;
}

const char* const kNever = "rule 'a' can never fire";
const char* const kAlways = "rule 'a' fires for every application";
const char* const kHidden = "rule 'b' is hidden by 'a'";

TEST(RuleReach, FindsWhatCanNeverMatter) {
    const Rules cases[] = {
        {{"d: income < 5"}, {}},
        {{"d: income < 5 and income > 10"}, {kNever}},
        {{"d: income < 5 and income >= 5"}, {kNever}},
        {{"d: income <= 5 and income >= 5"}, {}},
        {{"d: income < 5 and missing(income)"}, {kNever}},
        {{"d: not (income < 5) and missing(income)"}, {}},
        {{"d: not (income < 5) and not (income >= 5)"}, {}},  // of a missing one
        {{"d: not (income < 5 or income >= 5 or missing(income))"}, {kNever}},
        {{"d: income < 5 or income >= 5 or missing(income)"}, {kAlways}},
        {{"d: income != income and income < 5"}, {}},  // not about one field: not judged
        {{"d: income / 0 > 1"}, {}},                   // nor this
        {{"d: income > 1 / 0"}, {kNever}},
        {{"d: asked > 100"}, {kNever}},
        {{"d: asked >= 100"}, {}},
        {{"d: asked < 0 or asked > 200"}, {kNever}},
        {{"d: missing(needed)"}, {kNever}},
        {{"d: missing(income)"}, {}},
        {{"d: years < 0"}, {kNever}},
        {{"d: fixed == 3"}, {kAlways}},
        {{"d: fixed != 3"}, {kNever}},
        {{"d: grade == \"n/a\""}, {kNever}},
        {{"d: grade in [\"A\", \"B\"] and grade not in [\"A\", \"B\", \"C\"]"}, {kNever}},
        {{"d: grade in [\"A\", \"B\"] and grade != \"A\""}, {}},
        {{"d: flag == 2"}, {kNever}},
        {{"d: band == \"middle\""}, {kNever}},
        {{"d: band == \"high\""}, {}},
        {{"d: 1 < 2"}, {kAlways}},
        {{"d: 2 < 1"}, {kNever}},
        {{"d: true"}, {kAlways}},
        {{"d: -5 * 2 > income and income > -5"}, {kNever}},
    };
    for (const auto& test : cases) {
        auto found = findings_of(test);
        ASSERT_EQ(found.size(), test.found.size()) << test.rules[0];
        for (std::size_t i = 0; i < found.size(); ++i)
            EXPECT_TRUE(found[i].starts_with(test.found[i])) << test.rules[0] << ": " << found[i];
    }
}

TEST(RuleReach, FindsWhatAnotherHides) {
    const Rules cases[] = {
        {{"d: income < 20", "d: income < 10"}, {kHidden}},
        {{"d: income < 10", "d: income < 20"}, {}},
        {{"d: income < 20", "r: income < 10"}, {kHidden}},
        {{"r: income < 20", "d: income < 10"}, {}},
        {{"r: income < 10", "d: income < 20"}, {"rule 'a' is hidden by 'b'"}},
        {{"d: income < 20", "r: income < 30"}, {}},
        {{"d: income < 20", "d: income < 10 and grade == \"A\""}, {kHidden}},
        {{"d: income < 20 and grade == \"A\"", "d: income < 10"}, {}},
        {{"d: income < 20 or missing(income)", "r: missing(income)"}, {kHidden}},
        {{"d: grade in [\"E\", \"F\"]", "r: grade == \"F\""}, {kHidden}},
        {{"d: grade != \"A\"", "r: grade == \"F\""}, {kHidden}},
        {{"d: grade != \"A\"", "r: missing(grade)"}, {}},
        {{"d: asked / income > 2", "d: asked / income > 2 and income < 5"}, {kHidden}},
        {{"d: asked / income > 2.1", "r: asked / income > 2.2"}, {}},  // not judged
        {{"d: not missing(income)", "r: asked / income > 2"}, {kHidden}},
        {{"d: 10 > income", "r: income <= 9"}, {kHidden}},
    };
    for (const auto& test : cases) {
        auto found = findings_of(test);
        ASSERT_EQ(found.size(), test.found.size()) << test.rules[0] << " | " << test.rules[1];
        for (std::size_t i = 0; i < found.size(); ++i)
            EXPECT_TRUE(found[i].starts_with(test.found[i])) << test.rules[1] << ": " << found[i];
    }
}

TEST(RuleReach, TooManyCombinationsAreNotJudged) {
    std::string rule = "d: (income < 0 or income > 1)";
    for (int i = 1; i < 12; ++i)
        rule += " and (income < " + std::to_string(i) + " or asked > " + std::to_string(i) + ")";
    EXPECT_TRUE(findings_of({{rule.c_str()}, {}}).empty());
}

TEST(RuleReach, TheShippedPoliciesHaveNone) {
    for (const char* name : {"lendingclub", "fintech-classic"}) {
        auto policy = load_policy(name);
        ASSERT_TRUE(policy);
        EXPECT_TRUE(find_idle_rules(**policy).empty()) << name;
    }
}

}  // namespace
}  // namespace loanstream

// What [[derive]] refuses, with its place, and that its tables are a part of the policy. How the
// values come out stands in tests/data/cleaning.tsv.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "policy/policy.h"

namespace loanstream {
namespace {

const std::string kHead = R"(format = 1
name = "small"
[[field]]
name = "income"
clean = "number"
[[field]]
name = "grade"
clean = "text"
[[field]]
name = "paid"
clean = "number"
known = "later"
[[derive]]
name = "made"
)";
const std::string kTail = R"([[rule]]
name = "low"
when = 'income < 5'
outcome = "decline"
reason = "low_income"
[[reason]]
code = "low_income"
text = "Income below our minimum"
)";

struct Refused {
    const char* derive;
    const char* line;  // begins so
};

class DeriveFolder : public testing::Test {
protected:
    void SetUp() override {
        folder_ = testing::TempDir() + "derive-" +
                  testing::UnitTest::GetInstance()->current_test_info()->name();
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        write("good.csv", "g,r\nA,1\nB,\n");
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string write(const std::string& name, const std::string& text) {
        std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
        return folder_ + "/" + name;
    }
    std::string line_of(const std::string& derive, const std::string& tail = kTail) {
        auto policy = load_policy(write("p.toml", kHead + derive + "\n" + tail));
        if (policy) return "no error";
        std::string line = policy.error().line();
        return line.starts_with(folder_) ? line.substr(folder_.size() + 1) : line;
    }
    std::string folder_;
};

TEST_F(DeriveFolder, WrongOnesAreRefusedWithTheirPlace) {
    const std::string lookup = "lookup = 'grade'\ntable = 'good.csv'\nkey = 'g'\ntake = 'r'\n";
    const Refused cases[] = {
        {"", "p.toml:13:1: 'made' needs one of value, bucket and lookup"},
        {"value = 'income'\nbucket = 'income'", "p.toml:13:1: 'made' needs one of"},
        {"value = 'incom / 2'", "p.toml:15:10: unknown field 'incom'; did you mean income?"},
        {"value = 'income / made'", "p.toml:15:19: unknown field 'made'"},
        {"value = 'income / grade'", "p.toml:15:19: here stands a text, not a number"},
        {"value = 'grade'", "p.toml:15:10: here stands a text, not a number"},
        {"value = 'income'\nedges = [1]", "p.toml:16:9: edges has no meaning with value"},
        {"bucket = 'income'", "p.toml:13:1: edges must ascend"},
        {"bucket = 'income'\nedges = [2, 1]", "p.toml:16:9: edges must ascend"},
        {"bucket = 'grade'\nedges = [1]", "p.toml:15:10: a bucket is made of a number"},
        {"bucket = 'income'\nedges = [1]\nlabels = ['a']", "p.toml:17:10: labels must be one"},
        {"bucket = 'income'\nedges = [1]\nlabels = ['a', 'b']\ncolumn = 'annual_inc'",
         "p.toml:18:10: an INT column needs a number"},
        {"lookup = 'grade'\ntable = 'none.csv'\nkey = 'g'\ntake = 'r'",
         "p.toml:16:9: none.csv: cannot be read"},
        {"lookup = 'grade'\ntable = 'p.toml'\nkey = 'g'\ntake = 'r'",
         "p.toml:16:9: a table's name is that of a CSV file"},
        {"lookup = 'grade'\ntable = 'good.csv'\nkey = 'x'\ntake = 'r'",
         "good.csv:1: no column 'x' in the first row"},
        {"lookup = 'income'\ntable = 'good.csv'\nkey = 'g'\ntake = 'r'",
         "good.csv:2: 'A' in column g is no number"},
        {"valu = 'income'", "p.toml:15:1: unknown key 'valu'"},
    };
    for (const auto& test : cases)
        EXPECT_TRUE(line_of(test.derive).starts_with(test.line))
            << test.derive << "\n  got:      " << line_of(test.derive)
            << "\n  expected: " << test.line;
    EXPECT_EQ(line_of(lookup), "no error");
}

TEST_F(DeriveFolder, ATableIsRefusedWithItsLine) {
    const std::string lookup = "lookup = 'grade'\ntable = 't.csv'\nkey = 'g'\ntake = 'r'";
    const std::pair<const char*, const char*> cases[] = {
        {"g,r\nA,1\nA,2\n", "t.csv:3: key 'A' is there twice"},
        {"g,r\nA,x\n", "t.csv:2: 'x' in column r is no number"},
        {"g,r\n\nA,1\nB\n", "t.csv:4: the row has 1 cells, the first row 2"},
        {"g,r\n\"A,1\n", "t.csv:2: a quote is never closed"},
        {"g,r\nA,inf\n", "t.csv:2: 'inf' in column r is no number"},
        {"", "t.csv:1: no column 'g'"},
    };
    for (const auto& [text, expected] : cases) {
        write("t.csv", text);
        EXPECT_TRUE(line_of(lookup).starts_with(expected)) << text << line_of(lookup);
    }
}

TEST_F(DeriveFolder, WhatIsMadeOfALaterFieldIsKnownLater) {
    std::string rule = kTail;
    rule.replace(rule.find("income < 5"), 10, "made > 5");
    EXPECT_EQ(line_of("value = 'income * 2'", rule), "no error");
    EXPECT_TRUE(line_of("value = 'paid * 2'", rule)
                    .starts_with("p.toml:18:9: field 'made' is known only after the loan"))
        << line_of("value = 'paid * 2'", rule);
}

TEST_F(DeriveFolder, ItsTableIsAPartOfThePolicy) {
    const std::string lookup = "lookup = 'grade'\ntable = 'good.csv'\nkey = 'g'\ntake = 'r'\n";
    std::string path = write("p.toml", kHead + lookup + kTail);
    auto policy = load_policy(path);
    ASSERT_TRUE(policy) << policy.error().line();
    ASSERT_EQ((*policy)->files.size(), 2u);
    std::string hash = (*policy)->hash;
    auto files = (*policy)->files;
    std::swap(files[0], files[1]);
    std::filesystem::remove_all(folder_);
    auto again = restore_policy(files, "");
    ASSERT_TRUE(again) << again.error().line();
    EXPECT_EQ((*again)->hash, hash);
    EXPECT_EQ((*again)->files.front().name, "p.toml");
    files.pop_back();
    files.pop_back();
    files.push_back((*policy)->files.front());
    EXPECT_FALSE(restore_policy(files, ""));  // the table was not kept
    std::filesystem::create_directories(folder_);
    write("good.csv", "g,r\nA,2\n");
    write("p.toml", kHead + lookup + kTail);
    auto other = load_policy(path);
    ASSERT_TRUE(other) << other.error().line();
    EXPECT_NE((*other)->hash, hash);
}

}  // namespace
}  // namespace loanstream

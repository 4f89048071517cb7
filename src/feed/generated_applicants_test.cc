#include "feed/generated_applicants.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

namespace loanstream {
namespace {

std::vector<std::string> generate(GeneratorSettings settings) {
    GeneratedApplicants applicants(settings);
    std::vector<std::string> list;
    std::string json;
    while (*applicants.next(json)) list.push_back(json);
    return list;
}

TEST(GeneratedApplicants, OneSeedGivesTheSameBytes) {
    auto list = generate({7, 300, 0.1});
    EXPECT_EQ(list.size(), 300u);
    EXPECT_EQ(list, generate({7, 300, 0.1}));
    EXPECT_NE(list, generate({8, 300, 0.1}));
    EXPECT_TRUE(generate({7, 0, 0.1}).empty());
}

TEST(GeneratedApplicants, CleanOnesHaveEveryColumnAsText) {
    std::set<std::string> terms, grades, members;
    double grades_sum = 0;
    for (const auto& json : generate({1, 2000, 0})) {
        auto object = nlohmann::json::parse(json, nullptr, false);
        ASSERT_TRUE(object.is_object()) << json;
        ASSERT_EQ(object.size(), 111u);
        EXPECT_EQ(json.find('\n'), json.npos);
        for (const auto& [key, value] : object.items()) ASSERT_TRUE(value.is_string()) << key;
        auto text = [&](const char* key) { return object[key].get<std::string>(); };
        terms.insert(text("term"));
        grades.insert(text("grade"));
        members.insert(text("member_id"));
        grades_sum += text("grade")[0] - 'A';
        double amount = std::stod(text("loan_amnt"));
        EXPECT_GE(amount, 1000);
        EXPECT_LE(amount, 35000);
        EXPECT_EQ(text("int_rate").size(), 7u) << "right-aligned to six, then %";
        // The installment pays the amount back, with interest, over the term.
        double months = std::stod(text("term"));
        EXPECT_GT(std::stod(text("installment")) * months, amount);
    }
    EXPECT_EQ(terms, (std::set<std::string>{" 36 months", " 60 months"}));
    EXPECT_EQ(grades.size(), 7u);
    EXPECT_EQ(members.size(), 2000u);
    EXPECT_GT(grades_sum / 2000, 0.8);
    EXPECT_LT(grades_sum / 2000, 3.2);
}

TEST(GeneratedApplicants, TheDirtyShareIsDirtyInManyWays) {
    int not_json = 0, without_income = 0;
    for (const auto& json : generate({1, 4000, 0.5})) {
        auto object = nlohmann::json::parse(json, nullptr, false);
        if (object.is_discarded())
            ++not_json;
        else if (object["annual_inc"] == "n/a")
            ++without_income;
    }
    EXPECT_NEAR(not_json, 4000 * 0.5 * 3 / 8, 120);
    EXPECT_NEAR(without_income, 4000 * 0.5 / 8, 80);
}

}  // namespace
}  // namespace loanstream

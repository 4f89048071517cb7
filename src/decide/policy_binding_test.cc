#include "decide/policy_binding.h"

#include <gtest/gtest.h>

#include "decide/decide_fixture.h"

namespace loanstream {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(PolicyBinding, TiesFeaturesToFieldsAndReasons) {
    auto policy = small_policy();
    ASSERT_TRUE(policy) << policy.error().line();
    auto binding = PolicyBinding::make(*policy);
    ASSERT_TRUE(binding) << binding.error().line();
    const Policy& p = **policy;
    EXPECT_EQ(binding->feature_slots,
              (std::vector<Slot>{p.slot_of("dti"), p.slot_of("inq"), p.slot_of("purpose")}));
    EXPECT_EQ(binding->feature_reasons, (std::vector<std::uint16_t>{4, 5, 3}));
    EXPECT_EQ(binding->approved_near, (std::vector<double>{300, 280, 290}));
    EXPECT_EQ(binding->inquiries_reason, 5);
    // Columns, rules and the model, in file order; not the id nor the unused fallback.
    std::vector<std::string> shown;
    for (Slot slot : binding->evidence_slots) shown.push_back(p.fields[slot].name);
    EXPECT_EQ(shown, (std::vector<std::string>{"member_id", "annual_inc", "funded_amnt", "dti",
                                               "inq", "purpose"}));
}

TEST(PolicyBinding, AFeatureMayHaveAnotherName) {
    auto text = replaced(small_policy_text(), "name = \"inq\"", "name = \"inquiries_half_year\"");
    text =
        replaced(text, "[decision]", "[model.features]\ninq = \"inquiries_half_year\"\n[decision]");
    auto policy = small_policy(text);
    ASSERT_TRUE(policy) << policy.error().line();
    auto binding = PolicyBinding::make(*policy);
    ASSERT_TRUE(binding) << binding.error().line();
    EXPECT_EQ(binding->feature_slots[1], (*policy)->slot_of("inquiries_half_year"));
}

TEST(PolicyBinding, RefusesAPolicyThatDoesNotFitItsModel) {
    const std::string good = small_policy_text();
    struct Case {
        std::string text;
        std::string expected;
    };
    const Case cases[] = {
        {replaced(good, "name = \"inq\"\nclean", "name = \"inqs\"\nclean"),
         "small.toml:61:1: the model's feature 'inq' has no field; "
         "add a [[field]] named inq, or name one in [model.features]"},
        {replaced(good, "name = \"inq\"\nclean = \"number\"", "name = \"inq\"\nclean = \"text\""),
         "small.toml:30:1: the model's feature 'inq' is a number, its field 'inq' is not"},
        {replaced(good, "name = \"inq\"\nclean", "name = \"inq\"\nknown = \"later\"\nclean"),
         "small.toml:30:1: the model uses field 'inq', known only after the loan"},
        {replaced(good, "features = [\"inq\"]\n", ""),
         "small.toml:61:1: the model's feature 'inq' has no reason; "
         "name it in the features of one [[reason]]"},
        {replaced(good, "features = [\"inq\"]", "features = [\"inq\", \"dtj\"]"),
         "small.toml:83:1: reason 'inquiries' names 'dtj', which is neither a feature of the "
         "model nor a field; did you mean dti?"},
        {replaced(good, "[decision]", "[model.features]\nincq = \"inq\"\n[decision]"),
         "small.toml:61:1: the model has no feature 'incq'; did you mean inq?"},
    };
    for (const auto& test : cases) {
        auto policy = small_policy(test.text);
        ASSERT_TRUE(policy) << policy.error().line();
        auto binding = PolicyBinding::make(*policy);
        ASSERT_FALSE(binding) << test.expected;
        EXPECT_TRUE(binding.error().line().starts_with(test.expected)) << binding.error().line();
    }
    auto policy = small_policy(good, "{}");
    ASSERT_TRUE(policy);
    EXPECT_FALSE(PolicyBinding::make(*policy));
}

TEST(PolicyBinding, AModelFittedAnewMayLeaveAFieldOut) {
    auto text = replaced(small_policy_text(), "features = [\"inq\"]",
                         "features = [\"inq\", \"loan_amnt\"]");
    auto policy = small_policy(text);
    ASSERT_TRUE(policy);
    EXPECT_TRUE(PolicyBinding::make(*policy));
}

TEST(PolicyBinding, WithoutAModelRulesDecideAndAllElseIsReview) {
    std::string text = small_policy_text();
    text = text.substr(0, text.find("[model]")) + text.substr(text.find("[[reason]]"));
    text = text.substr(0, text.find("[[reason]]\ncode = \"debt\""));
    text = replaced(text, "features = [\"purpose\"]\n", "");
    auto policy = small_policy(text, "");
    ASSERT_TRUE(policy) << policy.error().line();
    SmallLine line(*policy);
    line.run({R"({"annual_inc":15000,"dti":1})", R"({"annual_inc":50000,"dti":1})"});
    ASSERT_EQ(line.decided.decisions.size(), 2u);
    const auto& declined = line.decided.decisions[0];
    EXPECT_EQ(declined.status, Status::kDeclined);
    EXPECT_EQ(declined.scored_by, ScoredBy::kRule);
    EXPECT_TRUE(declined.nulls & kNullScore);
    const auto& open = line.decided.decisions[1];
    EXPECT_EQ(open.status, Status::kReview);
    EXPECT_EQ(open.scored_by, ScoredBy::kFallback);
    EXPECT_EQ(open.reason_count, 0);
    EXPECT_EQ(open.evidence,
              R"({"in":{"member_id":null,"annual_inc":50000,"funded_amnt":null,"dti":1,)"
              R"("purpose":null}})");
    EXPECT_EQ(line.decided.model_name, "");
}

// Cut-offs that no band of the reference lies below: nothing lost, nothing to say, no decline.
TEST(PolicyBinding, NoDeclineWithoutAReason) {
    auto model = replaced(small_model(),
                          "{\"pd_below\":0.1,\"rows\":50,\"mean_points\":{\"dti\":300,"
                          "\"inq\":280,\"purpose\":290}}",
                          "{\"pd_below\":0.1,\"rows\":50,\"mean_points\":{\"dti\":0,"
                          "\"inq\":0,\"purpose\":0}}");
    auto policy = small_policy(small_policy_text(), model);
    ASSERT_TRUE(policy);
    SmallLine line(*policy);
    line.run({R"({"annual_inc":50000,"dti":30,"inq":9,"purpose":"boat"})"});
    const auto& decision = line.decided.decisions.at(0);
    EXPECT_EQ(decision.status, Status::kReview);
    EXPECT_EQ(decision.scored_by, ScoredBy::kModel);
    EXPECT_EQ(decision.reason_count, 0);
}

// Six features, each with its own reason; each mean is `step` points below the one before,
// inquiries last.
Result<std::shared_ptr<const Policy>> six_reasons(int step) {
    std::string features, means, bins, reasons, golden;
    std::string fields;
    for (int i = 0; i < 6; ++i) {
        std::string name = i == 5 ? "inq" : "f" + std::string(1, static_cast<char>('a' + i));
        std::string comma = i == 0 ? "" : ",";
        features += comma + R"({"name":")" + name +
                    R"(","type":"number","coefficient":-1,"edges":[1],"woe":[0,-1],)"
                    R"("missing_woe":0})";
        means += comma + "\"" + name + "\":" + std::to_string(600 - step * i);
        bins += comma + "\"" + name + "\":[0.5,0.5,0]";
        fields += "[[field]]\nname = \"" + name + "\"\nclean = \"number\"\n";
        reasons += "[[reason]]\ncode = \"" + name + "_reason\"\ntext = \"About " + name +
                   "\"\nfeatures = [\"" + name + "\"]\n" + (i == 5 ? "inquiries = true\n" : "");
    }
    for (int i = 0; i < 10; ++i)
        golden += std::string(i == 0 ? "" : ",") + R"({"in":{},"probability_of_default":0.5})";
    std::string model = R"({"format":1,"kind":"scorecard","name":"six","version":"1","trained":{},)"
                        R"("metrics":{},"scale":{"points":600,"odds":19,"pdo":50},"intercept":0,)"
                        R"("features":[)" +
                        features + R"(],"reference":{"rows":10,"bins":{)" + bins +
                        R"(},"bands":[{"pd_below":0.1,"rows":10,"mean_points":{)" + means +
                        R"(}}]},"golden":[)" + golden + "]}";
    std::string text = "format = 1\nname = \"six\"\n" + fields +
                       "[model]\nfile = \"x\"\n[decision]\napprove_below = 0.2\n"
                       "decline_from = 0.5\n" +
                       reasons;
    return small_policy(text, model);
}

TEST(PolicyBinding, TheFifthReasonIsForInquiriesOnly) {
    auto policy = six_reasons(10);
    ASSERT_TRUE(policy) << policy.error().line();
    SmallLine line(*policy);
    line.run({R"({"inq":5})"});
    const Decision& decision = line.decided.decisions.at(0);
    EXPECT_EQ(decision.status, Status::kDeclined);
    ASSERT_EQ(decision.reason_count, 4);
    // inq lost 550 + 72 points: more than any other, so it is the first of four, and no fifth.
    EXPECT_EQ(decision.reasons[0], 5);
    EXPECT_FALSE(decision.has_inquiry_reason);

    line.run({"{}"});
    const Decision& other = line.decided.decisions.at(0);
    ASSERT_EQ(other.reason_count, 4);
    for (std::uint16_t i = 0; i < 4; ++i) EXPECT_EQ(other.reasons[i], i);
    EXPECT_TRUE(other.has_inquiry_reason);
    EXPECT_EQ(other.reasons[4], 5);
    EXPECT_NE(other.evidence.find(R"("fd_reason":)"), other.evidence.npos);
    EXPECT_EQ(other.evidence.find(R"("fe_reason":)"), other.evidence.npos);
    EXPECT_LT(other.evidence.find(R"("fd_reason":)"), other.evidence.find(R"("inq_reason":)"));
}

TEST(PolicyBinding, EqualLossesGoInFileOrder) {
    auto policy = six_reasons(0);
    ASSERT_TRUE(policy) << policy.error().line();
    SmallLine line(*policy);
    line.run({"{}"});
    const Decision& decision = line.decided.decisions.at(0);
    ASSERT_EQ(decision.reason_count, 4);
    for (std::uint16_t i = 0; i < 4; ++i) EXPECT_EQ(decision.reasons[i], i);
    EXPECT_TRUE(decision.has_inquiry_reason);
}

TEST(PolicyBinding, TheShippedPoliciesFitTheirModels) {
    for (const char* name : {"lendingclub", "fintech-classic"}) {
        auto policy = load_policy(name);
        ASSERT_TRUE(policy) << policy.error().line();
        auto binding = PolicyBinding::make(*policy);
        ASSERT_TRUE(binding) << binding.error().line();
        EXPECT_GE(binding->feature_slots.size(), 5u);
    }
}

}  // namespace
}  // namespace loanstream

#include "decide/explain.h"

#include <gtest/gtest.h>

#include "decide/decide_fixture.h"

namespace loanstream {
namespace {

Position at(std::int64_t offset) { return *Position::parse("loans/3@" + std::to_string(offset)); }

std::unique_ptr<Explainer> small_explainer() {
    auto policy = small_policy();
    EXPECT_TRUE(policy) << policy.error().line();
    auto explainer = Explainer::make(*policy);
    EXPECT_TRUE(explainer) << explainer.error().line();
    return std::move(*explainer);
}

TEST(Explain, ADeclineFromBytesToReasons) {
    auto explainer = small_explainer();
    auto page = explainer->explain(
        at(7), R"({"id":"a","annual_inc":"1e5","loan_amnt":"5000.5","dti":30,"inq":9,)"
               R"("purpose":"boat"})");
    EXPECT_FALSE(page.is_rejected);
    EXPECT_EQ(page.position, "loans/3@7");
    EXPECT_EQ(page.application_id, "a");
    EXPECT_EQ(page.status, "declined");
    EXPECT_EQ(page.scored_by, "model");
    ASSERT_EQ(page.fields.size(), 8u);
    EXPECT_EQ(page.fields[2].name, "annual_inc");
    EXPECT_EQ(page.fields[2].verb, "number");
    EXPECT_EQ(page.fields[2].raw, "\"1e5\"");
    EXPECT_EQ(page.fields[2].value, "100000");
    EXPECT_EQ(page.fields[3].raw, "");
    EXPECT_EQ(page.fields[3].value, "5000.5");
    EXPECT_EQ(page.fields[3].note, "filled from loan_amnt");
    EXPECT_EQ(page.fields[5].raw, "30");
    ASSERT_EQ(page.rules.size(), 5u);
    for (const auto& rule : page.rules) EXPECT_FALSE(rule.hit) << rule.name;
    ASSERT_EQ(page.features.size(), 3u);
    EXPECT_EQ(page.features[0].bin, "20.0 <= x");
    EXPECT_EQ(page.features[2].bin, "boat");
    ASSERT_EQ(page.reasons.size(), 3u);
    EXPECT_EQ(page.reasons[0].text, "Purpose of the loan");
    EXPECT_NEAR(page.reasons[0].lost, 256.98, 0.01);
    double total = 0;
    for (const auto& feature : page.features) total += feature.points;
    EXPECT_EQ(std::lround(total), page.points);

    std::string text = page.text();
    for (const char* part : {"position loans/3@7", "policy small", "filled from loan_amnt",
                             "20.0 <= x", "decision: declined by model",
                             "reason 1: Purpose of the loan (purpose, 257.0 points lost)"})
        EXPECT_NE(text.find(part), text.npos) << part << "\n" << text;
}

TEST(Explain, ARule) {
    auto explainer = small_explainer();
    auto page = explainer->explain(at(7), R"({"annual_inc":"x","dti":1})");
    EXPECT_EQ(page.status, "declined");
    EXPECT_EQ(page.rule, "poor");
    EXPECT_EQ(page.fields[2].note, "bad");
    EXPECT_TRUE(page.rules[1].hit);
    EXPECT_TRUE(page.rules[2].hit);
    EXPECT_FALSE(page.rules[3].hit);
    EXPECT_NE(page.text().find("decision: declined by rule, rule poor"), std::string::npos);
}

TEST(Explain, ARejectSaysWhere) {
    struct Case {
        const char* record;
        const char* stage;
        const char* reason;
        const char* field;
    };
    const Case cases[] = {
        {"{not json", "decode", "not_json", ""},
        {"", "decode", "empty", ""},
        {R"({"dti":"x"})", "clean", "not_a_number", "dti"},
        {R"({"dti":[1]})", "clean", "nested_value", "dti"},
        {R"({"member_id":1e12})", "clean", "out_of_range", "member_id"},
    };
    auto explainer = small_explainer();
    for (const auto& test : cases) {
        auto page = explainer->explain(at(7), test.record);
        EXPECT_TRUE(page.is_rejected) << test.record;
        EXPECT_EQ(page.stage, test.stage) << test.record;
        EXPECT_EQ(page.reject_reason, test.reason) << test.record;
        EXPECT_EQ(page.reject_field, test.field) << test.record;
        EXPECT_NE(page.text().find(std::string("rejected: ") + test.reason), std::string::npos);
    }
    EXPECT_EQ(explainer->explain(at(7), "{\"dti\":1", true).reject_reason, "too_large");
    EXPECT_EQ(explainer->explain(at(7), "\xff{}").reject_reason, "invalid_utf8");
}

TEST(Explain, ShowsTheRecordAfterTheByteSteps) {
    auto policy = load_policy("fintech-classic");
    ASSERT_TRUE(policy) << policy.error().line();
    auto explainer = Explainer::make(*policy);
    ASSERT_TRUE(explainer) << explainer.error().line();
    auto page =
        (*explainer)
            ->explain(
                at(0),
                "{\"member_id\":\"7\",\n  \"annual_inc\":\"4.7\",  \"loan_amnt\":\"5000\","
                "\"funded_amnt\":\"5000\",\"term\":\" 36 months\",\"int_rate\":\"  10.65%\"}");
    EXPECT_EQ(page.record.find('\n'), std::string::npos);
    EXPECT_EQ(page.record.find("  "), std::string::npos);
    EXPECT_FALSE(page.is_rejected) << page.text();
    EXPECT_EQ(page.fields[0].raw, "\"7\"");
    EXPECT_EQ(page.fields[3].value, "0");
    EXPECT_EQ(page.fields[3].note, "bad");
}

}  // namespace
}  // namespace loanstream

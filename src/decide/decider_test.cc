#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "decide/decide_fixture.h"

namespace loanstream {
namespace {

using nlohmann::json;

std::shared_ptr<const Policy> good_policy() {
    auto policy = small_policy();
    EXPECT_TRUE(policy) << policy.error().line();
    return *policy;
}

std::vector<std::string> reasons_of(const DecidedBatch& batch, const Decision& decision) {
    std::vector<std::string> codes;
    for (int i = 0; i < decision.reason_count; ++i)
        codes.push_back(batch.policy->reasons[decision.reasons[i]].code);
    if (decision.has_inquiry_reason)
        codes.push_back("5:" + batch.policy->reasons[decision.reasons[4]].code);
    return codes;
}

TEST(Decider, RulesBeforeModel) {
    // pd = 1 / (1 + e^-z), z = -2 and -1 for a good feature, more for a bad one.
    struct Case {
        const char* record;
        Status status;
        ScoredBy by;
        const char* rule;
        std::vector<std::string> reasons;
    };
    using enum Status;
    using enum ScoredBy;
    const Case cases[] = {
        // all good: z = -5
        {R"({"annual_inc":50000,"dti":10,"inq":0,"purpose":"car"})", kApproved, kModel, "", {}},
        // z = -1: pd 0.27, between the cut-offs
        {R"({"annual_inc":50000,"dti":30,"purpose":"x"})", kReview, kModel, "", {}},
        // z = 0: pd 0.5, just what is declined; the smallest loss comes last
        {R"({"annual_inc":50000,"dti":30,"inq":0,"purpose":"boat"})",
         kDeclined,
         kModel,
         "",
         {"purpose", "debt", "inquiries"}},
        // z = 2.5: more inquiries cost more
        {R"({"annual_inc":50000,"dti":30,"inq":9,"purpose":"boat"})",
         kDeclined,
         kModel,
         "",
         {"purpose", "inquiries", "debt"}},
        // one decline rule; its own reason only
        {R"({"annual_inc":15000,"dti":30,"inq":9,"purpose":"boat"})",
         kDeclined,
         kRule,
         "poor",
         {"income_low"}},
        // two decline rules of one reason: the first hit, the reason once
        {R"({"annual_inc":5000,"dti":30,"inq":9,"purpose":"car"})",
         kDeclined,
         kRule,
         "poor",
         {"income_low"}},
        // decline beats review, and reasons go in file order
        {R"({"annual_inc":5000,"dti":45,"inq":9,"purpose":"boat"})",
         kDeclined,
         kRule,
         "poor",
         {"income_low", "purpose"}},
        {R"({"annual_inc":2000000,"dti":45,"inq":9,"purpose":"boat"})",
         kDeclined,
         kRule,
         "boat",
         {"purpose"}},
        // review beats the model, whichever way it leans
        {R"({"annual_inc":2000000,"dti":10,"inq":0,"purpose":"car"})",
         kReview,
         kRule,
         "rich",
         {"income_unusual"}},
        {R"({"annual_inc":2000000,"inq":0,"purpose":"car"})",
         kReview,
         kRule,
         "rich",
         {"income_unusual", "incomplete"}},
        {R"({"annual_inc":50000,"dti":null})", kReview, kRule, "no_dti", {"incomplete"}},
        // a comparison with a missing value is false
        {R"({"dti":10,"inq":0,"purpose":"car"})", kApproved, kModel, "", {}},
    };
    SmallLine line(good_policy());
    for (const auto& test : cases) {
        line.run({test.record});
        ASSERT_EQ(line.decided.decisions.size(), 1u) << test.record;
        const Decision& decision = line.decided.decisions[0];
        EXPECT_EQ(name_of(decision.status), name_of(test.status)) << test.record;
        EXPECT_EQ(name_of(decision.scored_by), name_of(test.by)) << test.record;
        std::string rule =
            decision.rule < 0
                ? ""
                : line.decided.policy->rules[static_cast<std::size_t>(decision.rule)].name;
        EXPECT_EQ(rule, test.rule) << test.record;
        EXPECT_EQ(reasons_of(line.decided, decision), test.reasons) << test.record;
        EXPECT_EQ(decision.nulls & kNullScore, 0) << test.record;  // a rule's row is scored too
    }
}

// An operator's order: nothing is approved or declined, and each row tells what it would have been.
TEST(Decider, EverythingIsReferredByOrder) {
    const std::vector<std::string> records = {
        R"({"annual_inc":50000,"dti":10,"inq":0,"purpose":"car"})",
        R"({"annual_inc":15000,"dti":30,"inq":9,"purpose":"boat"})",
        R"({"annual_inc":50000,"dti":30,"inq":9,"purpose":"boat"})",
        R"({"annual_inc":2000000,"dti":10,"inq":0,"purpose":"car"})"};
    SmallLine line(good_policy());
    line.run(records);
    std::vector<std::string> before;
    for (const Decision& d : line.decided.decisions) before.push_back(std::string(d.evidence));
    line.decider->refer_all(ReferAll{"ann", "a \"bad\" model", EpochMs(7)});
    line.run(records);
    const char* instead[] = {"approved", "declined", "declined", "review"};
    const ScoredBy by[] = {ScoredBy::kModel, ScoredBy::kRule, ScoredBy::kModel, ScoredBy::kRule};
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Decision& d = line.decided.decisions[i];
        EXPECT_EQ(d.status, Status::kReview) << records[i];
        EXPECT_EQ(d.scored_by, by[i]) << records[i];
        EXPECT_EQ(d.rule == kOperatorRule, i < 3) << "a review keeps its own rule";
        EXPECT_EQ(reasons_of(line.decided, d).empty(), i < 3);
        auto evidence = json::parse(d.evidence);
        EXPECT_EQ(evidence["review_all"]["instead_of"], instead[i]);
        EXPECT_EQ(evidence["review_all"]["by"], "ann");
        EXPECT_EQ(evidence["review_all"]["why"], "a \"bad\" model");
        EXPECT_EQ(evidence["review_all"]["since_ms"], 7);
        evidence.erase("review_all");
        EXPECT_EQ(evidence, json::parse(before[i])) << "all else is as it was";
    }
    line.decider->refer_all(std::nullopt);
    line.run(records);
    for (std::size_t i = 0; i < records.size(); ++i)
        EXPECT_EQ(line.decided.decisions[i].evidence, before[i]);
}

TEST(Decider, ScoreIsTheModels) {
    SmallLine line(good_policy());
    line.run({R"({"annual_inc":5000,"dti":30,"inq":9,"purpose":"boat"})"});
    const Decision& decision = line.decided.decisions[0];
    double z = -2 + 1 + 1.5 + 2;
    double risk = 1 / (1 + std::exp(-z));
    EXPECT_DOUBLE_EQ(decision.probability_of_default, risk);
    EXPECT_EQ(decision.data, static_cast<float>(risk));
    double factor = 50 / std::log(2.0), offset = 600 - factor * std::log(19.0);
    EXPECT_EQ(decision.points, std::lround(offset - factor * z));
    EXPECT_EQ(line.decided.model_name, "small");
}

TEST(Decider, IntColumnsAreCutTowardZero) {
    struct Case {
        const char* record;
        std::int32_t annual_inc, funded_amnt, member_id;
        int nulls;
    };
    const Case cases[] = {
        {R"({"annual_inc":65000.99,"funded_amnt":"5000.0","member_id":7})", 65000, 5000, 7, 0},
        {R"({"annual_inc":-0.99,"funded_amnt":-1.99,"member_id":-7})", 0, -1, -7, 0},
        {R"({"annual_inc":2147483647.9,"funded_amnt":-2147483648.9,"member_id":0})", 2147483647,
         -2147483648, 0, 0},
        {R"({"annual_inc":"x","loan_amnt":900})", 0, 900, 0, kNullMemberId},
        {R"({})", 0, 0, 0, kNullAnnualInc | kNullFundedAmnt | kNullMemberId},
        {R"({"member_id":"x"})", 0, 0, 0, kNullAnnualInc | kNullFundedAmnt | kNullMemberId},
    };
    SmallLine line(good_policy());
    for (const auto& test : cases) {
        line.run({test.record});
        ASSERT_EQ(line.decided.decisions.size(), 1u) << test.record;
        const Decision& decision = line.decided.decisions[0];
        EXPECT_EQ(decision.annual_inc, test.annual_inc) << test.record;
        EXPECT_EQ(decision.funded_amnt, test.funded_amnt) << test.record;
        EXPECT_EQ(decision.member_id, test.member_id) << test.record;
        EXPECT_EQ(decision.nulls, test.nulls) << test.record;
    }
    line.run({R"({"annual_inc":2147483648})"});
    ASSERT_EQ(line.decided.rejects.size(), 1u);
    EXPECT_EQ(line.decided.rejects[0].reason_text, "out_of_range");
}

// Cleaning judges the columns' range; should a row slip through, it is kept as a reject.
TEST(Decider, KeepsARowThatSlippedThrough) {
    SmallLine line(good_policy());
    line.raw = batch_of({"{}", "not json", R"({"dti":1})"});
    line.cleaner.clean(line.raw, line.clean);
    Slot slot = line.decided.policy ? 0 : line.clean.policy->slot_of("annual_inc");
    line.clean.cells[slot].state = CellState::kNumber;
    line.clean.cells[slot].number = 1e300;
    line.decider->decide(line.clean, line.decided);
    ASSERT_EQ(line.decided.rejects.size(), 2u);
    EXPECT_EQ(line.decided.rejects[0].record, 0u);
    EXPECT_EQ(name_of(line.decided.rejects[0].stage), "decide");
    EXPECT_EQ(line.decided.rejects[1].record, 1u);
    ASSERT_EQ(line.decided.decisions.size(), 1u);
    EXPECT_EQ(line.decided.decisions[0].record, 2u);
}

TEST(Decider, EveryRecordIsDecidedOrRejected) {
    SmallLine line(good_policy());
    line.run({"{}", "", "not json", R"({"annual_inc":"x"})", R"({"dti":"x"})", "[]"});
    std::vector<std::uint32_t> decided, rejected;
    for (const auto& decision : line.decided.decisions) decided.push_back(decision.record);
    for (const auto& reject : line.decided.rejects) rejected.push_back(reject.record);
    EXPECT_EQ(decided, (std::vector<std::uint32_t>{0, 3}));
    EXPECT_EQ(rejected, (std::vector<std::uint32_t>{1, 2, 4, 5}));
    line.run({});
    EXPECT_TRUE(line.decided.decisions.empty());
    EXPECT_TRUE(line.decided.rejects.empty());
}

TEST(Decider, ApplicationId) {
    struct Case {
        const char* record;
        const char* text_id;    // id is a text field
        const char* number_id;  // id is a number field
    };
    const Case cases[] = {
        {R"({"id":"a\"b"})", "a\"b", nullptr},
        {R"({"id":" 40860827 "})", "40860827", "40860827"},
        {R"({"id":40860827.0})", "40860827.0", "40860827"},
        {R"({"id":0.0001})", "0.0001", "0.0001"},
        {R"({"id":"-0"})", "-0", "0"},
        {R"({"id":1e22})", "1e22", "1e+22"},
        {R"({"id":"n/a"})", "loans-3-100", "loans-3-100"},
        {R"({})", "loans-3-100", "loans-3-100"},
    };
    std::string text = small_policy_text();
    std::string numbers = text;
    numbers.replace(numbers.find("clean = \"text\""), 14, "clean = \"number\"");
    SmallLine with_text(good_policy()), with_number(*small_policy(numbers));
    for (const auto& test : cases) {
        with_text.run({test.record});
        EXPECT_EQ(with_text.decided.decisions.at(0).application_id, test.text_id);
        with_number.run({test.record});
        if (test.number_id == nullptr) continue;
        ASSERT_EQ(with_number.decided.decisions.size(), 1u) << test.record;
        EXPECT_EQ(with_number.decided.decisions[0].application_id, test.number_id);
    }
    with_text.raw = batch_of({"{}"});
    with_text.raw.source.incarnation = Incarnation(1);
    with_text.cleaner.clean(with_text.raw, with_text.clean);
    with_text.decider->decide(with_text.clean, with_text.decided);
    EXPECT_EQ(with_text.decided.decisions[0].application_id, "loans#1-3-100");
}

TEST(Decider, EvidenceAsAWhole) {
    SmallLine line(good_policy());
    line.run({R"({"id":"a","annual_inc":"x","loan_amnt":5000.5,"dti":30,"inq":9,)"
              R"("purpose":"bo\"at\n\u0001é"})",
              R"({"dti":10,"inq":1,"purpose":"boat","annual_inc":50000})",
              R"({"dti":30,"inq":9,"purpose":"boat","annual_inc":50000})"});
    ASSERT_EQ(line.decided.decisions.size(), 3u);
    EXPECT_EQ(line.decided.decisions[0].evidence,
              R"({"in":{"member_id":null,"annual_inc":0,"funded_amnt":5000.5,"dti":30,"inq":9,)"
              R"("purpose":"bo\"at\n\u0001é"},"filled":["funded_amnt"],"bad":["annual_inc"],)"
              R"("points":{"dti":105.2,"inq":69.1,"purpose":177.3},)"
              R"("hits":["poor","very_poor"],"cut":[0.2,0.5]})");
    EXPECT_EQ(line.decided.decisions[1].evidence,
              R"({"in":{"member_id":null,"annual_inc":50000,"funded_amnt":null,"dti":10,"inq":1,)"
              R"("purpose":"boat"},"points":{"dti":249.4,"inq":249.4,"purpose":33.0},)"
              R"("cut":[0.2,0.5]})");
    EXPECT_EQ(line.decided.decisions[2].evidence,
              R"({"in":{"member_id":null,"annual_inc":50000,"funded_amnt":null,"dti":30,"inq":9,)"
              R"("purpose":"boat"},"points":{"dti":105.2,"inq":69.1,"purpose":33.0},)"
              R"("lost":{"purpose":257.0,"inquiries":210.9,"debt":194.8},"cut":[0.2,0.5]})");
}

TEST(Decider, EvidenceIsJsonForAnyText) {
    SmallLine line(good_policy());
    std::vector<std::string> records;
    std::vector<std::string> texts;
    for (int c = 1; c < 0x180; ++c) {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", c);
        records.push_back("{\"purpose\":\"x" + std::string(escape) + "y\"}");
    }
    records.push_back("{\"purpose\":\"" + std::string(65'535, 'z') + "\"}");
    std::string many;
    for (int i = 0; i < 65'535; ++i) many += "\\u0001";
    records.push_back("{\"purpose\":\"" + many + "\"}");
    line.run(records);
    ASSERT_EQ(line.decided.decisions.size(), records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
        json evidence = json::parse(line.decided.decisions[i].evidence, nullptr, false);
        ASSERT_TRUE(evidence.is_object()) << records[i].substr(0, 100);
        EXPECT_EQ(evidence["in"]["purpose"], json::parse(records[i])["purpose"]);
    }
}

// A batch after a batch gives what it gives alone: nothing is left over from row to row.
TEST(Decider, RowsDoNotTouchEachOther) {
    const std::vector<std::string> records = {
        R"({"annual_inc":50000,"dti":30,"inq":9,"purpose":"boat"})",
        R"({"annual_inc":5000,"dti":45,"inq":9,"purpose":"boat"})",
        R"({"annual_inc":50000,"dti":10,"inq":0,"purpose":"car"})",
        R"({"annual_inc":2000000,"dti":null})",
        R"({"annual_inc":50000,"dti":25,"inq":0,"purpose":"boat"})",
    };
    SmallLine line(good_policy());
    std::vector<std::string> alone;
    for (const auto& record : records) {
        line.run({record});
        alone.push_back(std::string(line.decided.decisions.at(0).evidence));
    }
    for (int round = 0; round < 3; ++round) {
        line.run(records);
        ASSERT_EQ(line.decided.decisions.size(), records.size());
        for (std::size_t i = 0; i < records.size(); ++i)
            EXPECT_EQ(line.decided.decisions[i].evidence, alone[i]) << records[i];
    }
}

}  // namespace
}  // namespace loanstream

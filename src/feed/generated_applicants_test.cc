#include "feed/generated_applicants.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/sha256.h"

namespace loanstream {
namespace {

GeneratorSettings settings_of(std::uint64_t seed, std::int64_t count, double dirty = 0) {
    return {seed, count, DirtyShares::evenly(dirty, ApplicantFormat::kJsonl)};
}

std::vector<std::string> generate(GeneratorSettings settings) {
    GeneratedApplicants applicants(settings);
    std::vector<std::string> list;
    std::string json;
    while (*applicants.next(json)) list.push_back(json);
    return list;
}

DirtyShares parsed(std::vector<std::string> words,
                   ApplicantFormat format = ApplicantFormat::kJsonl) {
    auto shares = DirtyShares::parse(words, format);
    EXPECT_TRUE(shares) << shares.error().line();
    return *shares;
}

TEST(GeneratedApplicants, OneSeedGivesTheSameBytes) {
    auto list = generate(settings_of(7, 300, 0.1));
    EXPECT_EQ(list.size(), 300u);
    EXPECT_EQ(list, generate(settings_of(7, 300, 0.1)));
    EXPECT_NE(list, generate(settings_of(8, 300, 0.1)));
    EXPECT_TRUE(generate(settings_of(7, 0, 0.1)).empty());
}

TEST(GeneratedApplicants, WhatIsCleanDoesNotDependOnTheDirt) {
    auto clean = generate(settings_of(7, 1000)), dirty = generate(settings_of(7, 1000, 0.3));
    int same = 0;
    for (std::size_t i = 0; i < clean.size(); ++i) same += clean[i] == dirty[i];
    EXPECT_NEAR(same, 700, 60);
}

TEST(GeneratedApplicants, EveryMachineGivesTheseBytes) {
    Sha256 hash;
    for (const auto& json : generate(settings_of(1, 2000, 0.2))) hash.update(json);
    EXPECT_EQ(hash.hex(), "5fd75127446253ea2101d2af47207ad96e4c214a609b3de67a1e63a84fcfbc82");
}

TEST(GeneratedApplicants, CleanOnesHaveEveryColumnAsText) {
    std::set<std::string> members;
    for (const auto& json : generate(settings_of(1, 2000))) {
        auto object = nlohmann::ordered_json::parse(json, nullptr, false);
        ASSERT_TRUE(object.is_object()) << json;
        ASSERT_EQ(object.size(), 111u);
        EXPECT_EQ(json.find('\n'), json.npos);
        int column = 0;
        for (const auto& [key, value] : object.items()) {
            ASSERT_TRUE(value.is_string()) << key;
            ASSERT_EQ(key, kApplicantColumnNames[static_cast<std::size_t>(column++)]);
        }
        members.insert(object["member_id"].get<std::string>());
    }
    EXPECT_EQ(members.size(), 2000u);
}

class Row {
public:
    explicit Row(const std::string& json) : object_(nlohmann::json::parse(json)) {}
    std::string text(const char* key) const { return object_[key].get<std::string>(); }
    double number(const char* key) const { return std::stod(text(key)); }  // "31.6%" too
    bool has(const char* key) const { return !text(key).empty(); }

private:
    nlohmann::json object_;
};

void expect_a_sound_loan(const Row& row) {
    double amount = row.number("loan_amnt"), months = row.number("term");
    EXPECT_GE(amount, 1000);
    EXPECT_LE(amount, 40000);
    EXPECT_EQ(std::fmod(amount, 25), 0);
    EXPECT_EQ(row.text("int_rate").size(), 7u) << "right-aligned to six, then %";
    EXPECT_EQ(row.text("sub_grade").substr(0, 1), row.text("grade"));
    double monthly = row.number("int_rate") / 1200;
    double cents = amount * 100 * monthly / (1 - std::pow(1 + monthly, -months));
    EXPECT_NEAR(row.number("installment") * 100, std::ceil(cents - 1e-6), 1e-6);
    EXPECT_NEAR(row.number("total_rec_prncp") + row.number("total_rec_int") +
                    row.number("total_rec_late_fee") + row.number("recoveries"),
                row.number("total_pymnt"), 1e-6);
    if (row.text("loan_status") == "Current") {
        EXPECT_NEAR(row.number("out_prncp") + row.number("total_rec_prncp"), amount, 1e-6);
    }
    if (row.text("loan_status") == "Fully Paid") {
        EXPECT_EQ(row.number("total_rec_prncp"), amount);
    }
}

void expect_sound_accounts(const Row& row) {
    for (auto [less, more] : {std::pair{"num_actv_bc_tl", "num_bc_sats"},
                              {"num_bc_sats", "num_bc_tl"},
                              {"num_bc_sats", "num_op_rev_tl"},
                              {"num_actv_rev_tl", "num_op_rev_tl"},
                              {"num_op_rev_tl", "num_rev_accts"},
                              {"num_rev_accts", "total_acc"},
                              {"open_acc", "total_acc"},
                              {"open_il_12m", "open_il_24m"},
                              {"open_il_24m", "num_il_tl"},
                              {"open_acc_6m", "num_tl_op_past_12m"},
                              {"num_tl_op_past_12m", "acc_open_past_24mths"},
                              {"inq_last_6mths", "inq_last_12m"},
                              {"pub_rec_bankruptcies", "pub_rec"},
                              {"total_bal_ex_mort", "tot_cur_bal"},
                              {"max_bal_bc", "revol_bal"},
                              {"total_bc_limit", "total_rev_hi_lim"},
                              {"mo_sin_rcnt_tl", "mo_sin_rcnt_rev_tl_op"},
                              {"mo_sin_rcnt_rev_tl_op", "mo_sin_old_rev_tl_op"}})
        EXPECT_LE(row.number(less), row.number(more)) << less;
    EXPECT_EQ(row.has("mths_since_last_record"), row.number("pub_rec") > 0);
    EXPECT_EQ(row.has("bc_util"), row.number("num_bc_sats") > 0);
    if (row.number("delinq_2yrs") > 0) {
        EXPECT_LT(row.number("mths_since_last_delinq"), 24);
    }
    EXPECT_NEAR(row.number("revol_util"),
                row.number("revol_bal") * 100 / row.number("total_rev_hi_lim"), 0.6);
    int began = std::stoi(row.text("earliest_cr_line").substr(4));
    EXPECT_LE(began, 2016);
    EXPECT_GT(began, 1930);
}

TEST(GeneratedApplicants, TheNumbersOfARowFitTogether) {
    for (const auto& json : generate(settings_of(5, 3000))) {
        Row row(json);
        expect_a_sound_loan(row);
        expect_sound_accounts(row);
        if (HasFailure()) FAIL() << json;
    }
}

TEST(GeneratedApplicants, TheCsvHasTheSameApplicants) {
    char folder[] = "/tmp/generated-XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    std::string path = std::string(folder) + "/LoanStats.csv";
    GeneratedApplicants applicants(settings_of(3, 200));
    {
        std::ofstream file(path);
        std::string row;
        file << GeneratedApplicants::csv_head();
        while (*applicants.next_csv(row)) file << row;
        file << applicants.csv_tail();
    }
    auto file = ApplicantFile::open(path);
    ASSERT_TRUE(file);
    std::vector<std::string> read;
    std::string json;
    while (*(*file)->next(json)) read.push_back(json);
    EXPECT_EQ(read, generate(settings_of(3, 200)));
    EXPECT_EQ((*file)->left_out(), "left out: 1 prospectus line, 2 totals, 2 blank lines");
    std::remove(path.c_str());
    ::rmdir(folder);
}

bool is_json(const std::string& text) {
    auto parsed = nlohmann::json::parse(text, nullptr, false);
    return !parsed.is_discarded() && parsed.is_object();
}

TEST(DirtyValues, EachKindSpoilsWhatItSays) {
    auto clean = generate(settings_of(9, 60));
    for (int i = 0; i < kDirtyKinds; ++i) {
        const auto& kind = kDirtyKindTexts[static_cast<std::size_t>(i)];
        auto dirty = generate({9, 60, parsed({std::string(kind.name) + "=1"})});
        std::size_t same = 0, broken = 0;
        for (std::size_t k = 0; k < dirty.size(); ++k) {
            same += dirty[k] == clean[k];
            broken += !is_json(dirty[k]);
        }
        EXPECT_EQ(same, 0u) << kind.name;
        static const std::set<std::string_view> kBreaking = {
            "invalid_utf8", "control",   "truncated",    "single_quotes",
            "trailing",     "surrogate", "not_an_object"};
        EXPECT_EQ(broken, kBreaking.contains(kind.name) ? 60u : 0u) << kind.name;
    }
}

TEST(DirtyValues, SharesAreKept) {
    int dirty = 0, huge = 0;
    auto shares = parsed({"0.2", "huge=0.1"});
    auto clean = generate(settings_of(1, 4000));
    auto list = generate({1, 4000, shares});
    for (std::size_t i = 0; i < list.size(); ++i) {
        dirty += list[i] != clean[i];
        huge += list[i].find("\"99999999999\"") != std::string::npos;
    }
    EXPECT_NEAR(dirty, 4000 * (0.2 * (kDirtyKinds - 1) / kDirtyKinds + 0.1), 150);
    EXPECT_NEAR(huge, 4000 * 0.1 / 3, 50);
}

TEST(DirtyValues, WordsThatAreWrong) {
    struct Case {
        std::vector<std::string> words;
        ApplicantFormat format;
        const char* says;
    };
    const Case cases[] = {
        {{"1.5"}, ApplicantFormat::kJsonl, "between 0 and 1"},
        {{"nan"}, ApplicantFormat::kJsonl, "between 0 and 1"},
        {{"huge"}, ApplicantFormat::kJsonl, "between 0 and 1"},
        {{"huge="}, ApplicantFormat::kJsonl, "between 0 and 1"},
        {{"hug=0.1"}, ApplicantFormat::kJsonl, "did you mean huge"},
        {{"nested=0.1"}, ApplicantFormat::kCsv, "CSV cannot hold"},
        {{"huge=0.6", "null=0.6"}, ApplicantFormat::kJsonl, "more than 1"},
    };
    for (const auto& one : cases) {
        auto shares = DirtyShares::parse(one.words, one.format);
        ASSERT_FALSE(shares) << one.words[0];
        EXPECT_EQ(shares.error().code, ErrorCode::kUsage);
        EXPECT_NE(shares.error().line().find(one.says), std::string::npos) << shares.error().line();
    }
}

TEST(DirtyValues, DirtyCsvIsStillReadRecordByRecord) {
    auto shares = DirtyShares::evenly(1, ApplicantFormat::kCsv);
    GeneratedApplicants applicants({4, 500, shares});
    std::string row, file = GeneratedApplicants::csv_head();
    int lines = 0;
    while (*applicants.next_csv(row)) {
        ++lines;
        EXPECT_EQ(std::count(row.begin(), row.end(), '"') % 2, 0) << row;
    }
    EXPECT_EQ(lines, 500);
}

}  // namespace
}  // namespace loanstream

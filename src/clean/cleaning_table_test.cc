#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <set>

#include "clean/clean_batch.h"
#include "clean/cleaning_case.h"
#include "clean/record_batch.h"

namespace loanstream {
namespace {

const std::string kRoot = LOANSTREAM_SOURCE_DIR;

std::shared_ptr<const Policy> policy_named(const std::string& name) {
    bool shipped = name == "lendingclub" || name == "fintech-classic";
    std::string path = kRoot + (shipped ? "/policies/" : "/tests/data/") + name + ".toml";
    // Cleaning needs no model: any file stands in for the one that [model] names.
    auto policy = load_policy(path, shipped ? path : "");
    EXPECT_TRUE(policy.has_value()) << policy.error().line();
    return policy ? *policy : nullptr;
}

std::string shown(double number) {
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", number);
    return text;
}

// "FIELD=..." of one cell, in the table's words; a number equal to `expected` is written as there.
std::string shown(const Field& field, const Cell& cell, const std::string& expected) {
    std::string text = field.name + "=";
    if (cell.state == CellState::kMissing) text += "missing";
    if (cell.state == CellState::kText) text += '"' + std::string(cell.text_view()) + '"';
    if (cell.state == CellState::kNumber) {
        std::string value = expected.substr(0, expected.find(' ')).substr(field.name.size() + 1);
        char* end = nullptr;
        double wanted = std::strtod(value.c_str(), &end);
        bool same = end != value.c_str() && *end == '\0' &&
                    std::memcmp(&wanted, &cell.number, sizeof wanted) == 0;
        text += same ? value : shown(cell.number);
    }
    if (cell.was_bad) text += " bad";
    if (cell.was_filled) text += " filled";
    return text;
}

std::string shown(const Reject& reject, const Policy& policy) {
    std::string text = "reject " + std::string(reject.reason_text);
    if (reject.field != kNoSlot) text += " " + policy.fields[reject.field].name;
    return text;
}

class Checker {
public:
    explicit Checker(const std::string& name) : policy_(policy_named(name)), cleaner_(policy_) {}

    void check(const std::vector<const CleaningCase*>& cases, std::string_view gap) {
        std::vector<std::string> records;
        for (const auto* one : cases) records.push_back(one->record);
        RawBatch raw;
        fill_batch(records, gap, raw);
        cleaner_.clean(raw, clean_);
        ASSERT_EQ(clean_.applications.size() + clean_.rejects.size(), cases.size());
        std::size_t application = 0, reject = 0;
        for (std::uint32_t i = 0; i < cases.size(); ++i) {
            bool refused = reject < clean_.rejects.size() && clean_.rejects[reject].record == i;
            if (refused)
                check_reject(*cases[i], clean_.rejects[reject++]);
            else
                check_row(*cases[i], clean_.row(application++));
        }
    }

private:
    void check_reject(const CleaningCase& one, const Reject& reject) {
        EXPECT_EQ(shown(reject, *policy_), one.expected.at(0)) << place(one);
        EXPECT_LE(reject.at, one.record.size()) << place(one);
        bool names_field = one.expected[0].find(' ', 7) != std::string::npos;
        bool decoding = !names_field || reject.reason == RejectReason::kDuplicateKey;
        EXPECT_EQ(reject.stage, decoding ? RejectStage::kDecode : RejectStage::kClean)
            << place(one);
    }
    void check_row(const CleaningCase& one, const Cell* row) {
        for (const std::string& expected : one.expected) {
            std::string name = expected.substr(0, expected.find('='));
            Slot slot = policy_->slot_of(name);
            if (slot == kNoSlot) {
                ADD_FAILURE() << place(one) << ": accepted, expected " << expected;
                return;
            }
            EXPECT_EQ(shown(policy_->fields[slot], row[slot], expected), expected) << place(one);
        }
    }
    static std::string place(const CleaningCase& one) {
        return "cleaning.tsv:" + std::to_string(one.line) + ": " + one.name;
    }
    std::shared_ptr<const Policy> policy_;
    Cleaner cleaner_;
    CleanBatch clean_;
};

std::map<std::string, std::vector<const CleaningCase*>> cases_by_policy() {
    static const auto cases = read_cleaning_cases(kRoot + "/tests/data/cleaning.tsv");
    std::map<std::string, std::vector<const CleaningCase*>> by_policy;
    for (const auto& one : cases) by_policy[one.policy].push_back(&one);
    return by_policy;
}

TEST(CleaningTable, CasesAreNamedOnceAndWellFormed) {
    std::set<std::string> names;
    std::size_t count = 0;
    for (const auto& [policy, cases] : cases_by_policy()) {
        for (const auto* one : cases) {
            EXPECT_TRUE(names.insert(one->name).second) << one->name << " is there twice";
            ASSERT_FALSE(one->expected.empty()) << one->name;
            ++count;
        }
    }
    EXPECT_GE(count, 350u);
}

// One at a time: nothing is predicted, nothing stands behind the record.
TEST(CleaningTable, EachCaseAlone) {
    for (const auto& [policy, cases] : cases_by_policy())
        for (const auto* one : cases) Checker(policy).check({one}, "");
}

// All in one batch, back to back: the next record's bytes must not leak into the one before.
TEST(CleaningTable, AllCasesInOneBatch) {
    for (const auto& [policy, cases] : cases_by_policy()) Checker(policy).check(cases, "");
}

TEST(CleaningTable, AllCasesInOneBatchOfLines) {
    for (const auto& [policy, cases] : cases_by_policy()) Checker(policy).check(cases, "\n");
}

// The same record again is decoded by what was learnt from the first.
TEST(CleaningTable, EachCaseThreeTimes) {
    for (const auto& [policy, cases] : cases_by_policy()) {
        Checker checker(policy);
        for (const auto* one : cases) checker.check({one, one, one}, "\"");
    }
}

}  // namespace
}  // namespace loanstream

#include "table/sink_message.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace loanstream {

namespace {

std::string page() {
    std::ifstream file(LOANSTREAM_SOURCE_DIR "/docs/decisions.md");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

TextRow row_of(const std::vector<std::string_view>& columns,
               const std::map<std::string_view, std::string>& cells) {
    TextRow row;
    for (auto name : columns) {
        auto cell = cells.find(name);
        row.push_back(cell == cells.end() ? std::nullopt : std::optional(cell->second));
    }
    for (const auto& [name, text] : cells)
        EXPECT_NE(std::ranges::find(columns, name), columns.end());
    return row;
}

const std::map<std::string_view, std::string> kDecision = {
    {"annual_inc", "19000"},
    {"data", "0.41782"},
    {"funded_amnt", "5000"},
    {"member_id", "1077430"},
    {"status", "declined"},
    {"application_id", "1077430"},
    {"probability_of_default", "0.41782040000000005"},
    {"points", "512"},
    {"reason_1", "grade_not_lent"},
    {"reason_2", "income_too_low"},
    {"rule", "grade_not_lent"},
    {"scored_by", "rule"},
    {"policy", "lendingclub"},
    {"policy_hash", "1b4f0e98"},
    {"model", "lendingclub"},
    {"model_hash", "60303ae2"},
    {"source_topic", "fintech_pyspark"},
    {"source_partition", "0"},
    {"source_offset", "42"},
    {"event_ms", "1795420800000"},
    {"decided_ms", "1795420801900"},
};
const ReasonTexts kTexts = {{"grade_not_lent", "Credit grade below those for which we lend"},
                            {"income_too_low", "Annual income below our minimum of $20,000"}};

std::string decision(std::map<std::string_view, std::string> changes,
                     const std::vector<std::string_view>& without = {}) {
    auto cells = kDecision;
    for (auto name : without) cells.erase(name);
    for (auto& [name, text] : changes) cells[name] = text;
    return decision_message(row_of(decision_columns(), cells), kTexts).value;
}

bool has(const std::string& text, const std::string& part) { return text.contains(part); }

}  // namespace

TEST(SinkMessage, TheDocsHaveItsFieldsAndAnExample) {
    EXPECT_TRUE(has(page(), "|---|---|---|---|\n" + decision_fields_as_markdown() + "```json\n"))
        << decision_fields_as_markdown();
    EXPECT_TRUE(has(page(), "```json\n" + decision({}) + "\n```")) << decision({});
}

TEST(SinkMessage, EveryCellOfADecision) {
    auto message = decision_message(row_of(decision_columns(), kDecision), kTexts);
    EXPECT_EQ(message.key, "1077430");
    EXPECT_TRUE(message.headers.empty());
    EXPECT_EQ(policy_hash_of(row_of(decision_columns(), kDecision)), "1b4f0e98");
    EXPECT_EQ(model_hash_of(row_of(decision_columns(), kDecision)), "60303ae2");
    EXPECT_TRUE(has(decision({{"application_id", "a\"\\\n\x01\xc3\xa9"}}),
                    R"("application_id":"a\"\\\n\u0001)"
                    "\xc3\xa9\""));
    EXPECT_TRUE(has(decision({}, {"member_id"}), R"("member_id":null,)"));
    EXPECT_TRUE(has(decision({}, {"rule"}), R"("rule":null,)"));
    for (const char* none : {"nan", "-nan", "inf", "-inf"})
        EXPECT_TRUE(has(decision({{"data", none}}), R"("data":null,)")) << none;
    EXPECT_TRUE(has(decision({{"data", "1e-05"}}), R"("data":1e-05,)"));
    EXPECT_TRUE(has(decision({}, {"reason_1", "reason_2"}), R"("reasons":[],)"));
    EXPECT_TRUE(has(decision({{"reason_5", "x"}}), R"(},{"code":"x","text":null}],)"));
}

TEST(SinkMessage, ADeadLetterWithHeadersAndWithout) {
    std::map<std::string_view, std::string> cells = {
        {"source_topic", "t#1"}, {"source_partition", "3"},         {"source_offset", "7"},
        {"stage", "clean"},      {"reason", "not_a_number"},        {"field", "dti"},
        {"event_ms", "5"},       {"raw", std::string("\xff\0{", 3)}};
    auto message = dead_letter_message(row_of(dead_letter_columns(), cells));
    EXPECT_EQ(message.key, "t#1/3@7");
    EXPECT_EQ(message.value, cells["raw"]);
    std::string headers;
    for (const auto& [name, text] : message.headers) headers += name + "=" + text + " ";
    EXPECT_EQ(headers,
              "loanstream.topic=t#1 loanstream.partition=3 loanstream.offset=7 "
              "loanstream.stage=clean loanstream.reason=not_a_number loanstream.field=dti "
              "loanstream.event_ms=5 ");
    auto envelope = dead_letter_envelope(row_of(dead_letter_columns(), cells));
    EXPECT_EQ(envelope.key, "t#1/3@7");
    EXPECT_TRUE(envelope.headers.empty());
    EXPECT_EQ(envelope.value,
              R"({"loanstream.topic":"t#1","loanstream.partition":"3","loanstream.offset":"7",)"
              R"("loanstream.stage":"clean","loanstream.reason":"not_a_number",)"
              R"("loanstream.field":"dti","loanstream.event_ms":"5","base64":"/wB7"})");
    cells.erase("field");
    cells.erase("event_ms");
    cells["raw"].clear();
    EXPECT_EQ(dead_letter_message(row_of(dead_letter_columns(), cells)).headers.size(), 5u);
    EXPECT_TRUE(dead_letter_envelope(row_of(dead_letter_columns(), cells))
                    .value.ends_with(R"("not_a_number","base64":""})"));
}

}  // namespace loanstream

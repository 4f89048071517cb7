#include "table/columns.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace loanstream {

namespace {

std::string page() {
    std::ifstream file(LOANSTREAM_SOURCE_DIR "/docs/table.md");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// The rows of the table of columns under a heading, without those of another.
std::string rows_under(const std::string& text, const std::string& heading) {
    auto from = text.find("## Columns of " + heading + "\n");
    if (from == text.npos) return {};
    from = text.find("|---|---|---|---|\n", from);
    if (from == text.npos) return {};
    from = text.find('\n', from) + 1;
    auto end = from;
    while (text[end] == '|') end = text.find('\n', end) + 1;
    return text.substr(from, end - from);
}

}  // namespace

TEST(Columns, TheDocsSayWhatTheCodeDeclares) {
    std::string text = page();
    EXPECT_EQ(rows_under(text, "prediction"), columns_as_markdown(prediction_table()));
    EXPECT_EQ(rows_under(text, "dead_letters"), columns_as_markdown(dead_letters_table()));
}

TEST(Columns, TheOldContractComesFirst) {
    const char* old[] = {"annual_inc", "data", "funded_amnt", "member_id", "status"};
    for (int i = 0; i < 5; ++i) EXPECT_EQ(prediction_table().columns[i].name, old[i]);
}

TEST(Columns, NamesAreUniqueAndFound) {
    for (const auto* table : {&prediction_table(), &dead_letters_table()}) {
        std::set<std::string_view> names;
        for (const auto& column : table->columns) {
            EXPECT_TRUE(names.insert(column.name).second) << column.name;
            EXPECT_EQ(table->columns[table->index_of(column.name)].name, column.name);
        }
        EXPECT_EQ(table->index_of("no_such"), -1);
        EXPECT_EQ(table_named(table->name), table);
    }
    EXPECT_EQ(prediction_table().index_of("decided_ms"),
              static_cast<int>(PredictionColumn::kDecidedMs));
    EXPECT_EQ(dead_letters_table().index_of("raw"), static_cast<int>(DeadLetterColumn::kRaw));
}

}  // namespace loanstream

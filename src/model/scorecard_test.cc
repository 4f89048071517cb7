#include "model/scorecard.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <sstream>

namespace loanstream {
namespace {

std::string flat_model() {
    std::ostringstream text;
    text << std::ifstream(LOANSTREAM_SOURCE_DIR "/tests/data/flat.json").rdbuf();
    return text.str();
}

TEST(Scorecard, TakesTheFlatOne) {
    auto model = Scorecard::parse(flat_model(), "m.json");
    ASSERT_TRUE(model) << model.error().line();
    EXPECT_EQ((*model)->features().size(), 1u);
}

TEST(Scorecard, RefusesWithThePlace) {
    struct {
        const char *name, *from, *to, *expected;
    } cases[] = {
        {"not JSON", "\"format\": 1,", "\"format\": 1", "m.json"},
        {"rows past every number", "\"rows\": 100,\n  \"bins\"", "\"rows\": 1e104, \"bins\"",
         "m.json: reference: rows must be a whole number of rows"},
        {"rows below none", "\"rows\": 100,\n  \"bins\"", "\"rows\": -1, \"bins\"",
         "m.json: reference: rows must be a whole number of rows"},
        {"half a row", "\"rows\": 100,\n  \"bins\"", "\"rows\": 1.5, \"bins\"",
         "m.json: reference: rows must be a whole number of rows"},
        {"a band's rows", "\"rows\": 50", "\"rows\": 9e18",
         "m.json: bands[0]: rows must be a whole number of rows"},
        {"a band without rows", "\"rows\": 50", "\"rows\": 0",
         "m.json: bands[0]: bands must ascend and hold rows"},
    };
    for (const auto& test : cases) {
        std::string text = flat_model();
        auto at = text.find(test.from);
        ASSERT_NE(at, text.npos) << test.name;
        auto model = Scorecard::parse(text.replace(at, std::strlen(test.from), test.to), "m.json");
        ASSERT_FALSE(model) << test.name;
        EXPECT_TRUE(model.error().line().starts_with(test.expected)) << model.error().line();
    }
}

}  // namespace
}  // namespace loanstream

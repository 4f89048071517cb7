#include "policy/text_place.h"

#include <gtest/gtest.h>

#include <string>

namespace loanstream {
namespace {

// The mark ^ stands before the byte that is looked for; | before the opening quote.
TEST(TextPlace, FindsTheByteInItsFile) {
    struct Case {
        std::string source;
        std::size_t offset;
        std::size_t line, column;
    };
    const Case cases[] = {
        {"when = |'abc'", 0, 1, 9},
        {"when = |'abc'", 2, 1, 11},
        {"when = |'abc'", 3, 1, 12},
        {"when = |'abc'", 99, 1, 12},
        {"a = 1\nwhen = |\"abc\"", 1, 2, 10},
        {"when = |\"a\\\"c\"", 2, 1, 12},
        {"when = |\"\\u00e9c\"", 2, 1, 15},
        {"when = |\"\\u20ACc\"", 3, 1, 15},
        {"when = |'\xc3\xa9"
         "c'",
         2, 1, 10},
        {"when = |'''\nabc\ndef'''", 0, 2, 1},
        {"when = |'''\nabc\ndef'''", 4, 3, 1},
        {"when = |'''\r\nabc'''", 1, 2, 2},
        {"when = |\"\"\"ab\\\n   cd\"\"\"", 2, 2, 4},
        {"# \xe2\x82\xac\nwhen = |'abc'", 1, 2, 10},
    };
    for (auto test : cases) {
        std::size_t bar = test.source.find('|');
        test.source.erase(bar, 1);
        TextPlace begin;
        for (std::size_t i = 0; i < bar; ++i) {
            if (test.source[i] == '\n') begin = {begin.line + 1, 0};
            begin.column += (static_cast<unsigned char>(test.source[i]) & 0xC0) != 0x80;
        }
        auto place = place_in_text(test.source, begin, test.offset);
        EXPECT_EQ(place.line, test.line) << test.source << " at " << test.offset;
        EXPECT_EQ(place.column, test.column) << test.source << " at " << test.offset;
    }
}

TEST(TextPlace, StaysInsideACutFile) {
    for (const char* source : {"", "'", "\"\\", "\"\\u", "\"\\u00", "'''", "\"\"\"\\"}) {
        auto place = place_in_text(source, {1, 1}, 1000);
        EXPECT_LE(place.column, std::string(source).size() + 1) << source;
    }
}

}  // namespace
}  // namespace loanstream

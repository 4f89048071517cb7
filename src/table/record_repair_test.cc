#include "table/record_repair.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

struct Case {
    const char *repair, *raw, *repaired;  // nullptr: refused
};

TEST(RecordRepair, MakesWhatItSays) {
    const Case cases[] = {
        {"single-quotes", "{'a': 'b'}", R"({"a": "b"})"},
        {"single-quotes", "{'a': None, 'b': True, 'c': False, 'd': 1.5}",
         R"({"a": null, "b": true, "c": false, "d": 1.5})"},
        {"single-quotes", R"({'a': "it's", 'b': 'say "x"'})", R"({"a": "it's", "b": "say \"x\""})"},
        {"single-quotes", R"({'a': 'it\'s \\ \n \xe9'})", R"({"a": "it's \\ \n \u00e9"})"},
        {"single-quotes", "{'None': 'True'}", R"({"None": "True"})"},
        {"single-quotes", "{'a': 'b}", nullptr},
        {"single-quotes", "", ""},
        {"trailing-bytes", R"({"a":1} and {"b":2})", R"({"a":1})"},
        {"trailing-bytes", R"({"a":"}{"}x)", R"({"a":"}{"})"},
        {"trailing-bytes", R"({"a":"\"}"}x)", R"({"a":"\"}"})"},
        {"trailing-bytes", R"({"a":1)", nullptr},
        {"trailing-bytes", "no object", nullptr},
        {"latin-1", "caf\xE9", "caf\xC3\xA9"},
        {"latin-1", "caf\xC3\xA9 \xFF", "caf\xC3\xA9 \xC3\xBF"},
        {"latin-1", "\xE2\x82", "\xC3\xA2\xC2\x82"},
        {"money", R"({"a":"$1,250.50","b":"$2"})", R"({"a":"1250.50","b":"$2"})"},
        {"money", R"({"a":" 1 000 USD"})", R"({"a":"1000"})"},
        {"money", R"({"a":12})", nullptr},
        {"money", "not json", nullptr},
        {"magic", "{}", nullptr},
    };
    for (const auto& test : cases) {
        auto repaired = repair_record(test.repair, test.raw, {"a", "c"});
        if (test.repaired == nullptr) {
            EXPECT_FALSE(repaired) << test.raw;
        } else {
            ASSERT_TRUE(repaired) << test.raw << repaired.error().line();
            EXPECT_EQ(*repaired, test.repaired);
        }
    }
}

TEST(RecordRepair, SetsAValueUnderTheKeyThatIsThere) {
    EXPECT_EQ(*set_value(R"({"b":1,"c":2})", {"a", "b"}, "x"), R"({"b":"x","c":2})");
    EXPECT_EQ(*set_value(R"({"c":2})", {"a", "b"}, "5"), R"({"c":2,"a":"5"})");
    EXPECT_EQ(*set_value(R"({"a":1,"a":2})", {"a"}, "3"), R"({"a":"3"})");
    EXPECT_FALSE(set_value("[]", {"a"}, "3"));
}

}  // namespace
}  // namespace loanstream

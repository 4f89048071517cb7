#include "clean/message.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

using namespace std::string_view_literals;

// The application in the message, or the reason of its reject with the byte.
std::string opened(std::string_view path, std::string_view message, bool may_be_bare = false) {
    auto parsed = MessagePath::parse(path);
    EXPECT_TRUE(parsed) << parsed.error().line();
    auto found = MessageOpener(*parsed).open(message, may_be_bare);
    if (found.refused) return std::string(name_of(*found.refused)) + " " + std::to_string(found.at);
    return std::string(found.record);
}

TEST(Message, IsTheApplicationWhereNothingIsSaid) {
    EXPECT_EQ(opened("", R"({"a":1})"), R"({"a":1})");
    EXPECT_EQ(opened("", ""), "");
    EXPECT_EQ(opened("", "Struct{a=1}"), "Struct{a=1}");
}

TEST(Message, TheApplicationAtThePath) {
    EXPECT_EQ(opened("after", R"({"before":null,"after":{"a":1},"op":"c"})"), R"({"a":1})");
    EXPECT_EQ(opened("payload.after", R"( {"schema":{"after":{"x":[1,"}"]}},"payload" : {)"
                                      R"("op":"u","after": {"a":"{"} ,"ts":1}} )"),
              R"({"a":"{"})");
    EXPECT_EQ(opened("a", R"({"b":"\"a\":{}","a":{}})"), "{}");
    EXPECT_EQ(opened("after", R"({"after":{"a":1},"op":)"
                              "\x01"
                              R"(})"),
              R"({"a":1})");
}

TEST(Message, WhatIsRefused) {
    EXPECT_EQ(opened("after", ""), "empty 0");
    EXPECT_EQ(opened("after", " \n"), "empty 2");
    EXPECT_EQ(opened("after", "[1]"), "not_an_object 0");
    EXPECT_EQ(opened("after", "x"), "not_json 0");
    EXPECT_EQ(opened("after", "{"), "not_json 1");
    EXPECT_EQ(opened("after", R"({"after":{"a":1})"), "not_json 16");
    EXPECT_EQ(opened("after", R"({"after":{"a":1]})"), "not_json 16");
    EXPECT_EQ(opened("after", R"({"after":{"a":"\)"), "not_json 16");
    EXPECT_EQ(opened("after", R"({"after":})"), "not_json 9");
    EXPECT_EQ(opened("after", R"({"after":{},})"), "not_json 12");
    EXPECT_EQ(opened("after", R"({"after":{}} x)"), "trailing_bytes 13");
    EXPECT_EQ(opened("after", R"({"after":{},"after":{}})"), "duplicate_key 20");
    EXPECT_EQ(opened("after", R"({"before":{}})"), "no_envelope 13");
    EXPECT_EQ(opened("after", R"({"after":[{}]})"), "no_envelope 14");
    EXPECT_EQ(opened("payload.after", R"({"payload":null})"), "no_envelope 16");
    EXPECT_EQ(opened("payload.after", R"({"after":{}})"), "no_envelope 12");
    EXPECT_EQ(opened("payload.after", R"({"payload":{"after":null,"op":"d"}})"), "deleted 35");
}

TEST(Message, ARepairedRecordMayBeBare) {
    EXPECT_EQ(opened("after", R"({"a":1})", true), R"({"a":1})");
    EXPECT_EQ(opened("after", R"({"after":{"a":1}})", true), R"({"a":1})");
    EXPECT_EQ(opened("after", R"({"after":null})", true), "deleted 14");
}

TEST(Message, DepthIsBounded) {
    auto nested = [](std::size_t levels) {
        return R"({"after":{},"x":)" + std::string(levels, '[') + std::string(levels, ']') + "}";
    };
    EXPECT_EQ(opened("after", nested(63)), "{}");
    EXPECT_EQ(opened("after", nested(64)), "not_json 80");
}

TEST(Message, TheHeaderOfASchemaRegistry) {
    EXPECT_EQ(opened("", "\0\0\0\1\2{\"a\":1}"sv), R"({"a":1})");
    EXPECT_EQ(opened("after", "\0\0\0\1\2 {\"after\":{\"a\":1}}"sv), R"({"a":1})");
    EXPECT_EQ(opened("after", "\0\0\0\1\2{\"b\":1}"sv), "no_envelope 12");
    EXPECT_EQ(opened("",
                     "\0\0\0\1\2\x06"
                     "Ann"sv),
              "not_json_schema 5");
    EXPECT_EQ(opened("", "\0\0\0\1\2"sv), "not_json_schema 5");
    EXPECT_EQ(opened("", "\0\0\0\1"sv), "\0\0\0\1"sv);  // no header: judged as any bytes
    EXPECT_EQ(schema_of("\0\0\0\1\2x"sv), 258u);
    EXPECT_EQ(schema_of("\0\xff\xff\xff\xff"sv), 0xffffffffu);
    EXPECT_EQ(schema_of("{}"), std::nullopt);
    EXPECT_EQ(schema_of("\0\0\0\0"sv), std::nullopt);
}

TEST(Message, PathsThatAreNone) {
    EXPECT_TRUE(MessagePath::parse("")->keys.empty());
    EXPECT_EQ(MessagePath::parse("a.b c")->keys, (std::vector<std::string>{"a", "b c"}));
    for (const char* wrong : {".", "a.", ".a", "a..b", "a.\"b\"", "a\\b", "a\nb",
                              "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"}) {
        auto path = MessagePath::parse(wrong);
        ASSERT_FALSE(path) << wrong;
        EXPECT_EQ(path.error().code, ErrorCode::kUsage);
    }
}

}  // namespace
}  // namespace loanstream

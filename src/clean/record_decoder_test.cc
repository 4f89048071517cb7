#include "clean/record_decoder.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

constexpr const char* kPolicy = R"toml(format = 1
name = "decoder"
[[field]]
name = "a"
clean = "text"
[[field]]
name = "b"
clean = "text"
[[rule]]
name = "nothing"
when = "missing(a)"
outcome = "review"
reason = "nothing"
[[reason]]
code = "nothing"
text = "Application incomplete"
)toml";

// What a record decodes to: "a=1 b=-", or the reason of its reject with the byte.
std::string decoded(RecordDecoder& decoder, std::string record) {
    TextArena arena;
    RecordDecoder::Failure failure;
    std::size_t size = record.size();
    record.append(kRecordPadding, '\0');
    if (!decoder.decode(std::string_view(record).substr(0, size), arena, failure))
        return std::string(name_of(failure.reason)) + " " + std::to_string(failure.at);
    std::string out;
    for (const RawValue& value : decoder.values())
        out += (value.kind == RawValue::kAbsent ? "-" : std::string(value.text())) + " ";
    return out;
}

// The decoder expects between two values what stood there last time; it must not show.
TEST(RecordDecoder, ARecordDoesNotDependOnTheOneBefore) {
    auto policy = parse_policy(kPolicy, "p.toml");
    ASSERT_TRUE(policy) << policy.error().line();
    const char* records[] = {
        R"({"a":"1","b":2})",
        R"({"a": "1", "b": 2})",
        R"({"a":	"1","b":  2 })",
        R"({ "a" :1 , "b":{}})",
        R"({"a":"1","x":[1],"b": [2]})",
        R"({"b":1,"a":2})",
        R"({"a":1,"a":2})",
        R"({"a":1,"a":  2})",
        R"({"a": x})",
        R"({"a":})",
        R"({"a": })",
        R"({"a":)",
        R"({"a": )",
        R"({"x": ,"b":1})",
        R"({"x":  "y","b":1})",
    };
    for (std::string before : records)
        for (std::string record : records) {
            RecordDecoder alone(**policy), decoder(**policy);
            decoded(decoder, before);
            EXPECT_EQ(decoded(decoder, record), decoded(alone, record))
                << record << " after " << before;
        }
    RecordDecoder decoder(**policy);
    EXPECT_EQ(decoded(decoder, R"({"a":"1","b":2})"), "1 2 ");
    EXPECT_EQ(decoded(decoder, R"({"a": "1", "b": 2})"), "1 2 ");
    EXPECT_EQ(decoded(decoder, R"({"a":1,"a":  2})"), "duplicate_key 13");
}

}  // namespace
}  // namespace loanstream

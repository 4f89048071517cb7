#include "feed/envelope.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

TEST(Envelope, SameBytesAndOriginComeOut) {
    std::string all_bytes;
    for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
    const auto origin = Position::parse("applicants#2/3@42");
    ASSERT_TRUE(origin);
    for (const std::string& bytes : {std::string(), std::string("a"), std::string("ab"),
                                     std::string("a\nb"), std::string("\0\0\0", 3), all_bytes})
        for (const auto& from : {std::optional<Position>(), std::optional<Position>(*origin)}) {
            std::string line = to_envelope(bytes, from);
            EXPECT_EQ(line.find('\n'), line.npos);
            EXPECT_TRUE(needs_envelope(line)) << "an envelope in an envelope must be told apart";
            auto envelope = from_envelope(line);
            ASSERT_TRUE(envelope) << line;
            EXPECT_EQ(envelope->bytes, bytes);
            EXPECT_EQ(envelope->origin, from);
        }
}

TEST(Envelope, TheDocumentedFormIsTheForm) {
    EXPECT_EQ(to_envelope("hello", *Position::parse("t/0@42")),
              R"({"loanstream_envelope":1,"base64":"aGVsbG8=",)"
              R"("origin":{"topic":"t","partition":0,"offset":42}})");
}

TEST(Envelope, AnythingElseIsAnOrdinaryRecord) {
    for (const char* line : {
             "",
             "{}",
             "not json",
             R"({"member_id":"7"})",
             R"({"loanstream_envelope":1,"base64":"aGVsbG8"})",    // no padding
             R"({"loanstream_envelope":1,"base64":"aGVs bG8="})",  // a blank
             R"({"loanstream_envelope":1,"base64":"aGVsbG9="})",   // stray bits
             R"({"loanstream_envelope":1,"base64":"aGVsbG8="} )",  // trailing blank
             R"({"loanstream_envelope":1, "base64":"aGVsbG8="})",  // another form
             R"({"loanstream_envelope":1,"base64":"aGVsbG8=","more":1})",
             R"({"loanstream_envelope":1,"base64":7})",
             R"({"loanstream_envelope":1,"base64":"aGVsbG8=","origin":null})",
             R"({"loanstream_envelope":1,"base64":"aGVsbG8=","origin":{"topic":"t"}})",
             R"({"loanstream_envelope":1,"base64":"aGVsbG8=",)"
             R"("origin":{"topic":"../t","partition":0,"offset":42}})",
             R"({"loanstream_envelope":1,"base64":"aGVsbG8=",)"
             R"("origin":{"topic":"t","partition":0,"offset":99999999999999999999}})",
             R"({"loanstream_envelope":2,"base64":"aGVsbG8="})",
             R"({"loanstream_envelope":1,)",
         })
        EXPECT_FALSE(from_envelope(line)) << line;
}

TEST(Envelope, NeededForNewlinesOnly) {
    EXPECT_FALSE(needs_envelope(R"({"member_id":"7"})"));
    EXPECT_FALSE(needs_envelope(std::string("\0\r\xff", 3)));
    EXPECT_FALSE(needs_envelope(""));
    EXPECT_TRUE(needs_envelope("a\n"));
}

}  // namespace
}  // namespace loanstream

#include "kafka/record_key.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

class Keys : public testing::Test {
protected:
    Keys() {
        auto policy = load_policy("lendingclub");
        EXPECT_TRUE(policy);
        key_ = std::make_unique<RecordKey>(*policy);
    }
    std::string of(std::string record) { return std::string(key_->of(record)); }
    std::unique_ptr<RecordKey> key_;
};

TEST_F(Keys, TheIdFieldAsText) {
    EXPECT_EQ(of(R"({"member_id":"40000004","loan_amnt":"1"})"), "40000004");
    EXPECT_EQ(of(R"({"loan_amnt":"1","member_id": 17})"), "17");
    EXPECT_EQ(of(R"({"member_id":"  a\u0062 "})"), "ab");
}

TEST_F(Keys, NoneWhereThereIsNone) {
    for (const char* record :
         {"", "not json", "[]", "{}", R"({"member_id":null})", R"({"member_id":""})",
          R"({"member_id":"  "})", R"({"member_id":{"a":1}})", R"({"member_id":"1")"})
        EXPECT_EQ(of(record), "") << record;
}

}  // namespace
}  // namespace loanstream

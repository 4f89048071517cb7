#include "feed/topic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/memory_env.h"
#include "feed/topic_writer.h"

namespace loanstream {
namespace {

using ::testing::HasSubstr;

TEST(Topic, CreatedListedDescribedDeleted) {
    MemoryEnv env;
    EXPECT_TRUE(list_topics(env, "/topics")->empty());
    auto made = create_topic(env, "/topics", "applicants", 3);
    ASSERT_TRUE(made) << made.error().line();
    ASSERT_TRUE(create_topic(env, "/topics", "again", 1));
    EXPECT_EQ(create_topic(env, "/topics", "applicants", 3).error().code, ErrorCode::kAlreadyThere);
    auto list = list_topics(env, "/topics");
    ASSERT_EQ(list->size(), 2u);
    EXPECT_EQ(list->at(0).name, "again");
    EXPECT_EQ(list->at(1).name, "applicants");
    EXPECT_EQ(list->at(1).partitions, 3);
    EXPECT_EQ(list->at(1).id, made->id);
    EXPECT_EQ(create_topic_if_missing(env, "/topics", "applicants", 9)->partitions, 3);

    ASSERT_TRUE(delete_topic(env, "/topics", "applicants"));
    auto gone = describe_topic(env, "/topics", "applicants");
    EXPECT_EQ(gone.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(gone.error().mend, HasSubstr("loanstream topic create applicants"));
    EXPECT_EQ(delete_topic(env, "/topics", "applicants").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(list_topics(env, "/topics")->size(), 1u);
}

TEST(Topic, SurvivesALossOfPower) {
    MemoryEnv env;
    auto made = create_topic(env, "/topics", "applicants", 3);
    env.lose_power();
    auto there = describe_topic(env, "/topics", "applicants");
    ASSERT_TRUE(there) << there.error().line();
    EXPECT_EQ(there->id, made->id);
}

TEST(Topic, RefusesWrongNamesAndNumbers) {
    MemoryEnv env;
    for (const char* name : {"", ".", "..", "a/b", "../x", "with blank"})
        EXPECT_EQ(create_topic(env, "/topics", name, 1).error().code, ErrorCode::kUsage) << name;
    for (int partitions : {-1, 0, 10001})
        EXPECT_EQ(create_topic(env, "/topics", "t", partitions).error().code, ErrorCode::kUsage);
    EXPECT_TRUE(env.files().empty());
}

TEST(Topic, DescriptionIsCheckedOnTheWayIn) {
    struct Case {
        const char* text;
        ErrorCode code;
    };
    for (auto [text, code] : {
             Case{"", ErrorCode::kInvalidData},
             Case{"[]", ErrorCode::kInvalidData},
             Case{"{\"format\":1}", ErrorCode::kInvalidData},
             Case{"{\"format\":2,\"partitions\":1,\"created_ms\":1,\"id\":\"x\"}",
                  ErrorCode::kUnknownFormat},
             Case{"{\"format\":1,\"partitions\":0,\"created_ms\":1,\"id\":\"x\"}",
                  ErrorCode::kInvalidData},
             Case{"{\"format\":1,\"partitions\":4294967297,\"created_ms\":1,\"id\":\"x\"}",
                  ErrorCode::kInvalidData},
         }) {
        MemoryEnv env;
        ASSERT_TRUE(env.make_folders("/topics/t"));
        env.overwrite("/topics/t/topic.json", text);
        auto topic = describe_topic(env, "/topics", "t");
        ASSERT_FALSE(topic) << text;
        EXPECT_EQ(topic.error().code, code) << text;
        EXPECT_FALSE(list_topics(env, "/topics")) << "must not be passed over: " << text;
    }
}

TEST(Topic, DeleteKeepsWhatIsNotItsOwn) {
    MemoryEnv env;
    ASSERT_TRUE(create_topic(env, "/topics", "t", 1));
    env.overwrite("/topics/t/thesis.doc", "years of work");
    auto refused = delete_topic(env, "/topics", "t");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().line(), HasSubstr("thesis.doc"));
    EXPECT_TRUE(env.files().contains("/topics/t/thesis.doc"));
    EXPECT_TRUE(env.files().contains("/topics/t/topic.json"));
}

TEST(Topic, PartitionsAreCountedWithAndWithoutTheIndex) {
    for (bool with_index : {true, false}) {
        MemoryEnv env;
        auto topic = create_topic(env, "/topics", "t", 2);
        TopicFolder folder("/topics", "t");
        auto writer = TopicWriter::open(env, folder, PartitionId(1));
        ASSERT_TRUE((*writer)->append({"a", "b", ""}));
        ASSERT_TRUE((*writer)->append({"dd"}));
        std::string bytes = env.files()[folder.records(PartitionId(1))];
        env.overwrite(folder.records(PartitionId(1)), bytes + "torn");
        env.overwrite(folder.position(PartitionId(1)), "{\"next\":2,\"ms\":5}\n");
        if (!with_index) {
            ASSERT_TRUE(env.remove_file(folder.index(PartitionId(1))));
        }
        auto partitions = describe_partitions(env, "/topics", *topic);
        ASSERT_TRUE(partitions) << partitions.error().line();
        ASSERT_EQ(partitions->size(), 2u);
        EXPECT_EQ(partitions->at(0).watermark, Offset(0));
        EXPECT_EQ(partitions->at(0).mirrored_next, -1);
        EXPECT_EQ(partitions->at(1).watermark, Offset(4));
        EXPECT_EQ(partitions->at(1).bytes, 8u);
        EXPECT_EQ(partitions->at(1).mirrored_next, 2);
    }
}

}  // namespace
}  // namespace loanstream

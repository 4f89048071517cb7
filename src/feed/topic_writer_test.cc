#include "feed/topic_writer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/crash_points.h"
#include "base/faulty_env.h"
#include "base/memory_env.h"

namespace loanstream {
namespace {

using ::testing::HasSubstr;

constexpr PartitionId kZero(0);

struct World {
    MemoryEnv env;
    TopicFolder folder{"/topics", "t"};
    World() { EXPECT_TRUE(create_topic(env, "/topics", "t", 1)); }
    std::unique_ptr<TopicWriter> writer() {
        auto made = TopicWriter::open(env, folder, kZero);
        EXPECT_TRUE(made) << made.error().line();
        return std::move(*made);
    }
    std::string records() { return env.files()[folder.records(kZero)]; }
    std::string index() { return env.files()[folder.index(kZero)]; }
};

TEST(TopicWriter, OffsetsAreLineNumbers) {
    World world;
    auto writer = world.writer();
    EXPECT_EQ(*writer->append({"a", "bb"}), Offset(0));
    EXPECT_EQ(*writer->append({""}), Offset(2));
    EXPECT_EQ(*writer->append({}), Offset(3));
    EXPECT_EQ(*writer->append({"c"}), Offset(3));
    EXPECT_EQ(writer->next(), Offset(4));
    EXPECT_EQ(world.records(), "a\nbb\n\nc\n");
    EXPECT_EQ(world.writer()->next(), Offset(4));
}

TEST(TopicWriter, ReportedIsDurable) {
    World world;
    auto writer = world.writer();
    ASSERT_TRUE(writer->append({"a", "bb"}));
    world.env.lose_power();
    EXPECT_EQ(world.records(), "a\nbb\n");
}

// What is found at start, and what must be left of it.
TEST(TopicWriter, CutsATornTailOnly) {
    struct Case {
        const char *found, *kept;
        std::int64_t next;
    };
    for (auto [found, kept, next] :
         {Case{"", "", 0}, Case{"torn", "", 0}, Case{"a\n", "a\n", 1}, Case{"a\ntorn", "a\n", 1},
          Case{"a\n\n\nt", "a\n\n\n", 3}, Case{"\n", "\n", 1}}) {
        World world;
        world.env.overwrite(world.folder.records(kZero), found);
        auto writer = world.writer();
        EXPECT_EQ(writer->next(), Offset(next)) << found;
        EXPECT_EQ(world.records(), kept);
        EXPECT_EQ(*writer->append({"new"}), Offset(next));
        EXPECT_EQ(world.records(), std::string(kept) + "new\n");
    }
}

// A rival in another process that dies between two appends of ours.
TEST(TopicWriter, RivalsTornTailIsCutBeforeTheNextAppend) {
    World world;
    auto ours = world.writer(), rival = world.writer();
    ASSERT_TRUE(ours->append({"ours"}));
    ASSERT_TRUE(rival->append({"rival's"}));
    world.env.overwrite(world.folder.records(kZero), world.records() + "half a li");
    world.env.overwrite(world.folder.index(kZero), world.index() + "{\"offset\":2,\"by");
    EXPECT_EQ(*ours->append({"again"}), Offset(2));
    EXPECT_EQ(world.records(), "ours\nrival's\nagain\n");
    TopicIndex index(world.env, world.folder.index(kZero));
    ASSERT_TRUE(index.follow());
    ASSERT_EQ(index.entries().size(), 3u);
    EXPECT_EQ(index.entries()[2].offset, 2);
    EXPECT_EQ(index.entries()[2].byte, 13u);
}

TEST(TopicWriter, WaitsForARivalThenSaysWhoHoldsIt) {
    World world;
    auto writer = world.writer();
    auto lock = world.env.try_lock(world.folder.producer_lock(kZero));
    ASSERT_TRUE(lock && *lock);
    auto refused = writer->append({"a"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kBusy);
    EXPECT_THAT(refused.error().line(), HasSubstr("producer.lock"));
    lock->reset();
    EXPECT_TRUE(writer->append({"a"}));
    EXPECT_EQ(world.records(), "a\n");
}

TEST(TopicWriter, TopicMadeAnewUnderTheProducer) {
    World world;
    auto writer = world.writer();
    ASSERT_TRUE(writer->append({"old", "older"}));
    ASSERT_TRUE(delete_topic(world.env, "/topics", "t"));
    ASSERT_TRUE(create_topic(world.env, "/topics", "t", 1));
    EXPECT_EQ(*writer->append({"new"}), Offset(0));
    EXPECT_EQ(world.records(), "new\n");
}

TEST(TopicWriter, IndexLostBetweenAppends) {
    World world;
    auto writer = world.writer();
    ASSERT_TRUE(writer->append({"a", "b"}));
    ASSERT_TRUE(world.env.remove_file(world.folder.index(kZero)));
    EXPECT_EQ(*writer->append({"c"}), Offset(2));
    EXPECT_EQ(world.index(), fmt::format("{{\"offset\":2,\"byte\":4,\"count\":1,\"ms\":{}}}\n",
                                         world.env.now().value));
    EXPECT_EQ(world.writer()->next(), Offset(3));
}

TEST(TopicWriter, AnIndexOfOtherRecordsIsNotBelieved) {
    World world;
    world.env.overwrite(world.folder.records(kZero), "first\nsecond\nthird\n");
    world.env.overwrite(world.folder.index(kZero),
                        "{\"offset\":700,\"byte\":8,\"count\":1,\"ms\":1}\n");
    EXPECT_EQ(world.writer()->next(), Offset(3));
}

TEST(TopicWriter, RowsOfAFileAreProducedOnce) {
    World world;
    auto writer = world.writer();
    EXPECT_EQ(*writer->next_row("abc", 1), 1);
    ASSERT_TRUE(writer->append({"r1", "r3", "r5"}, TopicWriter::FileRows{"abc", 1, 2}));
    EXPECT_EQ(*writer->next_row("abc", 1), 7);
    EXPECT_EQ(*writer->next_row("another", 0), 0);
    ASSERT_TRUE(writer->append({"from the api"}));
    ASSERT_TRUE(writer->append({"x0"}, TopicWriter::FileRows{"another", 0, 2}));
    EXPECT_EQ(*world.writer()->next_row("abc", 1), 7);
    EXPECT_EQ(*world.writer()->next_row("another", 0), 2);
    // The batch was announced with three rows, and two came through.
    ASSERT_TRUE(writer->append({"r7", "r9", "r11"}, TopicWriter::FileRows{"abc", 7, 2}));
    std::string records = world.records();
    world.env.overwrite(world.folder.records(kZero), records.substr(0, records.size() - 2));
    EXPECT_EQ(*world.writer()->next_row("abc", 1), 11);
}

TEST(TopicWriter, TwoSourcesOfOneFileDoNotDoubleIt) {
    World world;
    auto one = world.writer(), other = world.writer();
    ASSERT_TRUE(one->append({"r0", "r1"}, TopicWriter::FileRows{"abc", 0, 1}));
    auto refused = other->append({"r0", "r1"}, TopicWriter::FileRows{"abc", 0, 1});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kBusy);
    EXPECT_TRUE(one->append({"r2"}, TopicWriter::FileRows{"abc", 2, 1}));
    EXPECT_EQ(world.records(), "r0\nr1\nr2\n");
}

// The process dies, or the machine loses power, at each call of the seam; then a new producer goes
// on with the file's rows. Nothing reported is lost, nothing is torn, no row is there twice.
TEST(TopicWriter, DiesAtEveryCall) {
    using Fault = FaultyEnv::Fault;
    const std::vector<std::string> rows = {"row zero", "row 1", "", "row 3", "row 4", "row 5"};
    std::int64_t calls = 0;
    for (Fault fault : {Fault::kDiesBefore, Fault::kDiesAfter})
        for (bool power : {false, true})
            for (std::int64_t call = 1;; ++call) {
                World world;
                FaultyEnv faulty(world.env);
                faulty.plan(fault, call);
                std::int64_t reported = 0;
                auto produce = [&](Env& env) -> Result<void> {
                    TRY(auto writer, TopicWriter::open(env, world.folder, kZero));
                    TRY(std::int64_t row, writer->next_row("abc", 0));
                    for (; row < 6; row += 2) {
                        auto at = static_cast<std::size_t>(row);
                        std::vector<std::string_view> lines = {rows[at]};
                        if (at + 1 < rows.size()) lines.push_back(rows[at + 1]);
                        TRY_VOID(writer->append(lines, TopicWriter::FileRows{"abc", row, 1}));
                        reported = row + static_cast<std::int64_t>(lines.size());
                    }
                    return {};
                };
                bool died = !produce(faulty);
                calls = std::max(calls, call);
                if (power) world.env.lose_power();
                std::int64_t there = std::ranges::count(world.records(), '\n');
                EXPECT_GE(there, reported) << "call " << call;
                auto again = produce(world.env);
                ASSERT_TRUE(again) << again.error().line();
                EXPECT_EQ(world.records(), "row zero\nrow 1\n\nrow 3\nrow 4\nrow 5\n")
                    << "call " << call << " power " << power;
                if (!died) break;
            }
    EXPECT_GT(calls, 30) << "the table is empty";
}

class TopicWriterCrash : public ::testing::TestWithParam<CrashPoint> {};

// The crash points of the shipped program, on the machine's own disk. The dying process is this
// test started once more by EXPECT_EXIT, so the folder's name must not depend on the process.
TEST_P(TopicWriterCrash, LosesNothing) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const char* given = std::getenv("TOPIC_WRITER_TEST_ROOT");
    std::string made = ::testing::TempDir() + fmt::format("topic_writer_test.{}", ::getpid());
    std::string root = given != nullptr ? given : made;
    auto env = make_system_env();
    ASSERT_TRUE(create_topic_if_missing(*env, root, "t", 1));
    TopicFolder folder(root, "t");
    auto produce = [&]() -> Result<void> {
        TRY(auto writer, TopicWriter::open(*env, folder, kZero));
        TRY(std::int64_t row, writer->next_row("abc", 0));
        for (; row < 9; row += 1)
            TRY_VOID(
                writer->append({"a row of some length"}, TopicWriter::FileRows{"abc", row, 1}));
        return {};
    };
    ::setenv("TOPIC_WRITER_TEST_ROOT", root.c_str(), 1);
    ::setenv("LOANSTREAM_CRASH_AT", fmt::format("{}:3", name_of(GetParam())).c_str(), 1);
    EXPECT_EXIT(std::exit(produce() ? 0 : 1), ::testing::ExitedWithCode(137), "");
    ::unsetenv("LOANSTREAM_CRASH_AT");
    ::unsetenv("TOPIC_WRITER_TEST_ROOT");
    EXPECT_TRUE(produce());
    std::string wanted;
    for (int i = 0; i < 9; ++i) wanted += "a row of some length\n";
    EXPECT_EQ(*env->read_whole(folder.records(kZero), 1 << 20), wanted);
    std::filesystem::remove_all(root);
}

INSTANTIATE_TEST_SUITE_P(Points, TopicWriterCrash,
                         ::testing::Values(CrashPoint::kTopicHalfLine, CrashPoint::kTopicAppended,
                                           CrashPoint::kTopicSynced));

}  // namespace
}  // namespace loanstream

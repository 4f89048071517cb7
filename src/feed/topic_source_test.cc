#include "feed/topic_source.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/memory_env.h"
#include "feed/envelope.h"
#include "feed/topic_writer.h"

namespace loanstream {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

SourcePartition part(std::int32_t partition) {
    return {"t", Incarnation(0), PartitionId(partition)};
}

TopicSource::TryLock locks_in(Env& env) {
    return [&env](const SourcePartition& source) {
        return env.try_lock(fmt::format("/locks/{}", source.partition.value));
    };
}

struct World {
    MemoryEnv env;
    TopicFolder folder{"/topics", "t"};
    explicit World(std::int32_t partitions = 1) {
        EXPECT_TRUE(create_topic(env, "/topics", "t", partitions));
    }
    void put(std::string bytes, std::int32_t partition = 0) {
        env.overwrite(folder.records(PartitionId(partition)), std::move(bytes));
    }
    std::unique_ptr<TopicWriter> writer(std::int32_t partition = 0) {
        return std::move(*TopicWriter::open(env, folder, PartitionId(partition)));
    }
    Result<std::unique_ptr<TopicSource>> open(TopicSourceSettings settings = {}) {
        return TopicSource::open(
            env, "/topics", "t", locks_in(env), [](PartitionId) { return Incarnation(0); },
            settings);
    }
    // Everything from `next` on, with all its partitions taken.
    std::unique_ptr<TopicSource> reader(TopicSourceSettings settings = {}, std::int64_t next = 0) {
        auto source = std::move(*open(settings));
        auto found = source->assignment();
        for (const auto& owned : found->owned) EXPECT_TRUE(source->seek(owned, {Offset(next)}));
        return source;
    }
};

// "offset:text" of each record; asserts what every batch must keep to.
std::vector<std::string> texts(const RawBatch& batch) {
    std::vector<std::string> list;
    Offset after = batch.range.begin;
    for (const auto& record : batch.records) {
        EXPECT_GE(record.offset, after);
        after = record.offset + 1;
        EXPECT_LE(record.begin + record.length + kRecordPadding, batch.bytes.capacity());
        list.push_back(fmt::format("{}:{}", record.offset.value, batch.bytes_of(record)));
    }
    EXPECT_EQ(batch.range.next, after) << "a range ends behind its last record";
    return list;
}

std::vector<std::string> read_all(TopicSource& source) {
    std::vector<std::string> all;
    RawBatch batch;
    while (true) {
        auto some = source.poll(milliseconds(0), batch);
        EXPECT_TRUE(some) << some.error().line();
        if (!some || !*some) return all;
        for (auto& text : texts(batch)) all.push_back(std::move(text));
    }
}

TEST(TopicSource, RecordsAreCompleteLines) {
    struct Case {
        const char* file;
        std::vector<std::string> records;
    };
    for (const auto& [file, records] : std::vector<Case>{
             {"", {}},
             {"torn", {}},
             {"a\n", {"0:a"}},
             {"a\n\nbb\nto", {"0:a", "1:", "2:bb"}},
             {"\n\n", {"0:", "1:"}},
             {"a\r\n", {"0:a\r"}},
         }) {
        World world;
        world.put(file);
        EXPECT_EQ(read_all(*world.reader()), records) << file;
    }
}

// Whatever the bounds, the same records come out.
TEST(TopicSource, BoundsDoNotChangeWhatIsRead) {
    World world;
    std::string file;
    std::vector<std::string> records;
    for (int i = 0; i < 700; ++i) {
        std::string text(static_cast<std::size_t>(i * 7919 % 5000),
                         static_cast<char>('a' + i % 26));
        records.push_back(fmt::format("{}:{}", i, text));
        file += text + "\n";
    }
    world.put(file);
    for (std::int64_t most_records : {1, 7, 10000})
        for (std::int64_t most_bytes : {1, 1024, 5001, 100000, 1 << 24}) {
            TopicSourceSettings settings;
            settings.batch_records = most_records;
            settings.batch_bytes = most_bytes;
            auto source = world.reader(settings);
            RawBatch batch;
            std::vector<std::string> all;
            while (*source->poll(milliseconds(0), batch)) {
                EXPECT_LE(static_cast<std::int64_t>(batch.records.size()), most_records);
                EXPECT_LE(static_cast<std::int64_t>(batch.bytes.size()),
                          std::max<std::int64_t>(most_bytes, 5000));
                for (auto& text : texts(batch)) all.push_back(std::move(text));
            }
            EXPECT_EQ(all, records) << most_records << " " << most_bytes;
        }
}

TEST(TopicSource, LongRecordsAreMarkedAndPassed) {
    constexpr std::int64_t kMost = 100000;
    struct Case {
        std::size_t length;
        bool too_large;
        std::size_t kept;
    };
    for (std::int64_t batch_bytes : {1024, 1 << 20})
        for (auto [length, too_large, kept] :
             {Case{2000, false, 2000}, Case{kMost, false, kMost}, Case{kMost + 1, true, 65536},
              Case{3 << 20, true, 65536}}) {
            World world;
            std::string large(length, 'x');
            world.put("before\n" + large + "\nafter\n");
            TopicSourceSettings settings;
            settings.batch_bytes = batch_bytes;
            settings.most_record_bytes = kMost;
            auto source = world.reader(settings);
            RawBatch batch;
            std::vector<RawRecord> records;
            while (*source->poll(milliseconds(0), batch))
                records.insert(records.end(), batch.records.begin(), batch.records.end());
            ASSERT_EQ(records.size(), 3u) << length << " " << batch_bytes;
            EXPECT_EQ(records[1].too_large, too_large) << length;
            EXPECT_EQ(records[1].length, kept) << length << " " << batch_bytes;
            EXPECT_FALSE(records[0].too_large || records[2].too_large);
            EXPECT_EQ(batch.bytes_of(records[2]), "after");
        }
}

TEST(TopicSource, ALongRecordThatIsBarelyTooLargeKeepsItsOwnBytesOnly) {
    World world;
    world.put(std::string(2000, 'x') + "\nafter\n");
    TopicSourceSettings settings;
    settings.batch_bytes = 1024;
    settings.most_record_bytes = 1500;
    auto source = world.reader(settings);
    RawBatch batch;
    ASSERT_TRUE(*source->poll(milliseconds(0), batch));
    EXPECT_TRUE(batch.records[0].too_large);
    EXPECT_EQ(batch.bytes_of(batch.records[0]), std::string(2000, 'x'));
    EXPECT_THAT(read_all(*source), ElementsAre("1:after"));
}

TEST(TopicSource, ALongRecordMayGrowWhileItIsRead) {
    World world;
    TopicSourceSettings settings;
    settings.batch_bytes = 1024;
    std::string file;
    world.put("");
    auto source = world.reader(settings);
    for (int i = 0; i < 20; ++i) {
        file += std::string(300, 'y');
        world.put(file);
        EXPECT_TRUE(read_all(*source).empty());
    }
    world.put(file + "\n");
    EXPECT_THAT(read_all(*source), ElementsAre("0:" + file));
}

TEST(TopicSource, FollowsAGrowingTopic) {
    World world;
    auto source = world.reader();  // before the first record there is no file
    EXPECT_TRUE(read_all(*source).empty());
    auto writer = world.writer();
    EXPECT_EQ(*source->watermark(part(0)), Offset(0));
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(writer->append({"x"}));
        EXPECT_EQ(*source->watermark(part(0)), Offset(i + 1));
        EXPECT_THAT(read_all(*source), ElementsAre(fmt::format("{}:x", i)));
    }
}

TEST(TopicSource, WhatIsMadeDurableOutlivesAPowerFailure) {
    World world;
    auto file = std::move(*world.env.append_file(world.folder.records(PartitionId(0))));
    EXPECT_TRUE(file->append("a\nb\n"));  // as a producer that has not synced yet
    auto source = world.reader();
    EXPECT_THAT(read_all(*source), ElementsAre("0:a", "1:b"));
    EXPECT_TRUE(source->make_durable(part(0)));
    world.env.lose_power();
    EXPECT_THAT(read_all(*world.reader()), ElementsAre("0:a", "1:b"));
}

TEST(TopicSource, PollWaitsNoLongerThanTold) {
    World world;
    auto source = world.reader();
    RawBatch batch;
    auto before = world.env.monotonic();
    EXPECT_FALSE(*source->poll(milliseconds(35), batch));
    EXPECT_EQ(world.env.monotonic() - before, milliseconds(35));
}

TEST(TopicSource, SeeksWithAndWithoutTheIndex) {
    for (bool with_index : {true, false}) {
        World world;
        auto writer = world.writer();
        for (int i = 0; i < 5000; ++i)
            ASSERT_TRUE(writer->append({fmt::format("record {}", 2 * i), "odd"}));
        if (!with_index) {
            ASSERT_TRUE(world.env.remove_file(world.folder.index(PartitionId(0))));
        }
        for (std::int64_t next : {0, 1, 2, 4999, 9998, 9999}) {
            auto all = read_all(*world.reader({}, next));
            ASSERT_EQ(all.size(), static_cast<std::size_t>(10000 - next));
            EXPECT_EQ(all[0], next % 2 != 0 ? fmt::format("{}:odd", next)
                                            : fmt::format("{0}:record {0}", next));
        }
        EXPECT_TRUE(read_all(*world.reader({}, 10000)).empty());
        auto source = std::move(*world.open());
        ASSERT_TRUE(source->assignment());
        auto beyond = source->seek(part(0), {Offset(10001)});
        ASSERT_FALSE(beyond);
        EXPECT_EQ(beyond.error().code, ErrorCode::kDamaged);
        EXPECT_THAT(beyond.error().line(), HasSubstr("ends at offset 10000"));
    }
}

TEST(TopicSource, TimesComeFromTheIndex) {
    World world;
    auto writer = world.writer();
    std::vector<std::int64_t> times;
    for (int i = 0; i < 3; ++i) {
        world.env.advance(milliseconds(1000));
        ASSERT_TRUE(writer->append({"a", "b"}));
        times.insert(times.end(), 2, world.env.now().value);
    }
    auto times_of = [](const RawBatch& batch) {
        std::vector<std::int64_t> list;
        for (const auto& record : batch.records) list.push_back(record.event_ms);
        return list;
    };
    RawBatch batch;
    auto source = world.reader();
    ASSERT_TRUE(*source->poll(milliseconds(0), batch));
    EXPECT_EQ(times_of(batch), times);
    // From the middle of a batch.
    ASSERT_TRUE(source->seek(part(0), {Offset(3)}));
    ASSERT_TRUE(*source->poll(milliseconds(0), batch));
    EXPECT_EQ(times_of(batch), std::vector(times.begin() + 3, times.end()));
    // A batch announced with three records of which one came, then the next.
    std::string index = world.env.files()[world.folder.index(PartitionId(0))];
    world.env.overwrite(world.folder.index(PartitionId(0)),
                        index + "{\"offset\":6,\"byte\":12,\"count\":3,\"ms\":77}\n");
    world.put("a\nb\na\nb\na\nb\nc\n");
    ASSERT_TRUE(*source->poll(milliseconds(0), batch));
    EXPECT_EQ(times_of(batch), std::vector<std::int64_t>{77});
    ASSERT_TRUE(world.writer()->append({"d"}));
    ASSERT_TRUE(*source->poll(milliseconds(0), batch));
    EXPECT_EQ(times_of(batch), std::vector<std::int64_t>{world.env.now().value});
    // Records that no batch announced.
    world.put("a\nb\na\nb\na\nb\nc\nd\nby hand\n");
    ASSERT_TRUE(*source->poll(milliseconds(0), batch));
    EXPECT_EQ(times_of(batch), std::vector<std::int64_t>{-1});
}

TEST(TopicSource, EnvelopesAreOpened) {
    World world;
    auto origin = Position::parse("t/0@5");
    std::string repaired = to_envelope("two\nlines", *origin);
    std::string broken = std::string(kEnvelopeBegin) + "\"base64\":\"?\"}";
    ASSERT_TRUE(world.writer()->append({"plain", repaired, broken, to_envelope("", std::nullopt)}));
    auto source = world.reader();
    RawBatch batch;
    ASSERT_TRUE(*source->poll(milliseconds(0), batch));
    EXPECT_THAT(texts(batch), ElementsAre("0:plain", "1:two\nlines", "2:" + broken, "3:"));
    EXPECT_EQ(batch.records[0].origin, std::nullopt);
    EXPECT_EQ(batch.records[1].origin, *origin);
    EXPECT_EQ(batch.records[2].origin, std::nullopt);
}

TEST(TopicSource, PartitionsTakeTurns) {
    World world(3);
    for (int p = 0; p < 3; ++p) ASSERT_TRUE(world.writer(p)->append({"a", "b"}));
    TopicSourceSettings settings;
    settings.batch_records = 1;
    auto source = world.reader(settings);
    std::vector<std::int32_t> turns;
    RawBatch batch;
    while (*source->poll(milliseconds(0), batch)) turns.push_back(batch.source.partition.value);
    EXPECT_THAT(turns, ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST(TopicSource, OnlyTheWantedPartitions) {
    World world(4);
    TopicSourceSettings settings;
    settings.partitions = {1, 3};
    auto source = std::move(*world.open(settings));
    EXPECT_THAT(source->assignment()->owned, UnorderedElementsAre(part(1), part(3)));
    settings.partitions = {4};
    auto refused = world.open(settings);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().line(), HasSubstr("0 to 3"));
}

TEST(TopicSource, WaitsForARivalAndTakesOver) {
    World world(3);
    TopicSourceSettings first_two;
    first_two.partitions = {0, 1};
    auto owner = std::move(*world.open(first_two));
    ASSERT_TRUE(owner->assignment());
    auto stand_by = std::move(*world.open());
    auto found = stand_by->assignment();
    EXPECT_THAT(found->owned, ElementsAre(part(2)));
    EXPECT_THAT(found->waiting, ElementsAre(part(0), part(1)));
    owner.reset();
    auto before = world.env.monotonic();
    while (!stand_by->assignment()->waiting.empty()) {
        world.env.advance(milliseconds(10));
        ASSERT_LE(world.env.monotonic() - before, milliseconds(2000));
    }
    EXPECT_EQ(stand_by->assignment()->owned.size(), 3u);
}

// The owner is another process that is killed: the machine itself lets its lock go.
TEST(TopicSource, TakesOverWithinTwoSecondsOfTheOwnersDeath) {
    std::string root = ::testing::TempDir() + fmt::format("topic_source_test.{}", ::getpid());
    auto env = make_system_env();
    ASSERT_TRUE(create_topic(*env, root, "t", 1));
    auto open = [&] {
        return std::move(*TopicSource::open(
            *env, root, "t",
            [&](const SourcePartition&) { return env->try_lock(join_path(root, "lock")); },
            [](PartitionId) { return Incarnation(0); }, {}));
    };
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    pid_t child = ::fork();
    if (child == 0) {
        auto owner = open();
        char state = owner->assignment()->owned.size() == 1 ? 'y' : 'n';
        [[maybe_unused]] auto written = ::write(ready[1], &state, 1);
        while (true) ::pause();
    }
    char state = 0;
    ASSERT_EQ(::read(ready[0], &state, 1), 1);
    ASSERT_EQ(state, 'y');
    auto stand_by = open();
    EXPECT_EQ(stand_by->assignment()->waiting.size(), 1u);
    ::kill(child, SIGKILL);
    auto killed = env->monotonic();
    ::waitpid(child, nullptr, 0);
    while (stand_by->assignment()->owned.empty()) {
        ASSERT_LE(env->monotonic() - killed, milliseconds(2000));
        env->sleep_for(milliseconds(5));
    }
    std::filesystem::remove_all(root);
}

TEST(TopicSource, MirrorIsWhatDescribeShows) {
    World world;
    ASSERT_TRUE(world.writer()->append({"a", "b"}));
    auto source = world.reader();
    ASSERT_TRUE(source->mirror(part(0), Offset(1)));
    ASSERT_TRUE(source->mirror(part(0), Offset(2)));
    auto topic = describe_topic(world.env, "/topics", "t");
    EXPECT_EQ(describe_partitions(world.env, "/topics", *topic)->at(0).mirrored_next, 2);
    for (const auto& [path, bytes] : world.env.files())
        EXPECT_THAT(path, ::testing::Not(HasSubstr("temporary")));
}

TEST(TopicSource, NoTopicNamesTheWayToMakeOne) {
    MemoryEnv env;
    auto source = TopicSource::open(env, "/topics", "t", locks_in(env),
                                    [](PartitionId) { return Incarnation(0); }, {});
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(source.error().mend, HasSubstr("topic create"));
}

}  // namespace
}  // namespace loanstream

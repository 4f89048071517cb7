// Errors, ids, checksums, log lines and crash points.
#include <gtest/gtest.h>

#include <set>

#include "base/crash_points.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/log_line.h"
#include "base/memory_env.h"
#include "base/sha256.h"

namespace loanstream {
namespace {

TEST(Error, OneLine) {
    EXPECT_EQ((Error{ErrorCode::kUsage, "what", {}, {}}.line()), "what");
    EXPECT_EQ((Error{ErrorCode::kUsage, "what", "where", "mend"}.line()), "where: what; mend");
    EXPECT_EQ((Error{ErrorCode::kUsage, "what", "in", {}}.at("out").where), "out: in");
    EXPECT_EQ((Error{ErrorCode::kUsage, "what", {}, {}}.at("out").where), "out");
}

TEST(Error, ExitStatusAndNames) {
    using enum ErrorCode;
    const std::pair<ErrorCode, int> cases[] = {
        {kUsage, 2},   {kNotFound, 1}, {kAlreadyThere, 1}, {kAnswerIsNo, 1},    {kInvalidData, 1},
        {kBusy, 3},    {kFenced, 3},   {kDamaged, 3},      {kUnknownFormat, 3}, {kDiskFull, 3},
        {kOutside, 3}, {kTimeout, 3},  {kInternal, 3}};
    std::set<std::string_view> names;
    for (auto [code, status] : cases) {
        EXPECT_EQ(exit_status(code), status) << name_of(code);
        EXPECT_TRUE(names.insert(name_of(code)).second);
    }
}

TEST(Error, TryHandsErrorsUp) {
    auto half = [](int n) -> Result<int> {
        if (n % 2 != 0) return fail(ErrorCode::kInvalidData, "odd");
        return n / 2;
    };
    auto quarter = [&](int n) -> Result<int> {
        TRY(int once, half(n));
        TRY_VOID(half(once));
        return once / 2;
    };
    EXPECT_EQ(*quarter(8), 2);
    EXPECT_EQ(quarter(6).error().what, "odd");
    EXPECT_EQ(quarter(3).error().code, ErrorCode::kInvalidData);
}

TEST(Position, RoundTrips) {
    for (const char* text :
         {"fintech_pyspark/0@42", "a-b.c/12@0", "name#1/0@7", "t/2147483647@9223372036854775807"}) {
        auto position = Position::parse(text);
        ASSERT_TRUE(position) << text;
        EXPECT_EQ(position->text(), text);
    }
    EXPECT_EQ(Position::parse("name#1/0@7")->source.source_topic(), "name#1");
    EXPECT_EQ(Position::parse("name#1/0@7")->source.topic, "name");
}

TEST(Position, RefusesOthers) {
    for (const char* text : {"", "t", "t/0", "t@0", "t@0/1", "/0@1", "t/@1", "t/0@", "t/-1@0",
                             "t/0@-1", "t/0@1x", "t/0x@1", "t/2147483648@0", "a b/0@1", "../0@1",
                             "t#/0@1", "t#x/0@1", "t/0@9223372036854775808"}) {
        auto position = Position::parse(text);
        ASSERT_FALSE(position) << text;
        EXPECT_EQ(position.error().code, ErrorCode::kUsage);
    }
}

TEST(Topic, Names) {
    EXPECT_TRUE(check_topic_name(std::string(200, 'a')));
    for (const char* name : {"", ".", "..", "a/b", "a#1", "a b", "\xc3\xa4"})
        EXPECT_FALSE(check_topic_name(name)) << name;
    EXPECT_FALSE(check_topic_name(std::string(201, 'a')));
}

TEST(Sha256, WholeAndInPieces) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    Sha256 pieces;
    for (char c : std::string_view("abc")) pieces.update({&c, 1});
    Sha256 moved = std::move(pieces);
    EXPECT_EQ(moved.hex(), sha256_hex("abc"));
    EXPECT_TRUE(is_sha256_hex(sha256_hex("")));
    EXPECT_FALSE(is_sha256_hex(std::string(64, 'A')));
    EXPECT_FALSE(is_sha256_hex(std::string(63, 'a')));
}

TEST(LogLine, TextAndJson) {
    MemoryEnv env;
    std::string out;
    auto write = [&](std::string_view line) { out += line; };
    Logger text(env, LogFormat::kText, LogLevel::kInfo, write);
    Logger json(env, LogFormat::kJson, LogLevel::kWarning, write);
    text.event(events::kPartitionClaimed, {{"partition", "a \"b\"\n"}, {"next", 3}});
    EXPECT_EQ(out,
              "at=2023-11-14T22:13:20.000Z level=info event=partition_claimed "
              "what=\"the partition is ours; reading goes on\" "
              "partition=\"a \\\"b\\\"\\u000a\" next=3\n");
    out.clear();
    json.event(events::kPartitionClaimed, {{"partition", "t/0"}, {"next", 3}});
    EXPECT_EQ(out, "");  // below the least level
    json.event(events::kApiFault, {{"cause", "/a b"}});
    EXPECT_EQ(out,
              "{\"at\":\"2023-11-14T22:13:20.000Z\",\"level\":\"warning\",\"event\":\"api_fault\","
              "\"what\":\"the applicant API cannot go on\",\"cause\":\"/a b\"}\n");
    out.clear();
    text.event(events::kTableNotShown, Error{ErrorCode::kFenced, "why", "where", "mend"});
    EXPECT_NE(out.find(" cause=why where=where mend=mend\n"), std::string::npos) << out;
}

TEST(LogLine, RepeatsAreHeldBackAndCounted) {
    MemoryEnv env;
    std::vector<std::string> lines;
    Logger log(
        env, LogFormat::kText, LogLevel::kInfo,
        [&](std::string_view line) { lines.emplace_back(line); }, 3);
    for (int i = 0; i < 100; ++i) log.event(events::kApiFault, {{"cause", "again"}});
    log.event(events::kSourceNote, {{"note", "not held back"}});
    EXPECT_EQ(lines.size(), 4u);
    env.advance(std::chrono::seconds(11));
    log.event(events::kApiFault, {{"cause", "again"}});
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_NE(lines.back().find("held_back=97"), std::string::npos) << lines.back();
    log.event(events::kApiFault, {{"cause", "again"}});
    EXPECT_EQ(lines.back().find("held_back"), std::string::npos);
}

TEST(LogLine, Times) {
    EXPECT_EQ(utc_text(EpochMs(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(utc_text(EpochMs(-1)), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(utc_text(EpochMs(1795392000123)), "2026-11-23T00:00:00.123Z");
}

TEST(CrashPoints, NamesAreStableAndDiffer) {
    std::set<std::string_view> names;
#define LOANSTREAM_CRASH_SEEN(id, name, ...) \
    EXPECT_TRUE(names.insert(name_of(CrashPoint::id)).second) << name;
    LOANSTREAM_CRASH_POINTS(LOANSTREAM_CRASH_SEEN)
#undef LOANSTREAM_CRASH_SEEN
    EXPECT_EQ(name_of(CrashPoint::kEntryPut), "entry-put");
}

// What is armed is read at the first arrival: a child of this process tries it.
TEST(CrashPointsDeathTest, TheArmedArrivalEndsTheProcess) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    auto arrive = [](const char* armed, int arrivals) {
        ::setenv("LOANSTREAM_CRASH_AT", armed, 1);
        for (int i = 0; i < arrivals; ++i) {
            crash_point(CrashPoint::kEntryWritten);
            crash_point(CrashPoint::kEntryPut);
        }
        ::_exit(7);
    };
    EXPECT_EXIT(arrive("entry-put", 1), testing::ExitedWithCode(137), "");
    EXPECT_EXIT(arrive("entry-put:3", 3), testing::ExitedWithCode(137), "");
    EXPECT_EXIT(arrive("entry-put:3", 2), testing::ExitedWithCode(7), "");
    EXPECT_EXIT(arrive("polled", 2), testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace loanstream

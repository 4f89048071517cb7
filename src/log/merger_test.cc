// Sealing and merging: what one round does, what it leaves behind when any call goes wrong, and
// what two mergers do to each other. Whatever happened, the next owners find each record once, in
// merged files, with nothing left over.
#include "log/merger.h"

#include <cstdlib>

#include "log/day_progress.h"
#include "log/protocol_world.h"

namespace loanstream::protocol_world {
namespace {

using Fault = FaultyEnv::Fault;

constexpr std::chrono::hours kGrace{1};

WarehouseSettings busy() {
    WarehouseSettings settings;
    settings.checkpoint_every = 7;
    settings.max_open_files = 4;
    return settings;
}

bool in_full() { return std::getenv("LOANSTREAM_FULL") != nullptr; }

// A process that writes and merges.
struct Process {
    Writer writer;
    MergingMember merging{writer.env};
    explicit Process(Env& machine) : writer(machine) {}
    Result<void> open() {
        TRY_VOID(writer.open(busy()));
        return merging.open(busy());
    }
};

Result<void> land(Process& process, int times) {
    for (int i = 0; i < times; ++i) {
        std::vector<TopicPartition> owned;
        for (const auto& [source, claimed] : process.writer.claimed) owned.push_back(source);
        if (!owned.empty()) TRY_VOID(process.writer.land(owned, 2));
    }
    return {};
}

Result<void> live(Process& process) {
    TRY_VOID(process.open());
    TRY_VOID(process.writer.claim(kFirst));
    TRY_VOID(process.writer.claim(kSecond));
    TRY_VOID(land(process, 3));
    TRY_VOID(process.merging.merger->round());
    TRY_VOID(land(process, 1));
    process.writer.env.sleep_for(kGrace);
    TRY_VOID(process.merging.merger->round());
    return land(process, 2);
}

// New members take over; after a night every day but today is merged and tidied.
void expect_merges_to_the_end(MemoryEnv& machine, const std::vector<TopicPartition>& sources) {
    Process heir(machine);
    ASSERT_NO_FATAL_FAILURE(EXPECT_OK(heir.open()));
    for (const TopicPartition& source : sources) EXPECT_OK(heir.writer.claim(source));
    expect_whole(machine, true);
    EXPECT_OK(land(heir, 1));
    EXPECT_OK(heir.merging.merger->round());
    if (testing::Test::HasFailure()) return;
    machine.advance(std::chrono::hours(26));
    EXPECT_OK(land(heir, 2));
    EXPECT_OK(heir.merging.merger->round());  // seals and merges the day before
    machine.advance(kGrace);
    auto last = heir.merging.merger->round();  // tidies it
    EXPECT_OK(last);
    if (testing::Test::HasFailure()) return;
    EXPECT_EQ(last->backlog, 0);
    EXPECT_EQ(last->waiting, 0);
    expect_whole(machine);
    for (const auto& [path, bytes] : machine.files())
        EXPECT_FALSE(path.find("/retired/") != path.npos) << "left over: " << path;
}

TEST(Merger, MergesSealedPartsOnce) {
    MemoryEnv machine;
    Process process(machine);
    ASSERT_TRUE(process.open());
    EXPECT_OK(process.writer.claim(kFirst));
    EXPECT_OK(land(process, 9));
    auto round = process.merging.merger->round();
    ASSERT_TRUE(round) << round.error().line();
    ASSERT_EQ(round->merged.size(), 4u);  // two parts of either table
    EXPECT_EQ(round->merged.front().files, 4);
    EXPECT_EQ(round->merged.front().outputs, 1);
    EXPECT_EQ(round->switched, 4);
    EXPECT_EQ(round->backlog, 0);
    expect_whole(machine, true);
    auto again = process.merging.merger->round();
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->merged.empty());
    EXPECT_EQ(again->waiting, 4);
    machine.advance(kGrace);
    auto tidy = process.merging.merger->round();
    ASSERT_TRUE(tidy);
    EXPECT_EQ(tidy->tidied, 4);
    expect_whole(machine);
    // The ranges of four commits are one.
    auto live = process.merging.warehouse->live_files();
    ASSERT_TRUE(live);
    for (const LiveFile& file : *live) {
        if (file.generation.empty()) continue;
        EXPECT_EQ(file.ranges.size(), 1u) << file.name;
    }
}

TEST(Merger, APartNeverHoldsMoreFilesThanItsLimit) {
    MemoryEnv machine;
    Process process(machine);
    ASSERT_TRUE(process.open());
    std::vector<TopicPartition> sources;
    for (int i = 0; i < 3; ++i) sources.push_back({"t", PartitionId(i)});
    for (const auto& source : sources) EXPECT_OK(process.writer.claim(source));
    for (int i = 0; i < 15; ++i) {
        EXPECT_OK(land(process, 1));
        for (const auto& [day, size] : process.writer.warehouse->state().open_parts())
            EXPECT_LE(size.files, 4);
    }
    EXPECT_GE(process.writer.warehouse->state().open_part({"prediction", "2023-11-14"}), 14);
}

TEST(Merger, OneLargeFileIsLeftAlone) {
    MemoryEnv machine;
    Process process(machine);
    ASSERT_TRUE(process.open());
    EXPECT_OK(process.writer.claim(kFirst));
    EXPECT_OK(land(process, 1));
    machine.advance(std::chrono::hours(30));
    auto round = process.merging.merger->round();
    ASSERT_TRUE(round) << round.error().line();
    EXPECT_TRUE(round->merged.empty());
    EXPECT_EQ(process.merging.warehouse->state().open_part({"prediction", "2023-11-14"}), 1);
}

TEST(Merger, ADamagedInputIsNotMerged) {
    MemoryEnv machine;
    Process process(machine);
    ASSERT_TRUE(process.open());
    EXPECT_OK(process.writer.claim(kFirst));
    EXPECT_OK(land(process, 5));
    EXPECT_OK(process.merging.warehouse->reload());
    auto live = process.merging.warehouse->live_files();
    ASSERT_TRUE(live && !live->empty());
    std::string path = Layout(kFolder).final_file(live->front().place, live->front().name);
    machine.overwrite(path, "t#0/0@0 and more\n");
    auto round = process.merging.merger->round();
    ASSERT_TRUE(round) << round.error().line();
    ASSERT_EQ(round->refused.size(), 1u);
    EXPECT_EQ(round->refused.front().second.code, ErrorCode::kDamaged);
    EXPECT_EQ(round->merged.size(), 1u);  // the other table's
    EXPECT_EQ(process.merging.warehouse->state().merges().size(), 1u);
}

TEST(Merger, RefusesWhereFoldersCannotBeExchanged) {
    MemoryEnv machine;
    Process process(machine);
    ASSERT_TRUE(process.open());
    EXPECT_OK(process.writer.claim(kFirst));
    EXPECT_OK(land(process, 5));
    class NoExchange : public FaultyEnv {
    public:
        using FaultyEnv::FaultyEnv;
        Result<void> exchange(const std::string& a, const std::string&) override {
            return fail(ErrorCode::kOutside, "cannot exchange: Invalid argument", a);
        }
    } env(machine);
    MergingMember merging(env);
    EXPECT_OK(merging.open(busy()));
    auto round = merging.merger->round();
    ASSERT_FALSE(round);
    EXPECT_NE(round.error().what.find("cannot exchange two folders"), std::string::npos);
    expect_whole(machine);
    EXPECT_OK(process.merging.merger->round());
}

std::int64_t calls_of_a_life() {
    MemoryEnv machine;
    Process process(machine);
    EXPECT_OK(live(process));
    expect_whole(machine, true);
    return process.writer.env.calls();
}

// The short form takes each call twice, and every eighth in all ways.
bool is_chosen(Fault fault, bool power, std::int64_t call) {
    if (in_full() || call % 8 == 0) return true;
    if (fault == Fault::kDiesBefore) return power == (call % 2 == 0);
    return fault == (call % 2 == 0 ? Fault::kAnswerLost : Fault::kFailsOnce) &&
           power == (call % 4 < 2);
}

TEST(MergerFault, EveryCallGoesWrongInEveryWay) {
    std::int64_t calls = calls_of_a_life();
    ASSERT_GT(calls, 300);
    for (Fault fault :
         {Fault::kDiesBefore, Fault::kDiesAfter, Fault::kFailsOnce, Fault::kAnswerLost})
        for (bool power : {false, true})
            for (std::int64_t call = 1; call <= calls; ++call) {
                if (!is_chosen(fault, power, call)) continue;
                SCOPED_TRACE(testing::Message() << "fault " << static_cast<int>(fault)
                                                << " at call " << call << " power " << power);
                MemoryEnv machine;
                {
                    Process process(machine);
                    process.writer.env.plan(fault, call);
                    (void)live(process);
                }
                if (power) machine.lose_power();
                expect_merges_to_the_end(machine, {kFirst, kSecond});
                if (testing::Test::HasFailure()) return;
            }
}

using Act = Result<void> (*)(MemoryEnv& machine, Process& rival);

Result<void> merges_too(MemoryEnv&, Process& rival) {
    TRY_VOID(rival.merging.open(busy()));
    TRY_VOID(rival.merging.merger->round());
    return {};
}

Result<void> merges_and_tidies(MemoryEnv& machine, Process& rival) {
    TRY_VOID(merges_too(machine, rival));
    machine.advance(kGrace);
    TRY_VOID(rival.merging.merger->round());
    return {};
}

Result<void> takes_over_and_merges(MemoryEnv& machine, Process& rival) {
    TRY_VOID(rival.open());
    TRY_VOID(rival.writer.claim(kFirst));
    TRY_VOID(land(rival, 4));
    return merges_and_tidies(machine, rival);
}

// The process sleeps before each call while another merges, or takes its partition.
TEST(MergerFault, AnotherActsBeforeEveryCall) {
    std::int64_t calls = calls_of_a_life();
    constexpr Act kActs[] = {merges_too, merges_and_tidies, takes_over_and_merges};
    for (int kind = 0; kind < 3; ++kind)
        for (std::int64_t call = 1; call <= calls; ++call) {
            if (!in_full() && call % 3 != kind) continue;
            Act act = kActs[kind];
            SCOPED_TRACE(testing::Message() << "sleeps before call " << call);
            MemoryEnv machine;
            Process process(machine), rival(machine);
            Result<void> acted;
            process.writer.env.before_call([&](std::int64_t number) {
                if (number == call) acted = act(machine, rival);
            });
            auto lived = live(process);
            EXPECT_OK(lived);
            EXPECT_OK(acted);
            expect_merges_to_the_end(machine, {kFirst, kSecond});
            if (testing::Test::HasFailure()) return;
        }
}

// Freshness and file size at once: commits every two seconds from eight partitions, merging beside
// them. A whole day with LOANSTREAM_FULL, else its first hour.
TEST(MergerDay, PartsAndLogStaySmallWhileCommitsGoOn) {
    MemoryEnv machine;
    Writer writer(machine);
    ASSERT_TRUE(writer.open());  // the limits as shipped
    MergingMember merging(machine);
    ASSERT_TRUE(merging.open());
    std::vector<TopicPartition> sources;
    for (int i = 0; i < 8; ++i) sources.push_back({"t", PartitionId(i)});
    for (const auto& source : sources) EXPECT_OK(writer.claim(source));
    int seconds = in_full() ? 86'400 : 3'600;
    std::size_t most_names = 0, merged = 0;
    for (int second = 0; second < seconds; second += 2) {
        ASSERT_NO_FATAL_FAILURE(EXPECT_OK(writer.land(sources, 2)));
        for (const auto& [day, size] : writer.warehouse->state().open_parts())
            ASSERT_LE(size.files, writer.warehouse->state().open_part(day) < 20 ? 500 : 5000);
        machine.advance(std::chrono::seconds(2));
        if (second % 10 != 0) continue;
        most_names = std::max(most_names, machine.list("/w/_loanstream/log")->size());
        auto round = merging.merger->round();
        ASSERT_TRUE(round) << round.error().line();
        ASSERT_EQ(round->backlog, 0);  // what was sealed within the last ten seconds is merged
        merged += round->merged.size();
    }
    EXPECT_LT(most_names, 500u);
    EXPECT_GE(merged, 40u);
    auto files = writer.warehouse->live_files();
    ASSERT_TRUE(files);
    EXPECT_LE(files->size(), 2 * 5'000 + merged);  // the open parts of two tables, and one a merge
    expect_whole(machine, true);
}

TEST(DayProgress, ADayIsCompleteWhenEveryPartitionIsPastItAndItIsMerged) {
    MemoryEnv machine;
    Process process(machine);
    ASSERT_TRUE(process.open());
    auto& merging = *process.merging.warehouse;
    auto progress = [&] {
        EXPECT_OK(merging.reload());
        auto now = day_progress(merging, "2023-11-14", 128 << 20);
        EXPECT_OK(now);
        return now.value_or(DayProgress{});
    };
    EXPECT_NE(progress().text().find("nothing has ever been landed"), std::string::npos);
    EXPECT_OK(process.writer.claim(kFirst));
    EXPECT_OK(process.writer.claim(kSecond));
    EXPECT_OK(land(process, 3));
    EXPECT_FALSE(progress().landed());
    machine.advance(std::chrono::hours(26));
    EXPECT_OK(process.writer.land({kFirst}, 2));
    EXPECT_FALSE(progress().landed());
    EXPECT_NE(progress().text().find("t/1"), std::string::npos) << progress().text();
    EXPECT_OK(process.writer.land({kSecond}, 2));
    EXPECT_TRUE(progress().landed());
    EXPECT_FALSE(progress().complete());
    auto round = process.merging.merger->round();
    ASSERT_TRUE(round) << round.error().line();
    EXPECT_EQ(round->completed, std::vector<std::string>{"2023-11-14"});
    EXPECT_TRUE(progress().complete()) << progress().text();
    EXPECT_TRUE(machine.files().contains("/w/_loanstream/complete/dt=2023-11-14.json"));
    auto again = process.merging.merger->round();
    EXPECT_TRUE(again && again->completed.empty());
}

}  // namespace
}  // namespace loanstream::protocol_world

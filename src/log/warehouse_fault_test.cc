// One life of a writer (claim, commits of two partitions and two tables, seals, checkpoints) in
// which every single call of the Env goes wrong in every way, and in which another member acts
// before every single call. Whatever happened, the next owner finds each record exactly once.
#include <cstdlib>

#include "log/protocol_world.h"

namespace loanstream::protocol_world {
namespace {

using Fault = FaultyEnv::Fault;

WarehouseSettings busy() {
    WarehouseSettings settings;
    settings.checkpoint_every = 5;
    settings.max_open_files = 3;
    return settings;
}

// The highest offsets that a commit has reported as landed.
using Acknowledged = std::map<TopicPartition, Offset>;

Result<void> live(Writer& writer, Acknowledged& acknowledged) {
    TRY_VOID(writer.open(busy()));
    TRY_VOID(writer.warehouse->keep_version("a policy"));
    TRY_VOID(writer.claim(kFirst));
    TRY_VOID(writer.claim(kSecond));
    for (int i = 0; i < 5; ++i) {
        std::vector<TopicPartition> owned;
        for (const auto& [source, claimed] : writer.claimed) owned.push_back(source);
        if (owned.empty()) return {};
        TRY(CommitRequest request, writer.stage(owned, 2 + i % 2));
        TRY_VOID(writer.commit(request));
        for (const auto& [source, claimed] : writer.claimed) acknowledged[source] = claimed.next;
        TRY_VOID(writer.warehouse->publish());
        TRY_VOID(writer.warehouse->maintain());
    }
    return {};
}

void expect_kept(MemoryEnv& machine, const Acknowledged& acknowledged) {
    LocalFileStore files(machine);
    auto warehouse = Warehouse::open_to_read(machine, files, kFolder);
    ASSERT_TRUE(warehouse) << warehouse.error().line();
    for (const auto& [source, next] : acknowledged)
        EXPECT_GE((*warehouse)->state().partition(source)->next, next);
}

std::int64_t calls_of_a_life() {
    MemoryEnv machine;
    Writer writer(machine);
    Acknowledged acknowledged;
    EXPECT_OK(live(writer, acknowledged));
    expect_whole(machine);
    return writer.env.calls();
}

TEST(WarehouseFault, EveryCallGoesWrongInEveryWay) {
    std::int64_t calls = calls_of_a_life();
    ASSERT_GT(calls, 120);
    for (Fault fault :
         {Fault::kDiesBefore, Fault::kDiesAfter, Fault::kFailsOnce, Fault::kAnswerLost})
        for (bool power : {false, true})
            for (std::int64_t call = 1; call <= calls; ++call) {
                SCOPED_TRACE(testing::Message() << "fault " << static_cast<int>(fault)
                                                << " at call " << call << " power " << power);
                MemoryEnv machine;
                Acknowledged acknowledged;
                {
                    Writer writer(machine);
                    writer.env.plan(fault, call);
                    (void)live(writer, acknowledged);
                }
                if (power) machine.lose_power();
                expect_recovers(machine, {kFirst, kSecond});
                expect_kept(machine, acknowledged);
                if (testing::Test::HasFailure()) return;
            }
}

// What another member does while the first one sleeps. Kept alive until the end.
using Act = Result<void> (*)(Writer& rival);

Result<void> takes_over(Writer& rival) {
    TRY_VOID(rival.open(busy()));
    TRY_VOID(rival.claim(kFirst));
    return rival.land({kFirst}, 3);
}

Result<void> takes_over_and_truncates(Writer& rival) {
    TRY_VOID(takes_over(rival));
    for (int i = 0; i < 12; ++i) TRY_VOID(rival.land({kFirst}, 1));
    return {};
}

const TopicPartition kThird{"t", PartitionId(2)};

Result<void> truncates_as_neighbour(Writer& rival) {
    TRY_VOID(rival.open(busy()));
    TRY_VOID(rival.claim(kThird));
    for (int i = 0; i < 12; ++i) TRY_VOID(rival.land({kThird}, 1));
    return {};
}

Result<void> commits_without_publishing(Writer& rival) {
    TRY_VOID(rival.open(busy()));
    TRY_VOID(rival.claim(kThird));
    TRY(CommitRequest request, rival.stage({kThird}, 2));
    TRY_VOID(rival.commit(request));
    TRY_VOID(rival.stage({kThird}, 2));  // staged, and never committed
    return {};
}

void sleep_at_every_call(Act act, Fault fault, std::int64_t fault_after, std::int64_t calls) {
    for (std::int64_t call = 1; call <= calls; ++call) {
        SCOPED_TRACE(testing::Message()
                     << "sleeps before call " << call << ", fault " << static_cast<int>(fault)
                     << " " << fault_after << " calls later");
        MemoryEnv machine;
        Writer writer(machine), rival(machine);
        Acknowledged acknowledged;
        writer.env.plan(fault, call + fault_after);
        Result<void> acted;
        writer.env.before_call([&](std::int64_t number) {
            if (number == call) acted = act(rival);
        });
        auto lived = live(writer, acknowledged);
        if (fault == Fault::kNone) EXPECT_OK(lived);  // fenced perhaps, and without an error
        EXPECT_OK(acted);
        expect_recovers(machine, {kFirst, kSecond, kThird});
        expect_kept(machine, acknowledged);
        if (testing::Test::HasFailure()) return;
    }
}

TEST(WarehouseFault, AnotherActsBeforeEveryCall) {
    std::int64_t calls = calls_of_a_life();
    for (Act act : {takes_over, takes_over_and_truncates, truncates_as_neighbour,
                    commits_without_publishing}) {
        sleep_at_every_call(act, Fault::kNone, 0, calls);
        if (testing::Test::HasFailure()) return;
    }
}

TEST(WarehouseFault, AnotherActsBeforeEveryCallAndAnAnswerIsLost) {
    std::int64_t calls = calls_of_a_life();
    std::vector<std::int64_t> afters{1};
    if (std::getenv("LOANSTREAM_FULL") != nullptr) afters = {0, 1, 2, 3, 4, 6};
    for (Act act : {takes_over, takes_over_and_truncates, truncates_as_neighbour})
        for (std::int64_t after : afters) {
            sleep_at_every_call(act, Fault::kAnswerLost, after, calls);
            if (testing::Test::HasFailure()) return;
        }
}

// Another claims and stages in the writer's sleep, and commits what it staged when the writer is
// through: no sweep may have taken its files, whichever of the two is the older owner.
TEST(WarehouseFault, NoSweepTakesTheFilesOfTheLiving) {
    std::int64_t calls = calls_of_a_life();
    for (const TopicPartition& source : {kFirst, kThird})
        for (std::int64_t call = 1; call <= calls; ++call) {
            SCOPED_TRACE(testing::Message() << "stages before call " << call);
            MemoryEnv machine;
            Writer writer(machine), rival(machine);
            Result<CommitRequest> staged;
            writer.env.before_call([&](std::int64_t number) {
                if (number != call) return;
                EXPECT_OK(rival.open(busy()));
                EXPECT_OK(rival.claim(source));
                staged = rival.stage({source}, 3);
            });
            Acknowledged acknowledged;
            (void)live(writer, acknowledged);
            ASSERT_TRUE(staged) << staged.error().line();
            EXPECT_OK(rival.commit(*staged));
            EXPECT_OK(rival.warehouse->publish());
            expect_recovers(machine, {kFirst, kSecond, kThird});
            expect_kept(machine, acknowledged);
            if (testing::Test::HasFailure()) return;
        }
}

// An opener that found no log sleeps through the first truncation: number 0 stays free.
TEST(WarehouseFault, TheLogIsBornOnce) {
    MemoryEnv probe_machine;
    Writer probe(probe_machine);
    EXPECT_OK(probe.open());
    for (std::int64_t call = 1; call <= probe.env.calls(); ++call) {
        SCOPED_TRACE(testing::Message() << "sleeps before call " << call);
        MemoryEnv machine;
        Writer writer(machine), rival(machine);
        writer.env.before_call([&](std::int64_t number) {
            if (number == call) EXPECT_OK(takes_over_and_truncates(rival));
        });
        EXPECT_OK(writer.open(busy()));
        EXPECT_FALSE(machine.files().contains(Layout(kFolder).entry(0)));
        expect_recovers(machine, {kFirst});  // and sweeps what the sleeper left
        auto staged = machine.list(Layout(kFolder).staging());
        ASSERT_TRUE(staged);
        EXPECT_TRUE(staged->empty()) << staged->front().name;
        if (testing::Test::HasFailure()) return;
    }
}

// One gives log/ its name and dies; another claims in it; the power fails.
TEST(WarehouseFault, TheNameOfTheLogIsDurableBeforeAnythingIsPut) {
    MemoryEnv probe_machine;
    Writer probe(probe_machine);
    EXPECT_OK(probe.open());
    for (std::int64_t call = 1; call <= probe.env.calls(); ++call) {
        SCOPED_TRACE(testing::Message() << "dies after call " << call);
        MemoryEnv machine;
        Writer first(machine), second(machine);
        first.env.plan(Fault::kDiesAfter, call);
        (void)first.open();
        EXPECT_OK(second.open());
        EXPECT_OK(second.claim(kFirst));
        machine.lose_power();
        Writer heir(machine);
        EXPECT_OK(heir.open());
        EXPECT_OK(heir.claim(kFirst));
        EXPECT_EQ(heir.claimed[kFirst].epoch, Epoch(2));
        if (testing::Test::HasFailure()) return;
    }
}

// The answer to the put is lost, and before the writer looks others act and truncate.
TEST(WarehouseFault, AnotherActsAfterEveryLostAnswer) {
    std::int64_t calls = calls_of_a_life();
    for (Act act : {takes_over, takes_over_and_truncates, truncates_as_neighbour}) {
        sleep_at_every_call(act, Fault::kAnswerLost, -1, calls);
        if (testing::Test::HasFailure()) return;
    }
}

}  // namespace
}  // namespace loanstream::protocol_world

// Two members, step by step: the zombie, lost answers, seals, truncation under a sleeper, readers.
#include <future>
#include <thread>

#include "log/protocol_world.h"

namespace loanstream::protocol_world {
namespace {

using Fault = FaultyEnv::Fault;

// Lets `act` run before the first call for which `due` says so, then never again.
void once_before(Writer& writer, std::function<bool()> due, std::function<void()> act) {
    auto done = std::make_shared<bool>(false);
    writer.env.before_call([=](std::int64_t) {
        if (*done || !due()) return;
        *done = true;
        act();
    });
}

bool holds(MemoryEnv& machine, std::string_view part) {
    for (const auto& [path, bytes] : machine.files())
        if (path.find(part) != path.npos) return true;
    return false;
}

TEST(Rivals, AZombieIsFencedAndOnlyItsRangesFall) {
    MemoryEnv machine;
    Writer zombie(machine), heir(machine);
    ASSERT_TRUE(zombie.open());
    EXPECT_OK(zombie.claim(kFirst));
    EXPECT_OK(zombie.claim(kSecond));
    auto request = zombie.stage({kFirst, kSecond}, 3);
    ASSERT_TRUE(request);
    ASSERT_TRUE(heir.open());
    EXPECT_OK(heir.claim(kFirst));  // sweeps what the zombie staged for it
    auto outcome = zombie.commit(*request);
    ASSERT_TRUE(outcome) << outcome.error().line();
    EXPECT_EQ(outcome->ranges[0], RangeOutcome::kFenced);
    EXPECT_EQ(outcome->ranges[1], RangeOutcome::kCommitted);
    ASSERT_EQ(outcome->files.size(), 2u);
    for (const CommittedFile& file : outcome->files) EXPECT_EQ(file.range, 1u);
    EXPECT_OK(zombie.warehouse->publish());
    EXPECT_OK(heir.land({kFirst}, 4));
    expect_recovers(machine, {kFirst, kSecond});
}

TEST(Rivals, AFencedWriterRemovesItsOwnStagedFiles) {
    MemoryEnv machine;
    Writer zombie(machine), heir(machine);
    ASSERT_TRUE(zombie.open());
    EXPECT_OK(zombie.claim(kFirst));
    ASSERT_TRUE(heir.open());
    EXPECT_OK(heir.claim(kFirst));
    auto request = zombie.stage({kFirst}, 3);  // after the heir has swept
    ASSERT_TRUE(holds(machine, ".staged"));
    auto outcome = zombie.commit(*request);
    ASSERT_TRUE(outcome) << outcome.error().line();
    EXPECT_EQ(outcome->ranges[0], RangeOutcome::kFenced);
    EXPECT_FALSE(holds(machine, ".staged"));
    EXPECT_FALSE(holds(machine, "temporary-"));
}

TEST(Rivals, ALostAnswerToACommitIsSettledById) {
    MemoryEnv machine;
    Writer writer(machine);
    ASSERT_TRUE(writer.open());
    EXPECT_OK(writer.claim(kFirst));
    auto request = writer.stage({kFirst}, 3);
    writer.env.plan(Fault::kNone, 0);
    std::int64_t rename_call = 0;
    {
        // Finds which call puts the entry, on a twin of this world.
        MemoryEnv twin;
        Writer other(twin);
        ASSERT_TRUE(other.open());
        EXPECT_OK(other.claim(kFirst));
        auto staged = other.stage({kFirst}, 3);
        other.env.plan(Fault::kNone, 0);
        other.env.before_call([&](std::int64_t number) {
            if (!holds(twin, "log/00000000000000000002.json")) rename_call = number;
        });
        EXPECT_OK(other.commit(*staged));
    }
    writer.env.plan(Fault::kAnswerLost, rename_call);
    auto outcome = writer.commit(*request);
    ASSERT_TRUE(outcome) << outcome.error().line();
    EXPECT_EQ(outcome->ranges[0], RangeOutcome::kCommitted);
    EXPECT_EQ(outcome->entry, 2u);
    EXPECT_EQ(writer.warehouse->last_number(), 2u);  // not offered twice
    EXPECT_OK(writer.warehouse->publish());
    expect_whole(machine);
}

TEST(Rivals, ACommitThatLosesToASealNamesTheOpenPart) {
    MemoryEnv machine;
    Writer writer(machine), rival(machine);
    WarehouseSettings small;
    small.max_open_files = 1;
    ASSERT_TRUE(writer.open());
    EXPECT_OK(writer.claim(kFirst));
    auto request = writer.stage({kFirst}, 3);
    ASSERT_TRUE(rival.open(small));
    EXPECT_OK(rival.claim(kSecond));
    EXPECT_OK(rival.land({kSecond}, 3));
    auto outcome = writer.commit(*request);
    ASSERT_TRUE(outcome) << outcome.error().line();
    for (const CommittedFile& file : outcome->files) EXPECT_EQ(file.place.part, 1);
    EXPECT_OK(writer.warehouse->publish());
    expect_whole(machine);
}

TEST(Rivals, PartsGrowAfterTheTwentieth) {
    MemoryEnv machine;
    Writer writer(machine);
    WarehouseSettings settings;
    settings.max_open_files = 1;
    settings.max_open_files_late = 4;
    ASSERT_TRUE(writer.open(settings));
    EXPECT_OK(writer.claim(kFirst));
    for (int i = 0; i < 27; ++i) EXPECT_OK(writer.land({kFirst}, 2));
    TableDay day{"prediction", day_of(machine.now())};
    EXPECT_EQ(writer.warehouse->state().open_part(day), 21);  // 20 of one file, one of 4, 3 open
    EXPECT_EQ(writer.warehouse->state().open_part_size(day).files, 3);
    settings.file_size = 1;
    Writer heir(machine);
    ASSERT_TRUE(heir.open(settings));
    EXPECT_OK(heir.claim(kFirst));
    EXPECT_OK(heir.land({kFirst}, 2));
    EXPECT_EQ(heir.warehouse->state().open_part(day), 22);  // by its bytes
    expect_whole(machine);
}

// Others put and truncate between a reader's listing and the end of its load: it must not take
// the middle of the log for its end.
TEST(Rivals, AReaderIsNotFooledByATruncation) {
    MemoryEnv machine;
    Writer writer(machine);
    WarehouseSettings busy;
    busy.checkpoint_every = 4;
    ASSERT_TRUE(writer.open(busy));
    EXPECT_OK(writer.claim(kFirst));
    auto act = [&] {
        for (int i = 0; i < 9; ++i) EXPECT_OK(writer.land({kFirst}, 2));
    };
    std::int64_t calls = 0;
    {
        FaultyEnv env(machine);
        LocalFileStore files(env);
        ASSERT_TRUE(Warehouse::open_to_read(env, files, kFolder));
        calls = env.calls();
    }
    ASSERT_GE(calls, 4);
    for (std::int64_t call = 1; call <= calls; ++call) {
        FaultyEnv env(machine);
        LocalFileStore files(env);
        env.before_call([&](std::int64_t number) {
            if (number == call) act();
        });
        auto reader = Warehouse::open_to_read(env, files, kFolder);
        ASSERT_TRUE(reader) << reader.error().line();
        EXPECT_EQ((*reader)->last_number(), writer.warehouse->last_number()) << call;
        act();
        EXPECT_OK((*reader)->reload());
        EXPECT_EQ((*reader)->last_number(), writer.warehouse->last_number());
        EXPECT_OK((*reader)->live_files());
    }
}

TEST(Rivals, AReaderFindsFilesBeforeAndAfterTheirPublish) {
    MemoryEnv machine;
    Writer writer(machine);
    ASSERT_TRUE(writer.open());
    EXPECT_OK(writer.claim(kFirst));
    auto request = writer.stage({kFirst}, 3);
    EXPECT_OK(writer.commit(*request));
    FaultyEnv env(machine);
    LocalFileStore files(env);
    auto reader = Warehouse::open_to_read(env, files, kFolder);
    ASSERT_TRUE(reader);
    auto live = (*reader)->live_files();
    ASSERT_EQ(live->size(), 2u);
    auto before = (*reader)->locate((*live)[0]);
    ASSERT_TRUE(before);
    EXPECT_TRUE(before->ends_with(".staged"));
    env.plan(Fault::kNone, 0);
    env.before_call([&](std::int64_t number) {  // between the first look and the second
        if (number == 2) EXPECT_OK(writer.warehouse->publish());
    });
    auto after = (*reader)->locate((*live)[0]);
    ASSERT_TRUE(after) << after.error().line();
    EXPECT_TRUE(after->ends_with(".parquet"));
    machine.overwrite("/w/_loanstream/staging/x", "");
    EXPECT_OK(machine.remove_file(*after));
    EXPECT_EQ((*reader)->locate((*live)[0]).error().code, ErrorCode::kNotFound);
}

// A manifest that a later checkpoint has replaced is looked for in the newer state.
TEST(Rivals, AReaderOutlivesManifests) {
    MemoryEnv machine;
    Writer writer(machine);
    WarehouseSettings settings;
    settings.checkpoint_every = 4;
    settings.max_open_files = 1;
    ASSERT_TRUE(writer.open(settings));
    EXPECT_OK(writer.claim(kFirst));
    for (int i = 0; i < 4; ++i) EXPECT_OK(writer.land({kFirst}, 2));
    LocalFileStore files(machine);
    auto reader = Warehouse::open_to_read(machine, files, kFolder);
    ASSERT_TRUE(reader);
    for (int i = 0; i < 20; ++i) EXPECT_OK(writer.land({kFirst}, 2));
    auto live = (*reader)->live_files();
    ASSERT_TRUE(live) << live.error().line();
    EXPECT_EQ(live->size(), writer.warehouse->live_files()->size());
}

// One tidies up late, after its checkpoint, while another has written manifests for the next
// checkpoint and not put it yet: they must stay.
TEST(Rivals, TidyingLeavesTheManifestsOfALaterCheckpoint) {
    MemoryEnv machine;
    Writer tidy(machine), rival(machine);
    WarehouseSettings settings;
    settings.checkpoint_every = 7;
    settings.max_open_files = 1;
    ASSERT_TRUE(tidy.open(settings));
    ASSERT_TRUE(rival.open(settings));
    EXPECT_OK(tidy.claim(kFirst));
    EXPECT_OK(rival.claim(kSecond));
    std::promise<void> truncated, released;
    once_before(
        tidy,
        [&] {
            return tidy.warehouse->last_number() == 9 &&
                   !holds(machine, "log/00000000000000000008.json");
        },
        [&] {
            truncated.set_value();
            released.get_future().wait();
        });
    std::thread thread([&] {
        for (int i = 0; i < 2; ++i) EXPECT_OK(tidy.land({kFirst}, 2));
    });
    ASSERT_EQ(truncated.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
    once_before(
        rival, [&] { return holds(machine, "-00000000000000000019-"); },
        [&] {
            released.set_value();
            thread.join();
        });
    for (int i = 0; i < 3; ++i) EXPECT_OK(rival.land({kSecond}, 2));
    ASSERT_FALSE(thread.joinable()) << "no manifest was written for a later checkpoint";
    expect_recovers(machine, {kFirst, kSecond});
}

// What was read may be another's entry that is not durable yet: nothing is published on its word
// before the reader has synced the log itself.
TEST(Rivals, AnEntryReadIsSyncedBeforeItIsActedOn) {
    for (bool loads_anew : {false, true}) {
        SCOPED_TRACE(loads_anew);
        MemoryEnv machine;
        Writer first(machine), second(machine);
        WarehouseSettings settings;
        settings.checkpoint_every = 2;
        settings.member = "second";
        ASSERT_TRUE(first.open());
        if (!loads_anew) EXPECT_OK(second.open(settings));
        EXPECT_OK(first.claim(kFirst));
        auto request = first.stage({kFirst}, 3);
        bool put = false;
        once_before(
            first, [&] { return holds(machine, "log/00000000000000000002.json"); },
            [&] {
                put = true;
                first.env.plan(Fault::kDiesBefore, 1);  // it has put, and never syncs
            });
        EXPECT_FALSE(first.commit(*request));
        ASSERT_TRUE(put);
        if (loads_anew) EXPECT_OK(second.open(settings));
        EXPECT_OK(second.warehouse->reload());
        // Its checkpoint is written and not put; what it has published is durable.
        once_before(
            second, [&] { return holds(machine, "temporary-second"); },
            [&] { second.env.plan(Fault::kDiesBefore, 1); });
        EXPECT_FALSE(second.warehouse->maintain());
        machine.lose_power();
        ASSERT_TRUE(holds(machine, ".parquet"));
        expect_recovers(machine, {kFirst});
    }
}

// Another has published the files of a commit, or merged them away: that is success.
TEST(Rivals, WhatAnotherHasPublishedIsPublished) {
    MemoryEnv machine;
    Writer writer(machine), heir(machine);
    ASSERT_TRUE(writer.open());
    EXPECT_OK(writer.claim(kFirst));
    auto request = writer.stage({kFirst}, 3);
    auto outcome = writer.commit(*request);
    ASSERT_TRUE(outcome);
    ASSERT_TRUE(heir.open());
    EXPECT_OK(heir.claim(kFirst));
    EXPECT_FALSE(holds(machine, ".staged"));
    const CommittedFile& file = outcome->files[0];
    EXPECT_OK(machine.remove_file(heir.warehouse->layout().final_file(file.place, file.name)));
    EXPECT_OK(writer.warehouse->publish());
}

TEST(Rivals, LocksAreOfOneProcess) {
    MemoryEnv machine;
    Writer a(machine), b(machine);
    ASSERT_TRUE(a.open());
    ASSERT_TRUE(b.open());
    auto held = a.warehouse->try_lock(kFirst);
    ASSERT_TRUE(held && *held);
    EXPECT_FALSE(b.warehouse->try_lock(kFirst)->has_value());
    EXPECT_TRUE(b.warehouse->try_lock(kSecond)->has_value());
    held->reset();
    EXPECT_TRUE(b.warehouse->try_lock(kFirst)->has_value());
}

}  // namespace
}  // namespace loanstream::protocol_world

// A log that is lost, torn, cut or edited is made anew so that every row stays and the next owners
// go on; what cannot be made anew is told with its offsets, and nothing is written then.
#include "table/log_repair.h"

#include <algorithm>
#include <functional>

#include "base/faulty_env.h"
#include "log/delivered_positions.h"
#include "table/repair_world.h"

namespace loanstream::table_world {
namespace {

const TopicPartition kZeroKey{kZero.topic, kZero.partition};

struct Damage {
    const char* name;
    std::function<void(Landed&)> plant;
};

const std::vector<Damage>& damages() {
    static const std::vector<Damage> all = {
        {"log folder gone", [](Landed& w) { w.remove_log(); }},
        {"log folder empty",
         [](Landed& w) {
             w.remove_log();
             ASSERT_TRUE(w.env.make_folders(w.warehouse->layout().log()));
         }},
        {"last entry torn", [](Landed& w) { w.tear(w.entry(w.last())); }},
        {"last entry gone", [](Landed& w) { w.remove(w.entry(w.last())); }},
        {"middle entry gone", [](Landed& w) { w.remove(w.entry(4)); }},
        {"a claim gone", [](Landed& w) { w.remove(w.entry(1)); }},
        {"a merge entry torn",
         [](Landed& w) {
             for (std::uint64_t n = 0, end = w.last(); n <= end; ++n)
                 if (w.env.files()[w.entry(n)].find("\"kind\":\"merge\"") != std::string::npos)
                     w.tear(w.entry(n));
         }},
        {"checkpoint damaged", [](Landed& w) { w.tear(w.entry(0)); }},
        {"two entries swapped",
         [](Landed& w) {
             auto one = w.env.files()[w.entry(3)], other = w.env.files()[w.entry(5)];
             w.env.overwrite(w.entry(3), other);
             w.env.overwrite(w.entry(5), one);
         }},
        {"every second entry gone",
         [](Landed& w) {
             for (std::uint64_t n = 1, end = w.last(); n <= end; n += 2) w.remove(w.entry(n));
         }},
    };
    return all;
}

TEST(LogRepair, WholeIsLeftAlone) {
    Landed world;
    auto before = world.world_now();
    EXPECT_EQ(world.repaired().outcome, Outcome::kNothing);
    EXPECT_EQ(world.world_now(), before);
}

TEST(LogRepair, EveryDamageOfTheLogIsMended) {
    for (bool merges : {false, true})
        for (const Damage& damage : damages()) {
            SCOPED_TRACE(testing::Message() << damage.name << " merges " << merges);
            if (!merges && std::string_view(damage.name).find("merge") != std::string_view::npos)
                continue;
            Landed world(merges);
            Rows before = world.rows();
            damage.plant(world);
            auto torn = world.world_now();
            world.request.yes = false;
            EXPECT_EQ(world.repaired().outcome, Outcome::kWaits);
            EXPECT_EQ(world.world_now(), torn);
            world.request.yes = true;
            RepairReport report = world.repaired();
            EXPECT_EQ(report.outcome, Outcome::kRepaired) << report.text();
            world.expect_all_there(before);
            if (testing::Test::HasFailure()) return;
        }
}

TEST(LogRepair, TheOldLogIsKept) {
    Landed world;
    std::string damaged = world.env.files()[world.entry(4)];
    world.tear(world.entry(3));
    world.repaired();
    auto kept = world.files_with("/log-before-repair-");
    ASSERT_GT(kept.size(), 5u);
    EXPECT_EQ(world.env.files()[kept[4]], damaged);
    EXPECT_EQ(world.files_with("/log/").size(), 1u);
    EXPECT_TRUE(world.files_with("/log-of-repair-").empty());
}

// A later checkpoint deletes the manifests that the old log names; copies of them stay.
TEST(LogRepair, TheOldManifestsAreKept) {
    Landed world;
    for (int i = 5; i < 205; ++i) world.land(i);
    auto manifests = world.files_with("/manifests/");
    ASSERT_FALSE(manifests.empty());
    auto before = world.world_now();
    world.tear(world.files_with("/log/").front());
    EXPECT_EQ(world.repaired().outcome, Outcome::kRepaired);
    for (const std::string& path : manifests)
        EXPECT_EQ(world.env.files()[world.file_with("/set-aside-", base_name(path))], before[path]);
}

// The new log stands above the old one's numbers, so that who slept with the next of the old one
// writes nothing that is taken for damage.
TEST(LogRepair, WhoSleptMeetsTheNewLog) {
    Landed world;
    auto last = world.last();
    auto epoch = world.warehouse->state().partition({"applicants", PartitionId(0)})->epoch;
    world.tear(world.entry(3));
    EXPECT_EQ(world.repaired().outcome, Outcome::kRepaired);
    EXPECT_EQ(world.files_with("/log/"), std::vector<std::string>{world.entry(last + 1)});
    auto put = world.warehouse->append(ReplayEntry{{kZero, Offset(7)}, {}, "a test", "me"});
    ASSERT_TRUE(put) << put.error().line();
    EXPECT_EQ(*put, last + 2);
    EXPECT_GT(world.warehouse->state().partition({"applicants", PartitionId(0)})->epoch, epoch);
    EXPECT_TRUE(world.proved().proved) << world.proved().text();
}

// The desk writes without a lock: what it was told to be in the log is in it afterwards.
TEST(LogRepair, WhatComesIntoTheLogMeanwhileIsNotLost) {
    Landed probe;
    probe.tear(probe.entry(3));
    FaultyEnv counted(probe.env);
    LocalFileStore counted_files(counted);
    ASSERT_TRUE(repair(counted, counted_files, "/w", probe.request, &probe.topic));
    std::int64_t refused = 0;
    for (std::int64_t call = 1; call <= counted.calls(); call += 2) {
        SCOPED_TRACE(testing::Message() << "call " << call);
        Landed world;
        world.tear(world.entry(3));
        bool told = false;
        FaultyEnv watched(world.env);
        LocalFileStore files(watched);
        watched.before_call([&](std::int64_t number) {
            if (number != call) return;
            told = world.warehouse->append(ReplayEntry{{kZero, Offset(7)}, {}, "a test", "me"})
                       .has_value();
        });
        auto report = repair(watched, files, "/w", world.request, &world.topic);
        if (!report) {
            EXPECT_EQ(report.error().code, ErrorCode::kBusy) << report.error().line();
            refused += 1;
            EXPECT_EQ(world.repaired().outcome, Outcome::kRepaired);
        }
        EXPECT_TRUE(world.proved().proved) << world.proved().text();
        auto opened = Warehouse::open_to_read(world.env, world.files, "/w");
        ASSERT_TRUE(opened) << opened.error().line();
        if (told) {
            EXPECT_EQ((*opened)->state().replays().size(), 1u);
        }
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(refused, 10);
}

// Sealed parts are in manifests, checkpoints stand; the newest one is damaged, or a manifest is.
TEST(LogRepair, ManifestsAndTruncatedLogs) {
    for (const char* broken : {"log/", "manifests/prediction"}) {
        SCOPED_TRACE(broken);
        Landed world;
        for (int i = 5; i < 205; ++i) world.land(i);
        ASSERT_FALSE(world.files_with("manifests/").empty());
        Rows before = world.rows();
        world.tear(world.files_with(broken).front());
        EXPECT_EQ(world.repaired().outcome, Outcome::kRepaired);
        EXPECT_TRUE(world.proved().proved) << world.proved().text();
        EXPECT_EQ(world.rows(), before);
    }
}

TEST(LogRepair, FootersThatSayNothing) {
    Landed world(false);
    Rows before = world.rows();
    for (const std::string& path : world.files_with(".parquet")) {
        std::string bytes = world.env.files()[path];
        for (std::size_t at; (at = bytes.find("loanstream.ranges")) != bytes.npos;)
            bytes.replace(at, 10, "LOANSTREAM");
        world.env.overwrite(path, bytes);
    }
    world.remove_log();
    world.request.accept_gaps = true;  // offsets without a record look like a loss then
    RepairReport report = world.repaired();
    EXPECT_EQ(report.outcome, Outcome::kRepaired) << report.text();
    EXPECT_EQ(world.rows(), before);
    EXPECT_TRUE(world.proved().proved) << world.proved().text();
    for (const std::string& hole : report.holes)
        EXPECT_TRUE(hole.starts_with("applicants/1 offsets ")) << hole;
}

TEST(LogRepair, AStagedFileThatAnEntryNamesIsPublished) {
    Landed world;
    Rows before = world.rows();
    std::string path = world.file_with("prediction-applicants-0-", "-80-100-");
    std::string staged = world.warehouse->layout().staged_file(base_name(path));
    ASSERT_TRUE(world.env.rename_noreplace(path, staged));
    world.remove(world.entry(2));
    EXPECT_EQ(world.repaired().outcome, Outcome::kRepaired);
    EXPECT_TRUE(world.env.files().contains(path));
    world.expect_all_there(before);
}

TEST(LogRepair, AStagedFileThatNoEntryNamesDoesNotCount) {
    Landed world;
    std::string path = world.file_with("prediction-applicants-0-", "-80-100-");
    std::string dead = world.file_with("dead_letters-applicants-0-", "-80-100-");
    for (const std::string& one : {path, dead})
        ASSERT_TRUE(
            world.env.rename_noreplace(one, world.warehouse->layout().staged_file(base_name(one))));
    world.remove_log();
    EXPECT_EQ(world.repaired().outcome, Outcome::kRepaired);
    EXPECT_TRUE(world.proved().proved) << world.proved().text();
    world.start();
    world.claim(kZero, 80);
}

// A merge whose output is gone while its inputs are still kept is undone.
TEST(LogRepair, InputsCountAgainWhenAnOutputIsGone) {
    Landed world;
    Rows before = world.rows();
    auto outputs = world.files_with("prediction/dt=2023-11-14/part=0/prediction-2023");
    ASSERT_EQ(outputs.size(), 1u);
    world.remove(outputs[0]);
    EXPECT_EQ(world.repaired().outcome, Outcome::kRepaired);
    world.expect_all_there(before);
}

// An output that waits for its exchange counts only if an entry says so.
TEST(LogRepair, AnExchangeThatHasNotHappened) {
    for (bool entry_known : {true, false}) {
        SCOPED_TRACE(entry_known);
        Landed world;
        Rows before = world.rows();
        auto output = world.files_with("/w/prediction/dt=2023-11-14/part=0/").front();
        auto input = world.files_with("retired/prediction/dt=2023-11-14/part=0/").front();
        ASSERT_TRUE(world.env.exchange(folder_of(output), folder_of(input)));
        if (entry_known)
            world.tear(world.entry(world.last()));
        else
            world.remove_log();
        EXPECT_EQ(world.repaired().outcome, Outcome::kRepaired);
        TablePart part{{"prediction", "2023-11-14"}, 0};
        auto opened = Warehouse::open_to_read(world.env, world.files, "/w");
        EXPECT_EQ((*opened)->state().merges().contains(part), entry_known);
        world.expect_all_there(before);
        world.env.advance(std::chrono::hours(30));
        world.merge(std::chrono::milliseconds(0));  // goes on from either
        EXPECT_TRUE(world.proved().proved) << world.proved().text();
    }
}

TEST(LogRepair, AHoleIsToldWithItsOffsetsAndAcceptedByName) {
    for (bool log_gone : {false, true}) {
        SCOPED_TRACE(log_gone);
        Landed world(false);
        Rows before = world.rows();
        world.remove(world.file_with("/prediction-applicants-0-", "-20-40-"));
        world.remove(world.file_with("/prediction-applicants-1-", "-10-20-"));
        if (log_gone) world.remove_log();
        auto damaged = world.world_now();
        RepairReport report = world.repaired();
        EXPECT_EQ(report.outcome, Outcome::kRefused);
        EXPECT_EQ(world.world_now(), damaged);
        // 21, 28 and 35 are dead letters; the whole of the other partition's range is gone.
        std::vector<std::string> starts;
        for (const auto& hole : report.holes) starts.push_back(hole.substr(0, hole.find(" (")));
        EXPECT_EQ(starts, (std::vector<std::string>{
                              "applicants/0 offsets 20 to 20", "applicants/0 offsets 22 to 27",
                              "applicants/0 offsets 29 to 34", "applicants/0 offsets 36 to 39",
                              "applicants/1 offsets 10 to 19"}));
        world.request.accept_gaps = true;
        world.request.by = "operator";
        world.request.why = "disk 3 died";
        EXPECT_EQ(world.repaired().outcome, Outcome::kRepaired);
        EXPECT_TRUE(world.proved().proved) << world.proved().text();
        EXPECT_EQ(world.rows().size(), before.size() - 17 - 8);
        auto opened = Warehouse::open_to_read(world.env, world.files, "/w");
        ASSERT_EQ((*opened)->state().lost().size(), 5u);
        EXPECT_EQ((*opened)->state().lost()[0].by, "operator");
        // A merge of what is left, and another loss of the log.
        world.env.advance(std::chrono::hours(30));
        world.merge(std::chrono::milliseconds(0));
        EXPECT_TRUE(world.proved().proved) << world.proved().text();
        world.tear(world.files_with("/log/").back());
        world.request.accept_gaps = false;
        EXPECT_EQ(world.repaired().outcome, Outcome::kRepaired);
        EXPECT_TRUE(world.proved().proved) << world.proved().text();
    }
}

TEST(LogRepair, LastOffsetsAreDecidedAgainWhileTheTopicHasThem) {
    for (bool topic_there : {true, false}) {
        SCOPED_TRACE(topic_there);
        Landed world;
        world.remove(world.file_with("/prediction-applicants-0-", "-80-100-"));
        world.remove(world.file_with("/dead_letters-applicants-0-", "-80-100-"));
        if (topic_there) world.topic.extents = {{kZero, Offset(40), Offset(100)}};
        DeliveredPositions delivered(world.files, world.warehouse->layout().delivered("d"));
        ASSERT_TRUE(delivered.write(kZeroKey, {kZero.incarnation, Offset(100)}));
        RepairReport report = world.repaired();
        EXPECT_EQ((*delivered.read(kZeroKey))->next, Offset(topic_there ? 80 : 100));
        EXPECT_EQ(report.outcome, topic_there ? Outcome::kRepaired : Outcome::kRefused);
        if (!topic_there) {
            ASSERT_EQ(report.holes.size(), 1u);
            EXPECT_TRUE(report.holes[0].starts_with("applicants/0 offsets 80 to 99 (20 offsets)"));
            continue;
        }
        EXPECT_TRUE(world.proved().proved) << world.proved().text();
        world.start();
        world.claim(kZero, 80);
    }
}

TEST(LogRepair, APositionTwiceIsRefusedWhenTheLogCannotTell) {
    Landed world;
    std::string path = world.file_with("/prediction-applicants-0-", "-60-80-");
    std::string copy = path;
    copy.replace(copy.size() - 24, 16, "0123456789abcdef");
    world.env.overwrite(copy, world.env.files()[path]);
    Rows before = world.rows();
    world.remove_log();
    auto damaged = world.world_now();
    RepairReport report = world.repaired();
    EXPECT_EQ(report.outcome, Outcome::kRefused);
    EXPECT_EQ(world.world_now(), damaged);
    ASSERT_FALSE(report.doublings.empty());
    EXPECT_TRUE(report.doublings[0].starts_with("applicants/0 offsets 60 to 79 (20 offsets)"))
        << report.doublings[0];
}

TEST(LogRepair, WhatTheLogDoesNotNameIsMovedAside) {
    Landed world;
    std::string path = world.file_with("/prediction-applicants-0-", "-60-80-");
    std::string copy = path, strange = folder_of(path) + "/_SUCCESS";
    copy.replace(copy.size() - 24, 16, "0123456789abcdef");
    world.env.overwrite(copy, world.env.files()[path]);
    world.env.overwrite(strange, "");
    Rows before = world.rows();
    EXPECT_EQ(world.repaired().outcome, Outcome::kRepaired);
    EXPECT_EQ(world.files_with("/set-aside-").size(), 2u);
    world.expect_all_there(before);
}

TEST(LogRepair, IncarnationsReplaysAndLossesAreKept) {
    for (bool log_gone : {false, true}) {
        SCOPED_TRACE(log_gone);
        Landed world(false);
        auto epoch = world.warehouse->state().partition({"applicants", PartitionId(0)})->epoch;
        ASSERT_TRUE(world.warehouse->append(
            ResetEntry{kZero, epoch, Offset(100), Offset(0), "made anew", "operator"}));
        ASSERT_TRUE(world.warehouse->append(ReplayEntry{{kZero, Offset(7)}, {}, "a test", "me"}));
        SourcePartition anew{"applicants", Incarnation(1), PartitionId(0)};
        world.start();
        world.claim(anew, 0);
        world.write(anew, 0, {.records = 20, .reject_every = 7});
        world.commit();
        Rows before = world.rows();
        if (log_gone)
            world.remove_log();
        else
            world.tear(world.entry(world.last()));
        EXPECT_EQ(world.repaired().outcome, Outcome::kRepaired);
        EXPECT_TRUE(world.proved().proved) << world.proved().text();
        EXPECT_EQ(world.rows(), before);
        auto opened = Warehouse::open_to_read(world.env, world.files, "/w");
        ASSERT_EQ((*opened)->state().ended().size(), 1u);
        EXPECT_EQ((*opened)->state().ended()[0].by, log_gone ? "repair" : "operator");
        EXPECT_EQ((*opened)->state().replays().size(), log_gone ? 0u : 1u);
    }
}

TEST(LogRepair, DecidedMsNeverRunsBackwards) {
    Landed world;
    auto last = world.warehouse->state().partition({"applicants", PartitionId(0)})->decided_ms_last;
    world.remove_log();
    world.repaired();
    auto opened = Warehouse::open_to_read(world.env, world.files, "/w");
    EXPECT_EQ((*opened)->state().partition({"applicants", PartitionId(0)})->decided_ms_last, last);
}

TEST(LogRepair, RefusesWhileAnotherHoldsALock) {
    for (const char* merge_or_partition : {"merge", "applicants-0"}) {
        Landed world;
        world.tear(world.entry(3));
        auto path = std::string("/w/_loanstream/locks/") + merge_or_partition + ".lock";
        auto lock = world.env.try_lock(path);
        ASSERT_TRUE(lock && *lock);
        auto before = world.world_now();
        auto report = repair(world.env, world.files, "/w", world.request, &world.topic);
        ASSERT_FALSE(report) << merge_or_partition;
        EXPECT_EQ(report.error().code, ErrorCode::kBusy);
        EXPECT_EQ(world.world_now(), before);
    }
}

TEST(LogRepair, RefusesWhatALaterVersionWrote) {
    for (const char* where : {"/log/00000000000000000003.json", ".parquet", "/manifests/"}) {
        SCOPED_TRACE(where);
        Landed world;
        if (std::string_view(where) == "/manifests/")
            for (int i = 5; i < 205; ++i) world.land(i);
        std::string path = world.files_with(where).front();
        std::string bytes = world.env.files()[path];
        bool parquet = path.ends_with(".parquet");
        std::string from = parquet ? "loanstream.format\x18\x01"
                                     "1"
                                   : "{\"format\":1";
        auto at = bytes.find(from);
        ASSERT_NE(at, bytes.npos);
        bytes[at + from.size() - 1] = '7';
        world.env.overwrite(path, bytes);
        world.tear(world.files_with("/log/").back());
        auto before = world.world_now();
        auto report = repair(world.env, world.files, "/w", world.request, &world.topic);
        ASSERT_FALSE(report);
        EXPECT_EQ(report.error().code, ErrorCode::kUnknownFormat) << report.error().line();
        EXPECT_EQ(world.world_now(), before);
    }
}

// It dies at any call, with the power too: another repair ends what it began.
TEST(LogRepair, DiesAnywhereAndIsDoneAgain) {
    Landed probe;
    probe.remove(probe.entry(4));
    FaultyEnv counted(probe.env);
    LocalFileStore counted_files(counted);
    ASSERT_TRUE(repair(counted, counted_files, "/w", probe.request, &probe.topic));
    ASSERT_GT(counted.calls(), 50);
    for (bool power : {false, true})
        for (std::int64_t call = 1; call <= counted.calls(); call += power ? 2 : 3) {
            SCOPED_TRACE(testing::Message() << "call " << call << " power " << power);
            Landed world;
            Rows before = world.rows();
            world.remove(world.entry(4));
            {
                FaultyEnv dying(world.env);
                LocalFileStore files(dying);
                constexpr FaultyEnv::Fault kFaults[] = {FaultyEnv::Fault::kDiesBefore,
                                                        FaultyEnv::Fault::kDiesAfter,
                                                        FaultyEnv::Fault::kFailsOnce};
                dying.plan(kFaults[call % 3], call);
                (void)repair(dying, files, "/w", world.request, &world.topic);
            }
            if (power) world.env.lose_power();
            world.repaired();
            world.expect_all_there(before);
            if (testing::Test::HasFailure()) return;
        }
}

}  // namespace
}  // namespace loanstream::table_world

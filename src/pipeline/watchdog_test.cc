#include "pipeline/watchdog.h"

#include <gtest/gtest.h>

#include "pipeline/readiness.h"

namespace loanstream {

namespace {

using std::chrono::seconds;
using Finding = Watchdog::Finding;

// A job of one partition, and a clock.
class Job {
public:
    void wait(int time) { now_ += seconds(time); }
    void commit() { snapshot_.commits += 1; }
    void produce(int records) { watermark_ += records; }
    void land_all() { next_ = watermark_; }
    void hang() { hangs_ = true; }
    void lose_partitions() { has_partition_ = false; }
    Finding look(Watchdog& dog) {
        if (!hangs_) snapshot_.number += 1;
        snapshot_.partitions.clear();
        SourcePartition source{"loans", Incarnation(0), PartitionId(0)};
        if (has_partition_)
            snapshot_.partitions.push_back(
                {source, Offset(next_), Offset(next_), Offset(watermark_)});
        return dog.look(snapshot_, now_);
    }

private:
    Snapshot snapshot_;
    seconds now_{1000};
    int next_ = 0, watermark_ = 0;
    bool hangs_ = false, has_partition_ = true;
};

TEST(Watchdog, AnIdleJobIsNotStuck) {
    Watchdog dog{seconds(60)};
    Job job;
    for (int i = 0; i < 50; ++i, job.wait(30)) EXPECT_EQ(job.look(dog), Finding::kNothing);
}

TEST(Watchdog, ASlowJobIsNotStuckWhileCommitsCome) {
    Watchdog dog{seconds(60)};
    Job job;
    for (int i = 0; i < 50; ++i, job.wait(30)) {
        job.produce(1000);
        if (i % 2 == 0) job.commit();
        EXPECT_EQ(job.look(dog), Finding::kNothing) << i;
    }
}

TEST(Watchdog, LagWithoutCommitsIsStuckThenAlarmsEachMinute) {
    Watchdog dog{seconds(60)};
    Job job;
    EXPECT_EQ(job.look(dog), Finding::kNothing);
    job.produce(1);
    std::vector<std::pair<int, Finding>> found;
    for (int second = 0; second < 300; ++second, job.wait(1))
        if (auto finding = job.look(dog); finding != Finding::kNothing)
            found.push_back({second, finding});
    std::vector<std::pair<int, Finding>> expected = {{60, Finding::kStuck},
                                                     {120, Finding::kAlarm},
                                                     {180, Finding::kAlarm},
                                                     {240, Finding::kAlarm}};
    EXPECT_EQ(found, expected);
    EXPECT_TRUE(dog.is_stuck());
    job.commit();
    EXPECT_EQ(job.look(dog), Finding::kWell);
    EXPECT_FALSE(dog.is_stuck());
}

TEST(Watchdog, ALoopThatShowsNothingIsStuckWithoutLag) {
    Watchdog dog{seconds(60)};
    Job job;
    job.look(dog);
    job.hang();
    job.wait(59);
    EXPECT_EQ(job.look(dog), Finding::kNothing);
    job.wait(1);
    EXPECT_EQ(job.look(dog), Finding::kStuck);
}

TEST(Watchdog, PartitionsTakenAnewAreStillStuckUntilTheyMoveOrStayAway) {
    Watchdog dog{seconds(60)};
    Job job;
    job.look(dog);
    job.produce(5);
    job.wait(60);
    EXPECT_EQ(job.look(dog), Finding::kStuck);
    job.lose_partitions();
    job.wait(10);
    EXPECT_EQ(job.look(dog), Finding::kNothing);
    EXPECT_TRUE(dog.is_stuck());
    job.wait(50);
    EXPECT_EQ(job.look(dog), Finding::kWell) << "another has them";
}

TEST(Watchdog, WhatHasLandedElsewhereIsNoLag) {
    Watchdog dog{seconds(60)};
    Job job;
    job.look(dog);
    job.produce(5);
    job.wait(60);
    EXPECT_EQ(job.look(dog), Finding::kStuck);
    job.land_all();
    EXPECT_EQ(job.look(dog), Finding::kWell);
}

TEST(Readiness, TheFirstReasonThatHolds) {
    Snapshot snapshot;
    EXPECT_EQ(not_ready_because(snapshot, {}), "starting");
    snapshot.state = LoopState::kWaiting;
    EXPECT_EQ(not_ready_because(snapshot, {}), "waiting: partitions");
    SourcePartition source{"loans", Incarnation(0), PartitionId(0)};
    snapshot.waiting_for = {source};
    EXPECT_EQ(not_ready_because(snapshot, {}), "waiting: another process");
    snapshot.fenced = {source};
    EXPECT_EQ(not_ready_because(snapshot, {}), "fenced");
    snapshot.state = LoopState::kRunning;
    snapshot.partitions = {{source, Offset(0), Offset(0), Offset(9)}};
    EXPECT_EQ(not_ready_because(snapshot, {}), "");
    EXPECT_EQ(not_ready_because(snapshot, {.is_stuck = true}), "stuck");
    snapshot.partitions[0].hold = Hold::kPaused;
    EXPECT_EQ(lag_of(snapshot), 0);
    EXPECT_EQ(not_ready_because(snapshot, {.is_stuck = true}), "paused");
    snapshot.partitions[0].hold = Hold::kNone;
    snapshot.fault = "no broker answers";
    EXPECT_EQ(not_ready_because(snapshot, {.is_stuck = true}), "waiting: broker");
    snapshot.state = LoopState::kDraining;
    EXPECT_EQ(not_ready_because(snapshot, {}), "stopping");
    EXPECT_EQ(not_ready_because(snapshot, {.is_disk_full = true}), "disk full");
}

}  // namespace

}  // namespace loanstream

#include "pipeline/joined_board.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

const SourcePartition kFirst{"t", Incarnation(), PartitionId(0)};
const SourcePartition kSecond{"t", Incarnation(), PartitionId(1)};

std::shared_ptr<Snapshot> line(LoopState state, const SourcePartition& owned,
                               std::int64_t records) {
    auto made = std::make_shared<Snapshot>();
    made->state = state;
    made->records = made->decided = records;
    made->by_reject["not_json"] = 1;
    made->partitions.push_back({owned, Offset(records), Offset(records), Offset(records + 5)});
    made->number = 7;
    made->started_ms = 100;
    made->freshness_ms = records;
    return made;
}

TEST(JoinedBoard, AddsUpAndShowsTheLineThatRuns) {
    SnapshotBoard shown;
    JoinedBoard board(shown, 2);
    board.line(0).post(line(LoopState::kStopped, kSecond, 10));
    EXPECT_EQ(shown.newest()->state, LoopState::kStarting);  // the other has not said a word
    auto other = line(LoopState::kRunning, kFirst, 30);
    other->fault = "no broker";
    other->waiting_for = {kSecond};
    other->fenced = {kSecond};
    board.line(1).post(other);
    auto now = shown.newest();
    EXPECT_EQ(now->state, LoopState::kRunning);
    EXPECT_EQ(now->records, 40);
    EXPECT_EQ(now->decided, 40);
    EXPECT_EQ(now->by_reject.at("not_json"), 2);
    EXPECT_EQ(now->number, 14);
    EXPECT_EQ(now->freshness_ms, 30);
    EXPECT_EQ(now->fault, "no broker");
    ASSERT_EQ(now->partitions.size(), 2u);
    EXPECT_EQ(now->partitions[0].source, kFirst);
    EXPECT_TRUE(now->waiting_for.empty());  // the other line has it
    EXPECT_TRUE(now->fenced.empty());
    board.line(1).post(line(LoopState::kStopped, kFirst, 30));
    EXPECT_EQ(shown.newest()->state, LoopState::kStopped);
    EXPECT_EQ(shown.newest()->fault, "");
}

}  // namespace
}  // namespace loanstream

#include "log/delivered_positions.h"

#include <gtest/gtest.h>

#include "base/memory_env.h"

namespace loanstream {
namespace {

const TopicPartition kOne{"a-1", PartitionId(0)}, kOther{"a", PartitionId(1)};

DeliveredPosition at(std::int32_t incarnation, std::int64_t next) {
    return {Incarnation(incarnation), Offset(next)};
}

struct World {
    MemoryEnv env;
    LocalFileStore files{env};
    DeliveredPositions mine{files, "/w/_loanstream/delivered/decisions-d"};
    DeliveredPositions late{files, "/w/_loanstream/delivered/decisions-d"};
    std::size_t names() { return files.list("/w/_loanstream/delivered/decisions-d")->size(); }
};

TEST(DeliveredPositions, TheHighestCounts) {
    World world;
    EXPECT_EQ(*world.mine.read(kOne), std::nullopt);
    ASSERT_TRUE(world.late.write(kOne, at(0, 5)));
    ASSERT_TRUE(world.mine.write(kOne, at(0, 9)));
    ASSERT_TRUE(world.mine.write(kOne, at(0, 100)));
    EXPECT_EQ(world.names(), 1u);
    ASSERT_TRUE(world.late.write(kOne, at(0, 7)));  // it was asleep
    EXPECT_EQ(*world.mine.read(kOne), at(0, 100));
    ASSERT_TRUE(world.mine.write(kOne, at(1, 0)));
    EXPECT_EQ(*world.late.read(kOne), at(1, 0));
    ASSERT_TRUE(world.mine.write(kOne, at(1, 0)));  // again
    EXPECT_EQ(*world.late.read(kOne), at(1, 0));
}

TEST(DeliveredPositions, PartitionsAreKeptApart) {
    World world;
    ASSERT_TRUE(world.mine.write(kOne, at(0, 5)));
    ASSERT_TRUE(world.mine.write(kOther, at(0, 6)));
    world.env.overwrite("/w/_loanstream/delivered/decisions-d/a-1-0-007", "");
    world.env.overwrite("/w/_loanstream/delivered/decisions-d/a-1-0-", "");
    world.env.overwrite("/w/_loanstream/delivered/decisions-d/a-1-0--7", "");
    EXPECT_EQ(*world.late.read(kOne), at(0, 5));
    EXPECT_EQ(*world.late.read(kOther), at(0, 6));
    ASSERT_TRUE(world.late.forget(kOther));
    EXPECT_EQ(*world.mine.read(kOther), std::nullopt);
    EXPECT_EQ(*world.mine.read(kOne), at(0, 5));
    ASSERT_TRUE(world.mine.write(kOther, at(0, 2)));
    EXPECT_EQ(*world.late.read(kOther), at(0, 2));
}

TEST(DeliveredPositions, NoneIsBeyondTheEndOfTheTable) {
    World world;
    ASSERT_TRUE(world.late.write(kOne, at(0, 9)));
    ASSERT_TRUE(world.late.write(kOther, at(0, 9)));
    EXPECT_EQ(world.mine.end_at(kOne, at(0, 9)), false);
    EXPECT_EQ(world.mine.end_at(kOne, at(1, 0)), false);
    EXPECT_EQ(*world.mine.read(kOne), at(0, 9));
    EXPECT_EQ(world.mine.end_at(kOne, at(0, 4)), true);
    EXPECT_EQ(*world.mine.read(kOne), at(0, 4));
    EXPECT_EQ(*world.mine.read(kOther), at(0, 9));
    EXPECT_EQ(world.mine.end_at({"b", PartitionId(0)}, at(0, 4)), false);
}

}  // namespace
}  // namespace loanstream

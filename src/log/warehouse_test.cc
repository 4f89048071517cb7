#include "log/warehouse.h"

#include "log/protocol_world.h"

namespace loanstream::protocol_world {
namespace {

TEST(Warehouse, LandsAndGoesOn) {
    MemoryEnv machine;
    Writer writer(machine);
    ASSERT_TRUE(writer.open());
    EXPECT_OK(writer.claim(kFirst));
    EXPECT_EQ(writer.claimed.at(kFirst).epoch, Epoch(1));
    for (int i = 0; i < 5; ++i) EXPECT_OK(writer.land({kFirst}, 4));
    expect_whole(machine);
    EXPECT_EQ(writer.warehouse->state().partition(kFirst)->next, Offset(20));
    Writer heir(machine);
    ASSERT_TRUE(heir.open());
    EXPECT_OK(heir.claim(kFirst));
    EXPECT_EQ(heir.claimed.at(kFirst).epoch, Epoch(2));
    EXPECT_EQ(heir.claimed.at(kFirst).next, Offset(20));
    EXPECT_OK(heir.claim(kSecond));
    EXPECT_OK(heir.land({kFirst, kSecond}, 2));
    expect_whole(machine);
}

TEST(Warehouse, CheckpointsSealsAndTruncates) {
    MemoryEnv machine;
    Writer writer(machine);
    WarehouseSettings settings;
    settings.checkpoint_every = 10;
    settings.max_open_files = 4;
    ASSERT_TRUE(writer.open(settings));
    EXPECT_OK(writer.claim(kFirst));
    for (int i = 0; i < 100; ++i) {
        ASSERT_NO_FATAL_FAILURE(EXPECT_OK(writer.land({kFirst}, 2)));
        machine.advance(std::chrono::minutes(40));
    }
    expect_whole(machine);
    auto entries = machine.list("/w/_loanstream/log");
    EXPECT_LE(entries->size(), 12u);
    auto manifests = machine.list("/w/_loanstream/manifests");
    EXPECT_GE(manifests->size(), 4u);  // two tables, two days and more
    EXPECT_LE(manifests->size(), 16u);
    const LogState& state = writer.warehouse->state();
    EXPECT_EQ(state.partition(kFirst)->records, 200);
    EXPECT_EQ(state.partition(kFirst)->decided, 100);
    TableDay first{"prediction", "2023-11-14"};
    EXPECT_GE(state.open_part(first), 1);
    for (const LiveFile& file : state.files())
        EXPECT_EQ(file.place.part >= state.open_part(file.place.day) ||
                      !state.manifest_is_current(file.place.day),
                  true);
}

}  // namespace
}  // namespace loanstream::protocol_world

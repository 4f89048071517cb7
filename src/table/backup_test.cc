// A copy holds in itself whatever landed, merged or was deleted between any two calls of it, linked
// or copied; and a warehouse is made of it only where nothing is.
#include "table/backup.h"

#include "base/faulty_env.h"
#include "table/file_digest.h"
#include "table/repair_world.h"

namespace loanstream::table_world {
namespace {

ProveReport proved_in(MemoryEnv& env, FileStore& files, const std::string& folder) {
    auto report = prove(env, files, folder, {}, nullptr);
    EXPECT_TRUE(report) << report.error().line();
    return report.value_or(ProveReport{});
}

// Another process lands, and merges all of the day before: its inputs go at once.
void land_and_merge(Landed& world) {
    world.land(5);
    world.env.advance(std::chrono::hours(26));
    world.merge(std::chrono::milliseconds(0));
    world.merge(std::chrono::milliseconds(0));
}

// restore() copies where backup() links: from a warehouse that is written to, both must hold.
TEST(Backup, HoldsWhateverHappensMeanwhile) {
    for (auto* copies : {&backup, &restore}) {
        bool linked = copies == &backup;
        auto take = [&](Env& env) {
            LocalFileStore files(env);
            return linked ? backup(env, files, "/w", "/copy") : restore(env, files, "/w", "/copy");
        };
        Landed probe;
        FaultyEnv counted(probe.env);
        ASSERT_TRUE(take(counted));
        for (std::int64_t call = 1; call <= counted.calls(); call += 2) {
            SCOPED_TRACE(testing::Message() << "call " << call << " linked " << linked);
            Landed world;
            FaultyEnv watched(world.env);
            watched.before_call([&](std::int64_t number) {
                if (number == call) land_and_merge(world);
            });
            auto taken = take(watched);
            ASSERT_TRUE(taken) << taken.error().line();
            EXPECT_EQ(linked, taken->linked > 0);
            EXPECT_EQ(linked, taken->copied == 0);
            ProveReport report = proved_in(world.env, world.files, "/copy");
            ASSERT_TRUE(report.proved) << report.text();
            EXPECT_EQ(report.positions, taken->rows);
        }
    }
}

TEST(Backup, StandsAfterAPowerFailure) {
    Landed world;
    ASSERT_TRUE(backup(world.env, world.files, "/w", "/copy"));
    world.env.lose_power();
    EXPECT_TRUE(proved_in(world.env, world.files, "/copy").proved);
}

TEST(Restore, MakesTheWarehouseOfACopy) {
    Landed world;
    Rows before = world.rows();
    ASSERT_TRUE(backup(world.env, world.files, "/w", "/copy"));
    auto restored = restore(world.env, world.files, "/copy", "/new");
    ASSERT_TRUE(restored) << restored.error().line();
    EXPECT_EQ(restored->linked, 0);
    world.env.lose_power();
    EXPECT_EQ(world.rows("/new"), before);
    EXPECT_TRUE(proved_in(world.env, world.files, "/new").proved);
    auto writer = Warehouse::open(world.env, world.files, in_folder("/new"));
    ASSERT_TRUE(writer) << writer.error().line();
    auto claimed = (*writer)->claim({"applicants", PartitionId(0)});
    ASSERT_TRUE(claimed) << claimed.error().line();
    EXPECT_EQ(claimed->next, Offset(100));
}

TEST(Restore, WritesOnlyWhereNothingIs) {
    Landed world;
    ASSERT_TRUE(backup(world.env, world.files, "/w", "/copy"));
    ASSERT_TRUE(world.env.make_folders("/full"));
    world.env.overwrite("/full/notes", "of another");
    auto before = world.world_now();
    for (const char* full : {"/w", "/full"}) {
        auto refused = restore(world.env, world.files, "/copy", full);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyThere);
    }
    auto refused = restore(world.env, world.files, "/copy", "/copy/w");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
    EXPECT_EQ(world.world_now(), before);
}

TEST(Restore, RefusesACopyThatIsNotFinishedOrNotWhole) {
    Landed world;
    ASSERT_TRUE(backup(world.env, world.files, "/w", "/copy"));
    std::string path = world.file_with("/copy/prediction", "-80-100-");
    std::string bytes = world.env.files()[path];
    bytes[bytes.size() / 2] ^= 1;
    world.env.overwrite(path, bytes);
    auto damaged = restore(world.env, world.files, "/copy", "/other");
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, ErrorCode::kDamaged);
    EXPECT_FALSE(Warehouse::open_to_read(world.env, world.files, "/other"));
    world.remove("/copy/_loanstream/log/00000000000000000000.json");
    auto unfinished = restore(world.env, world.files, "/copy", "/another");
    ASSERT_FALSE(unfinished);
    EXPECT_EQ(unfinished.error().code, ErrorCode::kNotFound);
}

TEST(FileDigest, ACopyOfNothingMakesNothing) {
    MemoryEnv env;
    LocalFileStore files(env);
    ASSERT_TRUE(env.make_folders("/a"));
    auto copied = copy_file(files, "/a/gone", "/a/copy");
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(env.files().empty());
}

}  // namespace
}  // namespace loanstream::table_world

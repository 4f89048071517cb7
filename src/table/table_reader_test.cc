#include "table/table_reader.h"

#include <gtest/gtest.h>

#include "table/amounts.h"
#include "table/dead_letters.h"
#include "table/table_world.h"

namespace loanstream {

using namespace table_world;

namespace {

std::vector<std::string> positions(const TableOverview& overview) {
    std::vector<std::string> out;
    for (const auto& row : overview.newest) out.push_back(row.back().value_or("null"));
    return out;
}

TableOverview overview_of(World& world, std::int64_t rows = 20) {
    auto overview = table_overview(world.env, *world.warehouse, {rows});
    EXPECT_TRUE(overview) << overview.error().line();
    return overview.value_or(TableOverview{});
}

}  // namespace

TEST(TableOverview, NewestRowsFirstOverPartitionsAndFiles) {
    World world;
    world.claim(kZero, 0);
    world.claim(kOne, 0);
    for (int i = 0; i < 3; ++i) {
        world.write(kZero, i * 4, {.records = 4, .reject_every = 4});
        world.env.advance(std::chrono::milliseconds(10));
        world.write(kOne, i * 2, {.records = 2});
        world.commit();
    }
    TableOverview overview = overview_of(world, 4);
    EXPECT_EQ(positions(overview),
              (std::vector<std::string>{"applicants/1@5", "applicants/1@4", "applicants/0@11",
                                        "applicants/0@10"}));
    EXPECT_EQ(overview.prediction.rows, 15);
    EXPECT_EQ(overview.prediction.files, 6);
    EXPECT_EQ(overview.dead_letters.rows, 3);
    EXPECT_EQ(overview.newest_decided_ms, world.env.now().value);
    EXPECT_EQ(overview.newest_event_ms, 1'700'000'000'011);
    std::int64_t mixed = 0;
    for (const auto& [status, rows] : overview.mix) mixed += rows;
    EXPECT_EQ(mixed, 15);
    EXPECT_EQ(overview.mix_rows, 15);

    std::string text = overview.text();
    EXPECT_NE(text.find("prediction: 15 rows in 6 files"), std::string::npos) << text;
    EXPECT_NE(text.find("|annual_inc|"), std::string::npos) << text;
    EXPECT_NE(text.find("only showing newest 4 rows"), std::string::npos) << text;
    EXPECT_NE(text.find("applicants/0: 12 records to offset 12 (9 decided, 3 rejected)"),
              std::string::npos)
        << text;
}

TEST(TableOverview, AnEmptyTableIsNoError) {
    World world;
    TableOverview overview = overview_of(world);
    EXPECT_EQ(overview.prediction.rows, 0);
    EXPECT_NE(overview.text().find("nothing decided yet"), std::string::npos);
    EXPECT_NE(overview.json().find("\"newest_decided_ms\": null"), std::string::npos);
}

TEST(TableOverview, ReadsWhatIsCommittedAndStillStaged) {
    World world;
    world.claim(kZero, 0);
    world.write(kZero, 0, {.records = 4});
    world.commit();
    LiveFile file = world.live()[0];
    const Layout& layout = world.warehouse->layout();
    ASSERT_TRUE(world.env.rename_noreplace(layout.final_file(file.place, file.name),
                                           layout.staged_file(file.name)));
    EXPECT_EQ(overview_of(world).newest.size(), 4u);
}

TEST(TableOverview, AMissingFileIsDamageWithItsPath) {
    World world;
    world.claim(kZero, 0);
    world.write(kZero, 0);
    world.commit();
    std::string path = *world.warehouse->locate(world.live()[0]);
    ASSERT_TRUE(world.env.remove_file(path));
    auto overview = table_overview(world.env, *world.warehouse, {5});
    ASSERT_FALSE(overview);
    EXPECT_EQ(overview.error().code, ErrorCode::kDamaged);
    EXPECT_EQ(overview.error().where, path);
}

TEST(FindRow, FindsDecisionsAndRejectsAndSaysWhyNot) {
    World world;
    world.claim(kZero, 0);
    for (int i = 0; i < 2; ++i) {
        world.write(kZero, i * 10, {.records = 10, .reject_every = 6, .hole_every = 7});
        world.commit();
    }
    struct Case {
        const char* position;
        const char* table;  // or empty, and
        const char* told;
    };
    for (const Case& c :
         {Case{"applicants/0@13", "prediction", ""}, Case{"applicants/0@12", "dead_letters", ""},
          Case{"applicants/0@14", "", "no record had this offset"},
          Case{"applicants/0@20", "", "the table has come to offset 20"},
          Case{"applicants/1@0", "", "nothing of this partition"}}) {
        SCOPED_TRACE(c.position);
        auto found = find_row(*world.warehouse, *Position::parse(c.position));
        ASSERT_EQ(found.has_value(), *c.table != '\0');
        if (!found) {
            EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
            EXPECT_NE(found.error().what.find(c.told), std::string::npos) << found.error().what;
            continue;
        }
        EXPECT_EQ(found->table, c.table);
        EXPECT_EQ("applicants/0@" + *found->cell("source_offset"), c.position);
        EXPECT_EQ(found->cells.size(), table_named(c.table)->columns.size());
    }
}

TEST(DeadLetters, AreGroupedByCauseWithTheOldestAsExample) {
    World world;
    world.claim(kZero, 0);
    world.write(kZero, 0, {.records = 10, .reject_every = 4});
    world.commit();
    world.env.advance(std::chrono::hours(1));
    world.write(kZero, 10, {.records = 10, .reject_every = 5});
    world.commit();
    auto list = list_dead(world.env, *world.warehouse, {});
    ASSERT_TRUE(list) << list.error().line();
    ASSERT_EQ(list->groups.size(), 1u);
    EXPECT_EQ(list->groups[0].count, 5);
    EXPECT_EQ(list->groups[0].reason, "not_json");
    EXPECT_EQ(list->groups[0].example.text(), "applicants/0@0");
    EXPECT_NE(list->text().find("1 h 0 min ago"), std::string::npos) << list->text();
    DeadListRequest old;
    old.older_than_ms = 1'800'000;
    EXPECT_EQ(list_dead(world.env, *world.warehouse, old)->total, 3);
}

TEST(DeadLetters, StateComesFromTheLog) {
    World world;
    world.claim(kZero, 0);
    world.write(kZero, 0, {.records = 5, .reject_every = 1});
    world.commit();
    Position first{kZero, Offset(0)}, second{kZero, Offset(1)};
    ASSERT_TRUE(world.warehouse->append(ReplayEntry{first, std::string(64, 'a'), "w", "b"}));
    ASSERT_TRUE(world.warehouse->append(ReplayEntry{second, "", "w", "b"}));
    EXPECT_EQ(list_dead(world.env, *world.warehouse, {})->total, 3);
    EXPECT_EQ(list_dead(world.env, *world.warehouse, {.all = true})->groups.size(), 3u);
    EXPECT_EQ(show_dead(*world.warehouse, first)->state, DeadState::kReplayed);
    EXPECT_EQ(show_dead(*world.warehouse, second)->state, DeadState::kAbandoned);
}

TEST(DeadLetters, ShowMasksUnlessAskedForTheBytes) {
    World world;
    world.claim(kZero, 0);
    world.write(kZero, 0, {.records = 2, .reject_every = 1});
    world.commit();
    auto letter = show_dead(*world.warehouse, {kZero, Offset(1)});
    ASSERT_TRUE(letter) << letter.error().line();
    EXPECT_EQ(letter->raw, "{\"n\": 1}");
    EXPECT_NE(letter->text(false).find("{\"n\": 9}"), std::string::npos) << letter->text(false);
    EXPECT_EQ(letter->json(false).find("1}"), std::string::npos);
    EXPECT_NE(letter->text(true).find("{\"n\": 1}"), std::string::npos);
    letter->raw = "\xff\xfe";
    EXPECT_NE(letter->json(true).find("\"raw_base64\": \"//4=\""), std::string::npos);
}

TEST(DeadLetters, ShowOfADecidedRowSaysSo) {
    World world;
    world.claim(kZero, 0);
    world.write(kZero, 0, {.records = 1});
    world.commit();
    auto letter = show_dead(*world.warehouse, {kZero, Offset(0)});
    ASSERT_FALSE(letter);
    EXPECT_NE(letter.error().what.find("this record was decided (approved)"), std::string::npos);
}

TEST(Masked, KeepsShapeAndKeysOnly) {
    struct Case {
        const char *raw, *shown;
    };
    for (const Case& c : {Case{R"({"emp_title": "Nurse 3", "annual_inc":"65000.0"})",
                               R"({"emp_title": "xxxxx 9", "annual_inc":"99999.9"})"},
                          Case{R"({"Anna Smith": 1})", R"({"xxxx xxxxx": 9})"},
                          Case{R"(["anna", "smith"])", R"(["xxxx", "xxxxx"])"},
                          Case{"M\xc3\xbcller\n7", "x??xxxx?9"}, Case{R"({"name)", R"({"xxxx)"}})
        EXPECT_EQ(masked(c.raw), c.shown);
}

TEST(Amounts, AsPeopleReadThem) {
    EXPECT_EQ(bytes_text(1023), "1023 B");
    EXPECT_EQ(bytes_text(3 << 20), "3.0 MiB");
    EXPECT_EQ(age_text(850), "850 ms");
    EXPECT_EQ(age_text(12'300), "12.3 s");
    EXPECT_EQ(age_text(3'600'000), "1 h 0 min");
    EXPECT_EQ(age_text(3 * 86'400'000LL), "3 days");
    EXPECT_EQ(share_text(1, 3), "33.3 %");
    EXPECT_EQ(count_text(1, "file", "files"), "1 file");
    EXPECT_EQ(count_text(1200, "file", "files"), "1,200 files");
}

}  // namespace loanstream

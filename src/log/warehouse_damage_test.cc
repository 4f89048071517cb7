// Each way to damage a log gives one clear error with the place, to readers and writers, and
// nothing is written.
#include "log/protocol_world.h"

namespace loanstream::protocol_world {
namespace {

std::string entry_path(std::uint64_t number) { return Layout(kFolder).entry(number); }

std::string bytes_of(MemoryEnv& machine, std::uint64_t number) {
    return machine.files().at(entry_path(number));
}

// Entries 0 (checkpoint), 1 (claim), 2 to 5 (commits).
void build(MemoryEnv& machine) {
    Writer writer(machine);
    ASSERT_TRUE(writer.open());
    EXPECT_OK(writer.claim(kFirst));
    for (int i = 0; i < 4; ++i) EXPECT_OK(writer.land({kFirst}, 2));
    ASSERT_EQ(writer.warehouse->last_number(), 5u);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    auto at = text.find(from);
    EXPECT_NE(at, text.npos) << from;
    return text.replace(at, from.size(), to);
}

// With its own checksum put right: only its neighbours can tell.
std::string resealed(std::string text) {
    text.replace(19, 64, std::string(64, '0'));
    return text.replace(19, 64, sha256_hex(text));
}

using Sabotage = std::function<void(MemoryEnv&)>;

struct Case {
    const char* name;
    Sabotage sabotage;
    ErrorCode code;
    std::uint64_t where;  // entry
    const char* says;
};

void overwrite_with(MemoryEnv& machine, std::uint64_t number, std::string bytes) {
    machine.overwrite(entry_path(number), std::move(bytes));
}

void swap_entries(MemoryEnv& machine, std::uint64_t a, std::uint64_t b) {
    std::string one = bytes_of(machine, a), other = bytes_of(machine, b);
    overwrite_with(machine, a, other);
    overwrite_with(machine, b, one);
}

const std::vector<Case>& cases() {
    using enum ErrorCode;
    static const std::vector<Case> all = {
        {"missing", [](auto& m) { (void)m.remove_file(entry_path(3)); }, kDamaged, 3,
         "log entry 3 is missing below entry 5"},
        {"no checkpoint", [](auto& m) { (void)m.remove_file(entry_path(0)); }, kDamaged, 0,
         "log entry 0 is missing"},
        {"torn", [](auto& m) { overwrite_with(m, 5, bytes_of(m, 5).substr(0, 400)); }, kDamaged, 5,
         "torn or edited"},
        {"empty", [](auto& m) { overwrite_with(m, 5, ""); }, kDamaged, 5, "does not open"},
        {"edited",
         [](auto& m) {
             overwrite_with(m, 4, replaced(bytes_of(m, 4), "\"rows\":1", "\"rows\":2"));
         },
         kDamaged, 4, "torn or edited"},
        {"edited and sealed anew",
         [](auto& m) {
             overwrite_with(m, 3, resealed(replaced(bytes_of(m, 3), "\"at_ms\":1", "\"at_ms\":2")));
         },
         kDamaged, 4, "does not follow the one before"},
        {"last one edited into nonsense and sealed anew",
         [](auto& m) {
             overwrite_with(m, 5, resealed(replaced(bytes_of(m, 5), "\"begin\":6", "\"begin\":5")));
         },
         kDamaged, 5, "begin at 5"},
        {"swapped", [](auto& m) { swap_entries(m, 3, 4); }, kDamaged, 3, "does not follow"},
        {"one twice", [](auto& m) { overwrite_with(m, 6, bytes_of(m, 5)); }, kDamaged, 6,
         "does not follow"},
        {"later format",
         [](auto& m) {
             overwrite_with(m, 5, replaced(bytes_of(m, 5), "{\"format\":1", "{\"format\":7"));
         },
         kUnknownFormat, 5, "format 7"},
        {"later kind",
         [](auto& m) {
             overwrite_with(m, 5, resealed(replaced(bytes_of(m, 5), "\"commit\"", "\"pause\"")));
         },
         kUnknownFormat, 5, "unknown kind 'pause'"},
    };
    return all;
}

TEST(Damage, EachGivesOneClearErrorAndNothingIsWritten) {
    for (const Case& c : cases()) {
        SCOPED_TRACE(c.name);
        MemoryEnv machine;
        build(machine);
        c.sabotage(machine);
        auto before = machine.files();
        Writer writer(machine);
        auto opened = writer.open();
        LocalFileStore files(machine);
        auto read = Warehouse::open_to_read(machine, files, kFolder);
        ASSERT_FALSE(opened);
        ASSERT_FALSE(read);
        EXPECT_EQ(opened.error().line(), read.error().line());
        const Error& error = opened.error();
        EXPECT_EQ(error.code, c.code) << error.line();
        EXPECT_EQ(exit_status(error.code), 3);
        EXPECT_NE(error.what.find(c.says), std::string::npos) << error.line();
        EXPECT_EQ(error.where, entry_path(c.where)) << error.line();
        EXPECT_FALSE(error.mend.empty());
        EXPECT_EQ(machine.files(), before);
    }
}

// A writer that has loaded before meets the same when it reads on.
TEST(Damage, IsMetByAWriterThatReadsOn) {
    MemoryEnv machine;
    Writer writer(machine), rival(machine);
    ASSERT_TRUE(writer.open());
    EXPECT_OK(writer.claim(kFirst));
    ASSERT_TRUE(rival.open());
    EXPECT_OK(rival.claim(kSecond));
    overwrite_with(machine, 2, bytes_of(machine, 2).substr(0, 90));
    auto request = writer.stage({kFirst}, 2);
    auto outcome = writer.commit(*request);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::kDamaged);
    EXPECT_EQ(outcome.error().where, entry_path(2));
    // It has ended, and says so again.
    EXPECT_EQ(writer.commit(*request).error().line(), outcome.error().line());
    EXPECT_FALSE(writer.warehouse->claim(kFirst));
}

TEST(Damage, ALogThatIsGoneIsNotBegunAnew) {
    MemoryEnv machine;
    build(machine);
    for (std::uint64_t number = 0; number <= 5; ++number)
        EXPECT_OK(machine.remove_file(entry_path(number)));
    for (const char* says : {"the log folder has no entry", "there is no log, and the table"}) {
        Writer writer(machine);
        auto opened = writer.open();
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, ErrorCode::kDamaged);
        EXPECT_NE(opened.error().what.find(says), std::string::npos) << opened.error().line();
        (void)machine.remove_folder(Layout(kFolder).log());
    }
}

TEST(Damage, ManifestsAreChecked) {
    struct Change {
        std::function<void(MemoryEnv&, const std::string&)> change;
        const char* says;
    };
    const Change changes[] = {
        {[](MemoryEnv& m, const std::string& path) { m.overwrite(path, "{}"); },
         "do not have its checksum"},
        {[](MemoryEnv& m, const std::string& path) { (void)m.remove_file(path); }, "no such file"},
    };
    for (const Change& change : changes) {
        MemoryEnv machine;
        Writer writer(machine);
        WarehouseSettings settings;
        settings.checkpoint_every = 4;
        settings.max_open_files = 1;
        ASSERT_TRUE(writer.open(settings));
        EXPECT_OK(writer.claim(kFirst));
        for (int i = 0; i < 3; ++i) EXPECT_OK(writer.land({kFirst}, 2));
        std::string path;
        for (const auto& [key, day] : writer.warehouse->state().days())
            path = join_path(writer.warehouse->layout().manifests(), day.manifest);
        ASSERT_TRUE(machine.files().contains(path));
        change.change(machine, path);
        auto live = writer.warehouse->live_files();
        ASSERT_FALSE(live);
        EXPECT_EQ(live.error().code, ErrorCode::kDamaged) << live.error().line();
        EXPECT_EQ(live.error().where, path);
        EXPECT_NE(live.error().what.find(change.says), std::string::npos) << live.error().line();
    }
}

TEST(Damage, KeptVersionsAreChecked) {
    MemoryEnv machine;
    Writer writer(machine);
    ASSERT_TRUE(writer.open());
    auto hash = writer.warehouse->keep_version("a policy");
    ASSERT_TRUE(hash);
    EXPECT_EQ(*hash, sha256_hex("a policy"));
    EXPECT_EQ(*writer.warehouse->keep_version("a policy"), *hash);
    EXPECT_EQ(*writer.warehouse->read_version(*hash), "a policy");
    machine.overwrite(writer.warehouse->layout().version(*hash), "a POLICY");
    EXPECT_EQ(writer.warehouse->read_version(*hash).error().code, ErrorCode::kDamaged);
    machine.overwrite(writer.warehouse->layout().version(*hash), "");
    EXPECT_EQ(writer.warehouse->keep_version("a policy").error().code, ErrorCode::kDamaged);
    EXPECT_EQ(writer.warehouse->read_version(sha256_hex("x")).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(writer.warehouse->read_version("../log/0").error().code, ErrorCode::kUsage);
}

// A reader makes nothing, not even a folder.
TEST(Damage, ReadersWriteNothing) {
    MemoryEnv machine;
    LocalFileStore files(machine);
    auto none = Warehouse::open_to_read(machine, files, kFolder);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
    EXPECT_FALSE(machine.stat(kFolder)->has_value());
    build(machine);
    auto before = machine.files();
    auto reader = Warehouse::open_to_read(machine, files, kFolder);
    ASSERT_TRUE(reader);
    EXPECT_OK((*reader)->reload());
    EXPECT_OK((*reader)->live_files());
    EXPECT_FALSE((*reader)->claim(kFirst));
    EXPECT_FALSE((*reader)->append(SealEntry{{{"prediction", "2026-11-23"}, 0}}));
    EXPECT_EQ(machine.files(), before);
}

TEST(Damage, WhatNobodyCouldReadGetsNoNumber) {
    MemoryEnv machine;
    Writer writer(machine);
    ASSERT_TRUE(writer.open());
    EXPECT_OK(writer.claim(kFirst));
    SourcePartition source{"t", Incarnation(0), PartitionId(0)};
    LostEntry lost{source, Epoch(1), {Offset(0), Offset(9)}, std::string(5000, 'x'), "me"};
    auto appended = writer.warehouse->append(lost);
    ASSERT_FALSE(appended);
    EXPECT_NE(appended.error().what.find("would not be readable"), std::string::npos);
    lost.why = "gone";
    EXPECT_EQ(*writer.warehouse->append(lost), 2u);
    EXPECT_EQ(writer.warehouse->state().partition(kFirst)->next, Offset(9));
}

}  // namespace
}  // namespace loanstream::protocol_world

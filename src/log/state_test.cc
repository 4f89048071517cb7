#include "log/state.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

const std::string kHash(64, 'a'), kOther(64, 'b');
const SourcePartition kSource{"t", Incarnation(0), PartitionId(0)};
const SourcePartition kAfterReset{"t", Incarnation(1), PartitionId(0)};
const TopicPartition kKey{"t", PartitionId(0)};
const TableDay kDay{"prediction", "2026-11-23"};
const EpochMs kNow(1000);

CommittedRange range(std::int64_t begin, std::int64_t next, std::int64_t epoch = 1) {
    return {kSource,      Epoch(epoch), {Offset(begin), Offset(next)},
            next - begin, next - begin, 0,
            EpochMs(50),  kHash,        kOther};
}

CommittedFile file(const CommittedRange& r, std::int32_t part = 0, std::uint32_t index = 0,
                   std::uint64_t random = 1) {
    DataFileName name{"prediction", r.source.topic, r.source.partition, r.epoch, r.range, random};
    return {index, {kDay, part}, name.base() + ".parquet", r.decided, 100, kHash};
}

CommitEntry commit(std::int64_t begin, std::int64_t next, std::int32_t part = 0,
                   std::int64_t epoch = 1) {
    CommittedRange r = range(begin, next, epoch);
    return {"m", {r}, {file(r, part)}};
}

ClaimEntry claim(std::int64_t epoch) { return {kSource, Epoch(epoch), "m"}; }

// A claim and the ranges [0, 10) and [10, 20), then a seal of part 0.
LogState state_of(std::vector<EntryBody> more = {}) {
    LogState state;
    std::vector<EntryBody> bodies{CheckpointEntry{}, claim(1), commit(0, 10), commit(10, 20),
                                  SealEntry{{kDay, 0}}};
    for (EntryBody& body : more) bodies.push_back(std::move(body));
    for (const EntryBody& body : bodies) {
        auto applied = state.apply(body, kNow);
        EXPECT_TRUE(applied) << kind_of(body) << ": " << applied.error().line();
    }
    return state;
}

MergeEntry merge(std::int32_t part) {
    LiveFile output{{kDay, part}, "merged.parquet", 20, 150, kHash, {}, "gen"};
    return {
        {kDay, part}, "gen", {commit(0, 10).files[0].name, commit(10, 20).files[0].name}, {output}};
}

template <typename Entry, typename Change>
EntryBody changed(Entry entry, Change change) {
    change(entry);
    return entry;
}

TEST(LogState, RefusesWhatContradictsTheEntriesBelow) {
    struct Case {
        EntryBody body;
        ErrorCode code;
        const char* says;
    };
    using enum ErrorCode;
    const Case cases[] = {
        {claim(1), kDamaged, "epoch 1 follows epoch 1"},
        {claim(3), kDamaged, "epoch 3 follows epoch 1"},
        {ClaimEntry{kAfterReset, Epoch(2), "m"}, kDamaged, "another incarnation"},
        {commit(20, 25, 1, 0), kFenced, "a newer owner (epoch 1)"},
        {commit(20, 25, 1, 2), kDamaged, "was never claimed"},
        {commit(19, 25, 1), kDamaged, "begin at 19"},
        {commit(21, 25, 1), kDamaged, "begin at 21"},
        {commit(20, 25, 0), kDamaged, "the open part is 1"},
        {commit(20, 25, 2), kDamaged, "the open part is 1"},
        {changed(commit(20, 25, 1), [](auto& c) { c.member = "x"; }), kDamaged, "another member"},
        {changed(commit(20, 25, 1), [](auto& c) { c.ranges.clear(); }), kDamaged, "no range"},
        {changed(commit(20, 25, 1), [](auto& c) { c.ranges[0].rejected = 1; }), kDamaged,
         "do not fit together"},
        {changed(commit(20, 25, 1), [](auto& c) { c.ranges[0].records = 6; }), kDamaged,
         "do not fit together"},
        {changed(commit(20, 25, 1), [](auto& c) { c.files[0].rows = 4; }), kDamaged,
         "the files' rows"},
        {changed(commit(20, 25, 1), [](auto& c) { c.files.clear(); }), kDamaged, "the files' rows"},
        {changed(commit(20, 25, 1), [](auto& c) { c.files[0].range = 1; }), kDamaged, "no range"},
        {changed(commit(20, 25, 1), [](auto& c) { c.files.push_back(c.files[0]); }), kDamaged,
         "named twice"},
        {changed(commit(20, 25, 1), [](auto& c) { c.files[0].name = "x.parquet"; }), kDamaged,
         "not that of its range"},
        {changed(commit(20, 25, 1), [](auto& c) { c.ranges[0].decided_ms_last = EpochMs(49); }),
         kDamaged, "backwards"},
        {changed(commit(20, 25, 1), [](auto& c) { c.ranges.push_back(c.ranges[0]); }), kDamaged,
         "two ranges"},
        {changed(commit(20, 25, 1), [](auto& c) { c.ranges[0].source.topic = "u"; }), kDamaged,
         "never claimed"},
        {SealEntry{{kDay, 0}}, kDamaged, "the open part is 1"},
        {SealEntry{{kDay, 2}}, kDamaged, "the open part is 1"},
        {merge(1), kDamaged, "before it was sealed"},
        {changed(merge(0), [](auto& m) { m.inputs.pop_back(); }), kDamaged, "leaves a file"},
        {changed(merge(0), [](auto& m) { m.outputs[0].generation = "x"; }), kDamaged,
         "another part or generation"},
        {SwitchedEntry{{kDay, 0}, "gen"}, kDamaged, "no merge wrote"},
        {LostEntry{kSource, Epoch(1), {Offset(19), Offset(30)}, "", ""}, kDamaged, "begin at 19"},
        {LostEntry{kSource, Epoch(1), {Offset(20), Offset(20)}, "", ""}, kDamaged, "nothing"},
        {LostEntry{kSource, Epoch(0), {Offset(20), Offset(30)}, "", ""}, kFenced, "newer owner"},
        {ResetEntry{kSource, Epoch(1), Offset(3), Offset(0), "", ""}, kDamaged, "begin at 3"},
        {ResetEntry{kAfterReset, Epoch(1), Offset(20), Offset(0), "", ""}, kDamaged,
         "newest incarnation"},
        {ReplayEntry{{kSource, Offset(20)}, {}, "", ""}, kDamaged, "has not landed"},
        {CheckpointEntry{}, kDamaged, "does not say"},
    };
    const LogState before = state_of();
    for (const Case& c : cases) {
        auto checked = before.check(c.body);
        ASSERT_FALSE(checked) << c.says;
        EXPECT_EQ(checked.error().code, c.code) << checked.error().line();
        EXPECT_NE(checked.error().what.find(c.says), std::string::npos)
            << c.says << " != " << checked.error().line();
    }
}

TEST(LogState, FirstEntryIsACheckpoint) {
    LogState state;
    EXPECT_FALSE(state.apply(claim(1), kNow));
    EXPECT_TRUE(state.apply(CheckpointEntry{}, kNow));
}

TEST(LogState, FoldsRangesAndTotals) {
    LogState state = state_of({commit(20, 25, 1)});
    const PartitionState& partition = *state.partition(kKey);
    EXPECT_EQ(partition.next, Offset(25));
    EXPECT_EQ(partition.records, 25);
    EXPECT_EQ(partition.decided, 25);
    EXPECT_EQ(partition.decided_ms_last, EpochMs(50));
    EXPECT_EQ(state.open_part(kDay), 1);
    EXPECT_EQ(state.open_part_size(kDay).files, 1);
    EXPECT_EQ(state.open_part_size(kDay).bytes, 100);
    EXPECT_EQ(state.files().size(), 3u);
    EXPECT_EQ(state.recent_files().size(), 3u);
    EXPECT_EQ(state.versions(), (std::set<std::string>{kHash, kOther}));
    EXPECT_FALSE(state.manifest_is_current(kDay));
}

TEST(LogState, QuietRangesAreKeptAndJoined) {
    auto quiet = [](std::int64_t begin, std::int64_t next) {
        CommittedRange r = range(begin, next);
        r.records = r.decided = 0;
        return CommitEntry{"m", {r}, {}};
    };
    LogState state =
        state_of({quiet(20, 25), quiet(25, 30), quiet(30, 30), commit(30, 32, 1), quiet(32, 33)});
    ASSERT_EQ(state.quiet().size(), 2u);
    EXPECT_EQ(state.quiet()[0].range, (OffsetRange{Offset(20), Offset(30)}));
    EXPECT_EQ(state.quiet()[1].range, (OffsetRange{Offset(32), Offset(33)}));
}

TEST(LogState, MergesOnceAndSwitchesOnce) {
    LogState state = state_of({merge(0)});
    ASSERT_EQ(state.files().size(), 1u);
    EXPECT_EQ(state.files()[0].name, "merged.parquet");
    EXPECT_FALSE(state.check(merge(0)));
    SwitchedEntry switched{{kDay, 0}, "gen"};
    EXPECT_TRUE(state.apply(switched, kNow));
    EXPECT_EQ(state.merges().at({kDay, 0}).switched_ms, 1000);
    EXPECT_EQ(state.check(switched).error().code, ErrorCode::kAlreadyThere);
}

TEST(LogState, LossesAndResetsMoveNext) {
    LogState state = state_of({LostEntry{kSource, Epoch(1), {Offset(20), Offset(30)}, "gone", "me"},
                               ResetEntry{kSource, Epoch(1), Offset(30), Offset(5), "new", "me"}});
    const PartitionState& partition = *state.partition(kKey);
    EXPECT_EQ(partition.source, kAfterReset);
    EXPECT_EQ(partition.first, Offset(5));
    EXPECT_EQ(partition.next, Offset(5));
    EXPECT_EQ(partition.records, 0);
    EXPECT_EQ(partition.epoch, Epoch(1));
    ASSERT_EQ(state.ended().size(), 1u);
    EXPECT_EQ(state.ended()[0].next, Offset(30));
    EXPECT_EQ(state.ended()[0].records, 20);
    EXPECT_TRUE(state.check(ReplayEntry{{kSource, Offset(3)}, {}, "", ""}));
    EXPECT_TRUE(state.check(ClaimEntry{kAfterReset, Epoch(2), "x"}));
    EXPECT_FALSE(state.check(commit(30, 31, 1)));
}

OrderEntry order(OrderKind kind, std::int32_t partition = kAllPartitions, std::string topic = "t") {
    return {std::move(topic), partition, kind, "a bad night", "ann"};
}

TEST(LogState, OrdersStandUntilTheirOpposite) {
    LogState state = state_of({order(OrderKind::kPause, 3)});
    auto hold = [&](const char* topic, int partition) -> std::string {
        const auto* found = state.hold_of({topic, PartitionId(partition)});
        return found == nullptr ? "" : std::string(name_of(found->order.order));
    };
    auto give = [&](OrderKind kind, std::int32_t partition = kAllPartitions) {
        return state.apply(order(kind, partition), EpochMs(7));
    };
    EXPECT_EQ(hold("t", 3), "pause");
    EXPECT_EQ(hold("t", 0), "");
    auto again = give(OrderKind::kPause, 3);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::kAlreadyThere);
    EXPECT_NE(again.error().what.find("ann: a bad night"), std::string::npos);
    EXPECT_FALSE(give(OrderKind::kResume, 0)) << "nothing holds it";
    EXPECT_TRUE(give(OrderKind::kDrain, 3)) << "one takes the other's place";
    EXPECT_EQ(hold("t", 3), "drain");
    EXPECT_TRUE(give(OrderKind::kPause));
    EXPECT_EQ(hold("t", 3), "drain");
    EXPECT_EQ(hold("t", 0), "pause");
    EXPECT_EQ(hold("t.repaired", 0), "pause");
    EXPECT_EQ(hold("other", 0), "");
    EXPECT_FALSE(give(OrderKind::kReviewAll, 3)) << "only a whole topic";
    EXPECT_EQ(state.review_all_of("t"), nullptr);
    EXPECT_TRUE(give(OrderKind::kReviewAll));
    ASSERT_NE(state.review_all_of("t.repaired"), nullptr);
    EXPECT_EQ(state.review_all_of("t")->since, EpochMs(7));
    EXPECT_TRUE(give(OrderKind::kResume)) << "all of the topic, whatever held it";
    EXPECT_EQ(hold("t", 3), "");
    EXPECT_NE(state.review_all_of("t"), nullptr) << "it is no hold";
    EXPECT_TRUE(give(OrderKind::kReviewEnds));
    EXPECT_EQ(state.review_all_of("t"), nullptr);
    EXPECT_TRUE(state.orders().empty());
}

TEST(LogState, ACheckpointCarriesTheOrders) {
    LogState state = state_of({order(OrderKind::kPause, 3), order(OrderKind::kReviewAll)});
    CheckpointEntry checkpoint = state.checkpoint({}, {});
    ASSERT_EQ(checkpoint.orders.size(), 2u);
    LogState fresh;
    ASSERT_TRUE(fresh.apply(checkpoint, kNow));
    ASSERT_NE(fresh.hold_of({"t", PartitionId(3)}), nullptr);
    EXPECT_EQ(fresh.hold_of({"t", PartitionId(3)})->since, kNow);
    EXPECT_NE(fresh.review_all_of("t"), nullptr);
    checkpoint.orders.pop_back();
    EXPECT_FALSE(state.apply(checkpoint, kNow)) << "an order is left out";
}

// A checkpoint says the whole state: a fresh state made from it says the same, and the old one
// accepts it.
TEST(LogState, ACheckpointIsTheState) {
    LogState state = state_of({commit(20, 25, 1), merge(0),
                               LostEntry{kSource, Epoch(1), {Offset(25), Offset(30)}, "", ""},
                               ReplayEntry{{kSource, Offset(3)}, {}, "", ""}});
    DayState day = *state.day(kDay);
    day.manifest = "manifest.json";
    day.files = 1;
    CheckpointEntry checkpoint = state.checkpoint({day}, {});
    ASSERT_EQ(checkpoint.files.size(), 1u);  // of the open part
    LogState fresh;
    ASSERT_TRUE(fresh.apply(checkpoint, kNow));
    EXPECT_TRUE(fresh.manifest_is_current(kDay));
    auto applied = state.apply(checkpoint, kNow);
    ASSERT_TRUE(applied) << applied.error().line();
    for (const LogState* s : {&state, &fresh}) {
        EXPECT_EQ(s->partition(kKey)->next, Offset(30));
        EXPECT_EQ(s->open_part_size(kDay).files, 1);
        EXPECT_EQ(s->recent_files().size(), 0u);
        EXPECT_EQ(s->day(kDay)->manifest, "manifest.json");
        EXPECT_EQ(s->merges().size(), 1u);
        EXPECT_EQ(s->lost().size(), 1u);
        EXPECT_EQ(s->replays().size(), 1u);
        EXPECT_TRUE(s->check(commit(30, 31, 1)));
        Entry one{{}, "id", kNow, s->checkpoint({}, {})},
            other{{}, "id", kNow, state.checkpoint({}, {})};
        EXPECT_EQ(encode_entry(one), encode_entry(other));
    }
}

}  // namespace
}  // namespace loanstream

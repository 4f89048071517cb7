#include "log/entry.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/sha256.h"
#include "log/state.h"

namespace loanstream {
namespace {

const std::string kHash(64, 'a');
const SourcePartition kSource{"fintech_pyspark", Incarnation(1), PartitionId(2)};
const TablePart kPart{{"prediction", "2026-11-23"}, 4};
const OffsetRange kRange{Offset(10), Offset(14)};
const std::string kName = "prediction-fintech_pyspark-2-3-10-14-00000000000000ff.parquet";

LiveFile live_file() {
    return {kPart, kName, 2, 900, kHash, {{kSource, Epoch(3), kRange, 2}}, "gen1"};
}

std::vector<EntryBody> one_of_each() {
    CommittedRange range{kSource, Epoch(3), kRange, 3, 2, 1, EpochMs(99), kHash, {}};
    MergeEntry merge{kPart, "gen1", {kName}, {live_file()}};
    PartitionState partition{kSource, Epoch(3), "m.1", Offset(0), Offset(14), EpochMs(99),
                             kHash,   {},       3,     2,         1};
    CheckpointEntry checkpoint{
        {partition},
        {{kSource, Offset(0), Offset(5), 5, 4, 1, "why", "by"}},
        {{kPart.day, 5, {0, 3}, "prediction-2026-11-23-7-8.json", kHash, 1, 2, 900}},
        {live_file()},
        {{merge, -1}, {merge, 77}},
        {{kSource, kRange}},
        {{kSource, Epoch(3), kRange, "gone", "me"}},
        {{{kSource, Offset(3)}, kHash, "typo", "me"}},
        {kHash},
        {{{"fintech_pyspark", 2, OrderKind::kDrain, "a disk", "me"}, EpochMs(5)}}};
    return {CheckpointEntry{},
            checkpoint,
            ClaimEntry{kSource, Epoch(3), "m.1"},
            CommitEntry{"m.1", {range}, {{0, kPart, kName, 2, 900, kHash}}},
            SealEntry{kPart},
            merge,
            SwitchedEntry{kPart, "gen1"},
            LostEntry{kSource, Epoch(3), kRange, "gone \"for\" ever\n", "m\xc3\xbcller"},
            ResetEntry{kSource, Epoch(3), Offset(14), Offset(0), "new topic", "me"},
            ReplayEntry{{kSource, Offset(3)}, {}, "given up", "me"},
            OrderEntry{"fintech_pyspark", kAllPartitions, OrderKind::kReviewAll, "bad", "me"}};
}

Entry entry_of(EntryBody body) {
    return {kHash, "0123456789abcdef0123456789abcdef", EpochMs(1795420800000), std::move(body)};
}

// Any change of the text with its checksum put right again.
std::string resealed(std::string text) {
    constexpr std::size_t kSumAt = 19;
    text.replace(kSumAt, 64, std::string(64, '0'));
    return text.replace(kSumAt, 64, sha256_hex(text));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    auto at = text.find(from);
    EXPECT_NE(at, text.npos) << from << " in " << text;
    return at == text.npos ? text : text.replace(at, from.size(), to);
}

TEST(Entry, EachKindRoundTrips) {
    for (const EntryBody& body : one_of_each()) {
        std::string bytes = encode_entry(entry_of(body));
        SCOPED_TRACE(bytes);
        auto entry = decode_entry(bytes);
        ASSERT_TRUE(entry) << entry.error().line();
        EXPECT_EQ(encode_entry(*entry), bytes);
        EXPECT_EQ(kind_of(entry->body), kind_of(body));
        auto json = nlohmann::json::parse(bytes);
        const auto* checkpoint = std::get_if<CheckpointEntry>(&body);
        bool tells_orders = std::holds_alternative<OrderEntry>(body) ||
                            (checkpoint != nullptr && !checkpoint->orders.empty());
        EXPECT_EQ(json["format"], tells_orders ? 2 : 1);
        EXPECT_EQ(json["kind"], kind_of(body));
        EXPECT_EQ(bytes.find('\n'), bytes.size() - 1);
    }
}

TEST(Entry, ValuesAreKept) {
    auto entry = decode_entry(encode_entry(entry_of(one_of_each()[3])));
    const auto& commit = std::get<CommitEntry>(entry->body);
    EXPECT_EQ(commit.ranges[0].source, kSource);
    EXPECT_EQ(commit.ranges[0].range, kRange);
    EXPECT_EQ(commit.ranges[0].decided_ms_last, EpochMs(99));
    EXPECT_EQ(commit.files[0].place, kPart);
    EXPECT_EQ(commit.files[0].bytes, 900);
    entry = decode_entry(encode_entry(entry_of(one_of_each()[8])));
    EXPECT_EQ(std::get<ResetEntry>(entry->body).source, kSource);
}

TEST(Entry, NoTruncationAndNoFlipIsRead) {
    for (const EntryBody& body : one_of_each()) {
        std::string bytes = encode_entry(entry_of(body));
        for (std::size_t n = 0; n < bytes.size(); ++n)
            EXPECT_FALSE(decode_entry(bytes.substr(0, n))) << n;
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            std::string flipped = bytes;
            flipped[n] = static_cast<char>(flipped[n] ^ (1 << (n % 7)));
            EXPECT_FALSE(decode_entry(flipped)) << n;
        }
    }
}

// Garbled with a checksum that holds: whatever comes out of decode, it must come out in order.
TEST(Entry, GarbledTextIsRefusedOrReadAgain) {
    std::uint64_t seed = 42;
    auto next = [&] { return seed = seed * 6364136223846793005ULL + 1442695040888963407ULL; };
    const std::string pieces[] = {"0",    "-1",      "9223372036854775808",
                                  "null", "[]",      "{}",
                                  "\"\"", "1e9",     "true",
                                  ",",    "}",       "\\u0000",
                                  "\xff", "[[[[[[[["};
    int refused = 0, read = 0;
    for (const EntryBody& body : one_of_each())
        for (int round = 0; round < 500; ++round) {
            std::string bytes = encode_entry(entry_of(body));
            std::size_t at = 86 + (next() >> 33) % (bytes.size() - 86);
            bytes.replace(at, (next() >> 33) % 4, pieces[(next() >> 33) % std::size(pieces)]);
            auto entry = decode_entry(resealed(bytes));
            entry ? ++read : ++refused;
            if (entry) {
                EXPECT_TRUE(decode_entry(encode_entry(*entry)));
            }
        }
    EXPECT_GT(refused, 4000);
    EXPECT_GT(read, 10);
}

TEST(Entry, FaultyFieldsAreNamed) {
    struct Case {
        std::size_t kind;
        const char *from, *to, *says;
    };
    const Case cases[] = {
        {2, "\"epoch\":3", "\"epoch\":0", "'epoch' is out of its bounds"},
        {2, "\"epoch\":3", "\"epoch\":\"3\"", "'epoch' is no whole number"},
        {2, "\"epoch\":3", "\"epoch\":3.0", "'epoch' is no whole number"},
        {2, "\"epoch\":3", "\"epoch\":18446744073709551615", "'epoch' is too large"},
        {2, "\"epoch\":3,", "", "'epoch' is missing"},
        {2, "\"m.1\"", "\"m/1\"", "'member' has not the form"},
        {2, "fintech_pyspark", "../etc", "'topic' has not the form"},
        {2, "\"partition\":2", "\"partition\":2147483648", "'partition' is out of its bounds"},
        {3, "\"next\":14", "\"next\":9", "'next' is out of its bounds"},
        {3, "\"decided\":2", "\"decided\":4", "'decided' is out of its bounds"},
        {3, "2026-11-23", "2026-11-32", "'dt' has not the form"},
        {3, "\"prediction\"", "\"../secret\"", "'table' has not the form"},
        {3, "prediction-f", "../../../x-f", "'name' has not the form"},
        {3, "\"ranges\":[", "\"ranges\":0,\"x\":[", "'ranges' is no array"},
        {3, "\"files\":[{", "\"files\":[7,{", "'range' is missing"},
        {10, "\"review_all\"", "\"stop\"", "'order' has not the form"},
        {10, "\"partition\":-1", "\"partition\":-2", "'partition' is out of its bounds"},
        {10, "\"by\":\"me\"", "\"of\":\"me\"", "'by' is missing"},
        {8, "\"incarnation\":2", "\"incarnation\":0", "'incarnation'"},
    };
    for (const Case& c : cases) {
        std::string bytes = encode_entry(entry_of(one_of_each()[c.kind]));
        auto entry = decode_entry(resealed(replaced(bytes, c.from, c.to)));
        ASSERT_FALSE(entry) << c.to;
        EXPECT_EQ(entry.error().code, ErrorCode::kInvalidData);
        EXPECT_NE(entry.error().what.find(c.says), std::string::npos)
            << c.to << " gave: " << entry.error().what;
    }
}

TEST(Entry, UnknownFormatsAndKinds) {
    std::string bytes = encode_entry(entry_of(SealEntry{kPart}));
    auto later = decode_entry(replaced(bytes, "{\"format\":1", "{\"format\":3"));
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().code, ErrorCode::kUnknownFormat);
    EXPECT_NE(later.error().what.find("format 3"), std::string::npos);
    auto kind = decode_entry(resealed(replaced(bytes, "\"seal\"", "\"pause\"")));
    ASSERT_FALSE(kind);
    EXPECT_EQ(kind.error().code, ErrorCode::kUnknownFormat);
    EXPECT_NE(kind.error().what.find("'pause'"), std::string::npos);
}

// The small log that the docs show: read as it stands there, with its checksums put in, written
// again to the byte, and each entry may follow those before it.
TEST(Entry, TheDocsShowALogThatFolds) {
    std::ifstream file(std::string(LOANSTREAM_SOURCE_DIR) + "/docs/delivery.md");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    LogState state;
    std::string prev;
    std::set<std::string_view> kinds;
    for (std::size_t at = text.find("```json\n"); at != text.npos;
         at = text.find("```json\n", at + 1)) {
        std::size_t begin = at + 8, end = text.find("```", begin);
        auto json = nlohmann::ordered_json::parse(text.substr(begin, end - begin));
        json["sum"] = std::string(64, '0');
        json["prev"] = prev;
        std::string bytes = resealed(json.dump() + "\n");
        SCOPED_TRACE(bytes);
        auto entry = decode_entry(bytes);
        ASSERT_TRUE(entry) << entry.error().line();
        EXPECT_EQ(encode_entry(*entry), bytes);
        auto applied = state.apply(entry->body, entry->at_ms);
        EXPECT_TRUE(applied) << applied.error().line();
        kinds.insert(kind_of(entry->body));
        prev = sha256_hex(bytes);
    }
    EXPECT_EQ(kinds.size(), std::variant_size_v<EntryBody>);
}

TEST(Manifest, RoundTripsAndKnowsItsDay) {
    std::string bytes = encode_manifest(kPart.day, {live_file(), live_file()});
    auto files = decode_manifest(kPart.day, bytes);
    ASSERT_TRUE(files) << files.error().line();
    ASSERT_EQ(files->size(), 2u);
    EXPECT_EQ((*files)[1].ranges[0].rows, 2);
    EXPECT_EQ((*files)[1].generation, "gen1");
    EXPECT_FALSE(decode_manifest({"prediction", "2026-11-24"}, bytes));
    EXPECT_FALSE(decode_manifest(kPart.day, bytes.substr(0, bytes.size() / 2)));
    std::string other = replaced(bytes, "\"2026-11-23\",\"part\"", "\"2026-11-22\",\"part\"");
    EXPECT_FALSE(decode_manifest(kPart.day, resealed(other)));
}

}  // namespace
}  // namespace loanstream

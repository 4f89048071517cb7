// How long it takes to open a warehouse of 100,000 commits, and what one commit costs beside the
// disk's own time.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>

#include "base/memory_env.h"
#include "base/sha256.h"
#include "log/warehouse.h"

namespace loanstream {
namespace {

const SourcePartition kSource{"fintech_pyspark", Incarnation(0), PartitionId(0)};
const std::string kHash = sha256_hex("x");
constexpr std::int64_t kRows = 100;

CommitEntry commit_of(std::int64_t number, const std::string& dt, const LogState& state) {
    OffsetRange range{Offset(number * kRows), Offset((number + 1) * kRows)};
    CommitEntry commit{"m",
                       {{kSource, Epoch(1), range, kRows, kRows - 1, 1,
                         EpochMs(1'700'000'000'000 + number), kHash, kHash}},
                       {}};
    for (const char* table : {"prediction", "dead_letters"}) {
        TableDay day{table, dt};
        DataFileName name{
            table,    kSource.topic, kSource.partition,
            Epoch(1), range,         static_cast<std::uint64_t>(number) * 0x9e3779b97f4a7c15};
        commit.files.push_back({0,
                                {day, state.open_part(day)},
                                name.base() + ".parquet",
                                day.table == kPredictionTable ? kRows - 1 : 1,
                                9000,
                                kHash});
    }
    return commit;
}

// Writes the log as it stands after `commits` of them: one checkpoint, its manifests, 199 entries.
void write_log(const std::string& folder, std::int64_t commits, std::int64_t days) {
    auto env = make_system_env();
    LocalFileStore files(*env);
    Layout layout(folder);
    for (const std::string& path : {layout.log(), layout.manifests()})
        (void)files.make_folders(path);
    LogState state;
    (void)state.apply(CheckpointEntry{}, {});
    (void)state.apply(ClaimEntry{kSource, Epoch(1), "m"}, {});
    std::int64_t below = commits - 199;
    std::string before;
    for (std::int64_t i = 0; i < below; ++i) {
        std::string dt = day_of(EpochMs(1'700'000'000'000 + i * days / commits * 86'400'000));
        for (const char* table : {"prediction", "dead_letters"})  // as a merge round does
            if (!before.empty() && dt != before) {
                TableDay day{table, before};
                (void)state.apply(SealEntry{{day, state.open_part(day)}}, {});
            }
        before = dt;
        CommitEntry commit = commit_of(i, dt, state);
        if (auto applied = state.apply(commit, {}); !applied) std::abort();
        for (const char* table : {"prediction", "dead_letters"}) {
            TableDay day{table, dt};
            auto most = state.open_part(day) >= 20 ? 5000 : 500;
            if (state.open_part_size(day).files >= most)
                (void)state.apply(SealEntry{{day, state.open_part(day)}}, {});
        }
    }
    std::vector<DayState> rewritten;
    for (const auto& [key, known] : state.days()) {
        std::vector<LiveFile> sealed;
        for (const LiveFile& file : state.files())
            if (file.place.day == key && file.place.part < known.seals) sealed.push_back(file);
        DayState day = known;
        std::string bytes = encode_manifest(key, sealed);
        day.manifest = key.table + "-" + key.dt + "-x.json";
        day.sha256 = sha256_hex(bytes);
        day.files = static_cast<std::int64_t>(sealed.size());
        (void)files.write_new(join_path(layout.manifests(), day.manifest), bytes);
        rewritten.push_back(day);
    }
    auto number = static_cast<std::uint64_t>(below) + 100;
    std::string prev;
    auto put = [&](EntryBody body) {
        std::string bytes = encode_entry({prev, "id", EpochMs(1), body});
        (void)files.write_new(layout.entry(number++), bytes);
        if (auto applied = state.apply(body, {}); !applied) std::abort();
        prev = sha256_hex(bytes);
    };
    put(state.checkpoint(rewritten, {}));
    for (std::int64_t i = below; i < commits; ++i)
        put(commit_of(i, state.days().rbegin()->first.dt, state));
}

// Argument: over how many days the commits are spread. One: the open parts hold thousands.
void open_warehouse(benchmark::State& bench) {
    std::string folder = std::filesystem::temp_directory_path() / "loanstream-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) return bench.SkipWithError("no temporary folder");
    write_log(folder, 100'000, bench.range(0));
    auto env = make_system_env();
    LocalFileStore files(*env);
    std::size_t inline_files = 0;
    for (auto _ : bench) {
        auto warehouse = Warehouse::open_to_read(*env, files, folder);
        if (!warehouse) {
            bench.SkipWithError(warehouse.error().line().c_str());
            break;
        }
        inline_files = (*warehouse)->state().files().size();
        if ((*warehouse)->state().partition({kSource.topic, PartitionId(0)})->next !=
            Offset(100'000 * kRows))
            bench.SkipWithError("not all was loaded");
    }
    bench.counters["inline_files"] = static_cast<double>(inline_files);
    std::filesystem::remove_all(folder);
}
BENCHMARK(open_warehouse)->Arg(1)->Arg(100)->Arg(3000)->Unit(benchmark::kMillisecond);

void commit_and_publish(benchmark::State& bench) {
    MemoryEnv env;
    LocalFileStore files(env);
    WarehouseSettings settings;
    settings.folder = "/w";
    auto warehouse = Warehouse::open(env, files, settings);
    auto claimed = (*warehouse)->claim({kSource.topic, PartitionId(0)});
    TableDay day{std::string(kPredictionTable), day_of(env.now())};
    Offset next(0);
    for (auto _ : bench) {
        OffsetRange range{next, next + kRows};
        StagedFile file{0,     day, (*warehouse)->name_file(day.table, *claimed, range),
                        kRows, 1,   sha256_hex("x")};
        (void)files.write_new((*warehouse)->layout().staged_file(file.name), "x");
        CommitRequest request{
            {{claimed->source, claimed->epoch, range, kRows, kRows, 0, env.now(), kHash, kHash}},
            {file}};
        bool good =
            (*warehouse)->commit(request) && (*warehouse)->publish() && (*warehouse)->maintain();
        if (!good) return bench.SkipWithError("a commit failed");
        next = range.next;
    }
}
BENCHMARK(commit_and_publish)->Iterations(2000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace loanstream

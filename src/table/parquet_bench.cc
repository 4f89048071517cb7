// What landing costs: rows of all columns, with evidence of the usual length, from DecidedBatch to
// a synced Parquet file. RSS is the peak of this process.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <filesystem>

#include "table/batch_fixture.h"
#include "table/parquet_file.h"
#include "table/row_buffers.h"

namespace loanstream {

namespace {

const SourcePartition kSource{"applicants", Incarnation(0), PartitionId(0)};

double peak_mib() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

void write_rows(benchmark::State& state, Codec codec, std::size_t evidence_bytes) {
    auto env = make_system_env();
    LocalFileStore files(*env);
    BatchFixture batches;
    const auto& batch =
        batches.batch(kSource, Offset(0), {.records = 4096, .evidence_bytes = evidence_bytes});
    std::string path =
        std::filesystem::temp_directory_path() / ("bench-" + std::to_string(env->random()));
    std::int64_t rows = 0, bytes = 0;
    for (auto _ : state) {
        RowBuffers buffers(prediction_table());
        auto file = ParquetFile::create(files, path, prediction_table(), codec);
        for (int i = 0; i < 64; ++i) {
            buffers.append(batch, 0, 4096, {EpochMs(1'700'000'000'000), "bench"});
            if (buffers.rows() == kMostGroupRows || buffers.bytes() > (32 << 20)) {
                if (!(*file)->write_group(buffers.columns())) state.SkipWithError("write");
                buffers.clear();
            }
        }
        if (buffers.rows() > 0 && !(*file)->write_group(buffers.columns()))
            state.SkipWithError("write");
        auto done = (*file)->finish({});
        if (!done) state.SkipWithError("finish");
        rows += done->rows;
        bytes += done->bytes;
        std::filesystem::remove(path);
    }
    state.SetItemsProcessed(rows);
    state.counters["us_a_row"] = benchmark::Counter(
        static_cast<double>(rows) / 1e6, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["bytes_a_row"] = static_cast<double>(bytes) / static_cast<double>(rows);
    state.counters["peak_MiB"] = peak_mib();
}

void append_rows(benchmark::State& state) {
    BatchFixture batches;
    const auto& batch = batches.batch(kSource, Offset(0), {.records = 4096, .evidence_bytes = 428});
    RowBuffers buffers(prediction_table());
    for (auto _ : state) {
        buffers.append(batch, 0, 4096, {EpochMs(1'700'000'000'000), "bench"});
        if (buffers.rows() == kMostGroupRows) buffers.clear();
    }
    state.SetItemsProcessed(state.iterations() * 4096);
}

BENCHMARK_CAPTURE(write_rows, zstd, Codec::kZstd, 428)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(write_rows, snappy, Codec::kSnappy, 428)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(write_rows, none, Codec::kNone, 428)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(write_rows, zstd_short_evidence, Codec::kZstd, 40)->Unit(benchmark::kMillisecond);
BENCHMARK(append_rows);

}  // namespace

}  // namespace loanstream

// A warehouse in memory with one writer of decided batches, for this module's tests. One thread.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/memory_env.h"
#include "log/warehouse.h"
#include "table/batch_fixture.h"
#include "table/table_scan.h"
#include "table/table_sink.h"

namespace loanstream::table_world {

inline const SourcePartition kZero{"applicants", Incarnation(0), PartitionId(0)};
inline const SourcePartition kOne{"applicants", Incarnation(0), PartitionId(1)};

inline WarehouseSettings in_folder(const std::string& folder) {
    WarehouseSettings settings;
    settings.folder = folder;
    return settings;
}

// A warehouse in memory with one writer.
struct World {
    MemoryEnv env;
    LocalFileStore files{env};
    std::unique_ptr<Warehouse> warehouse;
    std::unique_ptr<TableSink> sink;
    BatchFixture batches;

    explicit World(TableSinkSettings settings = {}) { start(settings); }
    void start(TableSinkSettings settings = {}) {
        sink.reset();
        auto opened = Warehouse::open(env, files, in_folder("/w"));
        EXPECT_TRUE(opened) << opened.error().line();
        warehouse = std::move(*opened);
        settings.program = "tested 1";
        sink = std::make_unique<TableSink>(env, *warehouse, settings);
    }
    void claim(const SourcePartition& source, std::int64_t next) {
        auto claimed = sink->claim(source);
        ASSERT_TRUE(claimed) << claimed.error().line();
        EXPECT_EQ(claimed->next.value, next);
    }
    void write(const SourcePartition& source, std::int64_t begin, const BatchShape& shape = {}) {
        auto written = sink->write(batches.batch(source, Offset(begin), shape));
        ASSERT_TRUE(written) << written.error().line();
    }
    Receipt commit() {
        auto receipt = sink->commit();
        EXPECT_TRUE(receipt) << receipt.error().line();
        return receipt.value_or(Receipt{});
    }
    std::vector<LiveFile> live() {
        auto files_now = warehouse->live_files();
        EXPECT_TRUE(files_now);
        return files_now.value_or(std::vector<LiveFile>{});
    }
    std::unique_ptr<TableScan> scan(const LiveFile& file) {
        auto path = warehouse->locate(file);
        EXPECT_TRUE(path);
        auto opened = TableScan::open(files, *path, *table_named(file.place.day.table));
        EXPECT_TRUE(opened) << opened.error().line();
        return std::move(*opened);
    }
    std::size_t staged() { return files.list("/w/_loanstream/staging")->size(); }
};

}  // namespace loanstream::table_world

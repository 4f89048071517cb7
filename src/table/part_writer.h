// Copies the rows of a part's many small Parquet files into few large ones, in bounded memory, for
// the merger (log/merger.h): every input is checked against its checksum in the log first, every
// output is read back. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_store.h"
#include "log/merger.h"
#include "table/parquet_file.h"

namespace loanstream {

struct PartWriterSettings {
    Codec codec = Codec::kZstd;
    std::string program{};                 // the footer's loanstream.program
    std::int64_t file_size = 128LL << 20;  // inputs of so many bytes go into one output
};

class ParquetPartWriter : public PartWriter {
public:
    ParquetPartWriter(FileStore& files, PartWriterSettings settings)
        : files_(files), settings_(std::move(settings)) {}
    Result<std::vector<LiveFile>> write(const PartToWrite& request) override;

private:
    FileStore& files_;
    PartWriterSettings settings_;
};

}  // namespace loanstream

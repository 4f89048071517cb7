// One Parquet file being written through a FileStore: row groups from buffered columns, then the
// footer, a checksum on the way. Arrow stays inside the .cc. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file_store.h"
#include "table/column_buffers.h"
#include "table/columns.h"

namespace loanstream {

enum class Codec : std::uint8_t { kZstd, kSnappy, kNone };
Result<Codec> codec_named(std::string_view name);  // "zstd"

inline constexpr std::int64_t kMostGroupRows = 16'384;

class ParquetFile {
public:
    // The columns of `table`, all of them, in this codec; the file must not be there yet.
    static Result<std::unique_ptr<ParquetFile>> create(FileStore& files, const std::string& path,
                                                       const TableDeclaration& table, Codec codec);
    virtual ~ParquetFile() = default;

    // Writes the columns (one buffer each, of one length) as a row group. They may be reused
    // when this returns.
    virtual Result<void> write_group(const std::vector<ColumnBuffer*>& columns) = 0;
    virtual std::int64_t rows() const = 0;
    virtual std::int64_t bytes() const = 0;  // so far

    struct Finished {
        std::int64_t rows = 0, bytes = 0;
        std::string sha256;
    };
    using Metadata = std::vector<std::pair<std::string, std::string>>;
    // Footer, sync, close. The folder is not synced.
    virtual Result<Finished> finish(const Metadata& metadata) = 0;
};

}  // namespace loanstream

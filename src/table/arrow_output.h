// What Arrow writes a Parquet file of ours with: our files as its output, our properties. Only for
// the .cc files that talk to Arrow.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <parquet/properties.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_store.h"
#include "base/sha256.h"
#include "table/columns.h"
#include "table/parquet_file.h"

namespace loanstream {

// Pages come and go all the time: from malloc they reuse what the rows' buffers gave back, while
// Arrow's default pool would keep an arena of its own beside them.
arrow::MemoryPool* writing_pool();

// Encodings, statistics and compression as docs/table.md says.
std::shared_ptr<parquet::WriterProperties> properties_of(const TableDeclaration& table, Codec codec,
                                                         std::int64_t most_group_rows);

// What Arrow writes, on its way to our file: gathered into larger pieces and hashed.
class HashingStream : public arrow::io::OutputStream {
public:
    explicit HashingStream(std::unique_ptr<AppendFile> file);
    arrow::Status Write(const void* data, std::int64_t length) override;
    arrow::Result<std::int64_t> Tell() const override { return position_; }
    arrow::Status Close() override { return drain(); }  // the file itself: seal()
    bool closed() const override { return file_ == nullptr; }

    // What Arrow has written so far is in the file when this returns.
    arrow::Status drain();
    // Syncs and closes the file.
    Result<void> seal();

    std::int64_t position() const { return position_; }
    std::string digest() { return hash_.hex(); }
    const std::optional<Error>& error() const { return error_; }

private:
    arrow::Status append(std::string_view bytes);

    std::unique_ptr<AppendFile> file_;
    std::string buffer_;
    Sha256 hash_;
    std::int64_t position_ = 0;
    std::optional<Error> error_;  // the first, with its code
};

}  // namespace loanstream

#include "table/arrow_output.h"

#include "base/crash_points.h"
#include "table/row_buffers.h"

namespace loanstream {

namespace {

constexpr std::size_t kMostBuffered = 256 << 10;

parquet::Compression::type compression_of(Codec codec) {
    switch (codec) {
        case Codec::kZstd: return parquet::Compression::ZSTD;
        case Codec::kSnappy: return parquet::Compression::SNAPPY;
        case Codec::kNone: break;
    }
    return parquet::Compression::UNCOMPRESSED;
}

bool has_dictionary(const ColumnDeclaration& column) {
    return column.type == ColumnType::kString && !is_plain_text(column.name);
}

bool has_statistics(const ColumnDeclaration& column) {
    return column.name != "evidence" && column.name != "raw" && column.name != "detail";
}

}  // namespace

arrow::MemoryPool* writing_pool() { return arrow::system_memory_pool(); }

std::shared_ptr<parquet::WriterProperties> properties_of(const TableDeclaration& table, Codec codec,
                                                         std::int64_t most_group_rows) {
    parquet::WriterProperties::Builder builder;
    builder.memory_pool(writing_pool())
        ->version(parquet::ParquetVersion::PARQUET_1_0)
        ->data_page_version(parquet::ParquetDataPageVersion::V1)
        ->compression(compression_of(codec))
        ->created_by("loanstream")
        ->data_pagesize(256 << 10)
        ->max_row_group_length(most_group_rows);
    for (const auto& column : table.columns) {
        std::string name(column.name);
        if (!has_dictionary(column)) builder.disable_dictionary(name);
        if (!has_statistics(column)) builder.disable_statistics(name);
    }
    return builder.build();
}

HashingStream::HashingStream(std::unique_ptr<AppendFile> file) : file_(std::move(file)) {
    buffer_.reserve(kMostBuffered);
}

arrow::Status HashingStream::Write(const void* data, std::int64_t length) {
    std::string_view bytes(static_cast<const char*>(data), static_cast<std::size_t>(length));
    position_ += length;
    hash_.update(bytes);
    if (buffer_.size() + bytes.size() > kMostBuffered) {
        ARROW_RETURN_NOT_OK(drain());
        if (bytes.size() > kMostBuffered) return append(bytes);
    }
    buffer_.append(bytes);
    return arrow::Status::OK();
}

arrow::Status HashingStream::drain() {
    if (buffer_.empty()) return arrow::Status::OK();
    auto status = append(buffer_);
    buffer_.clear();
    return status;
}

Result<void> HashingStream::seal() {
    crash_point(CrashPoint::kFileClosed);
    TRY_VOID(file_->sync());
    TRY_VOID(file_->close());
    file_.reset();
    return {};
}

arrow::Status HashingStream::append(std::string_view bytes) {
    auto written = file_->append(bytes);
    if (written) return arrow::Status::OK();
    if (!error_) error_ = written.error();
    return arrow::Status::IOError(written.error().line());
}

}  // namespace loanstream

#include "table/parquet_file.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_binary.h>
#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <optional>

#include "base/check.h"
#include "base/crash_points.h"
#include "base/sha256.h"
#include "table/arrow_schema.h"
#include "table/row_buffers.h"

namespace loanstream {

namespace {

constexpr std::size_t kMostBuffered = 256 << 10;

// What Arrow writes, on its way to our file: gathered into larger pieces and hashed.
class HashingStream : public arrow::io::OutputStream {
public:
    explicit HashingStream(std::unique_ptr<AppendFile> file) : file_(std::move(file)) {
        buffer_.reserve(kMostBuffered);
    }

    arrow::Status Write(const void* data, std::int64_t length) override {
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
    arrow::Result<std::int64_t> Tell() const override { return position_; }
    arrow::Status Close() override { return drain(); }  // the file itself: seal()
    bool closed() const override { return file_ == nullptr; }

    // What Arrow has written so far is in the file when this returns.
    arrow::Status drain() {
        if (buffer_.empty()) return arrow::Status::OK();
        auto status = append(buffer_);
        buffer_.clear();
        return status;
    }

    Result<void> seal() {
        crash_point(CrashPoint::kFileClosed);
        TRY_VOID(file_->sync());
        TRY_VOID(file_->close());
        file_.reset();
        return {};
    }

    std::int64_t position() const { return position_; }
    std::string digest() { return hash_.hex(); }
    const std::optional<Error>& error() const { return error_; }

private:
    arrow::Status append(std::string_view bytes) {
        auto written = file_->append(bytes);
        if (written) return arrow::Status::OK();
        if (!error_) error_ = written.error();
        return arrow::Status::IOError(written.error().line());
    }

    std::unique_ptr<AppendFile> file_;
    std::string buffer_;
    Sha256 hash_;
    std::int64_t position_ = 0;
    std::optional<Error> error_;  // the first, with its code
};

// Pages come and go all the time: from malloc they reuse what the rows' buffers gave back, while
// Arrow's default pool would keep an arena of its own beside them.
arrow::MemoryPool* writing_pool() { return arrow::system_memory_pool(); }

std::shared_ptr<arrow::Buffer> wrap(const void* data, std::size_t bytes) {
    return std::make_shared<arrow::Buffer>(static_cast<const std::uint8_t*>(data),
                                           static_cast<std::int64_t>(bytes));
}

std::shared_ptr<arrow::Buffer> bits_of(const Validity& validity) {
    const std::uint8_t* bits = validity.bits();
    if (bits == nullptr) return nullptr;
    return wrap(bits, static_cast<std::size_t>((validity.rows() + 7) / 8));
}

using ArrayPointer = std::shared_ptr<arrow::Array>;

template <typename T>
ArrayPointer array_of(const NumberColumn<T>& column) {
    return std::make_shared<arrow::NumericArray<typename arrow::CTypeTraits<T>::ArrowType>>(
        column.validity.rows(), wrap(column.values.data(), column.values.size() * sizeof(T)),
        bits_of(column.validity), column.validity.nulls());
}

ArrayPointer array_of(const TextColumn& column, bool binary) {
    auto offsets = wrap(column.offsets.data(), column.offsets.size() * sizeof(std::int32_t));
    auto text = wrap(column.text.data(), column.text.size());
    auto bits = bits_of(column.validity);
    auto rows = column.validity.rows(), nulls = column.validity.nulls();
    if (binary) return std::make_shared<arrow::BinaryArray>(rows, offsets, text, bits, nulls);
    return std::make_shared<arrow::StringArray>(rows, offsets, text, bits, nulls);
}

// Every buffer is wrapped, not copied; a dictionary's few words are copied.
ArrayPointer array_of(const WordColumn& column) {
    arrow::StringBuilder words;
    if (!words.AppendValues(column.words).ok()) return nullptr;
    ArrayPointer dictionary;
    if (!words.Finish(&dictionary).ok()) return nullptr;
    auto indices = std::make_shared<arrow::Int32Array>(
        column.validity.rows(),
        wrap(column.indices.data(), column.indices.size() * sizeof(std::int32_t)),
        bits_of(column.validity), column.validity.nulls());
    return std::make_shared<arrow::DictionaryArray>(
        arrow::dictionary(arrow::int32(), arrow::utf8()), indices, dictionary);
}

ArrayPointer array_of(const ColumnBuffer& column, const ColumnDeclaration& declaration) {
    return std::visit(
        [&](const auto& c) -> ArrayPointer {
            if constexpr (std::is_same_v<std::decay_t<decltype(c)>, TextColumn>)
                return array_of(c, declaration.type == ColumnType::kBinary);
            else
                return array_of(c);
        },
        column);
}

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

std::shared_ptr<parquet::WriterProperties> properties_of(const TableDeclaration& table,
                                                         Codec codec) {
    parquet::WriterProperties::Builder builder;
    builder.memory_pool(writing_pool())
        ->version(parquet::ParquetVersion::PARQUET_1_0)
        ->data_page_version(parquet::ParquetDataPageVersion::V1)
        ->compression(compression_of(codec))
        ->created_by("loanstream")
        ->data_pagesize(256 << 10)
        ->max_row_group_length(kMostGroupRows);
    for (const auto& column : table.columns) {
        std::string name(column.name);
        if (!has_dictionary(column)) builder.disable_dictionary(name);
        if (!has_statistics(column)) builder.disable_statistics(name);
    }
    return builder.build();
}

class ArrowParquetFile : public ParquetFile {
public:
    ArrowParquetFile(std::string path, const TableDeclaration& table,
                     std::shared_ptr<HashingStream> stream,
                     std::unique_ptr<parquet::arrow::FileWriter> writer)
        : path_(std::move(path)),
          table_(table),
          stream_(std::move(stream)),
          writer_(std::move(writer)) {}

    Result<void> write_group(const std::vector<ColumnBuffer*>& columns) override {
        LOANSTREAM_CHECK(columns.size() == table_.columns.size());
        std::int64_t rows = rows_of(*columns.front());
        LOANSTREAM_CHECK(rows > 0 && rows <= kMostGroupRows);
        try {
            auto status = write_columns(columns, rows);
            if (!status.ok()) return fault(status);
        } catch (const std::exception& error) {
            return fault(arrow::Status::Invalid(error.what()));
        }
        rows_ += rows;
        crash_point(CrashPoint::kParquetHalf);
        return {};
    }

    std::int64_t rows() const override { return rows_; }
    std::int64_t bytes() const override { return stream_->position(); }

    Result<Finished> finish(const Metadata& metadata) override {
        try {
            auto status = write_footer(metadata);
            if (!status.ok()) return fault(status);
        } catch (const std::exception& error) {
            return fault(arrow::Status::Invalid(error.what()));
        }
        TRY_VOID(stream_->seal());
        return Finished{rows_, stream_->position(), stream_->digest()};
    }

private:
    arrow::Status write_columns(const std::vector<ColumnBuffer*>& columns, std::int64_t rows) {
        ARROW_RETURN_NOT_OK(writer_->NewRowGroup());
        for (std::size_t i = 0; i < columns.size(); ++i) {
            auto array = array_of(*columns[i], table_.columns[i]);
            if (array == nullptr) return arrow::Status::OutOfMemory("no memory for a dictionary");
            LOANSTREAM_CHECK(array->length() == rows);
            ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(*array));
        }
        return stream_->drain();
    }

    arrow::Status write_footer(const Metadata& metadata) {
        auto pairs = std::make_shared<arrow::KeyValueMetadata>();
        for (const auto& [key, value] : metadata) pairs->Append(key, value);
        ARROW_RETURN_NOT_OK(writer_->AddKeyValueMetadata(pairs));
        ARROW_RETURN_NOT_OK(writer_->Close());
        return stream_->drain();
    }

    std::unexpected<Error> fault(const arrow::Status& status) const {
        if (stream_->error()) return std::unexpected(*stream_->error());
        return arrow_fault(status, path_);
    }

    std::string path_;
    const TableDeclaration& table_;
    std::shared_ptr<HashingStream> stream_;
    std::unique_ptr<parquet::arrow::FileWriter> writer_;
    std::int64_t rows_ = 0;
};

}  // namespace

Result<Codec> codec_named(std::string_view name) {
    if (name == "zstd") return Codec::kZstd;
    if (name == "snappy") return Codec::kSnappy;
    if (name == "none") return Codec::kNone;
    return fail(ErrorCode::kUsage, "unknown codec '" + std::string(name) + "'", "table.codec",
                "use zstd, snappy or none");
}

Result<std::unique_ptr<ParquetFile>> ParquetFile::create(FileStore& files, const std::string& path,
                                                         const TableDeclaration& table,
                                                         Codec codec) {
    TRY(auto file, files.create(path));
    auto stream = std::make_shared<HashingStream>(std::move(file));
    try {
        auto arrow_properties = parquet::ArrowWriterProperties::Builder().build();
        auto writer =
            parquet::arrow::FileWriter::Open(*schema_to_write(table), writing_pool(), stream,
                                             properties_of(table, codec), arrow_properties);
        if (!writer.ok()) return arrow_fault(writer.status(), path);
        return std::make_unique<ArrowParquetFile>(path, table, std::move(stream),
                                                  std::move(*writer));
    } catch (const std::exception& error) {
        return arrow_fault(arrow::Status::Invalid(error.what()), path);
    }
}

}  // namespace loanstream

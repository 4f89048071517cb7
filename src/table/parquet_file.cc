#include "table/parquet_file.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_binary.h>
#include <arrow/buffer.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>

#include "base/check.h"
#include "base/crash_points.h"
#include "table/arrow_output.h"
#include "table/arrow_schema.h"
#include "table/row_buffers.h"

namespace loanstream {

namespace {

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
        auto writer = parquet::arrow::FileWriter::Open(
            *schema_to_write(table), writing_pool(), stream,
            properties_of(table, codec, kMostGroupRows), arrow_properties);
        if (!writer.ok()) return arrow_fault(writer.status(), path);
        return std::make_unique<ArrowParquetFile>(path, table, std::move(stream),
                                                  std::move(*writer));
    } catch (const std::exception& error) {
        return arrow_fault(arrow::Status::Invalid(error.what()), path);
    }
}

}  // namespace loanstream

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type_traits.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <deque>

#include "table/arrow_input.h"
#include "table/arrow_schema.h"
#include "table/row_file.h"

namespace loanstream {

namespace {

constexpr std::int64_t kRowsRead = 8192;

using Texts = std::deque<std::string>;  // what values of rarer types point to

template <typename Array, typename Wide>
void fill(const arrow::Array& array, std::span<InputValue> rows, std::size_t step) {
    const auto& typed = static_cast<const Array&>(array);
    for (std::int64_t row = 0; row < array.length(); ++row)
        rows[static_cast<std::size_t>(row) * step] =
            array.IsNull(row) ? InputValue() : InputValue::of(static_cast<Wide>(typed.Value(row)));
}

template <typename Array>
void fill_text(const arrow::Array& array, std::span<InputValue> rows, std::size_t step) {
    const auto& typed = static_cast<const Array&>(array);
    for (std::int64_t row = 0; row < array.length(); ++row)
        rows[static_cast<std::size_t>(row) * step] =
            array.IsNull(row) ? InputValue() : InputValue::of(std::string_view(typed.GetView(row)));
}

// DECIMAL, DATE, TIMESTAMP, BOOLEAN and the like, as Arrow shows them.
arrow::Status fill_shown(const arrow::Array& array, std::span<InputValue> rows, std::size_t step,
                         Texts& texts) {
    for (std::int64_t row = 0; row < array.length(); ++row) {
        InputValue& value = rows[static_cast<std::size_t>(row) * step];
        value = {};
        if (array.IsNull(row)) continue;
        ARROW_ASSIGN_OR_RAISE(auto scalar, array.GetScalar(row));
        value = InputValue::of(std::string_view(texts.emplace_back(scalar->ToString())));
    }
    return arrow::Status::OK();
}

// The values of a column, each `step` places behind the one before.
arrow::Status fill_column(const arrow::Array& array, std::span<InputValue> rows, std::size_t step,
                          Texts& texts) {
    using Type = arrow::Type;
    switch (array.type_id()) {
        case Type::INT8: fill<arrow::Int8Array, std::int64_t>(array, rows, step); break;
        case Type::INT16: fill<arrow::Int16Array, std::int64_t>(array, rows, step); break;
        case Type::INT32: fill<arrow::Int32Array, std::int64_t>(array, rows, step); break;
        case Type::INT64: fill<arrow::Int64Array, std::int64_t>(array, rows, step); break;
        case Type::UINT8: fill<arrow::UInt8Array, std::int64_t>(array, rows, step); break;
        case Type::UINT16: fill<arrow::UInt16Array, std::int64_t>(array, rows, step); break;
        case Type::UINT32: fill<arrow::UInt32Array, std::int64_t>(array, rows, step); break;
        case Type::FLOAT: fill<arrow::FloatArray, float>(array, rows, step); break;
        case Type::DOUBLE: fill<arrow::DoubleArray, double>(array, rows, step); break;
        case Type::STRING:
        case Type::BINARY: fill_text<arrow::BinaryArray>(array, rows, step); break;
        case Type::LARGE_STRING:
        case Type::LARGE_BINARY: fill_text<arrow::LargeBinaryArray>(array, rows, step); break;
        case Type::STRING_VIEW:
        case Type::BINARY_VIEW: fill_text<arrow::BinaryViewArray>(array, rows, step); break;
        case Type::DICTIONARY: {
            const auto& words = static_cast<const arrow::DictionaryArray&>(array);
            std::vector<InputValue> known(static_cast<std::size_t>(words.dictionary()->length()));
            ARROW_RETURN_NOT_OK(fill_column(*words.dictionary(), known, 1, texts));
            for (std::int64_t row = 0; row < array.length(); ++row)
                rows[static_cast<std::size_t>(row) * step] =
                    array.IsNull(row) ? InputValue()
                                      : known[static_cast<std::size_t>(words.GetValueIndex(row))];
            break;
        }
        default: return fill_shown(array, rows, step, texts);
    }
    return arrow::Status::OK();
}

class ParquetRows : public RowFile {
public:
    ParquetRows(std::string path, std::unique_ptr<parquet::arrow::FileReader> reader)
        : path_(std::move(path)), reader_(std::move(reader)) {}

    Result<void> read_header() {
        std::shared_ptr<arrow::Schema> schema;
        if (auto status = reader_->GetSchema(&schema); !status.ok())
            return arrow_fault(status, path_);
        for (const auto& field : schema->fields())
            if (!arrow::is_nested(field->type()->id())) columns_.push_back(field->name());
        return {};
    }

    const std::vector<std::string>& columns() const override { return columns_; }

    Result<void> read(const std::vector<std::string>& columns, const Take& take) override {
        try {
            auto metadata = reader_->parquet_reader()->metadata();
            std::vector<int> indices, groups;
            for (const auto& name : columns)
                indices.push_back(metadata->schema()->ColumnIndex(name));
            for (int group = 0; group < metadata->num_row_groups(); ++group)
                groups.push_back(group);
            std::ranges::sort(indices);
            auto batches = reader_->GetRecordBatchReader(groups, indices);
            if (!batches.ok()) return arrow_fault(batches.status(), path_);
            while (true) {
                std::shared_ptr<arrow::RecordBatch> batch;
                if (auto status = (*batches)->ReadNext(&batch); !status.ok())
                    return arrow_fault(status, path_);
                if (batch == nullptr) return {};
                TRY(bool more, take_batch(*batch, columns, take));
                if (!more) return {};
            }
        } catch (const std::exception& error) {
            return arrow_fault(arrow::Status::Invalid(error.what()), path_);
        }
    }

private:
    Result<bool> take_batch(const arrow::RecordBatch& batch,
                            const std::vector<std::string>& columns, const Take& take) {
        std::size_t step = columns.size();
        values_.resize(static_cast<std::size_t>(batch.num_rows()) * step);
        texts_.clear();
        for (std::size_t i = 0; i < step && batch.num_rows() > 0; ++i) {
            auto array = batch.GetColumnByName(columns[i]);
            if (array == nullptr)
                return fail(ErrorCode::kInvalidData, "no column " + columns[i], path_);
            auto status = fill_column(*array, std::span(values_).subspan(i), step, texts_);
            if (!status.ok()) return arrow_fault(status, path_);
        }
        for (std::size_t at = 0; at < values_.size(); at += step)
            if (!take(std::span(values_).subspan(at, step))) return false;
        return true;
    }

    std::string path_;
    std::unique_ptr<parquet::arrow::FileReader> reader_;
    std::vector<std::string> columns_;
    std::vector<InputValue> values_;  // of a batch, row by row
    Texts texts_;
};

}  // namespace

Result<std::unique_ptr<RowFile>> open_parquet_rows(FileStore& files, const std::string& path) {
    TRY(auto reader, open_parquet(files, path, kRowsRead));
    auto rows = std::make_unique<ParquetRows>(path, std::move(reader));
    TRY_VOID(rows->read_header());
    return rows;
}

}  // namespace loanstream

#include "table/table_scan.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <map>

#include "table/arrow_input.h"
#include "table/arrow_schema.h"

namespace loanstream {

namespace {

constexpr std::int64_t kRowsRead = 65'536;
constexpr std::int64_t kRowsInPiece = 256;  // a dead letter may be large

std::string shortest(double value) { return fmt::format("{}", value); }

std::optional<std::string> text_of(const arrow::Array& array, std::int64_t row) {
    if (array.IsNull(row)) return std::nullopt;
    switch (array.type_id()) {
        case arrow::Type::INT32:
            return std::to_string(static_cast<const arrow::Int32Array&>(array).Value(row));
        case arrow::Type::INT64:
            return std::to_string(static_cast<const arrow::Int64Array&>(array).Value(row));
        case arrow::Type::FLOAT:
            return fmt::format("{}", static_cast<const arrow::FloatArray&>(array).Value(row));
        case arrow::Type::DOUBLE:
            return shortest(static_cast<const arrow::DoubleArray&>(array).Value(row));
        case arrow::Type::STRING:
        case arrow::Type::BINARY:
            return std::string(static_cast<const arrow::BinaryArray&>(array).GetView(row));
        default: return std::nullopt;  // open() lets no other type in
    }
}

// An INT or BIGINT array as int64; a null, which our columns of position never hold, as the least.
void widen(const arrow::Array& array, std::vector<std::int64_t>& out) {
    out.clear();
    for (std::int64_t row = 0; row < array.length(); ++row) {
        if (array.IsNull(row))
            out.push_back(INT64_MIN);
        else if (array.type_id() == arrow::Type::INT32)
            out.push_back(static_cast<const arrow::Int32Array&>(array).Value(row));
        else
            out.push_back(static_cast<const arrow::Int64Array&>(array).Value(row));
    }
}

arrow::Type::type type_read(ColumnType type) {
    switch (type) {
        case ColumnType::kInt: return arrow::Type::INT32;
        case ColumnType::kBigint: return arrow::Type::INT64;
        case ColumnType::kFloat: return arrow::Type::FLOAT;
        case ColumnType::kDouble: return arrow::Type::DOUBLE;
        case ColumnType::kString: return arrow::Type::STRING;
        case ColumnType::kBinary: return arrow::Type::BINARY;
    }
    return arrow::Type::NA;
}

void add_rows(const arrow::RecordBatch& batch, const std::vector<std::string>& columns,
              std::int64_t from, std::int64_t to, std::vector<TextRow>& out) {
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    for (const auto& name : columns) arrays.push_back(batch.GetColumnByName(name));
    for (std::int64_t row = from; row < to; ++row) {
        TextRow& cells = out.emplace_back();
        cells.reserve(arrays.size());
        for (const auto& array : arrays) cells.push_back(text_of(*array, row));
    }
}

class ArrowRowPieces : public TableScan::RowPieces {
public:
    // `first`: the row that the batches begin with.
    ArrowRowPieces(std::string path, std::vector<std::string> columns,
                   std::unique_ptr<arrow::RecordBatchReader> batches, std::int64_t first,
                   std::int64_t begin, std::int64_t end)
        : path_(std::move(path)),
          columns_(std::move(columns)),
          batches_(std::move(batches)),
          first_(first),
          begin_(begin),
          end_(end) {}

    Result<std::vector<TextRow>> next() override {
        std::vector<TextRow> out;
        try {
            while (out.empty() && first_ < end_) {
                std::shared_ptr<arrow::RecordBatch> batch;
                if (auto status = batches_->ReadNext(&batch); !status.ok())
                    return arrow_fault(status, path_);
                if (batch == nullptr) break;
                add_rows(*batch, columns_, std::max<std::int64_t>(begin_ - first_, 0),
                         std::min(end_ - first_, batch->num_rows()), out);
                first_ += batch->num_rows();
            }
        } catch (const std::exception& error) {
            return arrow_fault(arrow::Status::Invalid(error.what()), path_);
        }
        return out;
    }

private:
    std::string path_;
    std::vector<std::string> columns_;
    std::unique_ptr<arrow::RecordBatchReader> batches_;
    std::int64_t first_, begin_, end_;
};

class ArrowTableScan : public TableScan {
public:
    ArrowTableScan(std::string path, const TableDeclaration& table,
                   std::unique_ptr<parquet::arrow::FileReader> reader)
        : path_(std::move(path)), table_(table), reader_(std::move(reader)) {}

    // A file that does not say its format was not written by this program: its columns tell.
    Result<void> check_format() const {
        for (const auto& [key, value] : metadata())
            if (key == "loanstream.format" && value != kFileFormat)
                return fail(ErrorCode::kUnknownFormat,
                            "is of file format " + value + ", and this program knows " +
                                std::string(kFileFormat),
                            path_, "use the program version that wrote it, or a later one");
        return {};
    }

    Result<void> check_columns() {
        std::shared_ptr<arrow::Schema> schema;
        if (auto status = reader_->GetSchema(&schema); !status.ok())
            return arrow_fault(status, path_);
        for (const auto& column : table_.columns) {
            auto field = schema->GetFieldByName(std::string(column.name));
            if (field == nullptr || field->type()->id() != type_read(column.type))
                return fail(ErrorCode::kInvalidData,
                            "no column " + std::string(column.name) + " of type " +
                                std::string(name_of(column.type)),
                            path_);
        }
        return {};
    }

    std::int64_t rows() const override { return reader_->parquet_reader()->metadata()->num_rows(); }

    std::vector<std::pair<std::string, std::string>> metadata() const override {
        auto pairs = reader_->parquet_reader()->metadata()->key_value_metadata();
        if (pairs == nullptr) return {};
        return pairs->sorted_pairs();
    }

    Result<std::vector<TextRow>> read(const std::vector<std::string_view>& columns,
                                      std::int64_t begin, std::int64_t count) override {
        std::vector<TextRow> out;
        auto take = [&](const arrow::RecordBatch& batch, std::int64_t first) -> Result<void> {
            std::int64_t from = std::max<std::int64_t>(begin - first, 0);
            std::int64_t to = std::min(begin + count - first, batch.num_rows());
            add_rows(batch, {columns.begin(), columns.end()}, from, to, out);
            return {};
        };
        TRY_VOID(each_batch(columns, begin, begin + count, take));
        return out;
    }

    Result<std::unique_ptr<RowPieces>> pieces(const std::vector<std::string_view>& columns,
                                              std::int64_t begin, std::int64_t count) override {
        try {
            TRY(auto indices, indices_of(columns));
            auto metadata = reader_->parquet_reader()->metadata();
            std::vector<int> groups;
            std::int64_t at = 0, first = 0;
            for (int group = 0; group < metadata->num_row_groups(); ++group) {
                std::int64_t rows = metadata->RowGroup(group)->num_rows();
                if (at < begin + count && at + rows > begin) {
                    if (groups.empty()) first = at;
                    groups.push_back(group);
                }
                at += rows;
            }
            reader_->set_batch_size(kRowsInPiece);
            auto batches = reader_->GetRecordBatchReader(groups, indices);
            if (!batches.ok()) return arrow_fault(batches.status(), path_);
            return std::make_unique<ArrowRowPieces>(
                path_, std::vector<std::string>(columns.begin(), columns.end()),
                std::move(*batches), first, begin, begin + count);
        } catch (const std::exception& error) {
            return arrow_fault(arrow::Status::Invalid(error.what()), path_);
        }
    }

    Result<void> read_positions(const TakePositions& take) override {
        Positions positions;
        auto take_batch = [&](const arrow::RecordBatch& batch, std::int64_t) -> Result<void> {
            const auto& topics =
                static_cast<const arrow::StringArray&>(*batch.GetColumnByName("source_topic"));
            positions.topics.clear();
            for (std::int64_t row = 0; row < topics.length(); ++row)
                positions.topics.push_back(topics.GetView(row));
            widen(*batch.GetColumnByName("source_partition"), positions.partitions);
            widen(*batch.GetColumnByName("source_offset"), positions.offsets);
            widen(*batch.GetColumnByName("decided_ms"), positions.decided_ms);
            return take(positions);
        };
        return each_batch({"source_topic", "source_partition", "source_offset", "decided_ms"}, 0,
                          rows(), take_batch);
    }

    Result<std::vector<std::pair<std::string, std::int64_t>>> count_values(
        std::string_view column, std::int64_t begin) override {
        std::map<std::string, std::int64_t, std::less<>> counts;
        auto take = [&](const arrow::RecordBatch& batch, std::int64_t first) -> Result<void> {
            const auto& array = static_cast<const arrow::StringArray&>(*batch.column(0));
            for (std::int64_t row = std::max<std::int64_t>(begin - first, 0); row < array.length();
                 ++row) {
                auto value = array.GetView(row);
                auto known = counts.find(value);
                if (known == counts.end()) known = counts.emplace(value, 0).first;
                known->second += 1;
            }
            return {};
        };
        TRY_VOID(each_batch({column}, begin, rows(), take));
        return std::vector<std::pair<std::string, std::int64_t>>(counts.begin(), counts.end());
    }

private:
    using TakeBatch = std::function<Result<void>(const arrow::RecordBatch&, std::int64_t first)>;

    // The row groups with rows of [begin, end), batch by batch; `first` is the batch's first row.
    Result<void> each_batch(const std::vector<std::string_view>& columns, std::int64_t begin,
                            std::int64_t end, const TakeBatch& take) {
        try {
            auto metadata = reader_->parquet_reader()->metadata();
            std::int64_t first = 0;
            for (int group = 0; group < metadata->num_row_groups(); ++group) {
                std::int64_t rows = metadata->RowGroup(group)->num_rows();
                if (first < end && first + rows > begin)
                    TRY_VOID(each_batch_of(group, columns, first, take));
                first += rows;
            }
        } catch (const std::exception& error) {
            return arrow_fault(arrow::Status::Invalid(error.what()), path_);
        }
        return {};
    }

    Result<std::vector<int>> indices_of(const std::vector<std::string_view>& columns) const {
        std::vector<int> indices;
        for (auto name : columns) {
            int index =
                reader_->parquet_reader()->metadata()->schema()->ColumnIndex(std::string(name));
            if (index < 0)
                return fail(ErrorCode::kInvalidData, "no column " + std::string(name), path_);
            indices.push_back(index);
        }
        std::ranges::sort(indices);
        return indices;
    }

    Result<void> each_batch_of(int group, const std::vector<std::string_view>& columns,
                               std::int64_t first, const TakeBatch& take) {
        TRY(auto indices, indices_of(columns));
        auto batches = reader_->GetRecordBatchReader({group}, indices);
        if (!batches.ok()) return arrow_fault(batches.status(), path_);
        while (true) {
            std::shared_ptr<arrow::RecordBatch> batch;
            if (auto status = (*batches)->ReadNext(&batch); !status.ok())
                return arrow_fault(status, path_);
            if (batch == nullptr) return {};
            TRY_VOID(take(*batch, first));
            first += batch->num_rows();
        }
    }

    std::string path_;
    const TableDeclaration& table_;
    std::unique_ptr<parquet::arrow::FileReader> reader_;
};

}  // namespace

Result<std::unique_ptr<TableScan>> TableScan::open(FileStore& files, const std::string& path,
                                                   const TableDeclaration& table) {
    TRY(auto reader, open_parquet(files, path, kRowsRead));
    auto scan = std::make_unique<ArrowTableScan>(path, table, std::move(reader));
    TRY_VOID(scan->check_format());
    TRY_VOID(scan->check_columns());
    return scan;
}

}  // namespace loanstream

#include "table/arrow_schema.h"

#include "table/row_buffers.h"

namespace loanstream {

namespace {

std::shared_ptr<arrow::DataType> type_to_write(const ColumnDeclaration& column) {
    switch (column.type) {
        case ColumnType::kInt: return arrow::int32();
        case ColumnType::kBigint: return arrow::int64();
        case ColumnType::kFloat: return arrow::float32();
        case ColumnType::kDouble: return arrow::float64();
        case ColumnType::kBinary: return arrow::binary();
        case ColumnType::kString: break;
    }
    if (is_plain_text(column.name)) return arrow::utf8();
    return arrow::dictionary(arrow::int32(), arrow::utf8());
}

}  // namespace

std::shared_ptr<arrow::Schema> schema_to_write(const TableDeclaration& table) {
    arrow::FieldVector fields;
    for (const auto& column : table.columns)
        fields.push_back(
            arrow::field(std::string(column.name), type_to_write(column), column.nullable));
    return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::Schema> schema_to_copy(const TableDeclaration& table) {
    arrow::FieldVector fields;
    for (const auto& column : table.columns) {
        auto type = type_to_write(column);
        if (type->id() == arrow::Type::DICTIONARY) type = arrow::utf8();
        fields.push_back(arrow::field(std::string(column.name), type, column.nullable));
    }
    return arrow::schema(std::move(fields));
}

std::unexpected<Error> arrow_fault(const arrow::Status& status, const std::string& path) {
    ErrorCode code = ErrorCode::kInvalidData;
    if (status.IsOutOfMemory() || status.IsIOError()) code = ErrorCode::kOutside;
    std::string what = status.message();
    for (char& c : what)
        if (c == '\n') c = ' ';
    return fail(code, "Parquet: " + what, path);
}

}  // namespace loanstream

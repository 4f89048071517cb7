#include <fmt/format.h>

#include <algorithm>

#include "base/csv_reader.h"
#include "table/row_file.h"

namespace loanstream {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// How duckdb, Spark and Hive write a null.
bool is_null(std::string_view text) { return text == "NULL" || text == "null" || text == "\\N"; }

class CsvRows : public RowFile {
public:
    explicit CsvRows(std::string path) : path_(std::move(path)) {}

    Result<void> read_header() {
        TRY(auto bytes, ByteReader::open(path_));
        CsvReader reader(*bytes);
        std::vector<std::string_view> fields;
        TRY(bool some, reader.next(fields));
        if (!some)
            return fail(ErrorCode::kInvalidData, "is empty, without a header", path_,
                        "write it with a header: its first line names the columns");
        for (auto field : fields) {
            if (columns_.empty() && field.starts_with(kByteOrderMark))
                field.remove_prefix(kByteOrderMark.size());
            if (std::ranges::count(columns_, field) > 0)
                return fail(ErrorCode::kInvalidData,
                            "column '" + std::string(field) + "' stands twice in the header",
                            path_ + ":1", "give each column a name of its own");
            columns_.emplace_back(field);
        }
        return {};
    }

    const std::vector<std::string>& columns() const override { return columns_; }

    Result<void> read(const std::vector<std::string>& columns, const Take& take) override {
        std::vector<std::size_t> places;
        for (const auto& name : columns)
            places.push_back(
                static_cast<std::size_t>(std::ranges::find(columns_, name) - columns_.begin()));
        TRY(auto bytes, ByteReader::open(path_));
        CsvReader reader(*bytes);
        std::vector<std::string_view> fields;
        TRY_VOID(reader.next(fields));
        std::vector<InputValue> row(columns.size());
        while (true) {
            TRY(bool some, reader.next(fields));
            if (!some) return {};
            if (fields.size() == 1 && fields[0].empty() && columns_.size() > 1) continue;
            if (fields.size() != columns_.size())
                return fail(
                    ErrorCode::kInvalidData,
                    fmt::format("{} values in a row of {} columns", fields.size(), columns_.size()),
                    fmt::format("{}:{}", path_, reader.line()),
                    "quote values that hold commas, quotes or newlines");
            for (std::size_t i = 0; i < places.size(); ++i)
                row[i] =
                    is_null(fields[places[i]]) ? InputValue() : InputValue::of(fields[places[i]]);
            if (!take(row)) return {};
        }
    }

private:
    std::string path_;
    std::vector<std::string> columns_;
};

}  // namespace

Result<std::unique_ptr<RowFile>> open_csv_rows(const std::string& path) {
    auto rows = std::make_unique<CsvRows>(path);
    TRY_VOID(rows->read_header());
    return rows;
}

}  // namespace loanstream

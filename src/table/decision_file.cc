#include "table/decision_file.h"

#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/file_store.h"
#include "table/parquet_file.h"
#include "table/row_buffers.h"

namespace loanstream {

namespace {

constexpr std::size_t kRowsAtOnce = 4096;
constexpr std::int64_t kMostBufferedBytes = 8LL << 20;
constexpr std::size_t kMostText = 1 << 20;

// Where text goes: a new file, or standard output.
class TextOutput {
public:
    explicit TextOutput(std::unique_ptr<AppendFile> file) : file_(std::move(file)) {}
    Result<void> put(std::string& text) {
        Result<void> written;
        if (file_)
            written = file_->append(text);
        else if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
            written = fail(ErrorCode::kOutside, "cannot write", "standard output");
        text.clear();
        return written;
    }
    Result<void> close() {
        if (file_) {
            TRY_VOID(file_->sync());
            return file_->close();
        }
        if (std::fflush(stdout) != 0)
            return fail(ErrorCode::kOutside, "cannot write", "standard output");
        return {};
    }

private:
    std::unique_ptr<AppendFile> file_;  // null: standard output
};

// One cell of a buffered column; nothing where it is null.
template <typename Take>
void visit_cell(const ColumnBuffer& column, std::size_t row, const Take& take) {
    std::visit(
        [&](const auto& c) {
            const std::uint8_t* bits = c.validity.bits();
            if (bits != nullptr && (bits[row / 8] >> (row % 8) & 1) == 0) return;
            using Column = std::decay_t<decltype(c)>;
            if constexpr (std::is_same_v<Column, TextColumn>) {
                auto from = static_cast<std::size_t>(c.offsets[row]);
                auto to = static_cast<std::size_t>(c.offsets[row + 1]);
                take(std::string_view(c.text.data() + from, to - from));
            } else if constexpr (std::is_same_v<Column, WordColumn>) {
                take(std::string_view(c.words[static_cast<std::size_t>(c.indices[row])]));
            } else {
                take(c.values[row]);
            }
        },
        column);
}

void add_csv_text(std::string& out, std::string_view value) {
    auto is_special = [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; };
    // An empty text is quoted: an empty cell means null.
    if (!value.empty() && std::none_of(value.begin(), value.end(), is_special)) {
        out += value;
        return;
    }
    std::size_t before = out.size();
    out.resize(before + 2 * value.size() + 3);
    char* to = out.data() + before;
    *to++ = '"';
    for (char c : value) {  // two bytes are written, one or two are kept
        to[0] = c;
        to[1] = '"';
        to += c == '"' ? 2 : 1;
    }
    *to++ = '"';
    out.resize(static_cast<std::size_t>(to - out.data()));
}

// Bytes that are not UTF-8 (only the raw of a dead letter can be) become U+FFFD in JSON.
void add_json_text(std::string& out, std::string_view value) {
    using Json = nlohmann::json;
    out += Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add_csv_row(std::string& out, const std::vector<ColumnBuffer*>& columns, std::size_t row) {
    bool first = true;
    for (const ColumnBuffer* column : columns) {
        if (!first) out += ',';
        first = false;
        visit_cell(*column, row, [&](auto value) {
            if constexpr (std::is_same_v<decltype(value), std::string_view>)
                add_csv_text(out, value);
            else
                fmt::format_to(std::back_inserter(out), "{}", value);
        });
    }
    out += '\n';
}

void add_json_row(std::string& out, const TableDeclaration& table,
                  const std::vector<ColumnBuffer*>& columns, std::size_t row) {
    out += '{';
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) out += ',';
        out += '"';
        out += table.columns[i].name;
        out += "\":";
        std::size_t before = out.size();
        visit_cell(*columns[i], row, [&](auto value) {
            if constexpr (std::is_same_v<decltype(value), std::string_view>)
                add_json_text(out, value);
            else if (std::isfinite(static_cast<double>(value)))
                fmt::format_to(std::back_inserter(out), "{}", value);
        });
        if (out.size() == before) out += "null";
    }
    out += "}\n";
}

class TextDecisionFile : public DecisionFile {
public:
    TextDecisionFile(Env& env, std::string path, std::string made, DecisionFormat format,
                     const TableDeclaration& table, std::string program,
                     std::unique_ptr<AppendFile> file)
        : env_(env),
          path_(std::move(path)),
          made_(std::move(made)),
          format_(format),
          rows_(table),
          program_(std::move(program)),
          output_(std::move(file)) {
        if (format_ != DecisionFormat::kCsv) return;
        for (const auto& column : table.columns) {
            if (!text_.empty()) text_ += ',';
            text_ += column.name;
        }
        text_ += '\n';
    }
    ~TextDecisionFile() override {
        if (!made_.empty()) (void)env_.remove_file(made_);
    }

    Result<void> write(const DecidedBatch& batch, EpochMs decided_ms) override {
        std::size_t rows = rows_.rows_in(batch);
        for (std::size_t from = 0; from < rows; from += kRowsAtOnce) {
            std::size_t count = std::min(kRowsAtOnce, rows - from);
            rows_.append(batch, from, count, {decided_ms, program_});
            auto columns = rows_.columns();
            for (std::size_t row = 0; row < count; ++row) {
                if (format_ == DecisionFormat::kCsv)
                    add_csv_row(text_, columns, row);
                else
                    add_json_row(text_, rows_.table(), columns, row);
                if (text_.size() > kMostText) TRY_VOID(output_.put(text_));
            }
            rows_.clear();
            written_ += static_cast<std::int64_t>(count);
        }
        return {};
    }

    Result<std::int64_t> finish() override {
        TRY_VOID(output_.put(text_));
        TRY_VOID(output_.close());
        if (made_.empty()) return written_;
        TRY_VOID(env_.replace(made_, path_));
        made_.clear();
        TRY_VOID(env_.sync_folder(folder_of(path_)));
        return written_;
    }

private:
    Env& env_;
    std::string path_, made_;  // made_: its name until it is whole; empty: standard output
    DecisionFormat format_;
    RowBuffers rows_;
    std::string program_;
    TextOutput output_;
    std::string text_;
    std::int64_t written_ = 0;
};

class ParquetDecisionFile : public DecisionFile {
public:
    ParquetDecisionFile(Env& env, std::string path, std::string made, const TableDeclaration& table,
                        std::string program)
        : env_(env),
          files_(env),
          path_(std::move(path)),
          made_(std::move(made)),
          rows_(table),
          program_(std::move(program)) {}
    ~ParquetDecisionFile() override {
        if (!made_.empty()) (void)env_.remove_file(made_);
    }

    Result<void> begin() {
        TRY(file_, ParquetFile::create(files_, made_, rows_.table(), Codec::kZstd));
        return {};
    }

    Result<void> write(const DecidedBatch& batch, EpochMs decided_ms) override {
        std::size_t rows = rows_.rows_in(batch);
        for (std::size_t from = 0; from < rows;) {
            auto room = static_cast<std::size_t>(kMostGroupRows - rows_.rows());
            std::size_t count = std::min({kRowsAtOnce, room, rows - from});
            rows_.append(batch, from, count, {decided_ms, program_});
            from += count;
            if (rows_.rows() == kMostGroupRows || rows_.bytes() > kMostBufferedBytes)
                TRY_VOID(write_group());
        }
        return {};
    }

    Result<std::int64_t> finish() override {
        if (rows_.rows() > 0) TRY_VOID(write_group());
        ParquetFile::Metadata footer = {{"loanstream.format", std::string(kFileFormat)},
                                        {"loanstream.table", std::string(rows_.table().name)},
                                        {"loanstream.program", program_}};
        TRY(auto done, file_->finish(footer));
        TRY_VOID(env_.replace(made_, path_));
        made_.clear();
        TRY_VOID(env_.sync_folder(folder_of(path_)));
        return done.rows;
    }

private:
    Result<void> write_group() {
        TRY_VOID(file_->write_group(rows_.columns()));
        rows_.clear();
        return {};
    }

    Env& env_;
    LocalFileStore files_;
    std::string path_, made_;
    RowBuffers rows_;
    std::string program_;
    std::unique_ptr<ParquetFile> file_;
};

}  // namespace

Result<DecisionFormat> format_of(const std::string& path) {
    if (path.ends_with(".csv")) return DecisionFormat::kCsv;
    if (path.ends_with(".jsonl") || path.ends_with(".ndjson")) return DecisionFormat::kJsonl;
    if (path.ends_with(".parquet")) return DecisionFormat::kParquet;
    return fail(ErrorCode::kUsage, "the ending tells no format", path,
                "end the name in .csv, .jsonl or .parquet");
}

Result<std::unique_ptr<DecisionFile>> DecisionFile::create(Env& env, const std::string& path,
                                                           DecisionFormat format,
                                                           const TableDeclaration& table,
                                                           std::string program) {
    bool standard = path == "-";
    if (standard && format == DecisionFormat::kParquet)
        return fail(ErrorCode::kUsage, "Parquet does not go to standard output", path,
                    "name a file that ends in .parquet");
    std::string made;
    if (!standard) made = fmt::format("{}.{:016x}.part", path, env.random());
    if (format == DecisionFormat::kParquet) {
        auto file =
            std::make_unique<ParquetDecisionFile>(env, path, made, table, std::move(program));
        TRY_VOID(file->begin());
        return file;
    }
    std::unique_ptr<AppendFile> file;
    if (!standard) {
        TRY(file, env.create_file(made));
    }
    return std::make_unique<TextDecisionFile>(env, path, made, format, table, std::move(program),
                                              std::move(file));
}

}  // namespace loanstream

#include "table/part_writer.h"

#include <arrow/record_batch.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>

#include <nlohmann/json.hpp>

#include "table/arrow_input.h"
#include "table/arrow_output.h"
#include "table/arrow_schema.h"
#include "table/file_digest.h"
#include "table/table_scan.h"

namespace loanstream {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kRowsAtOnce = 4'096;
constexpr std::int64_t kMostGroupRowsMerged = 65'536;
constexpr const char* kRanges = "loanstream.ranges";
constexpr const char* kMend =
    "the part stays as it is; loanstream table prove tells what is amiss, table repair mends it";

std::unexpected<Error> damaged(std::string what, const std::string& where) {
    return fail(ErrorCode::kDamaged, std::move(what), where, kMend);
}

// Ranges of footers one after the other; those that touch under one policy and model become one.
void join_footer(Json& all, const Json& more) {
    constexpr const char* kSame[] = {"topic", "partition", "incarnation",
                                     "epoch", "policy",    "model"};
    for (const Json& range : more) {
        bool joins = !all.empty() && all.back().at("next") == range.at("begin");
        for (const char* key : kSame) joins = joins && all.back().at(key) == range.at(key);
        if (!joins) {
            all.push_back(range);
            continue;
        }
        all.back()["next"] = range.at("next");
        for (const char* count : {"records", "decided", "rejected"})
            all.back()[count] =
                all.back().at(count).get<std::int64_t>() + range.at(count).get<std::int64_t>();
    }
}

// One output being written.
class Output {
public:
    static Result<std::unique_ptr<Output>> create(FileStore& files, const PartToWrite& request,
                                                  int number, const TableDeclaration& table,
                                                  Codec codec) {
        auto made = std::make_unique<Output>();
        made->file_.place = request.part;
        made->file_.generation = request.generation;
        made->file_.name = request.output_name(number);
        made->path_ = join_path(request.folder, made->file_.name);
        TRY(auto file, files.create(made->path_));
        made->stream_ = std::make_shared<HashingStream>(std::move(file));
        auto properties = parquet::ArrowWriterProperties::Builder().build();
        auto writer = parquet::arrow::FileWriter::Open(
            *schema_to_copy(table), writing_pool(), made->stream_,
            properties_of(table, codec, kMostGroupRowsMerged), properties);
        if (!writer.ok()) return made->fault(writer.status());
        made->writer_ = std::move(*writer);
        return made;
    }

    std::int64_t bytes_copied() const { return bytes_copied_; }
    const std::string& path() const { return path_; }

    // The rows of one input, in order.
    Result<void> copy(FileStore& files, const std::string& path, const LiveFile& input) {
        TRY(auto digest, digest_of(files, path));
        if (digest.bytes != input.bytes || digest.sha256 != input.sha256)
            return damaged("a file is not what the log says, and is not merged", path);
        TRY(auto reader, open_parquet(files, path, kRowsAtOnce));
        auto pairs = reader->parquet_reader()->metadata()->key_value_metadata();
        Json ranges = Json::parse(pairs == nullptr || !pairs->Contains(kRanges)
                                      ? std::string()
                                      : pairs->Get(kRanges).ValueOr(""),
                                  nullptr, false);
        if (!ranges.is_array()) return damaged("a file's footer does not tell its ranges", path);
        join_footer(footer_, ranges);
        auto batches = reader->GetRecordBatchReader();
        if (!batches.ok()) return arrow_fault(batches.status(), path);
        std::int64_t rows = 0;
        while (true) {
            std::shared_ptr<arrow::RecordBatch> batch;
            if (auto status = (*batches)->ReadNext(&batch); !status.ok())
                return arrow_fault(status, path);
            if (batch == nullptr) break;
            if (auto status = writer_->WriteRecordBatch(*batch); !status.ok()) return fault(status);
            rows += batch->num_rows();
        }
        if (rows != input.rows) return damaged("a file has not the rows that the log says", path);
        file_.rows += rows;
        bytes_copied_ += input.bytes;
        inputs_.push_back(input);
        return {};
    }

    Result<LiveFile> finish(const std::string& program) {
        auto pairs = std::make_shared<arrow::KeyValueMetadata>();
        pairs->Append("loanstream.format", std::string(kFileFormat));
        pairs->Append("loanstream.table", file_.place.day.table);
        pairs->Append(kRanges, footer_.dump());
        pairs->Append("loanstream.program", program);
        auto status = writer_->AddKeyValueMetadata(pairs);
        if (status.ok()) status = writer_->Close();
        if (status.ok()) status = stream_->drain();
        if (!status.ok()) return fault(status);
        TRY_VOID(stream_->seal());
        file_.bytes = stream_->position();
        file_.sha256 = stream_->digest();
        file_.ranges = joined_ranges(inputs_);
        return file_;
    }

    const std::vector<LiveFile>& inputs() const { return inputs_; }

private:
    std::unexpected<Error> fault(const arrow::Status& status) const {
        if (stream_->error()) return std::unexpected(*stream_->error());
        return arrow_fault(status, path_);
    }

    LiveFile file_;
    std::string path_;
    std::shared_ptr<HashingStream> stream_;
    std::unique_ptr<parquet::arrow::FileWriter> writer_;
    Json footer_ = Json::array();
    std::vector<LiveFile> inputs_;
    std::int64_t bytes_copied_ = 0;
};

// Each row of the output, read back: of the range whose turn it is, and after the row before it.
class ReadBack {
public:
    ReadBack(const std::vector<LiveFile>& inputs, const std::string& path) : path_(path) {
        for (const LiveFile& input : inputs)
            for (const FileRange& range : input.ranges)
                if (range.rows > 0) ranges_.push_back(&range);
    }

    Result<void> take(const TableScan::Positions& rows) {
        for (std::size_t i = 0; i < rows.offsets.size(); ++i) {
            if (at_ == ranges_.size()) return damaged("a merged file has rows too many", path_);
            const FileRange& range = *ranges_[at_];
            Offset offset(rows.offsets[i]);
            bool right = rows.topics[i] == range.source.source_topic() &&
                         rows.partitions[i] == range.source.partition.value &&
                         range.range.contains(offset) && (seen_ == 0 || last_ < offset);
            if (!right) return damaged("a merged file has a row out of its place", path_);
            last_ = offset;
            if (++seen_ == range.rows) {
                ++at_;
                seen_ = 0;
            }
        }
        return {};
    }

    Result<void> end() const {
        if (at_ == ranges_.size()) return {};
        return damaged("a merged file lacks rows", path_);
    }

private:
    const std::string& path_;
    std::vector<const FileRange*> ranges_;
    std::size_t at_ = 0;
    std::int64_t seen_ = 0;
    Offset last_;
};

Result<LiveFile> finish(FileStore& files, Output& output, const TableDeclaration& table,
                        const std::string& program) {
    TRY(LiveFile file, output.finish(program));
    TRY(auto scan, TableScan::open(files, output.path(), table));
    ReadBack back(output.inputs(), output.path());
    TRY_VOID(scan->read_positions([&](const auto& rows) { return back.take(rows); }));
    TRY_VOID(back.end());
    return file;
}

Result<std::vector<LiveFile>> write_outputs(FileStore& files, const PartToWrite& request,
                                            const TableDeclaration& table,
                                            const PartWriterSettings& settings) {
    std::vector<LiveFile> outputs;
    std::unique_ptr<Output> output;
    for (std::size_t i = 0; i < request.inputs.size(); ++i) {
        if (output && output->bytes_copied() >= settings.file_size) {
            TRY(LiveFile done, finish(files, *output, table, settings.program));
            outputs.push_back(std::move(done));
            output.reset();
        }
        if (!output) {
            TRY(output, Output::create(files, request, static_cast<int>(outputs.size()), table,
                                       settings.codec));
        }
        TRY_VOID(output->copy(files, request.paths[i], request.inputs[i]));
    }
    TRY(LiveFile done, finish(files, *output, table, settings.program));
    outputs.push_back(std::move(done));
    return outputs;
}

}  // namespace

Result<std::vector<LiveFile>> ParquetPartWriter::write(const PartToWrite& request) {
    const TableDeclaration* table = table_named(request.part.day.table);
    if (table == nullptr)
        return fail(ErrorCode::kUnknownFormat, "unknown table " + request.part.day.table,
                    request.part.text());
    if (request.inputs.empty())
        return fail(ErrorCode::kInternal, "nothing to merge", request.folder);
    try {
        return write_outputs(files_, request, *table, settings_);
    } catch (const std::exception& error) {
        return arrow_fault(arrow::Status::Invalid(error.what()), request.folder);
    }
}

}  // namespace loanstream

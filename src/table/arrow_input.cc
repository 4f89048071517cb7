#include "table/arrow_input.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <parquet/file_reader.h>

#include <algorithm>

#include "table/arrow_schema.h"

namespace loanstream {

namespace {

// One of our files as Arrow reads it.
class StoredFile : public arrow::io::RandomAccessFile {
public:
    StoredFile(std::unique_ptr<ReadFile> file, std::int64_t size)
        : file_(std::move(file)), size_(size) {}

    arrow::Status Close() override {
        closed_ = true;
        return arrow::Status::OK();
    }
    bool closed() const override { return closed_; }
    arrow::Result<std::int64_t> Tell() const override { return position_; }
    arrow::Status Seek(std::int64_t position) override {
        position_ = position;
        return arrow::Status::OK();
    }
    arrow::Result<std::int64_t> GetSize() override { return size_; }

    arrow::Result<std::int64_t> ReadAt(std::int64_t at, std::int64_t bytes, void* out) override {
        if (at < 0 || bytes < 0) return arrow::Status::Invalid("a read before the file");
        std::span<char> into(static_cast<char*>(out), static_cast<std::size_t>(bytes));
        auto got = file_->read_at(static_cast<std::uint64_t>(at), into);
        if (!got) return arrow::Status::IOError(got.error().line());
        return static_cast<std::int64_t>(*got);
    }
    arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t at,
                                                         std::int64_t bytes) override {
        bytes = std::clamp<std::int64_t>(bytes, 0, std::max<std::int64_t>(size_ - at, 0));
        ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(bytes));
        ARROW_ASSIGN_OR_RAISE(auto got, ReadAt(at, bytes, buffer->mutable_data()));
        ARROW_RETURN_NOT_OK(buffer->Resize(got));
        return std::shared_ptr<arrow::Buffer>(std::move(buffer));
    }
    arrow::Result<std::int64_t> Read(std::int64_t bytes, void* out) override {
        ARROW_ASSIGN_OR_RAISE(auto got, ReadAt(position_, bytes, out));
        position_ += got;
        return got;
    }
    arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t bytes) override {
        ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, bytes));
        position_ += buffer->size();
        return buffer;
    }

private:
    std::unique_ptr<ReadFile> file_;
    std::int64_t size_, position_ = 0;
    bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<parquet::arrow::FileReader>> open_parquet(FileStore& files,
                                                                 const std::string& path,
                                                                 std::int64_t batch_rows) {
    TRY(auto file, files.open(path));
    TRY(auto size, file->size());
    auto stored = std::make_shared<StoredFile>(std::move(file), static_cast<std::int64_t>(size));
    try {
        parquet::arrow::FileReaderBuilder builder;
        if (auto status = builder.Open(stored); !status.ok()) return arrow_fault(status, path);
        parquet::ArrowReaderProperties properties(/*use_threads=*/false);
        properties.set_batch_size(batch_rows);
        properties.set_pre_buffer(false);
        auto reader =
            builder.memory_pool(arrow::default_memory_pool())->properties(properties)->Build();
        if (!reader.ok()) return arrow_fault(reader.status(), path);
        return std::move(*reader);
    } catch (const std::exception& error) {
        return arrow_fault(arrow::Status::Invalid(error.what()), path);
    }
}

}  // namespace loanstream

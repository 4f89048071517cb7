// CSV records from plain or gz bytes: quoted fields with doubled quotes, commas and newlines in
// them; \n, \r\n or \r at line ends. Streams in blocks; a record is bounded. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace loanstream {

// Blocks of a plain or gz file, or of bytes in memory.
class ByteReader {
public:
    static Result<std::unique_ptr<ByteReader>> open(const std::string& path);
    static std::unique_ptr<ByteReader> of(std::string bytes, std::string path);  // not gz
    ~ByteReader();
    // Makes sure that block() holds a byte; false at the end. A broken gz gives an error.
    Result<bool> fill();
    std::string_view block() const { return {buffer_.data() + at_, end_ - at_}; }
    void take(std::size_t bytes) { at_ += bytes; }
    double read_share() const;  // of the file's bytes as they lie there, 0 to 1; a pipe: 0
    const std::string& path() const { return path_; }

private:
    explicit ByteReader(std::string path) : path_(std::move(path)) {}
    std::string path_;
    void* file_ = nullptr;          // gzFile
    std::uintmax_t file_size_ = 0;  // 0: not known
    std::string buffer_;
    std::size_t at_ = 0, end_ = 0;
};

class CsvReader {
public:
    explicit CsvReader(ByteReader& bytes) : bytes_(bytes) {}
    // Fills `fields`, views that hold until the next call; false at the end. kInvalidData: a quote
    // that is never closed, or a record larger than the bound.
    Result<bool> next(std::vector<std::string_view>& fields);
    std::int64_t line() const { return record_line_; }  // where the last record began, 1 based

private:
    bool next_in_block(std::vector<std::string_view>& fields);
    Result<bool> next_in_pieces();
    Result<int> get();  // the next byte, -1 at the end
    Result<int> quoted(std::string& field, std::size_t& size);
    Result<int> plain(std::string& field, int byte, std::size_t& size);
    ByteReader& bytes_;
    std::vector<std::string> pieces_;  // of a record that does not lie whole in the block
    std::int64_t line_ = 1, record_line_ = 1;
};

}  // namespace loanstream

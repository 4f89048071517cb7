#include "base/csv_reader.h"

#include <zlib.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace loanstream {

namespace {

constexpr std::size_t kBlock = 1 << 18;
constexpr std::size_t kMostRecordBytes = 64u << 20;
constexpr std::size_t kMostFields = 100000;

std::string at_line(const std::string& path, std::int64_t line) {
    return path + ":" + std::to_string(line);
}

}  // namespace

Result<std::unique_ptr<ByteReader>> ByteReader::open(const std::string& path) {
    std::unique_ptr<ByteReader> reader(new ByteReader(path));
    reader->file_ = gzopen(path.c_str(), "rb");
    if (reader->file_ == nullptr)
        return fail(ErrorCode::kNotFound, "cannot be opened", path, "give a file that is there");
    std::error_code unknown;
    auto size = std::filesystem::file_size(path, unknown);
    reader->file_size_ = unknown ? 0 : size;
    gzbuffer(static_cast<gzFile>(reader->file_), kBlock);
    reader->buffer_.resize(kBlock);
    return reader;
}

std::unique_ptr<ByteReader> ByteReader::of(std::string bytes, std::string path) {
    std::unique_ptr<ByteReader> reader(new ByteReader(std::move(path)));
    reader->buffer_ = std::move(bytes);
    reader->end_ = reader->buffer_.size();
    return reader;
}

ByteReader::~ByteReader() {
    if (file_ != nullptr) gzclose(static_cast<gzFile>(file_));
}

double ByteReader::read_share() const {
    if (file_ == nullptr || file_size_ == 0) return 0;
    auto at = gzoffset(static_cast<gzFile>(file_));
    return at < 0 ? 0 : static_cast<double>(at) / static_cast<double>(file_size_);
}

Result<bool> ByteReader::fill() {
    if (at_ < end_) return true;
    if (file_ == nullptr) return false;
    auto* file = static_cast<gzFile>(file_);
    int count = gzread(file, buffer_.data(), static_cast<unsigned>(buffer_.size()));
    int status = Z_OK;
    const char* text = gzerror(file, &status);
    // A gz that was cut off gives its bytes and then Z_BUF_ERROR.
    if (status == Z_ERRNO)
        return fail(ErrorCode::kOutside, std::string("cannot be read: ") + std::strerror(errno),
                    path_, "give a file that can be read");
    if (count < 0 || (count == 0 && status != Z_OK && status != Z_STREAM_END))
        return fail(ErrorCode::kInvalidData, std::string("the gz data is broken: ") + text, path_,
                    "fetch the file again");
    at_ = 0;
    end_ = static_cast<std::size_t>(count);
    return count > 0;
}

Result<int> CsvReader::get() {
    TRY(bool more, bytes_.fill());
    if (!more) return -1;
    char c = bytes_.block().front();
    bytes_.take(1);
    if (c == '\n') line_ += 1;
    return static_cast<unsigned char>(c);
}

// From behind the opening quote to the byte behind the closing one, which it gives.
Result<int> CsvReader::quoted(std::string& field, std::size_t& size) {
    std::int64_t opened = line_;
    while (true) {
        TRY(bool more, bytes_.fill());
        if (!more)
            return fail(ErrorCode::kInvalidData, "a quote is never closed",
                        at_line(bytes_.path(), opened),
                        "close the quote, or double it inside text");
        std::string_view block = bytes_.block();
        std::size_t end = std::min(block.find('"'), block.size());
        for (char c : block.substr(0, end)) line_ += c == '\n';
        field.append(block.substr(0, end));
        bytes_.take(end);
        size += end;
        if (size > kMostRecordBytes)
            return fail(ErrorCode::kInvalidData, "a record is larger than 64 MiB",
                        at_line(bytes_.path(), opened), "is a quote not closed?");
        if (end == block.size()) continue;
        bytes_.take(1);
        TRY(int next, get());
        if (next != '"') return next;
        field += '"';
    }
}

// An unquoted field that begins with `byte`; gives the byte that ended it.
Result<int> CsvReader::plain(std::string& field, int byte, std::size_t& size) {
    auto ends = [](char c) { return c == ',' || c == '\n' || c == '\r'; };
    while (byte != -1 && !ends(static_cast<char>(byte))) {
        field += static_cast<char>(byte);
        std::string_view block = bytes_.block();
        auto end = static_cast<std::size_t>(std::find_if(block.begin(), block.end(), ends) -
                                            block.begin());
        field.append(block.substr(0, end));
        bytes_.take(end);
        size += end + 1;
        if (size > kMostRecordBytes)
            return fail(ErrorCode::kInvalidData, "a record is larger than 64 MiB",
                        at_line(bytes_.path(), record_line_), "is this a CSV file?");
        TRY(byte, get());
    }
    return byte;
}

// A record that lies whole in the block on one line, its quoted fields without a quote in them:
// nearly all are so. False: it is not, and nothing was taken.
bool CsvReader::next_in_block(std::vector<std::string_view>& fields) {
    std::string_view block = bytes_.block();
    std::size_t end = block.find('\n');
    if (end == block.npos || end > kMostRecordBytes) return false;
    std::string_view line = block.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find('\r') != line.npos) return false;
    fields.clear();
    for (std::size_t at = 0;;) {
        bool is_quoted = at < line.size() && line[at] == '"';
        if (is_quoted) ++at;
        std::size_t stop = std::min(line.find(is_quoted ? '"' : ',', at), line.size());
        std::string_view text = line.substr(at, stop - at);
        if (is_quoted) {
            if (stop == line.size()) return false;
            ++stop;
            if (stop < line.size() && line[stop] != ',') return false;
        }
        fields.push_back(text);
        if (stop == line.size()) break;
        at = stop + 1;
        if (fields.size() > kMostFields) return false;
    }
    bytes_.take(end + 1);
    line_ += 1;
    return true;
}

Result<bool> CsvReader::next(std::vector<std::string_view>& fields) {
    record_line_ = line_;
    TRY(bool more, bytes_.fill());
    if (!more) return false;
    if (next_in_block(fields)) return true;
    TRY(bool some, next_in_pieces());
    fields.assign(pieces_.begin(), pieces_.end());
    return some;
}

Result<bool> CsvReader::next_in_pieces() {
    std::size_t count = 0, size = 0;
    std::vector<std::string>& fields = pieces_;
    TRY(int byte, get());
    if (byte == -1) return false;
    while (true) {
        if (count == fields.size()) fields.emplace_back();
        std::string& field = fields[count++];
        field.clear();
        if (byte == '"') {
            TRY(byte, quoted(field, size));
        }
        TRY(byte, plain(field, byte, size));
        if (byte != ',') break;
        if (count > kMostFields)
            return fail(ErrorCode::kInvalidData, "a record has more than 100000 fields",
                        at_line(bytes_.path(), record_line_));
        TRY(byte, get());
    }
    if (byte == '\r') {
        TRY(bool more, bytes_.fill());
        if (more && bytes_.block().front() == '\n') {
            bytes_.take(1);
        }
        line_ += 1;
    }
    fields.resize(count);
    return true;
}

}  // namespace loanstream

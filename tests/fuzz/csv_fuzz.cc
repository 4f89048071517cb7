// CSV in every dialect, and the applications of such a file. Holds: what was read, written again
// with all or only the needed quotes, is read as the same; a record does not depend on where the
// block ends; each row of an application file is left out by name or becomes a JSON object of
// exactly its fields.
#include <simdjson.h>
#include <sys/mman.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/csv_reader.h"
#include "feed/applicant_file.h"

using namespace loanstream;

namespace {

using Row = std::vector<std::string>;
using Json = nlohmann::ordered_json;

// The rows up to the end or the first error; false with an error.
bool read_rows(std::string bytes, std::vector<Row>& rows) {
    auto reader = ByteReader::of(std::move(bytes), "fuzz.csv");
    CsvReader csv(*reader);
    std::vector<std::string_view> fields;
    std::int64_t line = 0;
    while (true) {
        auto more = csv.next(fields);
        if (!more) {
            LOANSTREAM_CHECK(!more.error().where.empty());
            return false;
        }
        if (!*more) return true;
        LOANSTREAM_CHECK(!fields.empty() && csv.line() > line);
        line = csv.line();
        rows.emplace_back(fields.begin(), fields.end());
    }
}

std::string written(const Row& row, bool all_quoted) {
    std::string out;
    for (const std::string& field : row) {
        if (&field != &row.front()) out += ',';
        if (!all_quoted && field.find_first_of("\",\r\n") == field.npos) {
            out += field;
            continue;
        }
        out += '"';
        for (char c : field) out += c == '"' ? "\"\"" : std::string(1, c);
        out += '"';
    }
    return out;
}

void check_written_again(const std::vector<Row>& rows) {
    for (bool all_quoted : {false, true})
        for (const char* end : {"\n", "\r\n", "\r"}) {
            std::string text;
            for (const Row& row : rows) text += written(row, all_quoted) + end;
            std::vector<Row> again;
            LOANSTREAM_CHECK(read_rows(text, again) && again == rows);
        }
    for (const Row& row : rows) {  // no newline: not the way through a whole block
        std::string text = written(row, false);
        std::vector<Row> alone;
        LOANSTREAM_CHECK(read_rows(text, alone) && alone.size() == (text.empty() ? 0 : 1));
        LOANSTREAM_CHECK(text.empty() || alone.front() == row);
    }
}

// A file in memory; its path may be opened again and again.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view bytes) : fd_(::memfd_create("fuzz", 0)) {
        LOANSTREAM_CHECK(::write(fd_, bytes.data(), bytes.size()) ==
                         static_cast<ssize_t>(bytes.size()));
    }
    ~MemoryFile() { ::close(fd_); }
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

// Is it one of the rows, in their order, with all of its fields?
void check_object(const std::string& json, const std::vector<Row>& rows, std::size_t& at) {
    Json object = Json::parse(json, nullptr, false);
    LOANSTREAM_CHECK(object.is_object());
    Row values;
    for (const auto& [key, value] : object.items()) values.push_back(value.get<std::string>());
    while (at < rows.size() && rows[at] != values) ++at;
    LOANSTREAM_CHECK(at < rows.size());
    ++at;
}

void check_applications(std::string_view bytes, const std::vector<Row>& rows, bool whole) {
    MemoryFile memory(bytes);
    auto file = ApplicantFile::open(memory.path());
    if (!file) return;
    bool is_csv = bytes.front() != '{';
    bool is_utf8 = simdjson::validate_utf8(bytes.data(), bytes.size());
    std::size_t at = 0;
    std::string json;
    while (true) {
        auto more = (*file)->next(json);
        if (!more || !*more) {
            LOANSTREAM_CHECK(!is_csv || more.has_value() == whole);
            break;
        }
        if (is_csv && is_utf8) check_object(json, rows, at);
    }
    std::int64_t left_out = 0;
    for (std::int64_t count : (*file)->structural()) left_out += count;
    LOANSTREAM_CHECK((*file)->left_out().empty() == (left_out + (*file)->ragged() == 0));
    if (!is_csv || !whole) return;
    LOANSTREAM_CHECK((*file)->rows() + left_out + 1 == static_cast<std::int64_t>(rows.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    std::vector<Row> rows;
    bool whole = read_rows(std::string(text), rows);
    check_written_again(rows);
    if (!text.empty()) check_applications(text, rows, whole);
    return 0;
}

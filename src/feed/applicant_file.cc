#include "feed/applicant_file.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <set>

#include "base/csv_reader.h"
#include "base/sha256.h"

namespace loanstream {

namespace {

constexpr std::size_t kMostLineBytes = 256u << 20;

// R writes NA into the fields that such a line does not have.
bool holds_only_its_first(const std::vector<std::string_view>& fields) {
    return std::all_of(fields.begin() + 1, fields.end(),
                       [](std::string_view field) { return field.empty() || field == "NA"; });
}

// What a record is that is no application; -1: it is one.
int structural_kind(const std::vector<std::string_view>& fields) {
    if (!holds_only_its_first(fields)) return -1;
    std::string_view first = fields[0];
    if (first.starts_with("Notes offered by Prospectus"))
        return static_cast<int>(StructuralLine::kProspectus);
    if (first.starts_with("Loans that do not meet the credit policy"))
        return static_cast<int>(StructuralLine::kDivider);
    if (first.starts_with("Total amount funded in policy code"))
        return static_cast<int>(StructuralLine::kTotal);
    if (first.empty() && fields.size() == 1) return static_cast<int>(StructuralLine::kBlank);
    return -1;
}

bool is_jsonl_name(std::string path) {
    if (path.ends_with(".gz")) path.resize(path.size() - 3);
    return path.ends_with(".jsonl") || path.ends_with(".ndjson") || path.ends_with(".json");
}

}  // namespace

std::string_view name_of(StructuralLine kind) {
    switch (kind) {
        case StructuralLine::kProspectus: return "prospectus line";
        case StructuralLine::kDivider: return "divider";
        case StructuralLine::kTotal: return "total";
        case StructuralLine::kBlank: return "blank line";
    }
    return "";
}

namespace {

// Any byte of these eight that JSON wants escaped: below 0x20, '"' or '\\'?
bool has_special(std::uint64_t word) {
    constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
    auto has_zero = [](std::uint64_t x) { return (x - kOnes) & ~x & kHigh; };
    std::uint64_t low = (word - kOnes * 0x20) & ~word & kHigh;
    return (low | has_zero(word ^ kOnes * '"') | has_zero(word ^ kOnes * '\\')) != 0;
}

constexpr std::size_t kMostEscape = 6;  // bytes that one byte becomes at most
constexpr std::size_t kFieldRoom = 16;  // quotes, comma, and what is written past a field's end

char* write_escape(char* to, unsigned char byte) {
    static constexpr char kDigits[] = "0123456789abcdef";
    *to++ = '\\';
    switch (byte) {
        case '"':
        case '\\': *to++ = static_cast<char>(byte); return to;
        case '\n': *to++ = 'n'; return to;
        case '\r': *to++ = 'r'; return to;
        case '\t': *to++ = 't'; return to;
        default: break;
    }
    for (char c : {'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 15]}) *to++ = c;
    return to;
}

// A JSON string with its quotes; the room is kMostEscape bytes a byte and kFieldRoom.
char* write_json_text(char* to, std::string_view text) {
    *to++ = '"';
    std::uint64_t word = 0;
    for (std::size_t at = 0; at < text.size();) {
        if (at + sizeof word <= text.size()) {
            std::memcpy(&word, text.data() + at, sizeof word);
            if (!has_special(word)) {
                std::memcpy(to, &word, sizeof word);
                to += sizeof word;
                at += sizeof word;
                continue;
            }
        }
        auto byte = static_cast<unsigned char>(text[at++]);
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            *to++ = static_cast<char>(byte);
        else
            to = write_escape(to, byte);
    }
    *to++ = '"';
    return to;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    std::size_t before = out.size();
    out.resize_and_overwrite(before + kMostEscape * text.size() + kFieldRoom,
                             [&](char* begin, std::size_t) {
                                 char* end = write_json_text(begin + before, text);
                                 return static_cast<std::size_t>(end - begin);
                             });
}

struct ApplicantFile::State {
    std::string path;
    std::unique_ptr<ByteReader> bytes;
    std::unique_ptr<CsvReader> csv;        // null: JSONL
    std::vector<std::string> header_json;  // "\"name\":" of each column, and of those beyond
    std::set<std::string> names;           // of the columns
    std::size_t columns = 0;               // of the header
    std::vector<std::string_view> fields;
    std::array<std::int64_t, kStructuralKinds> structural{};
    std::int64_t rows = 0, ragged = 0, first_ragged_line = 0, lines = 0;

    Result<void> read_header();
    Result<bool> next_csv(std::string& json);
    void write_object(std::string& json);
    Result<bool> next_line(std::string& json);
    Result<bool> take_line(std::string& json);
};

ApplicantFile::ApplicantFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
ApplicantFile::~ApplicantFile() = default;
double ApplicantFile::read_share() const { return state_->bytes->read_share(); }
std::int64_t ApplicantFile::rows() const { return state_->rows; }
std::int64_t ApplicantFile::ragged() const { return state_->ragged; }
std::int64_t ApplicantFile::first_ragged_line() const { return state_->first_ragged_line; }
const std::array<std::int64_t, kStructuralKinds>& ApplicantFile::structural() const {
    return state_->structural;
}

Result<std::unique_ptr<ApplicantFile>> ApplicantFile::open(const std::string& path) {
    auto state = std::make_unique<State>();
    state->path = path;
    TRY(state->bytes, ByteReader::open(path));
    TRY(bool some, state->bytes->fill());
    if (!some) return fail(ErrorCode::kInvalidData, "the file is empty", path);
    if (!is_jsonl_name(path) && state->bytes->block().front() != '{') {
        state->csv = std::make_unique<CsvReader>(*state->bytes);
        TRY_VOID(state->read_header());
    }
    return std::unique_ptr<ApplicantFile>(new ApplicantFile(std::move(state)));
}

Result<void> ApplicantFile::State::read_header() {
    while (true) {
        TRY(bool more, csv->next(fields));
        if (!more) return fail(ErrorCode::kInvalidData, "the file has no header line", path);
        int kind = structural_kind(fields);
        if (kind < 0) break;
        structural[static_cast<std::size_t>(kind)] += 1;
    }
    if (fields[0].starts_with("\xEF\xBB\xBF")) fields[0].remove_prefix(3);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        std::string name(fields[i]);
        if (name.empty()) name = fmt::format("column_{}", i + 1);
        if (!names.insert(name).second)
            return fail(ErrorCode::kInvalidData, "the header names '" + name + "' twice",
                        fmt::format("{}:{}", path, csv->line()), "rename one of the columns");
        header_json.emplace_back();
        append_json_string(header_json.back(), name);
        header_json.back() += ':';
    }
    columns = header_json.size();
    return {};
}

Result<bool> ApplicantFile::State::next_csv(std::string& json) {
    while (true) {
        TRY(bool more, csv->next(fields));
        if (!more) return false;
        int kind = structural_kind(fields);
        if (kind < 0) break;
        structural[static_cast<std::size_t>(kind)] += 1;
    }
    if (fields.size() != columns) {
        ragged += 1;
        if (first_ragged_line == 0) first_ragged_line = csv->line();
    }
    write_object(json);
    return true;
}

void ApplicantFile::State::write_object(std::string& json) {
    while (header_json.size() < fields.size()) {
        std::string name = fmt::format("column_{}", header_json.size() + 1);
        while (names.contains(name)) name += '_';  // the header has that name already
        header_json.push_back('"' + name + "\":");
    }
    std::size_t most = 2;
    for (std::size_t i = 0; i < fields.size(); ++i)
        most += header_json[i].size() + kMostEscape * fields[i].size() + kFieldRoom;
    json.resize_and_overwrite(most, [&](char* begin, std::size_t) {
        char* to = begin;
        *to++ = '{';
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if (i > 0) *to++ = ',';
            to = std::copy(header_json[i].begin(), header_json[i].end(), to);
            to = write_json_text(to, fields[i]);
        }
        *to++ = '}';
        return static_cast<std::size_t>(to - begin);
    });
}

// The next line that is not blank.
Result<bool> ApplicantFile::State::next_line(std::string& json) {
    while (true) {
        TRY(bool some, take_line(json));
        if (!some) return false;
        if (json.find_first_not_of(" \t") != json.npos) return true;
        structural[static_cast<std::size_t>(StructuralLine::kBlank)] += 1;
    }
}

Result<bool> ApplicantFile::State::take_line(std::string& json) {
    json.clear();
    bool some = false;
    while (true) {
        TRY(bool more, bytes->fill());
        if (!more) break;
        some = true;
        std::string_view block = bytes->block();
        std::size_t end = block.find('\n');
        json += block.substr(0, end);
        bytes->take(std::min(end, block.size() - 1) + 1);
        if (end != block.npos) break;
        if (json.size() > kMostLineBytes)
            return fail(ErrorCode::kInvalidData, "a line is longer than 256 MiB",
                        fmt::format("{}:{}", path, lines + 1));
    }
    lines += some;
    if (json.ends_with('\r')) json.pop_back();
    return some;
}

Result<bool> ApplicantFile::next(std::string& json) {
    TRY(bool some, state_->csv ? state_->next_csv(json) : state_->next_line(json));
    state_->rows += some;
    return some;
}

std::string ApplicantFile::left_out() const {
    std::string text;
    for (int i = 0; i < kStructuralKinds; ++i) {
        std::int64_t count = state_->structural[static_cast<std::size_t>(i)];
        if (count == 0) continue;
        text += fmt::format("{}{} {}{}", text.empty() ? "left out: " : ", ", count,
                            name_of(static_cast<StructuralLine>(i)), count == 1 ? "" : "s");
    }
    if (state_->ragged > 0)
        text += fmt::format(
            "{}{} rows with another number of fields than the header (first at "
            "line {}), given as they are",
            text.empty() ? "" : "; ", state_->ragged, state_->first_ragged_line);
    return text;
}

Result<std::string> file_sha256(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr)
        return fail(ErrorCode::kNotFound, "cannot be opened", path, "give a file that is there");
    Sha256 hash;
    std::string block(1 << 20, '\0');
    while (std::size_t count = std::fread(block.data(), 1, block.size(), file))
        hash.update(std::string_view(block).substr(0, count));
    bool bad = std::ferror(file) != 0;
    std::fclose(file);
    if (bad) return fail(ErrorCode::kOutside, "cannot be read", path);
    return hash.hex();
}

}  // namespace loanstream

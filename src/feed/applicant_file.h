// Applications from a file: CSV in LendingClub's dialects (raw download, Kaggle, R-written) or
// JSONL, plain or gz. Each CSV row becomes one JSON object of strings under the header's names.
// Lines that are no applications (prospectus, divider, totals, blank) are left out by name and
// counted. Streams with bounded memory; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace loanstream {

// Anything that gives applications one after the other.
class ApplicantSource {
public:
    virtual ~ApplicantSource() = default;
    // The next application as one line of JSON text; false when there is none.
    virtual Result<bool> next(std::string& json) = 0;
};

enum class StructuralLine { kProspectus, kDivider, kTotal, kBlank };
inline constexpr int kStructuralKinds = 4;
std::string_view name_of(StructuralLine kind);  // "prospectus line"

class ApplicantFile : public ApplicantSource {
public:
    // kNotFound, kInvalidData. A name ending in .jsonl, .ndjson or .json (also with .gz), or a
    // first byte '{', means JSONL.
    static Result<std::unique_ptr<ApplicantFile>> open(const std::string& path);
    ~ApplicantFile() override;

    Result<bool> next(std::string& json) override;
    double read_share() const;  // of the file's bytes, 0 to 1
    std::int64_t rows() const;  // given so far: the next one's row number
    const std::array<std::int64_t, kStructuralKinds>& structural() const;
    // Rows with fewer or more fields than the header; given with the fields they have.
    std::int64_t ragged() const;
    std::int64_t first_ragged_line() const;  // 1 based; 0: none
    // "left out: 1 prospectus line, 2 totals, ..."; empty when nothing was.
    std::string left_out() const;

    struct State;

private:
    explicit ApplicantFile(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// SHA-256 of the file's bytes as they lie there.
Result<std::string> file_sha256(const std::string& path);

// Appends a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace loanstream

#include "feed/generated_applicants.h"

#include <fmt/format.h>

namespace loanstream {

namespace {

constexpr std::uint64_t kDirtSeed = 0xD127;  // a stream beside the applicants'

}  // namespace

GeneratedApplicants::GeneratedApplicants(GeneratorSettings settings)
    : settings_(settings),
      random_(settings.seed * 2 + 1),
      dirt_(RandomBits(settings.seed ^ kDirtSeed).next()) {
    for (std::size_t i = 0; i < kApplicantColumns; ++i)
        json_heads_[i] = fmt::format("{}\"{}\":\"", i == 0 ? "{" : "\",", kApplicantColumnNames[i]);
}

// The next application into texts_ and cell_.
std::optional<DirtyKind> GeneratedApplicants::draw() {
    constexpr std::int64_t kFirstMember = 40'000'000;
    auto applicant = SyntheticApplicant::draw(model_, random_);
    texts_.fill(applicant, kFirstMember + made_, random_);
    made_ += 1;
    dollars_ += applicant.loan.dollars;
    cell_.column = -1;
    double left = dirt_.uniform();
    for (int i = 0; i < kDirtyKinds; ++i) {
        left -= settings_.dirty.of[static_cast<std::size_t>(i)];
        if (left >= 0) continue;
        auto kind = static_cast<DirtyKind>(i);
        cell_ = dirty_cell(kind, texts_, dirt_);
        return kind;
    }
    return std::nullopt;
}

Result<bool> GeneratedApplicants::next(std::string& json) {
    if (settings_.count >= 0 && made_ >= settings_.count) return false;
    auto kind = draw();
    write_json(json);
    if (kind) break_json(*kind, json, dirt_);
    return true;
}

void GeneratedApplicants::write_json(std::string& json) const {
    json.clear();
    for (int i = 0; i < kApplicantColumns; ++i) {
        const std::string& head = json_heads_[static_cast<std::size_t>(i)];
        if (i != cell_.column) {
            json += head;
            json += texts_[i];
        } else if (cell_.form == DirtyCell::Form::kText) {
            json.append(head, 0, head.size() - 1);
            append_json_string(json, cell_.text);
            json.pop_back();  // the next head closes the text
        } else if (cell_.form == DirtyCell::Form::kJson) {
            // What follows closes no text. Such a column is never the last one.
            json.append(head, 0, head.size() - 1);
            json += cell_.text;
            json += json_heads_[static_cast<std::size_t>(++i)].substr(1);
            json += texts_[i];
        }
    }
    json += "\"}";
}

Result<bool> GeneratedApplicants::next_csv(std::string& row) {
    if (settings_.count >= 0 && made_ >= settings_.count) return false;
    bool is_short = draw() == DirtyKind::kTruncated;
    write_csv(is_short ? kApplicantColumns / 2 : kApplicantColumns, row);
    return true;
}

void GeneratedApplicants::write_csv(std::size_t columns, std::string& row) const {
    row.clear();
    for (std::size_t i = 0; i < columns; ++i) {
        int column = static_cast<int>(i);
        row += i == 0 ? "\"" : "\",\"";
        if (column != cell_.column) {
            row += texts_[column];
            continue;
        }
        std::string_view text = cell_.text;
        if (cell_.form == DirtyCell::Form::kJson) text = text.substr(1, text.size() - 2);
        for (char byte : text) row.append(byte == '"' ? 2 : 1, byte);
    }
    row += "\"\n";
}

std::string GeneratedApplicants::csv_head() {
    std::string head =
        "Notes offered by Prospectus (https://www.lendingclub.com/info/prospectus.action)\n";
    for (std::size_t i = 0; i < kApplicantColumns; ++i)
        head += fmt::format("{}\"{}\"", i == 0 ? "" : ",", kApplicantColumnNames[i]);
    return head + "\n";
}

std::string GeneratedApplicants::csv_tail() const {
    return fmt::format(
        "\n\nTotal amount funded in policy code 1: {}\nTotal amount funded in policy code 2: 0\n",
        dollars_);
}

}  // namespace loanstream

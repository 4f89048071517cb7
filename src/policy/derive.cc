#include "policy/derive.h"

#include <charconv>
#include <cmath>
#include <functional>

#include "base/csv_reader.h"

namespace loanstream {

namespace {

constexpr std::size_t kMostRows = 1'000'000;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n\f\v";
    auto begin = text.find_first_not_of(kSpace);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool is_number(std::string_view text, double& out) {
    text = trimmed(text);
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), out);
    out += 0.0;  // minus zero is zero
    return status == std::errc{} && end == text.data() + text.size() && std::isfinite(out);
}

Cell text_cell(const std::string& text) {
    Cell cell;
    cell.state = CellState::kText;
    cell.text = text.data();
    cell.text_length = static_cast<std::uint32_t>(text.size());
    return cell;
}

Cell number_cell(double number) {
    Cell cell;
    cell.state = CellState::kNumber;
    cell.number = number;
    return cell;
}

Cell bucket_of(const Buckets& buckets, const Cell& from) {
    if (from.state != CellState::kNumber) return {};
    std::size_t bucket = 0;
    for (double edge : buckets.edges) bucket += from.number >= edge;
    if (buckets.labels.empty()) return number_cell(static_cast<double>(bucket));
    return text_cell(buckets.labels[bucket]);
}

}  // namespace

void Derive::make(Cell* row) const {
    Cell& cell = row[slot];
    cell = Cell{};
    if (const auto* expression = std::get_if<Expression>(&how)) {
        double number = 0;
        if (expression->compute(row, number)) cell = number_cell(number + 0.0);
    } else if (const auto* buckets = std::get_if<Buckets>(&how)) {
        cell = bucket_of(*buckets, row[buckets->from]);
    } else {
        const Lookup& lookup = *std::get<std::unique_ptr<const Lookup>>(how);
        if (row[lookup.from].missing()) return;
        const Cell* found = lookup.table->find(row[lookup.from]);
        cell = found != nullptr ? *found : lookup.otherwise;
    }
}

std::vector<Slot> Derive::inputs() const {
    if (const auto* expression = std::get_if<Expression>(&how)) return expression->slots();
    if (const auto* buckets = std::get_if<Buckets>(&how)) return {buckets->from};
    return {std::get<std::unique_ptr<const Lookup>>(how)->from};
}

const Cell* LookupTable::find(const Cell& key) const {
    if (key.state == CellState::kText) {
        auto found = by_text_.find(key.text_view());
        return found == by_text_.end() ? nullptr : &found->second;
    }
    auto found = by_number_.find(key.number);
    return found == by_number_.end() ? nullptr : &found->second;
}

// False with what is wrong.
bool LookupTable::add(std::string_view key, std::string_view answer, const Columns& columns,
                      std::string& wrong) {
    Cell cell;
    double number = 0;
    if (columns.is_text && !answer.empty()) {
        if (answer.size() > 65535) {
            wrong = "the answer is longer than 65,535 bytes";
            return false;
        }
        answers_.push_back(std::make_unique<const std::string>(answer));
        cell = text_cell(*answers_.back());
    } else if (!trimmed(answer).empty()) {
        if (!is_number(answer, number)) {
            wrong = "'" + std::string(answer) + "' in column " + columns.take + " is no number";
            return false;
        }
        cell = number_cell(number);
    }
    bool added = true;
    if (columns.key_is_text) {
        added = by_text_.emplace(std::string(key), cell).second;
    } else if (is_number(key, number)) {
        added = by_number_.emplace(number, cell).second;
    } else {
        wrong = "'" + std::string(key) + "' in column " + columns.key + " is no number";
        return false;
    }
    if (!added) wrong = "key '" + std::string(key) + "' is there twice";
    return added;
}

Result<std::shared_ptr<const LookupTable>> LookupTable::read(std::string bytes,
                                                             const std::string& path,
                                                             const Columns& columns) {
    auto reader = ByteReader::of(std::move(bytes), path);
    CsvReader csv(*reader);
    auto wrong = [&](std::string what) {
        return fail(ErrorCode::kInvalidData, std::move(what),
                    path + ":" + std::to_string(csv.line()), "mend the table");
    };
    std::vector<std::string_view> row;
    TRY(bool some, csv.next(row));
    std::size_t width = row.size(), key = width, take = width;
    for (std::size_t i = 0; some && i < width; ++i) {
        if (row[i] == columns.key) key = i;
        if (row[i] == columns.take) take = i;
    }
    if (key == width) return wrong("no column '" + columns.key + "' in the first row");
    if (take == width) return wrong("no column '" + columns.take + "' in the first row");
    auto table = std::make_shared<LookupTable>();
    while (true) {
        TRY(bool more, csv.next(row));
        if (!more) return table;
        if (row.size() == 1 && row[0].empty()) continue;
        if (row.size() != width)
            return wrong("the row has " + std::to_string(row.size()) + " cells, the first row " +
                         std::to_string(width));
        std::string what;
        if (!table->add(row[key], row[take], columns, what)) return wrong(std::move(what));
        if (table->size() > kMostRows) return wrong("more than 1,000,000 rows");
    }
}

}  // namespace loanstream

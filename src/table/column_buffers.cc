#include "table/column_buffers.h"

#include <algorithm>

namespace loanstream {

void Validity::fill(std::int64_t from, std::int64_t to, bool valid) {
    bits_.resize(static_cast<std::size_t>((to + 7) / 8), 0);
    if (!valid) return;  // resize has cleared them, and fill never goes back
    while (from < to && from % 8 != 0) {
        bits_[static_cast<std::size_t>(from / 8)] |= static_cast<std::uint8_t>(1u << (from % 8));
        ++from;
    }
    while (to - from >= 8) {
        bits_[static_cast<std::size_t>(from / 8)] = 0xFF;
        from += 8;
    }
    for (; from < to; ++from)
        bits_[static_cast<std::size_t>(from / 8)] |= static_cast<std::uint8_t>(1u << (from % 8));
}

void Validity::add(std::int64_t rows, bool valid) {
    if (nulls_ == 0 && valid) {  // still all valid: no bits
        rows_ += rows;
        return;
    }
    if (nulls_ == 0) fill(0, rows_, true);
    fill(rows_, rows_ + rows, valid);
    rows_ += rows;
    if (!valid) nulls_ += rows;
}

void Validity::clear() {
    bits_.clear();
    rows_ = nulls_ = 0;
}

const std::uint8_t* Validity::bits() const { return nulls_ == 0 ? nullptr : bits_.data(); }

void TextColumn::add(std::string_view value, bool valid) {
    if (valid) text.insert(text.end(), value.begin(), value.end());
    offsets.push_back(static_cast<std::int32_t>(text.size()));
    validity.add(1, valid);
}

void TextColumn::clear() {
    offsets.resize(1);
    text.clear();
    validity.clear();
}

std::int32_t WordColumn::index_of(std::string_view word) {
    auto found = index_.find(word);
    if (found != index_.end()) return found->second;
    auto index = static_cast<std::int32_t>(words.size());
    words.emplace_back(word);
    index_.emplace(words.back(), index);
    word_bytes_ += static_cast<std::int64_t>(word.size());
    return index;
}

void WordColumn::add_many(std::int64_t rows, std::int32_t index) {
    indices.insert(indices.end(), static_cast<std::size_t>(rows), std::max(index, 0));
    validity.add(rows, index != kNull);
}

void WordColumn::clear() {
    indices.clear();
    words.clear();
    index_.clear();
    validity.clear();
    word_bytes_ = 0;
}

std::int64_t bytes_of(const ColumnBuffer& column) {
    return std::visit([](const auto& c) { return c.bytes(); }, column);
}

std::int64_t rows_of(const ColumnBuffer& column) {
    return std::visit([](const auto& c) { return c.validity.rows(); }, column);
}

void clear(ColumnBuffer& column) {
    std::visit([](auto& c) { c.clear(); }, column);
}

}  // namespace loanstream

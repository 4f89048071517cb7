// Rows waiting for a row group, column by column, in the form that Parquet takes without another
// copy: values, bits of validity, text with offsets, or words of a small dictionary. Memory is
// reused from group to group. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "table/columns.h"

namespace loanstream {

// Which of the rows have a value; bits are kept only once both kinds have been seen.
class Validity {
public:
    void add(std::int64_t rows, bool valid);
    void clear();
    std::int64_t rows() const { return rows_; }
    std::int64_t nulls() const { return nulls_; }
    // One bit a row, least significant first; nullptr when every row has a value.
    const std::uint8_t* bits() const;

private:
    void fill(std::int64_t from, std::int64_t to, bool valid);
    std::vector<std::uint8_t> bits_;
    std::int64_t rows_ = 0, nulls_ = 0;
};

template <typename T>
struct NumberColumn {
    std::vector<T> values;
    Validity validity;
    void add(T value) {
        values.push_back(value);
        validity.add(1, true);
    }
    void add(T value, bool valid) {
        values.push_back(valid ? value : T{});
        validity.add(1, valid);
    }
    void add_many(std::int64_t rows, T value, bool valid) {
        values.insert(values.end(), static_cast<std::size_t>(rows), value);
        validity.add(rows, valid);
    }
    std::int64_t bytes() const { return static_cast<std::int64_t>(values.size() * sizeof(T)); }
    void clear() {
        values.clear();
        validity.clear();
    }
};

// Text or bytes that hardly ever repeat.
struct TextColumn {
    std::vector<std::int32_t> offsets{0};
    std::vector<char> text;
    Validity validity;
    void add(std::string_view value) { add(value, true); }
    void add(std::string_view value, bool valid);
    std::int64_t bytes() const {
        return static_cast<std::int64_t>(text.size() + offsets.size() * sizeof(std::int32_t));
    }
    void clear();
};

// Text of few kinds: an index into the words seen since the last clear().
struct WordColumn {
    static constexpr std::int32_t kNull = -1;
    std::vector<std::int32_t> indices;
    std::vector<std::string> words;
    Validity validity;
    std::int32_t index_of(std::string_view word);  // adds it
    void add_index(std::int32_t index) { add_many(1, index); }
    void add(std::string_view word) { add_index(index_of(word)); }
    void add_many(std::int64_t rows, std::int32_t index);
    std::int64_t bytes() const {
        return static_cast<std::int64_t>(indices.size() * sizeof(std::int32_t)) + word_bytes_;
    }
    void clear();

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> index_;
    std::int64_t word_bytes_ = 0;
};

using ColumnBuffer =
    std::variant<NumberColumn<std::int32_t>, NumberColumn<std::int64_t>, NumberColumn<float>,
                 NumberColumn<double>, TextColumn, WordColumn>;

std::int64_t bytes_of(const ColumnBuffer& column);
std::int64_t rows_of(const ColumnBuffer& column);
void clear(ColumnBuffer& column);

}  // namespace loanstream

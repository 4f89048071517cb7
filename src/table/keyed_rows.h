// The rows of one side of a comparison in 16 bytes each and 8 more for each compared column: a hash
// of the key, the row's number, its cells. Split in parts by the hash, so that both sides are
// sorted and compared part by part and what is done is freed. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "table/input_value.h"

namespace loanstream {

class KeyedRows {
public:
    static constexpr std::size_t kParts = 256;
    static constexpr std::int64_t kMostRows = UINT32_MAX;

    explicit KeyedRows(std::size_t columns) : words_(columns + 2) {}

    // `row`: its number, ascending, below kMostRows.
    void add(const KeyHash& key, std::int64_t row, std::span<const PackedValue> cells);

    class Row {
    public:
        explicit Row(const std::uint64_t* words) : words_(words) {}
        bool same_key(const Row& other) const {
            return words_[0] == other.words_[0] && words_[1] >> 32 == other.words_[1] >> 32;
        }
        bool before(const Row& other) const {  // by key, then by number
            return words_[0] != other.words_[0] ? words_[0] < other.words_[0]
                                                : words_[1] < other.words_[1];
        }
        bool key_before(const Row& other) const {
            return words_[0] != other.words_[0] ? words_[0] < other.words_[0]
                                                : words_[1] >> 32 < other.words_[1] >> 32;
        }
        std::int64_t number() const { return static_cast<std::int64_t>(words_[1] & UINT32_MAX); }
        PackedValue cell(std::size_t column) const { return words_[2 + column]; }

    private:
        const std::uint64_t* words_;
    };
    // By key, those of one key in the order they were added. Hold until the part is dropped.
    std::vector<Row> sorted(std::size_t part) const;
    void drop(std::size_t part) { parts_[part] = {}; }

private:
    static constexpr std::size_t kRowsOfBlock = 512;
    struct Part {
        std::vector<std::unique_ptr<std::uint64_t[]>> blocks;
        std::size_t rows = 0;
    };
    std::size_t words_;
    std::array<Part, kParts> parts_;
};

}  // namespace loanstream

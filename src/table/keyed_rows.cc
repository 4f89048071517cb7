#include "table/keyed_rows.h"

#include <algorithm>

#include "base/check.h"

namespace loanstream {

void KeyedRows::add(const KeyHash& key, std::int64_t row, std::span<const PackedValue> cells) {
    LOANSTREAM_CHECK(row < kMostRows && cells.size() + 2 == words_);
    Part& part = parts_[key.high >> 56];
    std::size_t at = part.rows % kRowsOfBlock;
    if (at == 0)
        part.blocks.push_back(
            std::make_unique_for_overwrite<std::uint64_t[]>(kRowsOfBlock * words_));
    std::uint64_t* words = part.blocks.back().get() + at * words_;
    words[0] = key.high;
    words[1] = static_cast<std::uint64_t>(key.low) << 32 | static_cast<std::uint64_t>(row);
    std::ranges::copy(cells, words + 2);
    part.rows += 1;
}

std::vector<KeyedRows::Row> KeyedRows::sorted(std::size_t index) const {
    const Part& part = parts_[index];
    std::vector<Row> rows;
    rows.reserve(part.rows);
    for (std::size_t i = 0; i < part.rows; ++i)
        rows.emplace_back(part.blocks[i / kRowsOfBlock].get() + i % kRowsOfBlock * words_);
    std::ranges::sort(rows, [](const Row& a, const Row& b) { return a.before(b); });
    return rows;
}

}  // namespace loanstream

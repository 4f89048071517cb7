// One derived field: how its value is made of the cells before it (docs/policy.md "[[derive]]").
// Immutable after load; any thread. Texts that it gives live as long as the policy.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/error.h"
#include "policy/cell.h"
#include "policy/expression.h"

namespace loanstream {

using Slot = std::uint16_t;  // index of a field
inline constexpr Slot kNoSlot = 0xFFFF;

// bucket i holds edges[i-1] <= x < edges[i].
struct Buckets {
    Slot from = kNoSlot;
    std::vector<double> edges;
    std::vector<std::string> labels;  // empty: the bucket's number
};

// A column of a CSV by the keys of another one.
class LookupTable {
public:
    struct Columns {
        std::string key, take;
        bool key_is_text = true, is_text = false;
    };
    // Errors: kInvalidData with `path` and line.
    static Result<std::shared_ptr<const LookupTable>> read(std::string bytes,
                                                           const std::string& path,
                                                           const Columns& columns);
    const Cell* find(const Cell& key) const;  // nullptr: not in the table
    std::size_t size() const { return by_text_.size() + by_number_.size(); }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    bool add(std::string_view key, std::string_view answer, const Columns& columns,
             std::string& wrong);
    std::unordered_map<std::string, Cell, Hash, std::equal_to<>> by_text_;
    std::unordered_map<double, Cell> by_number_;
    std::vector<std::unique_ptr<const std::string>> answers_;  // what text cells point to
};

struct Lookup {
    Slot from = kNoSlot;
    std::shared_ptr<const LookupTable> table;
    Cell otherwise;              // missing where the policy says nothing
    std::string otherwise_text;  // what it points to
};

struct Derive {
    Slot slot = kNoSlot;  // the field that it fills
    std::variant<Expression, Buckets, std::unique_ptr<const Lookup>> how;

    // Fills row[slot]; every cell that it reads is filled already.
    void make(Cell* row) const;
    std::vector<Slot> inputs() const;
};

}  // namespace loanstream

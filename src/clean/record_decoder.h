// One record's bytes to the raw values of the policy's fields, by a scanner of our own: structure
// is judged for every member, scalars only in fields that the policy uses (docs/policy.md
// "[input]"). Records of one feed keep their key order, so what stood between two values of the
// last record (comma, key, colon) is compared first; only a difference is parsed.
// One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "clean/clean_batch.h"

namespace loanstream {

struct RawValue {
    enum Kind : std::uint8_t { kAbsent, kNull, kString, kToken, kNested };
    const char* begin = nullptr;
    std::uint32_t length = 0;
    Kind kind = kAbsent;  // kToken: a number, true or false
    std::string_view text() const { return {begin, length}; }
};

class RecordDecoder {
public:
    explicit RecordDecoder(const Policy& policy);

    struct Failure {
        RejectReason reason = RejectReason::kNotJson;
        Slot field = kNoSlot;
        std::uint32_t at = 0;
    };
    // Fills values() and returns true, or says why not. UTF-8 has been judged before. Reads up to
    // kRecordPadding bytes past the end, uses none. Unescaped strings go to the arena.
    bool decode(std::string_view record, TextArena& arena, Failure& failure);
    const std::vector<RawValue>& values() const { return values_; }

private:
    // What stood between two values, with the slot its key leads to; 64 readable bytes.
    struct Separator {
        alignas(16) char bytes[64];
        std::uint32_t length = 0;  // 0: nothing is predicted
        Slot slot = kNoSlot;
    };
    // Moves at_ to the value of the next member; 1 a member, 0 the end of the object, -1 failed.
    int next_member(std::size_t index, Slot& slot);
    void skip_spaces();
    int parse_separator(std::size_t index, Slot& slot);
    bool read_key(Slot& slot);
    bool read_value(Slot slot);
    bool read_string(Slot slot);
    bool read_token(Slot slot);
    bool skip_string();
    bool skip_nested();
    bool fail(RejectReason reason, Slot slot = kNoSlot);
    bool unescape(const char* begin, const char* end, std::string_view& out);

    std::unordered_map<std::string_view, Slot> slots_;  // views into the policy
    std::vector<Separator> separators_;
    std::vector<RawValue> values_;
    TextArena* arena_ = nullptr;
    Failure* failure_ = nullptr;
    const char *begin_ = nullptr, *at_ = nullptr, *end_ = nullptr;
};

}  // namespace loanstream

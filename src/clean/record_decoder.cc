#include "clean/record_decoder.h"

#include <emmintrin.h>

#include <cstring>

namespace loanstream {

namespace {

constexpr std::size_t kMostSeparators = 4096;
constexpr int kDeepest = 64;  // the record's own object is the first

inline bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// A bit for each of 16 bytes that are the same; b is aligned.
inline std::uint32_t same_of_16(const char* a, const char* b) {
    __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a));
    __m128i y = _mm_load_si128(reinterpret_cast<const __m128i*>(b));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(x, y)));
}

// Are the first `length` bytes, one at least, the same? Both may be read up to the next 16 bytes.
inline bool same_bytes(const char* a, const char* b, std::uint32_t length) {
    for (; length > 16; a += 16, b += 16, length -= 16)
        if (same_of_16(a, b) != 0xFFFF) return false;
    return ~same_of_16(a, b) << (32 - length) == 0;
}

// The first '"' or '\\' at or after `at`; `end` when there is none before it.
inline const char* find_quote(const char* at, const char* end) {
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    for (; at < end; at += 16) {
        __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        auto hit = static_cast<std::uint32_t>(
            _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash))));
        if (hit != 0) {
            at += __builtin_ctz(hit);
            return at < end ? at : end;
        }
    }
    return end;
}

inline bool has_control(const char* at, const char* end) {
    const __m128i highest = _mm_set1_epi8(0x1F);
    for (; at < end; at += 16) {
        __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        auto hit = static_cast<std::uint32_t>(
            _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(x, highest), x)));
        auto left = end - at;
        if (left < 16) hit &= (1u << left) - 1;
        if (hit != 0) return true;
    }
    return false;
}

bool is_json_number(const char* at, const char* end) {
    auto digits = [&] {
        const char* begin = at;
        while (at < end && *at >= '0' && *at <= '9') ++at;
        return at > begin;
    };
    if (at < end && *at == '-') ++at;
    if (at < end && *at == '0') {
        ++at;
    } else if (!digits()) {
        return false;
    }
    if (at < end && *at == '.') {
        ++at;
        if (!digits()) return false;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        ++at;
        if (at < end && (*at == '+' || *at == '-')) ++at;
        if (!digits()) return false;
    }
    return at == end;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Four hex digits at `at`; -1 when they are not there.
int code_unit(const char* at, const char* end) {
    if (end - at < 4) return -1;
    int value = 0;
    for (int i = 0; i < 4; ++i) {
        int digit = hex_value(at[i]);
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

char* put_utf8(char* out, std::uint32_t code) {
    if (code < 0x80) {
        *out++ = static_cast<char>(code);
    } else if (code < 0x800) {
        *out++ = static_cast<char>(0xC0 | code >> 6);
        *out++ = static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = static_cast<char>(0xE0 | code >> 12);
        *out++ = static_cast<char>(0x80 | (code >> 6 & 0x3F));
        *out++ = static_cast<char>(0x80 | (code & 0x3F));
    } else {
        *out++ = static_cast<char>(0xF0 | code >> 18);
        *out++ = static_cast<char>(0x80 | (code >> 12 & 0x3F));
        *out++ = static_cast<char>(0x80 | (code >> 6 & 0x3F));
        *out++ = static_cast<char>(0x80 | (code & 0x3F));
    }
    return out;
}

// The character of a \u escape whose digits begin at `at`; moves behind it. 0: wrong.
std::uint32_t escaped_character(const char*& at, const char* end) {
    int first = code_unit(at, end);
    if (first <= 0 || (first >= 0xDC00 && first <= 0xDFFF)) return 0;
    at += 4;
    if (first < 0xD800 || first > 0xDBFF) return static_cast<std::uint32_t>(first);
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return 0;
    int second = code_unit(at + 2, end);
    if (second < 0xDC00 || second > 0xDFFF) return 0;
    at += 6;
    return 0x10000 + (static_cast<std::uint32_t>(first - 0xD800) << 10) +
           static_cast<std::uint32_t>(second - 0xDC00);
}

}  // namespace

RecordDecoder::RecordDecoder(const Policy& policy) : values_(policy.fields.size()) {
    for (std::size_t i = 0; i < policy.fields.size(); ++i)
        for (const auto& key : policy.fields[i].keys) slots_.emplace(key, static_cast<Slot>(i));
}

bool RecordDecoder::fail(RejectReason reason, Slot slot) {
    *failure_ = {reason, slot, static_cast<std::uint32_t>(at_ - begin_)};
    return false;
}

inline void RecordDecoder::skip_spaces() {
    while (at_ < end_ && is_space(*at_)) ++at_;
}

bool RecordDecoder::decode(std::string_view record, TextArena& arena, Failure& failure) {
    arena_ = &arena;
    failure_ = &failure;
    begin_ = at_ = record.data();
    end_ = begin_ + record.size();
    std::memset(static_cast<void*>(values_.data()), 0, values_.size() * sizeof(RawValue));
    skip_spaces();
    if (at_ == end_) return fail(RejectReason::kEmpty);
    if (*at_ != '{') {
        std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
        bool other = std::strchr("[\"-0123456789", *at_) != nullptr && *at_ != '\0';
        for (std::string_view word : {"true", "false", "null"}) other |= rest.starts_with(word);
        return fail(other ? RejectReason::kNotAnObject : RejectReason::kNotJson);
    }
    ++at_;
    for (std::size_t index = 0;; ++index) {
        Slot slot = kNoSlot;
        int member = next_member(index, slot);
        if (member < 0) return false;
        if (member == 0) break;
        if (!read_value(slot)) return false;
    }
    skip_spaces();
    return at_ == end_ || fail(RejectReason::kTrailingBytes);
}

inline int RecordDecoder::next_member(std::size_t index, Slot& slot) {
    if (index < separators_.size()) {
        const Separator& expected = separators_[index];
        if (expected.length != 0 && expected.length <= static_cast<std::size_t>(end_ - at_) &&
            same_bytes(at_, expected.bytes, expected.length)) {
            slot = expected.slot;
            at_ += expected.length;
            if (slot != kNoSlot && values_[slot].kind != RawValue::kAbsent) {
                skip_spaces();
                return fail(RejectReason::kDuplicateKey, slot) - 1;
            }
            return 1;
        }
    }
    return parse_separator(index, slot);
}

int RecordDecoder::parse_separator(std::size_t index, Slot& slot) {
    const char* begin = at_;
    skip_spaces();
    if (at_ < end_ && *at_ == '}') {
        ++at_;
        return 0;
    }
    if (index > 0) {
        if (at_ == end_ || *at_ != ',') return fail(RejectReason::kNotJson) - 1;
        ++at_;
        skip_spaces();
    }
    if (at_ == end_ || *at_ != '"') return fail(RejectReason::kNotJson) - 1;
    if (!read_key(slot)) return -1;
    skip_spaces();
    if (at_ == end_ || *at_ != ':') return fail(RejectReason::kNotJson) - 1;
    ++at_;
    skip_spaces();
    if (slot != kNoSlot && values_[slot].kind != RawValue::kAbsent)
        return fail(RejectReason::kDuplicateKey, slot) - 1;
    if (index < kMostSeparators) {
        if (separators_.size() <= index) separators_.resize(index + 1);
        Separator& separator = separators_[index];
        auto length = static_cast<std::size_t>(at_ - begin);
        separator.length =
            length <= sizeof separator.bytes ? static_cast<std::uint32_t>(length) : 0;
        separator.slot = slot;
        std::memcpy(separator.bytes, begin, separator.length);
    }
    return 1;
}

bool RecordDecoder::read_key(Slot& slot) {
    const char* begin = ++at_;
    if (!skip_string()) return false;
    const char* end = at_ - 1;
    std::string_view key(begin, static_cast<std::size_t>(end - begin));
    if (has_control(begin, end)) return fail(RejectReason::kNotJson);
    if (key.find('\\') != key.npos && !unescape(begin, end, key)) return false;
    auto found = slots_.find(key);
    if (found != slots_.end()) slot = found->second;
    return true;
}

// From behind the opening quote to behind the closing one.
inline bool RecordDecoder::skip_string() {
    while (true) {
        at_ = find_quote(at_, end_);
        if (at_ == end_) return fail(RejectReason::kNotJson);
        if (*at_ == '"') {
            ++at_;
            return true;
        }
        at_ += 2;
        if (at_ >= end_) {
            at_ = end_;
            return fail(RejectReason::kNotJson);
        }
    }
}

inline bool RecordDecoder::read_value(Slot slot) {
    if (at_ == end_) return fail(RejectReason::kNotJson);
    if (*at_ == '"') {
        if (slot != kNoSlot) return read_string(slot);
        ++at_;
        return skip_string();
    }
    if (*at_ == '{' || *at_ == '[') {
        const char* begin = at_;
        if (!skip_nested()) return false;
        if (slot != kNoSlot)
            values_[slot] = {begin, static_cast<std::uint32_t>(at_ - begin), RawValue::kNested};
        return true;
    }
    return read_token(slot);
}

bool RecordDecoder::read_string(Slot slot) {
    const char* begin = ++at_;
    if (!skip_string()) return false;
    const char* end = at_ - 1;
    std::string_view text(begin, static_cast<std::size_t>(end - begin));
    if (has_control(begin, end)) return fail(RejectReason::kNotJson);
    if (std::memchr(begin, '\\', text.size()) != nullptr && !unescape(begin, end, text))
        return false;
    values_[slot] = {text.data(), static_cast<std::uint32_t>(text.size()), RawValue::kString};
    return true;
}

bool RecordDecoder::read_token(Slot slot) {
    const char* begin = at_;
    while (at_ < end_ && *at_ != ',' && *at_ != '}' && *at_ != ']' && !is_space(*at_)) ++at_;
    if (at_ == begin) {
        if (at_ == end_ || !is_space(*at_)) return fail(RejectReason::kNotJson);
        skip_spaces();  // which the record before did not have: next_member() saw no more than it
        return read_value(slot);
    }
    if (slot == kNoSlot) return true;
    std::string_view token(begin, static_cast<std::size_t>(at_ - begin));
    RawValue::Kind kind = RawValue::kToken;
    if (token == "null") {
        kind = RawValue::kNull;
    } else if (token != "true" && token != "false" && !is_json_number(begin, at_)) {
        return fail(RejectReason::kNotJson);
    }
    values_[slot] = {begin, static_cast<std::uint32_t>(token.size()), kind};
    return true;
}

bool RecordDecoder::skip_nested() {
    std::uint64_t is_object = 0;  // one bit a level
    int depth = 0;
    while (at_ < end_) {
        char c = *at_++;
        if (c == '"') {
            if (!skip_string()) return false;
        } else if (c == '{' || c == '[') {
            if (++depth >= kDeepest) return fail(RejectReason::kNotJson);
            is_object = is_object << 1 | (c == '{');
        } else if (c == '}' || c == ']') {
            if ((is_object & 1) != (c == '}')) return fail(RejectReason::kNotJson);
            is_object >>= 1;
            if (--depth == 0) return true;
        }
    }
    return fail(RejectReason::kNotJson);
}

bool RecordDecoder::unescape(const char* begin, const char* end, std::string_view& out) {
    auto room = static_cast<std::size_t>(end - begin);
    char* place = arena_->take(room + 16);
    char* to = place;
    for (const char* at = begin; at < end;) {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        static constexpr char kLetters[] = "\"\\/bfnrt", kMeanings[] = "\"\\/\b\f\n\r\t";
        char letter = at[1];
        at += 2;
        if (letter == 'u') {
            std::uint32_t code = escaped_character(at, end);
            if (code == 0) return fail(RejectReason::kNotJson);
            to = put_utf8(to, code);
        } else if (const char* found = std::strchr(kLetters, letter); found && letter != '\0') {
            *to++ = kMeanings[found - kLetters];
        } else {
            return fail(RejectReason::kNotJson);
        }
    }
    out = {place, static_cast<std::size_t>(to - place)};
    return true;
}

}  // namespace loanstream

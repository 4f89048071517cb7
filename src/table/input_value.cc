#include "table/input_value.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "clean/number_text.h"

namespace loanstream {

namespace {

constexpr PackedValue kTextCell = 0xFFF8'0000'0000'0000;
constexpr std::uint64_t kTextBits = 0x0007'FFFF'FFFF'FFFF;
constexpr double kMostExact = 9007199254740992.0;  // 2^53
constexpr int kMostExponent = 400;
constexpr std::size_t kMostShown = 200;

struct Hash {
    std::uint64_t high, low;
};

std::uint64_t mixed(std::uint64_t k) {
    k = (k ^ (k >> 33)) * 0xff51afd7ed558ccdULL;
    k = (k ^ (k >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return k ^ (k >> 33);
}

// MurmurHash3, the form of 128 bits for 64-bit machines (Austin Appleby, public domain).
Hash hash_of(std::string_view text) {
    constexpr std::uint64_t c = 0x87c37b91114253d5ULL, d = 0x4cf5ad432745937fULL;
    std::uint64_t h = 0, l = 0;
    auto first = [&](std::uint64_t k) { h ^= std::rotl(k * c, 31) * d; };
    auto second = [&](std::uint64_t k) { l ^= std::rotl(k * d, 33) * c; };
    std::size_t at = 0;
    for (; at + 16 <= text.size(); at += 16) {
        std::array<std::uint64_t, 2> block;
        std::memcpy(block.data(), text.data() + at, 16);
        first(block[0]);
        h = (std::rotl(h, 27) + l) * 5 + 0x52dce729;
        second(block[1]);
        l = (std::rotl(l, 31) + h) * 5 + 0x38495ab5;
    }
    std::array<std::uint64_t, 2> rest{};
    if (at < text.size()) std::memcpy(rest.data(), text.data() + at, text.size() - at);
    second(rest[1]);
    first(rest[0]);
    h ^= text.size();
    l ^= text.size();
    h += l;
    l += h;
    h = mixed(h);
    l = mixed(l);
    h += l;
    l += h;
    return {h, l};
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

std::string_view digits_at(std::string_view text, std::size_t from) {
    std::size_t end = from;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    return text.substr(from, end - from);
}

// "40004999.0", "4.0004999E7" -> "40004999": exact, since no digit passes through a double.
// Nothing: not a decimal number, or written as an id may be.
std::optional<std::string> plain_decimal(std::string_view text) {
    bool minus = text.starts_with('-');
    if (minus || text.starts_with('+')) text.remove_prefix(1);
    std::string_view whole = digits_at(text, 0), part;
    if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return std::nullopt;
    std::size_t at = whole.size();
    bool has_point = at < text.size() && text[at] == '.';
    if (has_point) {
        part = digits_at(text, at + 1);
        at += 1 + part.size();
    }
    long exponent = 0;
    if (has_point && at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        std::size_t sign = at + 1;
        bool down = sign < text.size() && text[sign] == '-';
        if (sign < text.size() && (text[sign] == '-' || text[sign] == '+')) ++sign;
        std::string_view power = digits_at(text, sign);
        if (power.empty() || power.size() > 3) return std::nullopt;
        exponent = std::strtol(std::string(power).c_str(), nullptr, 10) * (down ? -1 : 1);
        at = sign + power.size();
    }
    if (at != text.size() || std::abs(exponent) > kMostExponent) return std::nullopt;
    std::string digits = std::string(whole) + std::string(part);
    long point = static_cast<long>(whole.size()) + exponent;
    if (point <= 0) digits.insert(0, static_cast<std::size_t>(1 - point), '0'), point = 1;
    if (point > static_cast<long>(digits.size()))
        digits.resize(static_cast<std::size_t>(point), '0');
    std::string before = digits.substr(0, static_cast<std::size_t>(point));
    std::string after = digits.substr(static_cast<std::size_t>(point));
    before.erase(0, std::min(before.find_first_not_of('0'), before.size() - 1));
    after.erase(after.find_last_not_of('0') + 1);
    bool zero = before == "0" && after.empty();
    return (minus && !zero ? "-" : "") + before + (after.empty() ? "" : "." + after);
}

std::string shortest(double number) {
    std::string text = fmt::format("{}", number);
    if (text.find('e') != text.npos && text.find('.') == text.npos)
        text.insert(text.find('e'), ".0");  // "1e+20": as plain_decimal takes it
    return plain_decimal(text).value_or(text);
}

PackedValue text_cell(std::string_view text) { return kTextCell | (hash_of(text).low & kTextBits); }

PackedValue number_cell(double number) {
    return std::bit_cast<PackedValue>(number + 0.0);
}  // no minus zero

}  // namespace

InputValue InputValue::of(float number) {
    std::array<char, 32> text;
    auto end = fmt::format_to(text.data(), "{}", number);
    double value = 0;
    auto size = static_cast<std::size_t>(end - text.data());
    if (read_number({text.data(), size}, value) != size) value = static_cast<double>(number);
    return of(value);
}

InputValue InputValue::of(std::string_view text) {
    if (text.empty()) return {};
    return {Kind::kText, 0, 0, text};
}

std::string InputValue::shown() const {
    switch (kind) {
        case Kind::kMissing: return "null";
        case Kind::kWhole: return std::to_string(whole);
        case Kind::kNumber: return fmt::format("{}", number);
        case Kind::kText: break;
    }
    std::string cut(text.substr(0, kMostShown));
    if (text.size() > kMostShown) {
        while (!cut.empty() && (text[cut.size()] & 0xC0) == 0x80) cut.pop_back();
        cut += "...";
    }
    for (char& c : cut)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) c = ' ';
    return cut;
}

PackedValue packed(const InputValue& value) {
    switch (value.kind) {
        case InputValue::Kind::kMissing: return kMissingValue;
        case InputValue::Kind::kWhole: {
            auto number = static_cast<double>(value.whole);
            if (std::abs(number) < kMostExact) return number_cell(number);
            return text_cell(std::to_string(value.whole));
        }
        case InputValue::Kind::kNumber:
            if (std::abs(value.number) < kMostExact) return number_cell(value.number);
            return text_cell(shortest(value.number));
        case InputValue::Kind::kText: break;
    }
    std::string_view text = trimmed(value.text);
    double number = 0;
    if (text.empty() || read_number(text, number) != text.size()) return text_cell(value.text);
    if (std::abs(number) < kMostExact) return number_cell(number);
    auto exact = plain_decimal(text);
    return text_cell(exact ? *exact : shortest(number));
}

bool is_number(PackedValue cell) {
    return cell != kMissingValue && (cell & kTextCell) != kTextCell;
}

double number_of(PackedValue cell) { return std::bit_cast<double>(cell); }

bool append_key(std::string& key, const InputValue& value) {
    std::string part;
    switch (value.kind) {
        case InputValue::Kind::kMissing: return false;
        case InputValue::Kind::kWhole: part = std::to_string(value.whole); break;
        case InputValue::Kind::kNumber: part = shortest(value.number); break;
        case InputValue::Kind::kText: {
            auto exact = plain_decimal(trimmed(value.text));
            part = exact ? std::move(*exact) : std::string(value.text);
        }
    }
    auto size = static_cast<std::uint32_t>(part.size());
    key.append(reinterpret_cast<const char*>(&size), sizeof size);
    key += part;
    return true;
}

KeyHash hash_of_key(std::string_view key) {
    Hash hash = hash_of(key);
    return {hash.high, static_cast<std::uint32_t>(hash.low)};
}

}  // namespace loanstream

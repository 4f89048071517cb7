#include "table/record_repair.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/nearest_word.h"

namespace loanstream {

namespace {

using Json = nlohmann::ordered_json;

std::unexpected<Error> not_of_its_kind(std::string what) {
    return fail(ErrorCode::kInvalidData, std::move(what), {}, "choose another repair");
}

// A Python dictionary's text, outside and inside of its quoted texts.
class PythonText {
public:
    explicit PythonText(std::string_view text) : text_(text) {}

    Result<std::string> as_json() {
        while (at_ < text_.size()) {
            char c = text_[at_];
            if (c == '\'' || c == '"') {
                if (!quoted(c)) return not_of_its_kind("a quote is never closed");
            } else if (c >= 'A' && c <= 'Z') {
                word();
            } else {
                out_ += c;
                ++at_;
            }
        }
        return std::move(out_);
    }

private:
    void word() {
        static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
            {"None", "null"}, {"True", "true"}, {"False", "false"}};
        for (auto [python, json] : kWords)
            if (text_.substr(at_).starts_with(python)) {
                out_ += json;
                at_ += python.size();
                return;
            }
        out_ += text_[at_++];
    }

    bool quoted(char quote) {
        out_ += '"';
        for (++at_; at_ < text_.size(); ++at_) {
            char c = text_[at_];
            if (c == quote) {
                out_ += '"';
                ++at_;
                return true;
            }
            if (c == '\\' && at_ + 1 < text_.size()) {
                escape(text_[++at_]);
            } else if (c == '"') {
                out_ += "\\\"";
            } else {
                out_ += c;
            }
        }
        return false;
    }
    void escape(char c) {
        if (c == '\'') {
            out_ += '\'';
        } else if (c == 'x') {
            out_ += "\\u00";  // and the two digits that follow
        } else {
            out_ += '\\';
            out_ += c;
        }
    }

    std::string_view text_;
    std::string out_;
    std::size_t at_ = 0;
};

// The length of the object that the record begins with; 0: there is none.
std::size_t first_object(std::string_view raw) {
    std::size_t depth = 0;
    bool in_text = false;
    for (std::size_t at = 0; at < raw.size(); ++at) {
        char c = raw[at];
        if (in_text) {
            if (c == '\\') ++at;
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if ((c == '}' || c == ']') && depth > 0 && --depth == 0) {
            return at + 1;
        }
    }
    return 0;
}

std::size_t utf8_length(std::string_view raw, std::size_t at) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(raw[i]); };
    std::size_t length = byte(at) < 0x80                       ? 1
                         : byte(at) >= 0xC2 && byte(at) < 0xE0 ? 2
                         : byte(at) >= 0xE0 && byte(at) < 0xF0 ? 3
                         : byte(at) >= 0xF0 && byte(at) < 0xF5 ? 4
                                                               : 0;
    if (length == 0 || at + length > raw.size()) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(at + i) & 0xC0) != 0x80) return 0;
    return length;
}

std::string from_latin(std::string_view raw) {
    std::string out;
    for (std::size_t at = 0; at < raw.size();) {
        if (std::size_t length = utf8_length(raw, at); length > 0) {
            out += raw.substr(at, length);
            at += length;
        } else {
            auto byte = static_cast<unsigned char>(raw[at++]);
            out += static_cast<char>(0xC0 | byte >> 6);
            out += static_cast<char>(0x80 | (byte & 0x3F));
        }
    }
    return out;
}

Result<Json> object_of(std::string_view raw) {
    Json object = Json::parse(raw, nullptr, false);
    if (object.is_object()) return object;
    return fail(ErrorCode::kInvalidData, "the record is no JSON object", {},
                "mend its form first: --repair, or --from with other bytes");
}

std::string plain_money(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        char c = text[at];
        if ((c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+') out += c;
    }
    return out;
}

Result<std::string> without_money_signs(std::string_view raw,
                                        const std::vector<std::string>& keys) {
    TRY(Json object, object_of(raw));
    bool found = false;
    for (const auto& key : keys)
        if (auto value = object.find(key); value != object.end() && value->is_string()) {
            *value = plain_money(value->get<std::string>());
            found = true;
        }
    if (!found) return not_of_its_kind("no field with a text is to blame");
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

const std::vector<RepairName>& record_repairs() {
    static const std::vector<RepairName> list = {
        {"single-quotes", "a Python dictionary's text becomes JSON"},
        {"trailing-bytes", "what follows the first object is cut off"},
        {"latin-1", "bytes that are not UTF-8 are read as Latin-1"},
        {"money", "signs, spaces and commas go out of the value of the field that is to blame"}};
    return list;
}

Result<std::string> repair_record(std::string_view name, std::string_view raw,
                                  const std::vector<std::string>& keys) {
    if (name == "single-quotes") return PythonText(raw).as_json();
    if (name == "latin-1") return from_latin(raw);
    if (name == "money") return without_money_signs(raw, keys);
    if (name == "trailing-bytes") {
        std::size_t length = first_object(raw);
        if (length == 0) return not_of_its_kind("the record holds no whole object");
        return std::string(raw.substr(0, length));
    }
    std::vector<std::string_view> names;
    for (const auto& repair : record_repairs()) names.push_back(repair.name);
    return fail(ErrorCode::kUsage, "no repair '" + std::string(name) + "'", {},
                did_you_mean(name, names, "single-quotes, trailing-bytes, latin-1 or money"));
}

Result<std::string> set_value(std::string_view raw, const std::vector<std::string>& keys,
                              const std::string& value) {
    TRY(Json object, object_of(raw));
    auto found = std::ranges::find_if(keys, [&](const auto& key) { return object.contains(key); });
    object[found == keys.end() ? keys.front() : *found] = value;
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace loanstream

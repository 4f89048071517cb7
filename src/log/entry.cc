#include "log/entry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "log/entry_fields.h"

namespace loanstream {

namespace {

using entry_codec::fields;
using entry_codec::Form;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMostText = 4096;
constexpr std::string_view kKinds[] = {"checkpoint", "claim", "commit", "seal",   "merge",
                                       "switched",   "lost",  "reset",  "replay", "order"};
static_assert(std::size(kKinds) == std::variant_size_v<EntryBody>);

// Every file opens with these bytes, then 64 hex digits: the SHA-256 of the whole file with
// zeros in their place. What follows differs; a later format still opens with its number.
constexpr std::string_view kFormatStart = "{\"format\":";
constexpr std::size_t kHashDigits = 64;

std::string start_of(int format) {
    return std::string(kFormatStart) + std::to_string(format) + ",\"sum\":\"";
}

// The lowest format that can say it: programs that do not know orders refuse what tells of some.
int format_of(const EntryBody& body) {
    if (std::holds_alternative<OrderEntry>(body)) return 2;
    const auto* checkpoint = std::get_if<CheckpointEntry>(&body);
    return checkpoint != nullptr && !checkpoint->orders.empty() ? 2 : 1;
}

class Writer {
public:
    explicit Writer(Json& out) : out_(out) {}

    template <typename T>
    void number(const char* key, T& value, std::int64_t, std::int64_t) {
        out_[key] = value;
    }
    void text(const char* key, std::string& value, Form) { out_[key] = value; }
    void at_least(const char*, std::int64_t, std::int64_t) {}

    template <typename T>
    void list(const char* key, std::vector<T>& values) {
        Json array = Json::array();
        for (T& value : values) {
            if constexpr (requires { fields(*this, value); }) {
                Json item = Json::object();
                Writer writer(item);
                fields(writer, value);
                array.push_back(std::move(item));
            } else {
                array.push_back(value);
            }
        }
        out_[key] = std::move(array);
    }
    template <typename T>
    void list_where_any(const char* key, std::vector<T>& values) {
        if (!values.empty()) list(key, values);
    }

private:
    Json& out_;
};

bool only(std::string_view text, std::string_view others) {
    for (char c : text) {
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && others.find(c) == others.npos) return false;
    }
    return true;
}

bool has_form(std::string_view text, Form form) {
    switch (form) {
        case Form::kAny: return text.size() <= kMostText;
        case Form::kTopic: return check_topic_name(text).has_value();
        case Form::kTable: return is_table_name(text);
        case Form::kDay: return is_day(text);
        case Form::kFileName:
            return text.size() <= 255 && text.ends_with(".parquet") && only(text, "._~-") &&
                   text[0] != '.' && text[0] != '_';
        case Form::kHash: return is_sha256_hex(text);
        case Form::kHashOrEmpty: return text.empty() || is_sha256_hex(text);
        case Form::kMember: return !text.empty() && text.size() <= 64 && only(text, "._");
        case Form::kToken: return text.size() <= 255 && only(text, "._-=");
        case Form::kOrder:
            return std::ranges::any_of(entry_codec::kOrderKinds,
                                       [&](OrderKind kind) { return name_of(kind) == text; });
    }
    return false;
}

class Reader {
public:
    Reader(const Json& in, std::string& fault) : in_(in), fault_(fault) {}

    template <typename T>
    void number(const char* key, T& value, std::int64_t lowest, std::int64_t highest) {
        const Json* found = find(key);
        if (found == nullptr) return;
        set(key, *found, value, lowest, highest);
    }

    void text(const char* key, std::string& value, Form form) {
        const Json* found = find(key);
        if (found != nullptr) set(key, *found, value, form);
    }

    void at_least(const char* key, std::int64_t value, std::int64_t lowest) {
        if (value < lowest) blame(key, "is too small");
    }

    template <typename T>
    void list(const char* key, std::vector<T>& values) {
        const Json* found = find(key);
        if (found == nullptr) return;
        if (!found->is_array()) return blame(key, "is no array");
        values.reserve(found->size());
        for (const Json& item : *found) {
            T value{};
            if constexpr (requires { fields(*this, value); }) {
                Reader reader(item, fault_);
                fields(reader, value);
            } else if constexpr (std::is_same_v<T, std::string>) {
                bool hash = std::string_view(key) == "versions";
                set(key, item, value, hash ? Form::kHash : Form::kFileName);
            } else {
                set(key, item, value, 0, entry_codec::kMostSmall);
            }
            if (!fault_.empty()) return;
            values.push_back(std::move(value));
        }
    }

    template <typename T>
    void list_where_any(const char* key, std::vector<T>& values) {
        if (in_.is_object() && in_.contains(key)) list(key, values);
    }

private:
    void blame(const char* key, std::string_view what) {
        if (fault_.empty()) fault_ = "'" + std::string(key) + "' " + std::string(what);
    }

    const Json* find(const char* key) {
        if (!fault_.empty()) return nullptr;
        if (in_.is_object())
            if (auto found = in_.find(key); found != in_.end()) return &*found;
        blame(key, "is missing");
        return nullptr;
    }

    template <typename T>
    void set(const char* key, const Json& from, T& value, std::int64_t lowest,
             std::int64_t highest) {
        if (!from.is_number_integer()) return blame(key, "is no whole number");
        if (from.is_number_unsigned() &&
            from.get<std::uint64_t>() > static_cast<std::uint64_t>(entry_codec::kMostInt))
            return blame(key, "is too large");
        auto number = from.get<std::int64_t>();
        if (number < lowest || number > highest) return blame(key, "is out of its bounds");
        value = static_cast<T>(number);
    }

    void set(const char* key, const Json& from, std::string& value, Form form) {
        if (!from.is_string()) return blame(key, "is no text");
        const auto& text = from.get_ref<const std::string&>();
        if (!has_form(text, form)) return blame(key, "has not the form it must have");
        value = text;
    }

    const Json& in_;
    std::string& fault_;
};

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Puts format and checksum before the fields.
std::string sealed(const Json& json, int format) {
    std::string text = start_of(format);
    std::size_t sum_at = text.size();
    text.append(kHashDigits, '0').append("\",").append(dump(json).substr(1)).append("\n");
    text.replace(sum_at, kHashDigits, sha256_hex(text));
    return text;
}

// Undoes sealed(), of any format up to `newest`.
Result<Json> unsealed(std::string_view bytes, int newest) {
    int format = 0;
    if (bytes.starts_with(kFormatStart)) {
        auto digits = bytes.substr(kFormatStart.size(), 10);
        std::from_chars(digits.data(), digits.data() + digits.size(), format);
    }
    if (format > newest)
        return fail(ErrorCode::kUnknownFormat,
                    "is of format " + std::to_string(format) + ", and this program knows " +
                        std::to_string(newest),
                    {}, "use the program version that wrote it, or a later one");
    std::string start = start_of(format);
    if (format < 1 || !bytes.starts_with(start))
        return fail(ErrorCode::kInvalidData, "does not open as a log entry does");
    auto sum = bytes.substr(start.size(), kHashDigits);
    std::string zeroed(bytes);
    if (sum.size() == kHashDigits)
        zeroed.replace(start.size(), kHashDigits, std::string(kHashDigits, '0'));
    if (sha256_hex(zeroed) != sum)
        return fail(ErrorCode::kInvalidData, "its checksum does not hold: torn or edited");
    Json json = Json::parse(bytes, nullptr, false);
    if (!json.is_object()) return fail(ErrorCode::kInvalidData, "is no JSON object");
    return json;
}

template <std::size_t I = 0>
bool make_body(std::string_view kind, EntryBody& body) {
    if constexpr (I < std::variant_size_v<EntryBody>) {
        if (kKinds[I] != kind) return make_body<I + 1>(kind, body);
        body.emplace<I>();
        return true;
    }
    return false;
}

}  // namespace

std::string_view name_of(OrderKind kind) {
    switch (kind) {
        case OrderKind::kPause: return "pause";
        case OrderKind::kDrain: return "drain";
        case OrderKind::kResume: return "resume";
        case OrderKind::kReviewAll: return "review_all";
        case OrderKind::kReviewEnds: return "review_ends";
    }
    return {};
}

std::string_view kind_of(const EntryBody& body) { return kKinds[body.index()]; }

std::string encode_entry(const Entry& entry) {
    Json json = Json::object();
    json["prev"] = entry.prev;
    json["id"] = entry.id;
    json["at_ms"] = entry.at_ms.value;
    json["kind"] = kind_of(entry.body);
    Writer writer(json);
    EntryBody body = entry.body;  // fields() takes what it could change
    std::visit([&](auto& fields_of) { fields(writer, fields_of); }, body);
    return sealed(json, format_of(entry.body));
}

Result<Entry> decode_entry(std::string_view bytes) {
    TRY(Json json, unsealed(bytes, kLogFormat));
    std::string fault, kind;
    Entry entry;
    Reader reader(json, fault);
    reader.text("prev", entry.prev, Form::kHashOrEmpty);
    reader.text("id", entry.id, Form::kToken);
    reader.number("at_ms", entry.at_ms.value, 0, entry_codec::kMostInt);
    reader.text("kind", kind, Form::kToken);
    if (fault.empty() && !make_body(kind, entry.body))
        return fail(ErrorCode::kUnknownFormat, "is of the unknown kind '" + kind + "'", {},
                    "use the program version that wrote it, or a later one");
    if (fault.empty()) std::visit([&](auto& fields_of) { fields(reader, fields_of); }, entry.body);
    if (!fault.empty()) return fail(ErrorCode::kInvalidData, fault);
    return entry;
}

std::string encode_manifest(const TableDay& day, const std::vector<LiveFile>& files) {
    Json json = Json::object();
    json["table"] = day.table;
    json["dt"] = day.dt;
    Writer writer(json);
    auto copy = files;
    writer.list("files", copy);
    return sealed(json, kManifestFormat);
}

Result<std::vector<LiveFile>> decode_manifest(const TableDay& day, std::string_view bytes) {
    TRY(Json json, unsealed(bytes, kManifestFormat));
    std::string fault;
    Reader reader(json, fault);
    TableDay written;
    std::vector<LiveFile> files;
    reader.text("table", written.table, Form::kTable);
    reader.text("dt", written.dt, Form::kDay);
    reader.list("files", files);
    for (const LiveFile& file : files)
        if (fault.empty() && file.place.day != written) fault = "'files' names another day";
    if (fault.empty() && written != day) fault = "is of another day";
    if (!fault.empty()) return fail(ErrorCode::kInvalidData, fault);
    return files;
}

}  // namespace loanstream

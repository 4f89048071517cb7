#include "feed/envelope.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <nlohmann/json.hpp>

namespace loanstream {

namespace {

std::optional<std::string> from_base64(const std::string& text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::string bytes(text.size() / 4 * 3 + 1, '\0');
    int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                 reinterpret_cast<const unsigned char*>(text.data()),
                                 static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    bytes.resize(static_cast<std::size_t>(length) - padding);
    return bytes;
}

}  // namespace

std::string to_base64(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                 reinterpret_cast<const unsigned char*>(bytes.data()),
                                 static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

bool needs_envelope(std::string_view bytes) {
    return bytes.starts_with(kEnvelopeBegin) || bytes.find('\n') != bytes.npos;
}

std::string to_envelope(std::string_view bytes, const std::optional<Position>& origin) {
    std::string line = fmt::format("{}\"base64\":\"{}\"", kEnvelopeBegin, to_base64(bytes));
    if (origin)
        line += fmt::format(",\"origin\":{{\"topic\":\"{}\",\"partition\":{},\"offset\":{}}}",
                            origin->source.source_topic(), origin->source.partition.value,
                            origin->offset.value);
    return line + "}";
}

std::optional<Envelope> from_envelope(std::string_view line) {
    if (!line.starts_with(kEnvelopeBegin)) return std::nullopt;
    auto object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object() || !object["base64"].is_string()) return std::nullopt;
    auto bytes = from_base64(object["base64"].get_ref<const std::string&>());
    if (!bytes) return std::nullopt;
    Envelope envelope{std::move(*bytes), std::nullopt};
    if (object.contains("origin")) {
        auto& origin = object["origin"];
        if (!origin.is_object() || !origin["topic"].is_string() ||
            !origin["partition"].is_number_integer() || !origin["offset"].is_number_integer())
            return std::nullopt;
        auto position = Position::parse(fmt::format(
            "{}/{}@{}", origin["topic"].get_ref<const std::string&>(),
            origin["partition"].get<std::int64_t>(), origin["offset"].get<std::int64_t>()));
        if (!position) return std::nullopt;
        envelope.origin = std::move(*position);
    }
    // Only the exact form is an envelope: anything else a feed may have sent itself.
    if (to_envelope(envelope.bytes, envelope.origin) != line) return std::nullopt;
    return envelope;
}

}  // namespace loanstream

// Messages around applications, opened at a path: the input's first line is the path, the rest the
// message. Holds: what is opened lies in the message and is an object; what a general JSON parser
// takes is never refused for its structure, and its value at the path is what is opened.
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "clean/message.h"

using namespace loanstream;

namespace {

constexpr int kParsersDepth = 40;  // ours is bounded at 64 with the path

int depth_of(const nlohmann::json& value) {
    int deepest = 0;
    if (value.is_structured())
        for (const auto& one : value) deepest = std::max(deepest, depth_of(one));
    return deepest + 1;
}

const nlohmann::json* value_at(const nlohmann::json& document, const MessagePath& path) {
    const nlohmann::json* at = &document;
    for (const std::string& key : path.keys) {
        if (!at->is_object() || !at->contains(key)) return nullptr;
        at = &(*at)[key];
    }
    return at;
}

void check_against_parser(std::string_view message, const MessagePath& path,
                          const MessageOpener::Opened& opened) {
    if (message.find('\0') != message.npos) return;  // the parser stops there
    auto document = nlohmann::json::parse(message, nullptr, false);
    if (document.is_discarded() || !document.is_object()) return;
    if (depth_of(document) > kParsersDepth) return;
    LOANSTREAM_CHECK(opened.refused != RejectReason::kNotJson &&
                     opened.refused != RejectReason::kTrailingBytes);
    // Escaped keys are not ours, and the parser takes the last of several.
    if (message.find('\\') != message.npos || opened.refused == RejectReason::kDuplicateKey) return;
    const auto* value = value_at(document, path);
    if (opened.refused == RejectReason::kDeleted) LOANSTREAM_CHECK(value && value->is_null());
    if (opened.refused) return;
    auto record = nlohmann::json::parse(opened.record, nullptr, false);
    LOANSTREAM_CHECK(record.is_object() && value && *value == record);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input(reinterpret_cast<const char*>(data), size);
    auto path = MessagePath::parse(input.substr(0, input.find('\n')));
    if (!path || input.find('\n') == input.npos) return 0;
    std::string message(input.substr(input.find('\n') + 1));
    auto opened = MessageOpener(*path).open(message, false);
    LOANSTREAM_CHECK(opened.at <= message.size());
    if (!opened.refused) {
        LOANSTREAM_CHECK(opened.record.data() >= message.data() &&
                         opened.record.data() + opened.record.size() <=
                             message.data() + message.size());
        LOANSTREAM_CHECK(path->keys.empty() ||
                         (opened.record.front() == '{' && opened.record.back() == '}'));
    }
    auto bare = MessageOpener(*path).open(message, true);
    LOANSTREAM_CHECK(opened.refused == RejectReason::kNoEnvelope || bare.refused == opened.refused);
    if (!path->keys.empty() && !schema_of(message)) check_against_parser(message, *path, opened);
    return 0;
}

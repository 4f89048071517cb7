#include "base/ids.h"

#include <charconv>

namespace loanstream {

std::string SourcePartition::source_topic() const {
    if (incarnation.value == 0) return topic;
    return topic + "#" + std::to_string(incarnation.value);
}

std::string SourcePartition::text() const {
    return source_topic() + "/" + std::to_string(partition.value);
}

std::string Position::text() const { return source.text() + "@" + std::to_string(offset.value); }

namespace {

template <typename T>
bool whole_number(std::string_view text, T& out) {
    auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), out);
    return status == std::errc{} && end == text.data() + text.size() && out >= 0;
}

std::unexpected<Error> bad_position(std::string_view text) {
    return fail(ErrorCode::kUsage, "not a position: '" + std::string(text) + "'", {},
                "write TOPIC/PARTITION@OFFSET, such as fintech_pyspark/0@42");
}

}  // namespace

Result<Position> Position::parse(std::string_view text) {
    auto slash = text.rfind('/');
    auto sign = text.rfind('@');
    if (slash == text.npos || sign == text.npos || sign < slash) return bad_position(text);
    Position position;
    std::string_view topic = text.substr(0, slash);
    if (auto hash = topic.rfind('#'); hash != topic.npos) {
        if (!whole_number(topic.substr(hash + 1), position.source.incarnation.value))
            return bad_position(text);
        topic = topic.substr(0, hash);
    }
    TRY_VOID(check_topic_name(topic));
    position.source.topic = topic;
    if (!whole_number(text.substr(slash + 1, sign - slash - 1), position.source.partition.value) ||
        !whole_number(text.substr(sign + 1), position.offset.value))
        return bad_position(text);
    return position;
}

Result<void> check_topic_name(std::string_view name) {
    bool good = !name.empty() && name.size() <= 200 && name != "." && name != "..";
    for (char c : name)
        good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-');
    if (good) return {};
    return fail(ErrorCode::kUsage, "not a topic name: '" + std::string(name) + "'", {},
                "use 1 to 200 of the letters A-Z a-z 0-9 . _ -");
}

}  // namespace loanstream

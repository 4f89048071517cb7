#include "clean/message.h"

#include <algorithm>

namespace loanstream {

namespace {

constexpr std::string_view kSpaces = " \t\n\r";
constexpr std::size_t kDeepest = 64;  // the document's own object is the first

// Walks a document once, from its begin to its end, and finds the value at the path on the way.
class DocumentWalk {
public:
    DocumentWalk(std::string_view message, const std::vector<std::string>& path, std::size_t at)
        : message_(message), path_(path), at_(at) {}

    MessageOpener::Opened find() {
        skip_spaces();
        if (is_over()) return refuse(RejectReason::kEmpty);
        if (message_[at_] != '{') return refuse(reason_of_no_object());
        if (!object(0)) return refuse(reason_);
        skip_spaces();
        if (!is_over()) return refuse(RejectReason::kTrailingBytes);
        if (!found_) return refuse(RejectReason::kNoEnvelope);
        if (*found_ == "null") return refuse(RejectReason::kDeleted);
        if (found_->front() != '{') return refuse(RejectReason::kNoEnvelope);
        return {*found_};
    }

private:
    MessageOpener::Opened refuse(RejectReason reason) const {
        return {{}, reason, static_cast<std::uint32_t>(std::min(at_, message_.size()))};
    }
    bool fail(RejectReason reason = RejectReason::kNotJson) {
        reason_ = reason;
        return false;
    }
    RejectReason reason_of_no_object() const {
        std::string_view rest = message_.substr(at_);
        bool other = std::string_view("[\"-0123456789").find(rest.front()) != rest.npos;
        for (std::string_view word : {"true", "false", "null"}) other |= rest.starts_with(word);
        return other ? RejectReason::kNotAnObject : RejectReason::kNotJson;
    }
    bool is_over() const { return at_ >= message_.size(); }
    bool take(char wanted) {
        if (is_over() || message_[at_] != wanted) return fail();
        ++at_;
        return true;
    }
    void skip_spaces() {
        at_ = std::min(message_.find_first_not_of(kSpaces, at_), message_.size());
    }

    // Members of an object on the path: at_ stands at its '{'. Its key at `level` leads on.
    bool object(std::size_t level) {
        ++at_;
        bool was_there = false;
        for (bool is_first = true;; is_first = false) {
            skip_spaces();
            if (!is_over() && message_[at_] == '}') {
                ++at_;
                return true;
            }
            if (!is_first) {
                if (!take(',')) return false;
                skip_spaces();
            }
            std::string_view key;
            if (!string(key)) return false;
            skip_spaces();
            if (!take(':')) return false;
            skip_spaces();
            if (key != path_[level]) {
                if (!skip_value()) return false;
                continue;
            }
            if (was_there) return fail(RejectReason::kDuplicateKey);
            was_there = true;
            if (!follow(level + 1)) return false;
        }
    }

    // The value of a key of the path.
    bool follow(std::size_t level) {
        if (level < path_.size() && !is_over() && message_[at_] == '{') return object(level);
        std::size_t begin = at_;
        if (!skip_value()) return false;
        if (level == path_.size()) found_ = message_.substr(begin, at_ - begin);
        return true;
    }

    // Between the quotes, escapes as they stand.
    bool string(std::string_view& text) {
        if (!take('"')) return false;
        std::size_t begin = at_;
        while (true) {
            at_ = message_.find_first_of("\"\\", at_);
            if (at_ == message_.npos) return fail();
            if (message_[at_] == '"') break;
            at_ += 2;
        }
        text = message_.substr(begin, at_ - begin);
        ++at_;
        return true;
    }

    bool skip_value() {
        if (is_over()) return fail();
        std::string_view text;
        if (message_[at_] == '"') return string(text);
        if (message_[at_] == '{' || message_[at_] == '[') return skip_nested();
        std::size_t begin = at_;
        at_ = std::min(message_.find_first_of(",}] \t\n\r", at_), message_.size());
        return at_ > begin || fail();
    }

    bool skip_nested() {
        std::vector<char> closing;
        while (!is_over()) {
            char c = message_[at_];
            std::string_view text;
            if (c == '"') {
                if (!string(text)) return false;
                continue;
            }
            ++at_;
            if (c == '{' || c == '[') {
                if (closing.size() + path_.size() >= kDeepest) return fail();
                closing.push_back(c == '{' ? '}' : ']');
            } else if (c == '}' || c == ']') {
                if (closing.back() != c) return fail();
                closing.pop_back();
                if (closing.empty()) return true;
            }
        }
        return fail();
    }

    std::string_view message_;
    const std::vector<std::string>& path_;
    std::size_t at_;
    std::optional<std::string_view> found_;
    RejectReason reason_ = RejectReason::kNotJson;
};

}  // namespace

Result<MessagePath> MessagePath::parse(std::string_view text) {
    MessagePath path;
    if (text.empty()) return path;
    for (std::string_view rest = text;;) {
        std::size_t dot = rest.find('.');
        std::string_view key = rest.substr(0, dot);
        bool is_plain = !key.empty() && std::ranges::none_of(key, [](char c) {
            return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
        });
        if (!is_plain || path.keys.size() == kMostKeys)
            return fail(ErrorCode::kUsage, "source.envelope cannot be '" + std::string(text) + "'",
                        {}, "write the keys to the application, such as payload.after");
        path.keys.emplace_back(key);
        if (dot == rest.npos) return path;
        rest.remove_prefix(dot + 1);
    }
}

std::optional<std::uint32_t> schema_of(std::string_view message) {
    if (message.size() < kRegistryHeader || message.front() != '\0') return std::nullopt;
    std::uint32_t id = 0;
    for (char c : message.substr(1, 4)) id = id << 8 | static_cast<unsigned char>(c);
    return id;
}

MessageOpener::Opened MessageOpener::open(std::string_view message, bool may_be_bare) const {
    std::size_t begin = 0;
    if (schema_of(message)) {
        begin = kRegistryHeader;
        std::size_t first = message.find_first_not_of(kSpaces, begin);
        if (first == message.npos || message[first] != '{')
            return {{}, RejectReason::kNotJsonSchema, static_cast<std::uint32_t>(begin)};
    }
    if (path_.keys.empty()) return {message.substr(begin)};
    Opened opened = DocumentWalk(message, path_.keys, begin).find();
    if (may_be_bare && opened.refused == RejectReason::kNoEnvelope) return {message.substr(begin)};
    return opened;
}

}  // namespace loanstream

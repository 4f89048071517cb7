#include "feed/topic_index.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace loanstream {

namespace {

constexpr std::uint64_t kMostIndexBytes = 4ull << 30;
constexpr std::size_t kBlock = 1 << 18;

template <typename T>
bool read_whole_number(const nlohmann::json& object, const char* key, T& out) {
    auto found = object.find(key);
    if (found == object.end() || !found->is_number_integer()) return false;
    out = found->template get<T>();
    return out >= 0;
}

}  // namespace

std::string IndexEntry::line() const {
    std::string text =
        fmt::format("{{\"offset\":{},\"byte\":{},\"count\":{},\"ms\":{}", offset, byte, count, ms);
    if (!file.empty())
        text += fmt::format(",\"file\":\"{}\",\"row\":{},\"step\":{}", file, row, step);
    return text + "}\n";
}

std::optional<IndexEntry> IndexEntry::parse(std::string_view line) {
    auto object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object()) return std::nullopt;
    IndexEntry entry;
    if (!read_whole_number(object, "offset", entry.offset) ||
        !read_whole_number(object, "byte", entry.byte) ||
        !read_whole_number(object, "count", entry.count) ||
        !read_whole_number(object, "ms", entry.ms))
        return std::nullopt;
    if (auto file = object.find("file"); file != object.end()) {
        if (!file->is_string() || !read_whole_number(object, "row", entry.row) ||
            !read_whole_number(object, "step", entry.step) || entry.step < 1)
            return std::nullopt;
        entry.file = file->get<std::string>();
    }
    return entry;
}

Result<void> TopicIndex::follow() {
    TRY(auto info, env_.stat(path_));
    if (!info || info->bytes < bytes_read_) {
        entries_.clear();
        bytes_read_ = 0;
    }
    if (!info || info->bytes == bytes_read_) return {};
    if (info->bytes > kMostIndexBytes)
        return fail(ErrorCode::kInvalidData, "the side index is larger than 4 GiB", path_,
                    "remove it: it is rebuilt as far as seeks need it");
    TRY(auto file, env_.read_file(path_));
    std::string bytes(info->bytes - bytes_read_, '\0');
    TRY(std::size_t count, file->read_at(bytes_read_, bytes));
    std::string_view text(bytes.data(), count);
    while (true) {
        auto newline = text.find('\n');
        if (newline == text.npos) return {};
        auto entry = IndexEntry::parse(text.substr(0, newline));
        if (entry && (entries_.empty() || entry->offset >= entries_.back().offset))
            entries_.push_back(std::move(*entry));
        text.remove_prefix(newline + 1);
        bytes_read_ += newline + 1;
    }
}

const IndexEntry* TopicIndex::before(std::int64_t offset) const {
    auto after = std::upper_bound(
        entries_.begin(), entries_.end(), offset,
        [](std::int64_t wanted, const IndexEntry& entry) { return wanted < entry.offset; });
    return after == entries_.begin() ? nullptr : &*std::prev(after);
}

void TopicIndex::drop_below(std::int64_t offset) {
    const IndexEntry* keep = before(offset);
    if (keep == nullptr || keep - entries_.data() < 4096) return;
    entries_.erase(entries_.begin(), entries_.begin() + (keep - entries_.data()));
}

Result<void> LineCounter::advance(ReadFile& file, std::int64_t until) {
    std::string block(kBlock, '\0');
    std::uint64_t at = byte_;
    while (until < 0 || line_ < until) {
        TRY(std::size_t count, file.read_at(at, block));
        if (count == 0) return {};
        const char *begin = block.data(), *end = begin + count;
        while (const void* found = std::memchr(begin, '\n', static_cast<std::size_t>(end - begin))) {
            begin = static_cast<const char*>(found) + 1;
            line_ += 1;
            byte_ = at + static_cast<std::uint64_t>(begin - block.data());
            if (line_ == until) return {};
        }
        at += count;
    }
    return {};
}

}  // namespace loanstream

#include "feed/topic_index.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <cstring>

namespace loanstream {

namespace {

constexpr std::size_t kBlock = 1 << 18;
constexpr std::size_t kMostLine = 512;  // a line of ours is shorter

// Takes `"name":NUMBER` from the front of a line, where the name comes with its quotes and colon.
template <typename T>
bool take_number(std::string_view& line, std::string_view name, T& out) {
    if (!line.starts_with(name)) return false;
    line.remove_prefix(name.size());
    auto [end, status] = std::from_chars(line.data(), line.data() + line.size(), out);
    if (status != std::errc{} || out < T(0)) return false;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    return true;
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
    IndexEntry entry;
    if (!take_number(line, "{\"offset\":", entry.offset) ||
        !take_number(line, ",\"byte\":", entry.byte) ||
        !take_number(line, ",\"count\":", entry.count) || !take_number(line, ",\"ms\":", entry.ms))
        return std::nullopt;
    constexpr std::string_view kFile = ",\"file\":\"";
    if (line.starts_with(kFile)) {
        line.remove_prefix(kFile.size());
        auto quote = line.find('"');
        if (quote == line.npos) return std::nullopt;
        entry.file = line.substr(0, quote);
        line.remove_prefix(quote + 1);
        if (!take_number(line, ",\"row\":", entry.row) ||
            !take_number(line, ",\"step\":", entry.step) || entry.step < 1)
            return std::nullopt;
    }
    if (line != "}") return std::nullopt;
    return entry;
}

Result<void> TopicIndex::start_near(std::int64_t offset) {
    entries_.clear();
    bytes_read_ = 0;
    TRY(auto info, env_.stat(path_));
    if (!info || info->bytes <= kBlock) return {};
    TRY(auto file, env_.read_file(path_));
    std::uint64_t low = 0, high = info->bytes;  // the line at `low` begins at or before the offset
    std::string block(2 * kMostLine, '\0');
    while (high - low > kBlock / 4) {
        std::uint64_t middle = low + (high - low) / 2;
        TRY(std::size_t count, file->read_at(middle, block));
        std::string_view text(block.data(), count);
        auto begin = text.find('\n');
        auto end = begin == text.npos ? text.npos : text.find('\n', begin + 1);
        auto entry = end == text.npos ? std::nullopt
                                      : IndexEntry::parse(text.substr(begin + 1, end - begin - 1));
        if (entry && entry->offset <= offset)
            low = middle + begin + 1;
        else
            high = middle;
    }
    bytes_read_ = low;
    return {};
}

Result<void> TopicIndex::follow() {
    TRY(auto info, env_.stat(path_));
    if (!info || info->bytes < bytes_read_) {
        entries_.clear();
        bytes_read_ = 0;
    }
    if (!info || info->bytes == bytes_read_) return {};
    TRY(auto file, env_.read_file(path_));
    std::string block(std::min<std::uint64_t>(info->bytes - bytes_read_, kBlock), '\0');
    while (true) {
        TRY(std::size_t count, file->read_at(bytes_read_, block));
        std::string_view text(block.data(), count);
        auto last = text.rfind('\n');
        if (last != text.npos) {
            take_lines(text.substr(0, last + 1));
            bytes_read_ += last + 1;
        } else if (count == kBlock) {
            bytes_read_ += kBlock;  // none of our lines is that long
        }
        if (count < block.size() || last == text.npos) return {};
        block.resize(kBlock);
    }
}

void TopicIndex::take_lines(std::string_view text) {
    while (!text.empty()) {
        auto newline = text.find('\n');
        auto entry = IndexEntry::parse(text.substr(0, newline));
        if (entry && (entries_.empty() || entry->offset >= entries_.back().offset))
            entries_.push_back(std::move(*entry));
        text.remove_prefix(newline + 1);
    }
}

Result<LineCounter> TopicIndex::place_before(std::int64_t offset, ReadFile& records) const {
    TRY(std::uint64_t size, records.size());
    for (const IndexEntry* entry = before(offset); entry != nullptr && entry->byte > 0;
         entry = entry == entries_.data() ? nullptr : entry - 1) {
        // A batch that was announced and never came: the one before it will do.
        if (entry->byte > size) continue;
        char behind = 0;
        TRY(std::size_t count, records.read_at(entry->byte - 1, {&behind, 1}));
        if (count == 1 && behind == '\n') return LineCounter(entry->offset, entry->byte);
        break;  // an index of other records
    }
    return LineCounter(0, 0);
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
        while (const void* found =
                   std::memchr(begin, '\n', static_cast<std::size_t>(end - begin))) {
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

#include "log/delivered_positions.h"

#include <charconv>

#include "log/layout.h"

namespace loanstream {

namespace {

std::string start_of(const TopicPartition& source) {
    return topic_in_name(source.topic) + "-" + std::to_string(source.partition.value) + "-";
}

std::string name_of(const TopicPartition& source, DeliveredPosition position) {
    return start_of(source) + std::to_string(position.incarnation.value) + "-" +
           std::to_string(position.next.value);
}

// nullopt: of another partition.
std::optional<DeliveredPosition> position_in(const TopicPartition& source, std::string_view name) {
    std::string start = start_of(source);
    if (!name.starts_with(start)) return std::nullopt;
    const char* end = name.data() + name.size();
    DeliveredPosition position;
    auto incarnation = std::from_chars(name.data() + start.size(), end, position.incarnation.value);
    if (incarnation.ec != std::errc{} || incarnation.ptr == end || *incarnation.ptr != '-')
        return std::nullopt;
    auto next = std::from_chars(incarnation.ptr + 1, end, position.next.value);
    if (next.ec != std::errc{} || next.ptr != end) return std::nullopt;
    // No other spelling of it, such as leading zeros or a sign, is ours.
    return name == name_of(source, position) ? std::optional(position) : std::nullopt;
}

}  // namespace

Result<std::optional<DeliveredPosition>> DeliveredPositions::read(const TopicPartition& source) {
    TRY(auto listed, files_.list(folder_));
    std::optional<DeliveredPosition> highest;
    for (const FileInfo& file : listed) {
        auto position = position_in(source, file.name);
        if (position && (!highest || *highest < *position)) highest = position;
    }
    return highest;
}

Result<void> DeliveredPositions::write(const TopicPartition& source, DeliveredPosition position) {
    if (!made_) TRY_VOID(files_.make_folders(folder_));
    made_ = true;
    std::string name = name_of(source, position);
    auto file = files_.create(join_path(folder_, name));
    if (!file && file.error().code != ErrorCode::kAlreadyThere)
        return std::unexpected(file.error());
    if (file) TRY_VOID((*file)->close());
    std::string& last = written_[source];
    if (last == name) return {};
    // The first time there may be several, of those who had the partition before.
    if (last.empty())
        TRY_VOID(remove_but(source, name));
    else
        TRY_VOID(files_.remove(join_path(folder_, last)));
    last = std::move(name);
    return {};
}

Result<void> DeliveredPositions::remove_but(const TopicPartition& source, const std::string& kept) {
    auto highest = kept.empty() ? std::nullopt : position_in(source, kept);
    TRY(auto listed, files_.list(folder_));
    for (const FileInfo& file : listed) {
        auto position = position_in(source, file.name);
        if (position && (!highest || *position < *highest))
            TRY_VOID(files_.remove(join_path(folder_, file.name)));
    }
    return {};
}

Result<bool> DeliveredPositions::end_at(const TopicPartition& source, DeliveredPosition end) {
    TRY(auto highest, read(source));
    if (!highest || *highest <= end) return false;
    TRY_VOID(forget(source));
    TRY_VOID(write(source, end));
    return true;
}

Result<void> DeliveredPositions::forget(const TopicPartition& source) {
    written_.erase(source);
    return remove_but(source, {});
}

}  // namespace loanstream

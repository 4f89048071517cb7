#include "feed/topic_application_writer.h"

#include <algorithm>

#include "feed/envelope.h"

namespace loanstream {

namespace {

// A record as the topic's line: only what looks like an envelope needs one after to_one_line.
void to_line(std::string& record) {
    to_one_line(record);
    if (needs_envelope(record)) record = to_envelope(record, std::nullopt);
}

}  // namespace

void to_one_line(std::string& text) {
    for (char& c : text)
        if (c == '\n' || c == '\r') c = ' ';
}

Result<std::unique_ptr<TopicApplicationWriter>> TopicApplicationWriter::open(
    Env& env, const std::string& topics, const TopicDescription& topic) {
    std::unique_ptr<TopicApplicationWriter> made(new TopicApplicationWriter());
    TopicFolder folder(topics, topic.name);
    for (PartitionId p(0); p.value < topic.partitions; p.value += 1) {
        TRY(auto writer, TopicWriter::open(env, folder, p));
        made->writers_.push_back(std::move(writer));
    }
    return made;
}

Result<void> TopicApplicationWriter::write(std::vector<std::string>& records) {
    for (std::string& record : records) {
        to_line(record);
        while (record.ends_with(' ')) record.pop_back();
    }
    std::vector<std::string_view> lines(records.begin(), records.end());
    TRY_VOID(writers_[turn_]->append(lines));
    turn_ = (turn_ + 1) % writers_.size();
    delivered_ += static_cast<std::int64_t>(records.size());
    return {};
}

Result<std::int64_t> TopicApplicationWriter::begin_file(const std::string& sha256) {
    sha256_ = sha256;
    next_row_.clear();
    for (std::size_t p = 0; p < writers_.size(); ++p) {
        TRY(std::int64_t row, writers_[p]->next_row(sha256_, static_cast<std::int64_t>(p)));
        next_row_.push_back(row);
    }
    std::int64_t begin = *std::ranges::min_element(next_row_);
    return begin >= static_cast<std::int64_t>(writers_.size()) ? begin : 0;
}

Result<void> TopicApplicationWriter::write_rows(std::int64_t first_row,
                                                std::vector<std::string>& records) {
    for (std::string& record : records) to_line(record);
    auto count = static_cast<std::int64_t>(writers_.size());
    for (std::int64_t p = 0; p < count; ++p) {
        auto at = static_cast<std::size_t>(p);
        std::vector<std::string_view> lines;
        std::int64_t first = next_row_[at];
        for (std::size_t i = 0; i < records.size(); ++i) {
            std::int64_t row = first_row + static_cast<std::int64_t>(i);
            if (row % count == p && row >= first) lines.push_back(records[i]);
        }
        if (lines.empty()) continue;
        TRY_VOID(writers_[at]->append(lines, TopicWriter::FileRows{sha256_, first, count}));
        next_row_[at] = first + static_cast<std::int64_t>(lines.size()) * count;
        delivered_ += static_cast<std::int64_t>(lines.size());
    }
    return {};
}

}  // namespace loanstream

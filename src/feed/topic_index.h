// The side index of one partition (docs/topic.md): where batches begin, when they were appended,
// which files they came from. Read from a chosen place on, then followed as it grows. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"

namespace loanstream {

struct IndexEntry {
    std::int64_t offset = 0, count = 0;
    std::uint64_t byte = 0;
    std::int64_t ms = -1;
    std::string file;  // sha256, or empty
    std::int64_t row = 0, step = 1;

    std::string line() const;  // with its newline
    static std::optional<IndexEntry> parse(std::string_view line);
};

class LineCounter;

class TopicIndex {
public:
    TopicIndex(Env& env, std::string path) : env_(env), path_(std::move(path)) {}
    // Forgets all and begins anew shortly before the last line that concerns this offset, so that
    // neither time nor memory grows with the topic. Without it, follow() reads all lines.
    Result<void> start_near(std::int64_t offset);
    // Reads what has been added since the last call; a torn last line is left for later. An index
    // that is not there is empty. Lines that are none of ours are passed over.
    Result<void> follow();
    const std::vector<IndexEntry>& entries() const { return entries_; }
    // The newest entry that begins at or before this offset; nullptr: none.
    const IndexEntry* before(std::int64_t offset) const;
    // Where to count lines from to find this offset: what the entries say, if the records bear it
    // out, else the beginning.
    Result<LineCounter> place_before(std::int64_t offset, ReadFile& records) const;
    // Forgets entries that only concern offsets below this one.
    void drop_below(std::int64_t offset);
    std::uint64_t bytes_read() const { return bytes_read_; }

private:
    void take_lines(std::string_view text);

    Env& env_;
    std::string path_;
    std::vector<IndexEntry> entries_;
    std::uint64_t bytes_read_ = 0;
};

// Counts the complete lines of a growing file from a known place on.
class LineCounter {
public:
    LineCounter(std::int64_t line, std::uint64_t byte) : line_(line), byte_(byte) {}
    // Counts on to the end of the file, or until line() == until (-1: no bound).
    Result<void> advance(ReadFile& file, std::int64_t until = -1);
    std::int64_t line() const { return line_; }   // complete lines up to byte()
    std::uint64_t byte() const { return byte_; }  // behind the last newline counted

private:
    std::int64_t line_;
    std::uint64_t byte_;
};

}  // namespace loanstream

// A producer of one partition (docs/topic.md "Producing"). Several may exist, in this process or
// others: each append takes the partition's lock. One thread a writer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/topic.h"
#include "feed/topic_index.h"

namespace loanstream {

class TopicWriter {
public:
    // Cuts a torn tail if no other producer is at work.
    static Result<std::unique_ptr<TopicWriter>> open(Env& env, const TopicFolder& folder,
                                                     PartitionId partition);

    // Which rows of a file a batch holds: row, row + step, ...
    struct FileRows {
        std::string sha256;
        std::int64_t row = 0, step = 1;
    };
    // Appends lines (no newline in any) durably and gives the offset of the first. kBusy when
    // another producer held the lock for five seconds, or has produced these rows of the file.
    Result<Offset> append(const std::vector<std::string_view>& lines,
                          const std::optional<FileRows>& rows = {});
    // The first row of this file, from `first` on in steps, that is not produced yet.
    Result<std::int64_t> next_row(const std::string& sha256, std::int64_t first);
    Offset next() const { return Offset(end_.line()); }

private:
    TopicWriter(Env& env, const TopicFolder& folder, PartitionId partition);
    Result<std::unique_ptr<FileLock>> lock();
    Result<void> find_end();  // under the lock: counts what is new, cuts torn tails
    Result<void> check_rows(const FileRows& rows) const;
    std::optional<std::int64_t> row_after(const std::vector<IndexEntry>& entries,
                                          const std::string& sha256) const;
    Result<void> write(AppendFile& file, const std::vector<std::string_view>& lines);

    Env& env_;
    std::string folder_, records_, index_path_, lock_path_;
    TopicIndex index_;
    LineCounter end_{0, 0};
    std::unique_ptr<AppendFile> records_file_, index_file_;
};

}  // namespace loanstream

#include "feed/topic_writer.h"

#include <fmt/format.h>
#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/crash_points.h"

namespace loanstream {

using std::chrono::milliseconds;

namespace {
constexpr auto kNewest = std::numeric_limits<std::int64_t>::max();
}  // namespace

TopicWriter::TopicWriter(Env& env, const TopicFolder& folder, PartitionId partition)
    : env_(env),
      folder_(folder.folder()),
      records_(folder.records(partition)),
      index_path_(folder.index(partition)),
      lock_path_(folder.producer_lock(partition)),
      index_(env, index_path_) {}

Result<std::unique_ptr<TopicWriter>> TopicWriter::open(Env& env, const TopicFolder& folder,
                                                       PartitionId partition) {
    std::unique_ptr<TopicWriter> writer(new TopicWriter(env, folder, partition));
    TRY(auto held, writer->lock());
    TRY_VOID(writer->find_end());
    return writer;
}

Result<std::unique_ptr<FileLock>> TopicWriter::lock() {
    constexpr milliseconds kPatience(5000), kPause(5);
    auto end = env_.monotonic() + kPatience;
    while (true) {
        TRY(auto held, env_.try_lock(lock_path_));
        if (held) return std::move(*held);
        if (env_.monotonic() >= end)
            return fail(ErrorCode::kBusy, "another producer holds the partition", lock_path_,
                        "stop it, or wait until it is done");
        env_.sleep_for(kPause);
    }
}

Result<void> TopicWriter::find_end() {
    TRY(auto records, env_.stat(records_));
    TRY(auto index, env_.stat(index_path_));
    std::uint64_t bytes = records ? records->bytes : 0;
    bool opened = records_file_ && records && index;
    if (!opened || bytes < end_.byte()) {
        // At the start, or when the topic was deleted and made again under this producer.
        records_file_.reset();
        end_ = LineCounter(0, 0);
        TRY_VOID(index_.start_near(kNewest));
    }
    TRY_VOID(index_.follow());
    index_.drop_below(end_.line());
    if (bytes > end_.byte()) {
        TRY(auto file, env_.read_file(records_));
        TRY(auto newest, index_.place_before(kNewest, *file));
        if (newest.byte() > end_.byte()) end_ = newest;
        TRY_VOID(end_.advance(*file));
        if (end_.byte() < bytes) TRY_VOID(env_.truncate(records_, end_.byte()));
    }
    // A torn line of the index would swallow the next one.
    if (index && index->bytes > index_.bytes_read())
        TRY_VOID(env_.truncate(index_path_, index_.bytes_read()));
    if (!records_file_) {
        TRY(auto records_file, env_.append_file(records_));
        TRY(index_file_, env_.append_file(index_path_));
        // What an earlier producer wrote counts from here on, whether or not it came to sync it.
        TRY_VOID(records_file->sync());
        TRY_VOID(env_.sync_folder(folder_));
        records_file_ = std::move(records_file);
    }
    return {};
}

Result<void> TopicWriter::write(AppendFile& file, const std::vector<std::string_view>& lines) {
    std::string block;
    for (const auto& line : lines) {
        LOANSTREAM_CHECK(line.find('\n') == line.npos);
        block += line;
        block += '\n';
    }
    std::size_t half = block.size() / 2;
    TRY_VOID(file.append(std::string_view(block).substr(0, half)));
    crash_point(CrashPoint::kTopicHalfLine);
    TRY_VOID(file.append(std::string_view(block).substr(half)));
    crash_point(CrashPoint::kTopicAppended);
    return file.sync();
}

Result<Offset> TopicWriter::append(const std::vector<std::string_view>& lines,
                                   const std::optional<FileRows>& rows) {
    TRY(auto held, lock());
    TRY_VOID(find_end());
    if (lines.empty()) return next();
    if (rows) TRY_VOID(check_rows(*rows));
    IndexEntry entry;
    entry.offset = end_.line();
    entry.byte = end_.byte();
    entry.count = static_cast<std::int64_t>(lines.size());
    entry.ms = env_.now().value;
    if (rows) {
        entry.file = rows->sha256;
        entry.row = rows->row;
        entry.step = rows->step;
    }
    TRY_VOID(index_file_->append(entry.line()));
    TRY_VOID(index_file_->sync());
    TRY_VOID(write(*records_file_, lines));
    crash_point(CrashPoint::kTopicSynced);
    std::uint64_t bytes = end_.byte();
    for (const auto& line : lines) bytes += line.size() + 1;
    Offset first = next();
    end_ = LineCounter(entry.offset + entry.count, bytes);
    return first;
}

// The row of this file that follows its newest batch among these entries; nullopt: none of it.
std::optional<std::int64_t> TopicWriter::row_after(const std::vector<IndexEntry>& entries,
                                                   const std::string& sha256) const {
    std::int64_t until = end_.line();
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
        if (entry->file == sha256) {
            std::int64_t came = std::clamp<std::int64_t>(until - entry->offset, 0, entry->count);
            return entry->row + came * entry->step;
        }
        until = entry->offset;
    }
    return std::nullopt;
}

Result<void> TopicWriter::check_rows(const FileRows& rows) const {
    auto next = row_after(index_.entries(), rows.sha256);
    if (!next || *next == rows.row) return {};
    return fail(ErrorCode::kBusy,
                fmt::format("row {} of the file is the next one, not {}", *next, rows.row),
                records_, "another source produces the same file: let one of them go on");
}

Result<std::int64_t> TopicWriter::next_row(const std::string& sha256, std::int64_t first) {
    TRY(auto held, lock());
    TRY_VOID(find_end());
    TopicIndex all(env_, index_path_);
    TRY_VOID(all.follow());
    return row_after(all.entries(), sha256).value_or(first);
}

}  // namespace loanstream

#include "feed/topic_writer.h"

#include "base/check.h"
#include "base/crash_points.h"

namespace loanstream {

using std::chrono::milliseconds;

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
    TRY(auto there, env_.stat(records_));
    std::uint64_t bytes = there ? there->bytes : 0;
    if (found_end_ && bytes == end_.byte()) return {};
    TRY_VOID(index_.follow());
    if (!found_end_ || bytes < end_.byte()) {
        end_ = LineCounter(0, 0);
        for (const auto& entry : index_.entries())
            if (entry.byte <= bytes) end_ = LineCounter(entry.offset, entry.byte);
    }
    if (there) {
        TRY(auto file, env_.read_file(records_));
        TRY_VOID(end_.advance(*file));
        if (end_.byte() < bytes) TRY_VOID(env_.truncate(records_, end_.byte()));
    }
    // A torn line of the index would swallow the next one.
    TRY(auto index, env_.stat(index_path_));
    if (index && index->bytes > index_.bytes_read())
        TRY_VOID(env_.truncate(index_path_, index_.bytes_read()));
    if (!records_file_) {
        TRY(records_file_, env_.append_file(records_));
        TRY(index_file_, env_.append_file(index_path_));
        TRY_VOID(env_.sync_folder(folder_));
    }
    found_end_ = true;
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

Result<std::int64_t> TopicWriter::next_row(const std::string& sha256, std::int64_t first) {
    TRY(auto held, lock());
    TRY_VOID(find_end());
    TRY_VOID(index_.follow());
    std::int64_t row = first;
    const auto& entries = index_.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i].file != sha256) continue;
        std::int64_t until = i + 1 < entries.size() ? entries[i + 1].offset : end_.line();
        std::int64_t came = std::min(entries[i].count, until - entries[i].offset);
        row = std::max(row, entries[i].row + came * entries[i].step);
    }
    return row;
}

}  // namespace loanstream

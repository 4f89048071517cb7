#include "app/topic_counter.h"

#include "feed/topic.h"
#include "feed/topic_index.h"

namespace loanstream {

Result<std::vector<SourceCounter::Extent>> TopicCounter::partitions(const std::string& topic) {
    std::vector<Extent> extents;
    auto description = describe_topic(env_, topics_, topic);
    if (!description) {
        if (description.error().code == ErrorCode::kNotFound) return extents;
        return std::unexpected(std::move(description).error());
    }
    TopicFolder folder(topics_, topic);
    for (PartitionId p(0); p.value < description->partitions; p.value += 1) {
        Extent extent{{topic, Incarnation(), p}, Offset(0), Offset(0)};
        TRY(auto there, env_.stat(folder.records(p)));
        if (there) {
            // From the first line on: the side index may be wrong, the count must not be.
            LineCounter lines(0, 0);
            TRY(auto file, env_.read_file(folder.records(p)));
            TRY_VOID(lines.advance(*file));
            extent.watermark = Offset(lines.line());
        }
        extents.push_back(std::move(extent));
    }
    return extents;
}

Result<std::int64_t> TopicCounter::count(const SourcePartition& source, OffsetRange range) {
    TopicFolder folder(topics_, source.topic);
    if (range.empty()) return 0;
    LineCounter lines(0, 0);
    TRY(auto file, env_.read_file(folder.records(source.partition)));
    TRY_VOID(lines.advance(*file, range.begin.value));
    std::int64_t begin = lines.line();
    TRY_VOID(lines.advance(*file, range.next.value));
    return lines.line() - begin;
}

}  // namespace loanstream

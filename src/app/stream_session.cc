#include "app/stream_session.h"

#include "base/build_info.h"
#include "table/dead_replay.h"

namespace loanstream {

Result<std::unique_ptr<StreamSession>> StreamSession::open(Env& env, const Settings& settings,
                                                           const StreamRequest& request,
                                                           RunLoopObserver& observer,
                                                           SnapshotBoard& board) {
    TRY(auto policy, load_policy(settings.text("policy"), settings.text("model")));
    DataFolders folders(settings);
    auto partitions = static_cast<std::int32_t>(settings.number("topic.partitions"));
    TRY_VOID(create_topic_if_missing(env, folders.topics, request.topic, partitions));

    std::unique_ptr<StreamSession> session(new StreamSession(env));
    WarehouseSettings warehouse;
    warehouse.folder = folders.warehouse;
    warehouse.max_open_files = settings.number("table.max_open_files");
    warehouse.file_size = settings.number("table.file_size");
    TRY(session->warehouse_, Warehouse::open(env, session->files_, warehouse));
    TRY_VOID(finish_replays(env, *session->warehouse_, folders.topics));

    TableSinkSettings sink;
    TRY(sink.codec, codec_named(settings.text("table.codec")));
    sink.program = std::string("loanstream ") + LOANSTREAM_VERSION;
    sink.file_size = settings.number("table.file_size");
    session->sink_ = std::make_unique<TableSink>(env, *session->warehouse_, sink);

    TopicSourceSettings source;
    source.partitions = request.partitions;
    source.batch_records = settings.number("stream.batch_records");
    source.batch_bytes = settings.number("stream.batch_bytes");
    source.most_record_bytes = settings.number("source.max_record_bytes");
    Warehouse* log = session->warehouse_.get();
    TRY(session->source_,
        TopicWithRepairs::open(
            env, folders.topics, request.topic,
            [log](const SourcePartition& p) { return log->try_lock(topic_partition_of(p)); },
            [log](const std::string& topic, PartitionId p) {
                const auto* known = log->state().partition({topic, p});
                return known == nullptr ? Incarnation() : known->source.incarnation;
            },
            source));

    session->policy_ = policy;
    RunLoopSettings loop;
    loop.commit_every = settings.duration("table.commit_every");
    loop.once = request.once;
    loop.most_pending_bytes = settings.number("table.file_size");
    TRY(session->loop_,
        RunLoop::make({env, *session->source_, *session->sink_, policy, observer, board}, loop));
    return session;
}

}  // namespace loanstream

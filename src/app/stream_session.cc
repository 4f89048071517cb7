#include "app/stream_session.h"

#include "table/dead_replay.h"

namespace loanstream {

Result<std::unique_ptr<StreamSession>> StreamSession::open(Env& env, const Settings& settings,
                                                           const StreamRequest& request,
                                                           RunLoopObserver& observer,
                                                           SnapshotBoard& board,
                                                           MergeObserver& merge_observer) {
    TRY(auto policy, load_policy(settings.text("policy"), settings.text("model")));
    DataFolders folders(settings);
    auto partitions = static_cast<std::int32_t>(settings.number("topic.partitions"));
    // Both are looked at before either is made: state of a later version stays as it is.
    auto known = describe_topic(env, folders.topics, request.topic);
    if (!known && known.error().code != ErrorCode::kNotFound)
        return std::unexpected(std::move(known).error());

    std::unique_ptr<StreamSession> session(new StreamSession(env));
    TRY(auto merging, MergeChoices::from(settings));
    TRY(session->warehouse_, Warehouse::open(env, session->files_, merging.warehouse));
    TRY_VOID(create_topic_if_missing(env, folders.topics, request.topic, partitions));
    TRY_VOID(finish_replays(env, *session->warehouse_, folders.topics));

    TableSinkSettings sink;
    sink.codec = merging.writer.codec;
    sink.program = merging.writer.program;
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
    session->merging_ = std::make_unique<MergeThread>(env, merging, merge_observer);
    RunLoopSettings loop;
    loop.commit_every = settings.duration("table.commit_every");
    loop.once = request.once;
    loop.most_pending_bytes = settings.number("table.file_size");
    TRY(session->loop_,
        RunLoop::make({env, *session->source_, *session->sink_, policy, observer, board}, loop));
    return session;
}

Result<void> StreamSession::run() {
    merging_->start();
    auto done = loop_->run();
    merging_->stop();
    return done;
}

}  // namespace loanstream

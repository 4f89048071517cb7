#include "app/stream_session.h"

#include "app/job_source.h"
#include "app/kafka_settings.h"
#include "feed/topic.h"
#include "table/dead_replay.h"

namespace loanstream {

namespace {

constexpr std::chrono::seconds kPatience(10);  // with a broker that does not answer, at the end

}  // namespace

Result<std::unique_ptr<StreamSession>> StreamSession::open(
    Env& env, const Settings& settings, const StreamRequest& request, RunLoopObserver& observer,
    SnapshotBoard& board, MergeObserver& merge_observer, OutboxObserver& outbox_observer) {
    TRY(auto policy, load_policy(settings.text("policy"), settings.text("model")));
    DataFolders folders(settings);
    // Both are looked at before either is made: state of a later version stays as it is.
    if (!uses_kafka(settings)) {
        auto known = describe_topic(env, folders.topics, request.topic);
        if (!known && known.error().code != ErrorCode::kNotFound)
            return std::unexpected(std::move(known).error());
    }

    std::unique_ptr<StreamSession> session(new StreamSession(env));
    TRY(auto merging, MergeChoices::from(settings));
    TRY(session->warehouse_, Warehouse::open(env, session->files_, merging.warehouse));
    TRY_VOID(finish_replays(env, *session->warehouse_, folders.topics));

    TableSinkSettings sink;
    sink.codec = merging.writer.codec;
    sink.program = merging.writer.program;
    sink.file_size = settings.number("table.file_size");
    session->sink_ = std::make_unique<TableSink>(env, *session->warehouse_, sink);

    if (request.accept_reset) {
        TRY(auto resets, accept_resets(settings, request.topic, *session->warehouse_));
        for (const auto& reset : resets) observer.was_reset(reset.source, reset.begin, reset.next);
    }
    TRY(session->source_,
        open_job_source(env, settings, {request.topic, request.partitions, request.start},
                        *session->warehouse_));

    session->policy_ = policy;
    session->merging_ = std::make_unique<MergeThread>(env, merging, merge_observer);
    RunLoopSettings loop;
    loop.commit_every = settings.duration("table.commit_every");
    loop.once = request.once;
    loop.outlives_fences = uses_kafka(settings);  // the group tells who has what
    if (uses_kafka(settings)) loop.once_idle = std::chrono::milliseconds(20);
    loop.started_ms = env.now().value;
    loop.orders_every = settings.duration("stream.orders_every");
    loop.most_pending_bytes = settings.number("table.file_size");
    TRY(auto sinks, SinkSettings::from(settings));
    for (SinkSettings& one : sinks)
        session->sinks_.push_back(std::make_unique<Outbox>(env, std::move(one), outbox_observer));
    session->feed_ = std::make_unique<OutboxFeed>(session->sinks_, observer);
    TRY(session->loop_,
        RunLoop::make({env, *session->source_, *session->sink_, policy, *session->feed_, board},
                      loop));
    return session;
}

Result<void> StreamSession::run() {
    merging_->start();
    for (auto& sink : sinks_) sink->start();
    auto done = loop_->run();
    for (auto& sink : sinks_) sink->finish(done ? kPatience : std::chrono::milliseconds(0));
    merging_->stop();
    for (auto& sink : sinks_) sink->join();
    return done;
}

}  // namespace loanstream

#include "app/stream_session.h"

#include <thread>

#include "app/kafka_settings.h"
#include "feed/topic.h"
#include "table/dead_replay.h"

namespace loanstream {

namespace {

constexpr std::chrono::seconds kPatience(10);  // with a broker that does not answer, at the end

RunLoopSettings loop_settings(Env& env, const Settings& settings, const StreamRequest& request) {
    RunLoopSettings loop;
    loop.commit_every = settings.duration("table.commit_every");
    loop.once = request.once;
    loop.until = request.until;
    loop.outlives_fences = uses_kafka(settings);  // the group tells who has what
    if (uses_kafka(settings)) loop.once_idle = std::chrono::milliseconds(20);
    loop.started_ms = env.now().value;
    loop.orders_every = settings.duration("stream.orders_every");
    loop.most_pending_bytes = settings.number("table.file_size");
    return loop;
}

}  // namespace

Result<std::unique_ptr<StreamSession>> StreamSession::open(
    Env& env, const Settings& settings, const StreamRequest& request, RunLoopObserver& observer,
    SnapshotBoard& board, MergeObserver& merge_observer, OutboxObserver& outbox_observer) {
    std::unique_ptr<StreamSession> session(new StreamSession(env));
    TRY_VOID(session->prepare(settings, request, observer));
    TRY(auto shares, shares_of(env, settings, {request.topic, request.partitions, request.start}));
    session->merging_ = std::make_unique<MergeThread>(env, session->choices_, merge_observer);
    TRY(auto sinks, SinkSettings::from(settings));
    for (SinkSettings& one : sinks)
        session->sinks_.push_back(std::make_unique<Outbox>(env, std::move(one), outbox_observer));
    session->outbox_feed_ = std::make_unique<OutboxFeed>(session->sinks_, observer);
    session->feed_ = std::make_unique<LineFeed>(*session->outbox_feed_, shares.size());
    session->board_ = std::make_unique<JoinedBoard>(board, shares.size());
    session->together_ = std::make_unique<EndTogether>(shares.size());
    RunLoopSettings loop = loop_settings(env, settings, request);
    TRY(loop.envelope, MessagePath::parse(settings.text("source.envelope")));
    loop.together = session->together_.get();
    for (; loop.line < shares.size(); ++loop.line)
        TRY_VOID(session->open_line(settings, shares[loop.line], loop, !request.one_thread));
    return session;
}

// What is done once, before any line: with the log member of the first.
Result<void> StreamSession::prepare(const Settings& settings, const StreamRequest& request,
                                    RunLoopObserver& observer) {
    TRY(policy_, load_policy(settings.text("policy"), settings.text("model")));
    DataFolders folders(settings);
    // Both are looked at before either is made: state of a later version stays as it is.
    if (!uses_kafka(settings)) {
        auto known = describe_topic(env_, folders.topics, request.topic);
        if (!known && known.error().code != ErrorCode::kNotFound)
            return std::unexpected(std::move(known).error());
    }
    TRY(choices_, MergeChoices::from(settings));
    lines_.push_back(std::make_unique<Line>(env_));
    Line& first = *lines_.front();
    TRY(first.warehouse, Warehouse::open(env_, first.files, choices_.warehouse));
    TRY_VOID(finish_replays(env_, *first.warehouse, folders.topics));
    if (!request.accept_reset) return {};
    TRY(auto resets, accept_resets(settings, request.topic, *first.warehouse));
    for (const auto& reset : resets) observer.was_reset(reset.source, reset.begin, reset.next);
    return {};
}

Result<void> StreamSession::open_line(const Settings& settings, const JobTopic& share,
                                      RunLoopSettings loop, bool encodes_beside) {
    if (loop.line == lines_.size()) lines_.push_back(std::make_unique<Line>(env_));
    Line& line = *lines_[loop.line];
    if (!line.warehouse) {
        TRY(line.warehouse, Warehouse::open(env_, line.files, choices_.warehouse));
    }
    TableSinkSettings sink;
    sink.codec = choices_.writer.codec;
    sink.program = choices_.writer.program;
    sink.encodes_beside = encodes_beside;
    sink.file_size = settings.number("table.file_size");
    line.sink = std::make_unique<TableSink>(env_, *line.warehouse, sink);
    TRY(line.source, open_job_source(env_, settings, share, *line.warehouse));
    TRY(line.loop, RunLoop::make({env_, *line.source, *line.sink, policy_, feed_->line(loop.line),
                                  board_->line(loop.line)},
                                 loop));
    return {};
}

void StreamSession::stop() {
    for (auto& line : lines_) line->loop->stop();
}

void StreamSession::rejoin() {
    for (auto& line : lines_) line->loop->rejoin();
}

// A line that fails stops the others, which land what they have read.
void StreamSession::end_line(Result<void> ran) {
    if (ran) return;
    {
        std::lock_guard lock(mutex_);
        if (!fault_) fault_ = std::move(ran).error();
    }
    stop();
}

Result<void> StreamSession::run_lines() {
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < lines_.size(); ++i)
        threads.emplace_back([this, i] { end_line(lines_[i]->loop->run()); });
    end_line(lines_.front()->loop->run());
    for (auto& thread : threads) thread.join();
    if (fault_) return std::unexpected(*fault_);
    return {};
}

Result<void> StreamSession::run() {
    merging_->start();
    for (auto& sink : sinks_) sink->start();
    auto done = run_lines();
    for (auto& sink : sinks_) sink->finish(done ? kPatience : std::chrono::milliseconds(0));
    merging_->stop();
    for (auto& sink : sinks_) sink->join();
    return done;
}

}  // namespace loanstream

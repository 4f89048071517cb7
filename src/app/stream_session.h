// One `stream`: topic, warehouse, policy and its lines (run loop, sink and source; stream.threads
// of them) put together from the settings. Used by stream, demo and the flow stories. open() and
// run() on one thread; stop() and rejoin() from any.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/job_source.h"
#include "app/line_feed.h"
#include "app/merge_thread.h"
#include "app/outbox.h"
#include "app/settings.h"
#include "base/source.h"
#include "kafka/start_place.h"
#include "pipeline/joined_board.h"
#include "pipeline/run_loop.h"
#include "table/table_sink.h"

namespace loanstream {

struct DataFolders {
    explicit DataFolders(const Settings& settings)
        : topics(join_path(settings.text("data"), "topics")),
          warehouse(join_path(settings.text("data"), "warehouse")) {}
    std::string topics, warehouse;
};

struct StreamRequest {
    std::string topic;
    bool once = false;
    ReadingEnd until{};
    std::set<std::int32_t> partitions;  // empty: all that are free
    StartPlace start{};                 // on Kafka, of partitions that the table does not know
    bool accept_reset = false;          // on Kafka, of topics made anew with lower offsets
    bool one_thread = false;            // nothing beside the line (a simulated world)
};

class StreamSession {
public:
    static Result<std::unique_ptr<StreamSession>> open(
        Env& env, const Settings& settings, const StreamRequest& request, RunLoopObserver& observer,
        SnapshotBoard& board, MergeObserver& merge_observer,
        OutboxObserver& outbox_observer = OutboxObserver::nobody());
    // With merging and the topics beside the table where the settings say so. What the log has
    // committed is on those topics when it returns with success, or nothing went on for ten
    // seconds.
    Result<void> run();
    void stop();
    void rejoin();
    const Policy& policy() const { return *policy_; }

private:
    // One thread's: a member of the log of its own, which nobody else touches.
    struct Line {
        explicit Line(Env& env) : files(env) {}
        LocalFileStore files;
        std::unique_ptr<Warehouse> warehouse;
        std::unique_ptr<TableSink> sink;
        std::unique_ptr<Source> source;
        std::unique_ptr<RunLoop> loop;
    };
    explicit StreamSession(Env& env) : env_(env) {}
    Result<void> prepare(const Settings& settings, const StreamRequest& request,
                         RunLoopObserver& observer);
    Result<void> open_line(const Settings& settings, const JobTopic& share, RunLoopSettings loop,
                           bool encodes_beside);
    Result<void> run_lines();
    void end_line(Result<void> ran);

    Env& env_;
    MergeChoices choices_;
    std::shared_ptr<const Policy> policy_;
    std::vector<std::unique_ptr<Outbox>> sinks_;
    std::unique_ptr<OutboxFeed> outbox_feed_;
    std::unique_ptr<LineFeed> feed_;
    std::unique_ptr<JoinedBoard> board_;
    std::unique_ptr<EndTogether> together_;
    std::vector<std::unique_ptr<Line>> lines_;
    std::unique_ptr<MergeThread> merging_;
    std::mutex mutex_;
    std::optional<Error> fault_;  // the first of a line
};

}  // namespace loanstream

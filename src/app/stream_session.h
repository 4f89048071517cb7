// One `stream`: topic, warehouse, sink, policy and run loop put together from the settings. Used by
// stream, demo and the flow stories. open() and run() on one thread; stop() and rejoin() from any.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "app/merge_thread.h"
#include "app/outbox.h"
#include "app/settings.h"
#include "base/source.h"
#include "kafka/start_place.h"
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
    std::set<std::int32_t> partitions;  // empty: all that are free
    StartPlace start{};                 // on Kafka, of partitions that the table does not know
    bool accept_reset = false;          // on Kafka, of topics made anew with lower offsets
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
    void stop() { loop_->stop(); }
    void rejoin() { loop_->rejoin(); }
    const Policy& policy() const { return *policy_; }

private:
    StreamSession(Env& env) : files_(env) {}
    LocalFileStore files_;
    std::unique_ptr<Warehouse> warehouse_;
    std::unique_ptr<TableSink> sink_;
    std::unique_ptr<Source> source_;
    std::shared_ptr<const Policy> policy_;
    std::vector<std::unique_ptr<Outbox>> sinks_;
    std::unique_ptr<OutboxFeed> feed_;
    std::unique_ptr<RunLoop> loop_;
    std::unique_ptr<MergeThread> merging_;
};

}  // namespace loanstream

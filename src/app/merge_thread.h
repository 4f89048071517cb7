// Merging beside a running `stream`: a thread with a Warehouse of its own that does a round every
// few seconds, off the path of landing. A fault of the disk ends it (what a failed sync has left is
// not known); everything else is tried again, later each time. start() and stop() on one thread;
// the observer is called on the merging one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "app/settings.h"
#include "base/env.h"
#include "log/merger.h"
#include "table/part_writer.h"

namespace loanstream {

class MergeObserver {
public:
    virtual ~MergeObserver() = default;
    virtual void round_done(const MergeRound&) {}
    virtual void retried(const Error&) {}  // landing goes on, and so does merging later
    virtual void ended(const Error&) {}    // landing goes on without merging
};

// What the settings say about merging; `thread` is false for table.merge = off.
struct MergeChoices {
    bool thread = true;
    std::chrono::milliseconds every{10'000};
    WarehouseSettings warehouse;
    MergeSettings merge;
    PartWriterSettings writer;
    static Result<MergeChoices> from(const Settings& settings);
};

// One member that merges: everything a round needs.
class MergingMember {
public:
    static Result<std::unique_ptr<MergingMember>> open(Env& env, const MergeChoices& choices);
    Result<MergeRound> round() { return merger_.round(); }
    Merger& merger() { return merger_; }
    Warehouse& warehouse() { return *warehouse_; }

private:
    MergingMember(Env& env, std::unique_ptr<LocalFileStore> files,
                  std::unique_ptr<Warehouse> warehouse, const MergeChoices& choices)
        : files_(std::move(files)),
          warehouse_(std::move(warehouse)),
          writer_(*files_, choices.writer),
          merger_(env, *warehouse_, writer_, choices.merge) {}
    std::unique_ptr<LocalFileStore> files_;
    std::unique_ptr<Warehouse> warehouse_;
    ParquetPartWriter writer_;
    Merger merger_;
};

class MergeThread {
public:
    MergeThread(Env& env, MergeChoices choices, MergeObserver& observer)
        : env_(env), choices_(std::move(choices)), observer_(observer) {}
    ~MergeThread() { stop(); }
    void start();
    // Returns when the part that is being merged is done.
    void stop();

private:
    void work();
    // False: stopped meanwhile.
    bool wait(std::chrono::milliseconds time);
    bool is_stopped();

    Env& env_;
    MergeChoices choices_;
    MergeObserver& observer_;
    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stop_ = false;
};

}  // namespace loanstream

// The pictures of several lines as one: what a process with `stream.threads` shows. Each line posts
// to a board of its own; the joined picture goes to the board that the world reads. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "pipeline/snapshot.h"

namespace loanstream {

class JoinedBoard {
public:
    JoinedBoard(SnapshotBoard& shown, std::size_t lines);
    SnapshotBoard& line(std::size_t number) { return *lines_[number]; }

private:
    class Line : public SnapshotBoard {
    public:
        explicit Line(JoinedBoard& joined) : joined_(joined) {}
        void post(std::shared_ptr<const Snapshot> snapshot) override;

    private:
        JoinedBoard& joined_;
    };
    void show();

    SnapshotBoard& shown_;
    std::mutex mutex_;  // pictures are shown in the order in which they are joined
    std::vector<std::unique_ptr<Line>> lines_;
};

// Counts are added up; partitions are in order; the state is the furthest from stopped; a fault is
// one line's; freshness is the worst. What another line has is neither waited for nor fenced.
Snapshot joined(const std::vector<std::shared_ptr<const Snapshot>>& lines);

}  // namespace loanstream

#include "app/line_feed.h"

namespace loanstream {

class LineFeed::Line : public RunLoopObserver {
public:
    Line(LineFeed& feed, std::size_t number) : feed_(feed), number_(number) {}
    void decided(const DecidedBatch& batch) override {
        std::lock_guard lock(feed_.mutex_);
        feed_.next_.decided(batch);
    }
    void committed(const Receipt& receipt) override {
        std::lock_guard lock(feed_.mutex_);
        feed_.next_.committed(receipt);
    }
    void waiting_for(const std::vector<SourcePartition>& sources) override {
        std::lock_guard lock(feed_.mutex_);
        feed_.next_.waiting_for(sources);
    }
    void claimed(const SourcePartition& source, Offset next) override {
        std::lock_guard lock(feed_.mutex_);
        feed_.next_.claimed(source, next);
    }
    void skipped(const SourcePartition& source, OffsetRange range,
                 const std::string& why) override {
        std::lock_guard lock(feed_.mutex_);
        feed_.next_.skipped(source, range, why);
    }
    void was_reset(const SourcePartition& source, Offset was, Offset now) override {
        std::lock_guard lock(feed_.mutex_);
        feed_.next_.was_reset(source, was, now);
    }
    void let_go(const SourcePartition& source, LetGo cause) override {
        std::lock_guard lock(feed_.mutex_);
        feed_.next_.let_go(source, cause);
    }
    void held(const SourcePartition& source, Hold hold) override {
        std::lock_guard lock(feed_.mutex_);
        feed_.next_.held(source, hold);
    }
    void refers_all(const std::optional<ReferAll>& order) override {
        std::lock_guard lock(feed_.mutex_);
        feed_.orders_[number_] = order;
        feed_.tell_order();
    }
    void fault(const std::string& what) override {
        std::lock_guard lock(feed_.mutex_);
        feed_.faults_[number_] = what;
        feed_.tell_fault();
    }

private:
    LineFeed& feed_;
    std::size_t number_;
};

LineFeed::LineFeed(RunLoopObserver& next, std::size_t lines)
    : next_(next), faults_(lines), orders_(lines) {
    for (std::size_t i = 0; i < lines; ++i) lines_.push_back(std::make_unique<Line>(*this, i));
}

// Over when no line has one; another line's words for the same are not news.
void LineFeed::tell_fault() {
    std::string now;
    for (const std::string& fault : faults_)
        if (now.empty()) now = fault;
    if (now.empty() == told_fault_.empty()) return;
    told_fault_ = now;
    next_.fault(now);
}

void LineFeed::tell_order() {
    std::optional<ReferAll> now;
    for (const auto& order : orders_)
        if (!now) now = order;
    if (now == told_order_) return;
    told_order_ = now;
    next_.refers_all(now);
}

}  // namespace loanstream

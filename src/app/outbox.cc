#include "app/outbox.h"

#include <algorithm>

namespace loanstream {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kFirstPause(500), kLongestPause(10'000), kPauseAtTheEnd(200);
constexpr milliseconds kLongestConnect(3'000);  // tried again and again
constexpr milliseconds kSilence(10'000);        // of brokers; then it is said
constexpr milliseconds kFaultShown(1'000);

}  // namespace

OutboxObserver& OutboxObserver::nobody() {
    static OutboxObserver none;
    return none;
}

void Outbox::start() {
    thread_ = std::thread([this] { work(); });
}

Outbox::~Outbox() {
    finish(milliseconds(0));
    join();
}

void Outbox::finish(milliseconds patience) {
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
        patience_ = patience;
        stop_at_ = env_.monotonic();
    }
    changed_.notify_all();
}

void Outbox::join() {
    if (thread_.joinable()) thread_.join();
}

// Under the lock.
void Outbox::is_due() {
    ++changes_;
    if (!due_since_) due_since_ = env_.monotonic();
}

void Outbox::claimed(const SourcePartition& source, Offset next) {
    {
        std::lock_guard lock(mutex_);
        goals_[topic_partition_of(source)] = {source, next, next, ++claims_};
        is_due();
    }
    changed_.notify_all();
}

void Outbox::committed(const SourcePartition& source, Offset next) {
    {
        std::lock_guard lock(mutex_);
        auto goal = goals_.find(topic_partition_of(source));
        if (goal == goals_.end() || goal->second.source != source) return;
        goal->second.next = std::max(goal->second.next, next);
        is_due();
    }
    changed_.notify_all();
}

void Outbox::let_go(const SourcePartition& source) {
    std::lock_guard lock(mutex_);
    goals_.erase(topic_partition_of(source));
    ++changes_;
    if (goals_.empty()) due_since_.reset();  // whoever claims them next delivers it
}

// False: it is time to end.
bool Outbox::wait_for_work() {
    std::unique_lock lock(mutex_);
    if (pause_.count() > 0) {
        auto pause = stop_ ? std::min(pause_, kPauseAtTheEnd) : pause_;
        changed_.wait_for(lock, pause, [this] { return stop_ || (is_open_ && seen_ != changes_); });
        if (stop_) changed_.wait_for(lock, std::min(pause, kPauseAtTheEnd));
    } else {
        changed_.wait(lock, [this] { return stop_ || (reached_ < changes_ && !goals_.empty()); });
    }
    if (!stop_) return true;
    bool due = reached_ < changes_ && !goals_.empty();
    return due && env_.monotonic() - std::max(progress_, stop_at_) < patience_;
}

bool Outbox::keep_waiting(std::int64_t delivered, const std::string& fault) {
    auto now = env_.monotonic();
    if (delivered > delivered_) {
        delivered_ = delivered;
        progress_ = now;
    }
    auto silent = now - std::max(progress_, began_);
    if (silent >= kFaultShown && !fault.empty())
        hold({ErrorCode::kOutside, fault, settings_.access.bootstrap, {}});
    else if (silent >= kSilence)
        hold({ErrorCode::kTimeout, "the brokers do not say that records are delivered",
              settings_.producer.topic, "look at the topic: loanstream topic describe"});
    std::lock_guard lock(mutex_);
    return !stop_ || now - std::max(progress_, stop_at_) < patience_;
}

// At the end no longer than the patience lasts.
milliseconds Outbox::longest_connect() {
    std::lock_guard lock(mutex_);
    if (!stop_) return kLongestConnect;
    auto left = patience_ - (env_.monotonic() - std::max(progress_, stop_at_));
    return std::clamp(std::chrono::ceil<milliseconds>(left), kPauseAtTheEnd, kLongestConnect);
}

// Said once, until it goes on.
void Outbox::hold(const Error& error) {
    if (!held_) observer_.sink_held(settings_.kind, error);
    held_ = true;
}

void Outbox::go_on() {
    if (held_) observer_.sink_back(settings_.kind);
    held_ = false;
}

std::unique_ptr<SinkDelivery> Outbox::open() {
    SinkSettings settings = settings_;
    settings.access.connect_timeout = std::min(settings.access.connect_timeout, longest_connect());
    auto opened = SinkDelivery::open(env_, settings);
    if (!opened) {
        hold(opened.error());
        pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
        return nullptr;
    }
    delivered_ = 0;
    pause_ = milliseconds(0);
    std::string note = (*opened)->note();
    if (!note.empty() && !noted_) observer_.sink_note(settings_.kind, note);
    noted_ = true;
    return std::move(*opened);
}

// False: the delivery is of no more use.
bool Outbox::deliver(SinkDelivery& delivery) {
    SinkGoals goals;
    {
        std::lock_guard lock(mutex_);
        goals = goals_;
        seen_ = changes_;
    }
    began_ = env_.monotonic();
    auto keep = [this](std::int64_t delivered, const std::string& fault) {
        return keep_waiting(delivered, fault);
    };
    auto round = delivery.round(goals, keep);
    if (!round) {
        hold(round.error());
        pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
        return false;
    }
    pause_ = round->retry_in;
    if (round->moved) progress_ = env_.monotonic();
    if (round->reached) {
        reached_ = seen_;
        std::lock_guard lock(mutex_);
        due_since_ = changes_ == seen_ ? std::nullopt : std::optional(began_);
    }
    if (round->refused)
        hold(*round->refused);
    else if (pause_.count() == 0)
        go_on();
    return true;
}

void Outbox::tell(std::int64_t delivered) {
    SinkState state;
    state.records = before_ + delivered;
    {
        std::lock_guard lock(mutex_);
        state.due_since = due_since_;
    }
    observer_.sink_state(settings_.kind, state);
}

void Outbox::work() {
    std::unique_ptr<SinkDelivery> delivery;
    while (wait_for_work()) {
        tell(delivery ? delivery->delivered() : 0);
        if (!delivery) delivery = open();
        if (delivery && !deliver(*delivery)) {
            before_ += delivery->delivered();
            delivery.reset();
        }
        is_open_ = delivery != nullptr;
        tell(delivery ? delivery->delivered() : 0);
    }
}

void OutboxFeed::committed(const Receipt& receipt) {
    for (const auto& landed : receipt.landed())
        for (auto& sink : sinks_) sink->committed(landed.source, landed.range.next);
    next_.committed(receipt);
}

void OutboxFeed::claimed(const SourcePartition& source, Offset next) {
    for (auto& sink : sinks_) sink->claimed(source, next);
    next_.claimed(source, next);
}

void OutboxFeed::let_go(const SourcePartition& source, LetGo cause) {
    for (auto& sink : sinks_) sink->let_go(source);
    next_.let_go(source, cause);
}

}  // namespace loanstream

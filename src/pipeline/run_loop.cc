#include "pipeline/run_loop.h"

#include <algorithm>
#include "base/check.h"
#include "base/crash_points.h"
#include "base/plants.h"
namespace loanstream {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kOnTheirWay(1000);

}  // namespace

Result<std::unique_ptr<RunLoop>> RunLoop::make(Parts parts, RunLoopSettings settings) {
    TRY(auto decider, Decider::make(parts.policy));
    return std::unique_ptr<RunLoop>(new RunLoop(parts, settings, std::move(decider)));
}

RunLoop::RunLoop(Parts parts, RunLoopSettings settings, std::unique_ptr<Decider> decider)
    : parts_(parts),
      settings_(settings),
      cleaner_(parts.policy, settings.envelope),
      decider_(std::move(decider)) {}

void RunLoop::stop() {
    stop_ = true;
    parts_.env.wake();
}

void RunLoop::rejoin() {
    rejoin_ = true;
    parts_.env.wake();
}

Result<void> RunLoop::run() {
    LOANSTREAM_CHECK(now_.state == LoopState::kStarting);
    now_.started_ms = settings_.started_ms;
    bool at_end = false;
    while (!stop_ && !at_end) {
        if (rejoin_.exchange(false)) TRY_VOID(parts_.source.rejoin());
        TRY_VOID(follow_assignment());
        TRY_VOID(follow_orders());
        TRY(bool some, parts_.source.poll(poll_wait(), raw_));
        if (some) TRY_VOID(take_batch());
        if (commit_is_due()) TRY_VOID(commit());
        if (!some) TRY_VOID(end_day());
        if (has_end()) {
            TRY(at_end, at_the_end());
        }
        post();
    }
    move_to(LoopState::kDraining);
    TRY_VOID(commit());
    TRY_VOID(end_day());
    for (const auto& [source, place] : owned_) TRY_VOID(parts_.sink.release(source));
    move_to(LoopState::kStopped);
    post();
    return {};
}

Result<void> RunLoop::follow_assignment() {
    TRY(auto assignment, parts_.source.assignment());
    if (!assignment.leaving.empty() || !assignment.lost.empty()) TRY_VOID(let_go_of(assignment));
    std::erase_if(fenced_, [&](const SourcePartition& source) {
        return std::ranges::find(assignment.owned, source) == assignment.owned.end();
    });
    for (const auto& source : assignment.owned)
        if (!owned_.contains(source) && !fenced_.contains(source)) TRY_VOID(take_partition(source));
    if (assignment.waiting != waiting_) {
        waiting_ = assignment.waiting;
        if (!waiting_.empty()) parts_.observer.waiting_for(waiting_);
    }
    if (assignment.fault != now_.fault) {
        now_.fault = assignment.fault;
        now_.faults += now_.fault.empty() ? 0 : 1;
        parts_.observer.fault(now_.fault);
    }
    is_settled_ = assignment.is_settled;
    move_to(owned_.empty() ? LoopState::kWaiting : LoopState::kRunning);
    return {};
}

Result<void> RunLoop::take_partition(const SourcePartition& source) {
    TRY(ReadingPlace place, parts_.sink.claim(source));
    TRY(auto seek, parts_.source.seek(source, place));
    LOANSTREAM_CHECK(seek.next >= place.next);
    if (seek.next > place.next) {
        TRY_VOID(parts_.sink.skip_to(source, seek.next, seek.why));
        parts_.observer.skipped(source, {place.next, seek.next}, seek.why);
    } else if (!seek.why.empty()) {
        TRY_VOID(parts_.sink.begin_here(source, *parts_.policy));
    }
    TRY(Offset end, parts_.source.watermark(source));
    bool is_at_end = settings_.until.offset && seek.next >= *settings_.until.offset;
    if (is_at_end) parts_.source.hold(source, true);
    owned_[source] = {seek.next, seek.next, end, Hold::kNone, is_at_end};
    parts_.observer.claimed(source, seek.next);
    return {};
}

// Partitions may have come since the last look; the log is read anew less often.
Result<void> RunLoop::follow_orders() {
    if (settings_.orders_every.count() == 0) return {};
    if (auto now = parts_.env.monotonic(); now >= next_orders_) {
        next_orders_ = now + settings_.orders_every;
        TRY_VOID(parts_.sink.read_orders());
    }
    std::vector<std::pair<SourcePartition, Hold>> changed;
    for (const auto& [source, place] : owned_)
        if (Hold hold = parts_.sink.orders_of(source).hold; hold != place.hold)
            changed.push_back({source, hold});
    // What was read is landed before anything is held.
    if (!changed.empty()) TRY_VOID(commit());
    for (const auto& [source, hold] : changed)
        if (owned_.contains(source)) TRY_VOID(obey(source, hold));
    return {};
}

Result<void> RunLoop::obey(const SourcePartition& source, Hold hold) {
    Owned& place = owned_[source];
    LOANSTREAM_CHECK(place.next == place.read_next);
    bool was_drained = place.hold == Hold::kDrained;
    parts_.source.hold(source, hold != Hold::kNone || place.is_at_end);
    if (hold == Hold::kDrained) TRY_VOID(parts_.sink.release(source));
    if (was_drained) TRY_VOID(take_partition(source));  // claimed anew
    owned_[source].hold = hold;
    parts_.observer.held(source, hold);
    return {};
}

void RunLoop::refer_all(const SourcePartition& source) {
    if (settings_.orders_every.count() == 0) return;
    auto order = parts_.sink.orders_of(source).refer_all;
    if (order == refers_all_) return;
    refers_all_ = order;
    now_.refers_all = order.has_value();
    decider_->refer_all(order);
    parts_.observer.refers_all(order);
}

// What is asked back is finished first; what is lost is dropped: its new owner reads it again.
Result<void> RunLoop::let_go_of(const Source::Assignment& assignment) {
    for (const auto& source : assignment.lost) TRY_VOID(drop(source, LetGo::kLost));
    if (std::ranges::any_of(assignment.leaving,
                            [this](const auto& source) { return owned_.contains(source); }))
        TRY_VOID(commit());
    crash_point(CrashPoint::kAskedBack);
    for (const auto& source : assignment.leaving) TRY_VOID(drop(source, LetGo::kAskedBack));
    return {};
}

Result<void> RunLoop::drop(const SourcePartition& source, LetGo cause) {
    if (owned_.erase(source) > 0) {
        TRY_VOID(parts_.sink.release(source));
        parts_.observer.let_go(source, cause);
    }
    return parts_.source.released(source);
}

Result<void> RunLoop::take_batch() {
    crash_point(CrashPoint::kPolled);
    // The day is over, say: told to all as any commit, and durable at its source before.
    if (first_pending_.count() >= 0 && parts_.sink.wants_commit()) TRY_VOID(commit());
    if (fenced_.contains(raw_.source)) return {};  // its new owner reads it
    auto place = owned_.find(raw_.source);
    LOANSTREAM_CHECK(place != owned_.end() && raw_.range.begin == place->second.read_next);
    if (settings_.until.is_set() && cut_at(settings_.until, raw_)) {
        place->second.is_at_end = true;
        parts_.source.hold(raw_.source, true);
        if (raw_.range.empty()) return {};
    }
    return decide_batch(raw_, place->second);
}

Result<void> RunLoop::decide_batch(const RawBatch& raw, Owned& place) {
    cleaner_.clean(raw, clean_);
    LOANSTREAM_CHECK(clean_.applications.size() + clean_.rejects.size() == raw.records.size());
    refer_all(raw.source);
    decider_->decide(clean_, decided_);
    LOANSTREAM_CHECK(decided_.decisions.size() + decided_.rejects.size() == raw.records.size());
    if (first_pending_.count() < 0) first_pending_ = parts_.env.monotonic();
    TRY_VOID(parts_.sink.write(decided_));
    place.read_next = raw.range.next;
    for (const auto& record : raw.records)
        if (record.event_ms >= 0 && (oldest_event_ms_ < 0 || record.event_ms < oldest_event_ms_))
            oldest_event_ms_ = record.event_ms;

    now_.batch += 1;
    now_.records += static_cast<std::int64_t>(raw.records.size());
    now_.decided += static_cast<std::int64_t>(decided_.decisions.size());
    now_.rejected += static_cast<std::int64_t>(decided_.rejects.size());
    for (const auto& decision : decided_.decisions)
        now_.by_status[static_cast<std::size_t>(decision.status)] += 1;
    for (const auto& reject : decided_.rejects)
        now_.by_reject[std::string(reject.reason_text)] += 1;
    std::size_t count = decided_.decisions.size();
    for (std::size_t i = count - std::min(count, kRecentRows); i < count; ++i)
        now_.recent.push_back(recent_row(decided_, decided_.decisions[i]));
    while (now_.recent.size() > kRecentRows) now_.recent.pop_front();
    parts_.observer.decided(decided_);
    return {};
}

bool RunLoop::commit_is_due() const {
    if (first_pending_.count() < 0) return false;
    auto pending = parts_.sink.pending();
    return parts_.sink.wants_commit() || pending.rows >= settings_.most_pending_rows ||
           pending.bytes >= settings_.most_pending_bytes ||
           parts_.env.monotonic() - first_pending_ >= settings_.commit_every;
}

Result<void> RunLoop::commit() {
    if (first_pending_.count() < 0) return {};
    for (const auto& [source, place] : owned_)
        if (place.next < place.read_next && !planted(PlantedBug::kMakeDurable))
            TRY_VOID(parts_.source.make_durable(source));
    TRY(Receipt receipt, parts_.sink.commit());
    return take_receipt(receipt);
}

// A day has ended and a partition is quiet: the log must say that nothing more comes of that day.
Result<void> RunLoop::end_day() {
    if (!parts_.sink.day_is_over()) return {};
    for (const auto& [source, place] : owned_)
        if (place.next < place.read_next) TRY_VOID(parts_.source.make_durable(source));
    TRY(Receipt receipt, parts_.sink.end_day(*parts_.policy));
    return take_receipt(receipt);
}

Result<void> RunLoop::take_receipt(const Receipt& receipt) {
    bool any_record = false;
    for (const auto& landed : receipt.landed()) {
        auto place = owned_.find(landed.source);
        LOANSTREAM_CHECK(place != owned_.end() && landed.range.begin == place->second.next);
        place->second.next = landed.range.next;
        TRY_VOID(parts_.source.mirror(landed.source, landed.range.next));
        crash_point(CrashPoint::kMirrored);
        now_.committed_records += landed.records;
        any_record = any_record || !landed.range.empty();
    }
    if (any_record) {
        now_.commits += 1;
        now_.last_commit_ms = parts_.env.now().value;
        if (oldest_event_ms_ >= 0) now_.freshness_ms = now_.last_commit_ms - oldest_event_ms_;
        parts_.observer.committed(receipt);
    }
    first_pending_ = std::chrono::nanoseconds(-1);
    oldest_event_ms_ = -1;
    if (settings_.outlives_fences) {
        for (const auto& source : receipt.fenced()) {
            owned_.erase(source);
            fenced_.insert(source);
            parts_.observer.let_go(source, LetGo::kFenced);
        }
    } else if (!receipt.fenced().empty())
        return fail(ErrorCode::kFenced, "another process has taken over the partition",
                    receipt.fenced().front().text(),
                    "nothing is lost: its new owner goes on; stop one of the two");
    return {};
}

Result<bool> RunLoop::at_the_end() {
    TRY_VOID(end_by_the_clock());
    is_idle_ = is_settled_;
    for (const auto& [source, place] : owned_) {
        bool is_through = place.is_at_end || (settings_.once && place.read_next >= place.end);
        if (place.hold == Hold::kNone && !is_through) is_idle_ = false;
    }
    return settings_.together != nullptr ? settings_.together->all_at_end(settings_.line, is_idle_)
                                         : is_idle_;
}

// A partition to which nothing comes ends too: once the time has passed, what is there then is the
// end. Records on their way at that moment get a second.
Result<void> RunLoop::end_by_the_clock() {
    const auto& time = settings_.until.time;
    if (!time || parts_.env.now().value < time->value + kOnTheirWay.count()) return {};
    for (auto& [source, place] : owned_) {
        if (place.is_at_end) continue;
        TRY(Offset watermark, parts_.source.watermark(source));
        place.is_at_end = place.read_next >= watermark;
        if (place.is_at_end) parts_.source.hold(source, true);
    }
    return {};
}

milliseconds RunLoop::poll_wait() const {
    if (stop_) return milliseconds(0);
    if (settings_.once && !owned_.empty() && !is_idle_) return settings_.once_idle;
    if (first_pending_.count() < 0) return settings_.most_idle;
    auto due = first_pending_ + settings_.commit_every - parts_.env.monotonic();
    auto wait = std::chrono::duration_cast<milliseconds>(due) + milliseconds(1);
    return std::clamp(wait, milliseconds(0), settings_.most_idle);
}

void RunLoop::post() {
    now_.partitions.clear();
    for (const auto& [source, place] : owned_) {
        auto watermark = parts_.source.watermark(source);
        now_.partitions.push_back({source, place.next, place.read_next,
                                   watermark ? *watermark : place.read_next, place.hold});
    }
    now_.waiting_for = waiting_;
    now_.fenced.assign(fenced_.begin(), fenced_.end());
    now_.number += 1;
    parts_.board.post(std::make_shared<Snapshot>(now_));
}

std::string_view name_of(LetGo cause) {
    switch (cause) {
        case LetGo::kAskedBack: return "asked back";
        case LetGo::kLost: return "lost";
        case LetGo::kFenced: return "fenced";
    }
    return {};
}

void RunLoop::move_to(LoopState next) {
    LoopState from = now_.state;
    if (from == next) return;
    bool forward = next > from || (from == LoopState::kRunning && next == LoopState::kWaiting);
    LOANSTREAM_CHECK(forward);
    if (forward) now_.state = next;
}

}  // namespace loanstream

#include "feed/source_loop.h"

#include <fmt/format.h>
#include <algorithm>

#include "http/shown_url.h"

namespace loanstream {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kFirstBackOff(200), kLongestBackOff(30000);
constexpr milliseconds kAgainAfterThrough(1000);
constexpr milliseconds kOneWait(200), kBetweenWords(3000), kRestOfAll(10000);

}  // namespace

SourceLoop::SourceLoop(Env& env, SourceLoopSettings settings, SourceObserver observer)
    : env_(env), settings_(std::move(settings)), observer_(std::move(observer)) {}

Result<std::unique_ptr<SourceLoop>> SourceLoop::open(Env& env,
                                                     std::unique_ptr<ApplicationWriter> writer,
                                                     SourceLoopSettings settings,
                                                     SourceObserver observer) {
    if (!settings.file.empty()) {
        TRY(auto there, env.stat(settings.file));
        if (!there)
            return fail(ErrorCode::kNotFound, "cannot be opened", settings.file,
                        "give a file that is there");
    }
    std::unique_ptr<SourceLoop> loop(new SourceLoop(env, std::move(settings), std::move(observer)));
    if (loop->settings_.file.empty()) {
        TRY(loop->client_, HttpClient::make({loop->settings_.url}));
    }
    loop->writer_ = std::move(writer);
    return loop;
}

void SourceLoop::stop() {
    stop_ = true;
    if (client_) client_->cancel();
    env_.wake();
}

Result<void> SourceLoop::run() {
    auto done = settings_.file.empty() ? run_api() : run_file();
    if (!done) deliver_the_rest();
    return done;
}

// A fault of one record is not one of those that wait behind it.
void SourceLoop::deliver_the_rest() {
    auto end = env_.monotonic() + kRestOfAll;
    bool all = false;
    while (!all && env_.monotonic() < end) {
        auto flushed = writer_->flush(kOneWait);
        all = flushed && *flushed;
        if (!flushed && flushed.error().code != ErrorCode::kOutside) break;
    }
    report();
    all_delivered_ = all;
    if (!all) observer_.note("records that were read are perhaps not in the topic: produce again");
}

void SourceLoop::pause(milliseconds time) {
    auto end = env_.monotonic() + time;
    while (!stop_) {
        auto left = end - env_.monotonic();
        if (left <= std::chrono::nanoseconds(0)) return;
        env_.sleep_for(std::min(std::chrono::ceil<milliseconds>(left), milliseconds(200)));
    }
}

// Doubling, with up to half of it taken off at random, so that many sources do not ask at once.
void SourceLoop::back_off(const Error& error) {
    milliseconds longest =
        std::min(kFirstBackOff * (1 << std::min(failures_, 10)), kLongestBackOff);
    failures_ += 1;
    retries_ += 1;
    auto half = static_cast<std::uint64_t>(longest.count() / 2);
    milliseconds wait = longest - milliseconds(env_.random() % (half + 1));
    observer_.failed(error, wait);
    pause(wait);
}

void SourceLoop::report() {
    std::int64_t delivered = writer_->delivered(), before = produced_.exchange(delivered);
    if (delivered > before) observer_.produced(delivered - before, delivered);
}

Result<void> SourceLoop::await(Result<bool> (ApplicationWriter::*done)(milliseconds)) {
    auto began = env_.monotonic(), said = began;
    while (true) {
        TRY(bool yes, (writer_.get()->*done)(kOneWait));
        report();
        all_delivered_ = yes;
        if (yes || stop_) return {};
        auto now = env_.monotonic();
        if (now - said < kBetweenWords) continue;
        said = now;
        std::string fault = writer_->fault();
        observer_.held(fault.empty() ? "the broker is slow" : fault,
                       std::chrono::duration_cast<milliseconds>(now - began));
    }
}

Result<void> SourceLoop::produce(std::vector<std::string>& waiting) {
    if (waiting.empty()) return {};
    // The API does not give them again: they are written also when one before them has failed.
    auto room = await(&ApplicationWriter::has_room);
    auto written = writer_->write(waiting);
    waiting.clear();
    report();
    return room ? written : room;
}

Result<void> SourceLoop::run_api() {
    std::vector<std::string> waiting;
    auto first = env_.monotonic();
    while (!stop_) {
        auto began = env_.monotonic();
        auto answer = client_->get();
        if (answer && answer->status == 200) {
            failures_ = 0;
            through_ = false;
            if (waiting.empty()) first = began;
            waiting.push_back(std::move(answer->body));
            bool slow = settings_.every > settings_.longest_wait;
            if (slow || static_cast<std::int64_t>(waiting.size()) >= settings_.most_waiting ||
                env_.monotonic() - first >= settings_.longest_wait)
                TRY_VOID(produce(waiting));
            if (slow) TRY_VOID(await(&ApplicationWriter::flush));
            pause(settings_.every -
                  std::chrono::duration_cast<milliseconds>(env_.monotonic() - began));
            continue;
        }
        TRY_VOID(produce(waiting));
        TRY_VOID(await(&ApplicationWriter::flush));
        if (stop_) break;
        if (answer && answer->status == 204) {
            if (!through_.exchange(true))
                observer_.note("the applicant API has no more applications");
            if (settings_.once) return {};
            pause(std::max(settings_.every, kAgainAfterThrough));
            continue;
        }
        back_off(answer ? Error{ErrorCode::kOutside, fmt::format("status {}", answer->status),
                                shown_url(settings_.url), "look at that server's log"}
                        : answer.error());
    }
    TRY_VOID(produce(waiting));
    return await(&ApplicationWriter::flush);
}

Result<void> SourceLoop::run_file() {
    TRY(auto sha256, file_sha256(settings_.file));
    TRY(auto file, ApplicantFile::open(settings_.file));
    TRY(std::int64_t begin, writer_->begin_file(sha256));
    if (begin > 0)
        observer_.note(fmt::format("goes on at row {} of a file that was begun before", begin));
    std::vector<std::string> rows;
    std::string json;
    std::int64_t bytes = 0, first_row = 0;
    for (std::int64_t row = 0; !stop_; ++row) {
        auto next = file->next(json);
        if (!next) TRY_VOID(produce_rows(first_row, rows));  // what came before the fault
        TRY(bool some, std::move(next));
        if (some && row >= begin) {
            if (rows.empty()) first_row = row;
            bytes += static_cast<std::int64_t>(json.size());
            rows.push_back(std::move(json));
        }
        if (!some || bytes >= settings_.most_batch_bytes) {
            TRY_VOID(produce_rows(first_row, rows));
            bytes = 0;
        }
        if (!some) break;
    }
    TRY_VOID(produce_rows(first_row, rows));
    TRY_VOID(await(&ApplicationWriter::flush));
    through_ = !stop_;
    if (std::string left_out = file->left_out(); through_ && !left_out.empty())
        observer_.note(left_out);
    return {};
}

Result<void> SourceLoop::produce_rows(std::int64_t first_row, std::vector<std::string>& rows) {
    if (rows.empty()) return {};
    TRY_VOID(await(&ApplicationWriter::has_room));
    TRY_VOID(writer_->write_rows(first_row, rows));
    rows.clear();
    report();
    return {};
}

}  // namespace loanstream

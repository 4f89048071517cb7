#include "feed/source_loop.h"

#include <fmt/format.h>
#include <algorithm>

#include "feed/envelope.h"

namespace loanstream {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kFirstBackOff(200), kLongestBackOff(30000);
constexpr milliseconds kAgainAfterThrough(1000);

// A record as the topic's line: only what looks like an envelope needs one after to_one_line.
void to_line(std::string& record) {
    to_one_line(record);
    if (needs_envelope(record)) record = to_envelope(record, std::nullopt);
}

}  // namespace

void to_one_line(std::string& text) {
    for (char& c : text)
        if (c == '\n' || c == '\r') c = ' ';
}

SourceLoop::SourceLoop(Env& env, SourceLoopSettings settings, SourceObserver observer)
    : env_(env), settings_(std::move(settings)), observer_(std::move(observer)) {}

Result<std::unique_ptr<SourceLoop>> SourceLoop::open(Env& env, const std::string& topics,
                                                     const TopicDescription& topic,
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
    TopicFolder folder(topics, topic.name);
    for (PartitionId p(0); p.value < topic.partitions; p.value += 1) {
        TRY(auto writer, TopicWriter::open(env, folder, p));
        loop->writers_.push_back(std::move(writer));
    }
    return loop;
}

void SourceLoop::stop() {
    stop_ = true;
    if (client_) client_->cancel();
    env_.wake();
}

Result<void> SourceLoop::run() { return settings_.file.empty() ? run_api() : run_file(); }

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

Result<void> SourceLoop::flush(std::vector<std::string>& waiting) {
    if (waiting.empty()) return {};
    std::vector<std::string_view> lines(waiting.begin(), waiting.end());
    TRY_VOID(writers_[turn_]->append(lines));
    turn_ = (turn_ + 1) % writers_.size();
    auto count = static_cast<std::int64_t>(waiting.size());
    produced_ += count;
    waiting.clear();
    observer_.produced(count, produced_);
    return {};
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
            to_line(answer->body);
            while (answer->body.ends_with(' ')) answer->body.pop_back();
            waiting.push_back(std::move(answer->body));
            bool slow = settings_.every > settings_.longest_wait;
            if (slow || static_cast<std::int64_t>(waiting.size()) >= settings_.most_waiting ||
                env_.monotonic() - first >= settings_.longest_wait)
                TRY_VOID(flush(waiting));
            pause(settings_.every -
                  std::chrono::duration_cast<milliseconds>(env_.monotonic() - began));
            continue;
        }
        TRY_VOID(flush(waiting));
        if (stop_) break;
        if (answer && answer->status == 204) {
            if (!through_.exchange(true))
                observer_.note("the applicant API has no more applications");
            if (settings_.once) return {};
            pause(std::max(settings_.every, kAgainAfterThrough));
            continue;
        }
        back_off(answer ? Error{ErrorCode::kOutside, fmt::format("status {}", answer->status),
                                settings_.url, "look at that server's log"}
                        : answer.error());
    }
    return flush(waiting);
}

// Row r goes to partition r mod partitions; each partition goes on where it left off.
Result<void> SourceLoop::run_file() {
    TRY(sha256_, file_sha256(settings_.file));
    TRY(auto file, ApplicantFile::open(settings_.file));
    std::int64_t begin = -1;
    for (std::size_t p = 0; p < writers_.size(); ++p) {
        TRY(std::int64_t row, writers_[p]->next_row(sha256_, static_cast<std::int64_t>(p)));
        next_row_.push_back(row);
        begin = begin < 0 ? row : std::min(begin, row);
    }
    if (begin >= static_cast<std::int64_t>(writers_.size()))
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
            to_line(json);
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
    through_ = !stop_;
    if (std::string left_out = file->left_out(); through_ && !left_out.empty())
        observer_.note(left_out);
    return {};
}

Result<void> SourceLoop::produce_rows(std::int64_t first_row, std::vector<std::string>& rows) {
    auto count = static_cast<std::int64_t>(writers_.size());
    for (std::int64_t p = 0; p < count; ++p) {
        auto at = static_cast<std::size_t>(p);
        std::vector<std::string_view> lines;
        std::int64_t first = next_row_[at];
        for (std::size_t i = 0; i < rows.size(); ++i) {
            std::int64_t row = first_row + static_cast<std::int64_t>(i);
            if (row % count == p && row >= first) lines.push_back(rows[i]);
        }
        if (lines.empty()) continue;
        TRY_VOID(writers_[at]->append(lines, TopicWriter::FileRows{sha256_, first, count}));
        next_row_[at] = first + static_cast<std::int64_t>(lines.size()) * count;
        produced_ += static_cast<std::int64_t>(lines.size());
        observer_.produced(static_cast<std::int64_t>(lines.size()), produced_);
    }
    rows.clear();
    return {};
}

}  // namespace loanstream

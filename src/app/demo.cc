#include "app/demo.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/stream_view.h"
#include "base/text_box.h"

namespace loanstream {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kBetweenDraws(250), kBetweenLines(1000);
constexpr std::chrono::seconds kLongestDrain(60);
constexpr const char* kHomeAndClear = "\x1b[H\x1b[J";

double seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

}  // namespace

Result<std::unique_ptr<Demo>> Demo::start(Env& env, const Settings& settings, DemoRequest request) {
    DataFolders folders(settings);
    std::unique_ptr<Demo> demo(new Demo(env, std::move(request)));
    HttpServerSettings server;  // port 0: a demo must not meet a taken port
    TRY(demo->applicants_, ApplicantServer::start(server, demo->request_.applicants, false));
    auto partitions = static_cast<std::int32_t>(settings.number("topic.partitions"));
    TRY(auto topic, create_topic_if_missing(env, folders.topics, demo->request_.topic, partitions));
    SourceLoopSettings source;
    source.url = demo->applicants_->url();
    source.every = demo->request_.every;
    source.once = demo->request_.has_end;
    TRY(auto writer, TopicApplicationWriter::open(env, folders.topics, topic));
    TRY(demo->source_, SourceLoop::open(env, std::move(writer), source, {}));
    StreamRequest stream;
    stream.topic = demo->request_.topic;
    TRY(demo->stream_, StreamSession::open(env, settings, stream, demo->nobody_, demo->board_,
                                           demo->no_merge_observer_));
    demo->began_ = env.monotonic();
    Demo* raw = demo.get();
    demo->source_thread_ = std::thread([raw] {
        if (auto done = raw->source_->run(); !done) raw->note_fault(done.error());
        raw->source_ended_ = true;
        raw->env_.wake();
    });
    demo->stream_thread_ = std::thread([raw] {
        if (auto done = raw->stream_->run(); !done) raw->note_fault(done.error());
        raw->stream_ended_ = true;
        raw->env_.wake();
    });
    return demo;
}

Demo::~Demo() {
    if (source_) source_->stop();
    if (stream_) stream_->stop();
    if (source_thread_.joinable()) source_thread_.join();
    if (stream_thread_.joinable()) stream_thread_.join();
}

void Demo::stop() {
    stop_ = true;
    env_.wake();
}

void Demo::note_fault(const Error& error) {
    std::lock_guard lock(fault_mutex_);
    if (!fault_) fault_ = error;
}

std::optional<Error> Demo::fault() const {
    std::lock_guard lock(fault_mutex_);
    return fault_;
}

bool Demo::is_over() const {
    bool late = request_.longest && env_.monotonic() - began_ >= *request_.longest;
    return stop_ || late || source_ended_ || stream_ended_ || fault();
}

Result<void> Demo::watch(bool is_terminal) {
    auto last_drawn = env_.monotonic() - kBetweenLines;
    std::int64_t records_then = 0;
    while (!is_over()) {
        env_.sleep_for(kBetweenDraws);
        auto now = env_.monotonic();
        auto shown = board_.newest();
        if (now - last_drawn < (is_terminal ? kBetweenDraws : kBetweenLines)) continue;
        double rate =
            static_cast<double>(shown->records - records_then) / seconds(now - last_drawn);
        last_drawn = now;
        records_then = shown->records;
        if (is_terminal) {
            draw(*shown, rate);
        } else {
            fmt::print("{}\n", status_line(*shown, rate));
            std::fflush(stdout);
        }
    }
    TRY_VOID(drain());
    auto shown = board_.newest();
    double rate = static_cast<double>(shown->records) / seconds(env_.monotonic() - began_);
    if (is_terminal)
        draw(*shown, rate);
    else
        fmt::print("{}\n", status_line(*shown, rate));
    return {};
}

// The source first, then the stream once it has landed all that was produced.
Result<void> Demo::drain() {
    source_->stop();
    source_thread_.join();
    auto end = env_.monotonic() + kLongestDrain;
    while (!stream_ended_ && board_.newest()->committed_records < source_->produced()) {
        if (env_.monotonic() >= end)
            return fail(ErrorCode::kTimeout, "what was produced has not landed within a minute", {},
                        "loanstream stream --once goes on where this left off");
        env_.sleep_for(milliseconds(20));
    }
    stream_->stop();
    stream_thread_.join();
    if (std::string broken = applicants_->fault(); !broken.empty())
        return fail(ErrorCode::kInvalidData, broken);
    if (auto error = fault()) return std::unexpected(*error);
    return {};
}

void Demo::draw(const Snapshot& snapshot, double records_per_second) const {
    std::int64_t lag = source_->produced() - snapshot.committed_records;
    std::string text = kHomeAndClear;
    text += fmt::format("loanstream demo   {:.0f} s   ", seconds(env_.monotonic() - began_));
    text += request_.longest ? fmt::format("ends after {} s, or with Ctrl-C\n\n",
                                           request_.longest->count() / 1000)
                             : std::string("ends with its file, or with Ctrl-C\n\n");
    text += fmt::format("  applicants  {} served        {}\n", with_commas(applicants_->served()),
                        applicants_->url());
    text += fmt::format("  topic       {} produced      {}\n", with_commas(source_->produced()),
                        request_.topic);
    text += fmt::format("  stream      {} decided, {} rejected, {} records/s\n",
                        with_commas(snapshot.decided), with_commas(snapshot.rejected),
                        with_commas(static_cast<long long>(records_per_second)));
    text += fmt::format("  decisions   {}\n", decision_mix(snapshot));
    text += fmt::format("  table       {} landed in {} commits, {} waiting",
                        with_commas(snapshot.committed_records), snapshot.commits,
                        with_commas(std::max<std::int64_t>(lag, 0)));
    if (snapshot.freshness_ms >= 0)
        text +=
            fmt::format(", freshness {:.1f} s", static_cast<double>(snapshot.freshness_ms) / 1000);
    text += "\n";
    std::string rejects;
    for (const auto& [reason, count] : snapshot.by_reject)
        rejects += fmt::format("{}{} {}", rejects.empty() ? "" : ", ", with_commas(count), reason);
    text += fmt::format("  rejected    {}\n\n", rejects.empty() ? "none" : rejects);
    text += recent_box(snapshot, 12, 44);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

}  // namespace loanstream

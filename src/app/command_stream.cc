#include <fmt/format.h>

#include <atomic>
#include <charconv>

#include "app/command.h"
#include "app/dry_run.h"
#include "app/kafka_settings.h"
#include "app/service_notify.h"
#include "app/stop_signals.h"
#include "app/stream_log.h"
#include "app/stream_pages.h"
#include "app/stream_session.h"
#include "app/stream_view.h"
#include "base/build_info.h"
#include "table/table_reader.h"

namespace loanstream {

namespace {

// "0,2,5"
Result<std::set<std::int32_t>> partitions_option(const Arguments& arguments) {
    std::set<std::int32_t> chosen;
    auto text = arguments.value("--partitions");
    if (!text) return chosen;
    std::string_view rest = *text;
    while (true) {
        std::int32_t number = 0;
        auto [end, status] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
        if (status != std::errc{} || number < 0)
            return fail(ErrorCode::kUsage, "--partitions takes numbers, not '" + *text + "'", {},
                        "for example --partitions 0,1");
        chosen.insert(number);
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        if (rest.empty()) return chosen;
        if (rest.front() != ',')
            return fail(ErrorCode::kUsage, "--partitions takes numbers, not '" + *text + "'", {},
                        "for example --partitions 0,1");
        rest.remove_prefix(1);
    }
}

Result<void> print_table(Env& env, const std::string& warehouse, std::int64_t rows) {
    LocalFileStore files(env);
    TRY(auto reader, Warehouse::open_to_read(env, files, warehouse));
    TRY(auto overview, table_overview(env, *reader, {rows}));
    fmt::print("{}", overview.text());
    std::fflush(stdout);
    return {};
}

// As the replaced job did: each batch, and the table after it (at most every few seconds).
class BatchAndTable : public StreamPrinter {
public:
    BatchAndTable(Env& env, Logger& log, std::string warehouse, bool quiet)
        : StreamPrinter(env, stdout, quiet),
          env_(env),
          log_(log),
          warehouse_(std::move(warehouse)),
          quiet_(quiet) {}
    void committed(const Receipt& receipt) override {
        StreamPrinter::committed(receipt);
        auto now = env_.monotonic();
        if (quiet_ || (last_.count() >= 0 && now - last_ < kBetweenTables)) return;
        last_ = now;
        if (auto shown = print_table(env_, warehouse_, 20); !shown)
            log_.event(events::kTableNotShown, shown.error());
    }

private:
    static constexpr std::chrono::seconds kBetweenTables{2};
    Env& env_;
    Logger& log_;
    std::string warehouse_;
    bool quiet_;
    std::chrono::nanoseconds last_{-1};
};

Result<int> run_dry(Invocation& in) {
    std::int64_t limit = 1000;
    if (auto text = in.arguments.value("--limit")) {
        auto [end, status] = std::from_chars(text->data(), text->data() + text->size(), limit);
        if (status != std::errc{} || end != text->data() + text->size() || limit < 1)
            return fail(ErrorCode::kUsage, "--limit takes a number, not '" + *text + "'", {},
                        "for example --limit 1000");
    }
    TRY(auto report, dry_run(in.env, in.settings, in.topic, limit));
    fmt::print("{}{}", in.arguments.has("--json") ? report.json() : report.text(),
               in.arguments.has("--json") ? "\n" : "");
    return 0;
}

Result<StartPlace> start_option(const Invocation& in) {
    auto text = in.arguments.value("--start");
    for (const char* option : {"--start", "--accept-reset"})
        if (in.arguments.has(option) && !uses_kafka(in.settings))
            return fail(ErrorCode::kUsage, std::string(option) + " is for topics on Kafka", {},
                        "an embedded topic is read from its first record");
    if (!text) return StartPlace{};
    if (!text->starts_with("file:")) return StartPlace::parse(*text);
    std::string path = text->substr(5);
    TRY(auto bytes, in.env.read_whole(path, 1 << 20));
    return StartPlace::from_csv(bytes, path);
}

Result<int> run_stream(Invocation& in) {
    if (in.arguments.has("--dry-run")) return run_dry(in);
    for (const char* option : {"--limit", "--json"})
        if (in.arguments.has(option))
            return fail(ErrorCode::kUsage, std::string(option) + " goes with --dry-run");
    StreamRequest request;
    request.topic = in.topic;
    request.once = in.arguments.has("--once");
    request.accept_reset = in.arguments.has("--accept-reset");
    if (auto until = in.arguments.value("--until")) {
        TRY(request.until, ReadingEnd::parse(*until));
    }
    TRY(request.start, start_option(in));
    TRY(request.partitions, partitions_option(in.arguments));
    bool quiet = in.arguments.has("--quiet");
    DataFolders folders(in.settings);
    BatchAndTable view(in.env, *in.log, folders.warehouse, quiet);
    SnapshotBoard board;
    std::string policy = in.settings.text("policy");
    StreamWatch watch(in.env, *in.log, board, stream_watch_settings(in.settings));
    StreamLog observer(in.env, *in.log, board, view, watch,
                       {in.arguments.value("--metrics").value_or(""),
                        policy.ends_with(".toml") ? policy : std::string()});
    // Signals are heard before anything is opened: a broker may take its time to answer.
    std::unique_ptr<StreamSession> session;
    std::atomic<StreamSession*> opened{nullptr};
    StopSignals signals([&] {
        if (auto* one = opened.load()) one->stop();
    });
    TRY(session,
        StreamSession::open(in.env, in.settings, request, observer, board, observer, observer));
    opened = session.get();
    if (signals.asked()) session->stop();
    in.log->event(events::kStreamStarted, {{"topic", in.topic},
                                           {"policy", session->policy().name},
                                           {"policy_hash", session->policy().hash},
                                           {"model_hash", session->policy().model_hash},
                                           {"program", LOANSTREAM_VERSION}});
    auto pages = StreamPages::start(
        in.env, *in.log, in.settings, in.topic, [&] { return observer.metrics(); }, watch);
    watch.start([&] { session->rejoin(); });
    Result<void> ran;
    {
        ServiceNotify notify(NotifySettings::from_environment(), board);
        ran = session->run();
    }
    watch.stop();
    TRY_VOID(ran);
    observer.stopped();
    auto end = board.newest();
    if (!quiet && request.once) TRY_VOID(print_table(in.env, folders.warehouse, 20));
    fmt::print("{}\n", status_line(*end));
    return 0;
}

}  // namespace

void add_stream_commands(std::vector<CommandSpec>& commands) {
    commands.push_back(
        {"stream",
         "the job: reads the topic, cleans, decides, and lands every decision exactly once",
         "[PROFILE] [TOPIC]",
         {{"--once", "", "to the end of what is there now, then stop"},
          {"--until", "END",
           "to an offset of each partition (that record is not read any more), or to "
           "time:2026-11-23T10:00:00Z (nor are records from then on), then stop"},
          {"--partitions", "LIST", "only these, such as 0,1 (default: all that are free)"},
          {"--start", "PLACE",
           "on Kafka, where a new table begins: earliest (default), latest, "
           "time:2026-11-23T10:00:00Z, group:NAME (where that consumer group stands), "
           "file:offsets.csv (lines partition,offset)"},
          {"--accept-reset", "",
           "on Kafka, go on with a topic that was deleted and made again; an entry in the log "
           "says so"},
          {"--quiet", "", "do not show batches and the table"},
          {"--metrics", "FILE", "keep the job's metrics there, in Prometheus text format"},
          {"--dry-run", "", "decide and report what was found and rejected; write nothing"},
          {"--limit", "N", "records of a dry run (default 1000)"},
          {"--json", "", "a dry run's report for programs"}},
         {"loanstream stream", "loanstream stream --once --quiet",
          "loanstream stream --until time:2026-11-23T10:00:00Z --quiet",
          "loanstream stream --dry-run --limit 500",
          "loanstream stream embedded applicants --partitions 0,1", "loanstream stream local",
          "loanstream stream local --start group:1 --once --quiet"},
         run_stream});
}

}  // namespace loanstream

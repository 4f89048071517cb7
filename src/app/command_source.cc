#include <fmt/format.h>

#include <atomic>

#include "app/applicants.h"
#include "app/command.h"
#include "app/kafka_settings.h"
#include "app/metrics_file.h"
#include "app/stop_signals.h"
#include "app/stream_session.h"
#include "base/metrics.h"
#include "base/text_box.h"
#include "feed/source_loop.h"
#include "feed/topic_application_writer.h"
#include "http/shown_url.h"
#include "kafka/kafka_writer.h"

namespace loanstream {

namespace {

Result<std::unique_ptr<ApplicationWriter>> open_writer(Invocation& in) {
    if (!uses_kafka(in.settings)) {
        std::string topics = DataFolders(in.settings).topics;
        TRY(auto topic, create_topic_if_missing(
                            in.env, topics, in.topic,
                            static_cast<std::int32_t>(in.settings.number("topic.partitions"))));
        return TopicApplicationWriter::open(in.env, topics, topic);
    }
    TRY(auto access, kafka_access(in.settings));
    KafkaWriterSettings settings;
    TRY(settings.policy, load_policy(in.settings.text("policy"), in.settings.text("model")));
    settings.topic = in.topic;
    settings.compression = in.settings.text("kafka.compression");
    settings.most_record_bytes = in.settings.number("source.max_record_bytes");
    TRY(auto writer, KafkaWriter::open(access, settings));
    if (!writer->is_idempotent())
        in.log->event(events::kSourceNote,
                      {{"note",
                        "these brokers are older than 0.11: without idempotence a record "
                        "may be produced twice after a broken connection"}});
    return writer;
}

Result<SourceLoopSettings> loop_settings(const Invocation& in) {
    SourceLoopSettings settings;
    settings.url = in.arguments.value("--url").value_or(in.settings.text("source.url"));
    settings.file = in.arguments.value("--file").value_or("");
    settings.once = in.arguments.has("--once");
    settings.every = in.settings.duration("source.every");
    if (auto text = in.arguments.value("--every")) {
        TRY(auto one, Settings::resolve("embedded", {"source.every=" + *text}));
        settings.every = one.duration("source.every");
    }
    return settings;
}

Result<int> run_source(Invocation& in) {
    TRY(auto settings, loop_settings(in));
    bool quiet = in.arguments.has("--quiet");
    // Signals are heard before anything is opened: a broker may take its time to answer.
    std::unique_ptr<SourceLoop> loop;
    std::atomic<SourceLoop*> opened{nullptr};
    StopSignals signals([&] {
        if (auto* one = opened.load()) one->stop();
    });
    TRY(auto writer, open_writer(in));
    SourceObserver observer;
    bool every_one = !quiet && settings.file.empty() && settings.every.count() > 0;
    auto last = std::chrono::nanoseconds(-1);
    std::int64_t retries = 0;
    auto keep_metrics = [&](std::int64_t produced) {
        auto path = in.arguments.value("--metrics");
        if (!path) return;
        MetricsText text;
        text.add(metrics::kProduced, static_cast<double>(produced));
        text.add(metrics::kRetries, static_cast<double>(retries));
        if (auto written = write_metrics_file(in.env, *path, text.text()); !written)
            in.log->event(events::kMetricsNotWritten, written.error());
    };
    observer.produced = [&, every_one](std::int64_t, std::int64_t produced) {
        auto now = in.env.monotonic();
        bool due = last.count() < 0 || now - last >= std::chrono::seconds(1);
        if (due) keep_metrics(produced);
        if (due) last = now;
        if (quiet || (!every_one && !due)) return;
        fmt::print("produced {} to {}\n", with_commas(produced), in.topic);
        std::fflush(stdout);
    };
    observer.failed = [&](const Error& error, std::chrono::milliseconds wait) {
        retries += 1;
        in.log->event(events::kSourceRetry, error, {{"wait_ms", wait.count()}});
    };
    observer.note = [&](const std::string& note) {
        in.log->event(events::kSourceNote, {{"note", note}});
    };
    observer.held = [&](const std::string& why, std::chrono::milliseconds since) {
        in.log->event(events::kSourceHeld, {{"why", why}, {"since_ms", since.count()}});
    };
    TRY(loop, SourceLoop::open(in.env, std::move(writer), settings, observer));
    opened = loop.get();
    if (signals.asked()) loop->stop();
    in.log->event(events::kSourceStarted,
                  {{"topic", in.topic},
                   {"from", settings.file.empty() ? shown_url(settings.url) : settings.file}});
    TRY_VOID(loop->run());
    bool all = loop->all_delivered();
    keep_metrics(loop->produced());
    in.log->event(events::kSourceStopped,
                  {{"produced", loop->produced()}, {"retries", loop->retries()}});
    fmt::print("produced {} to {}, durably\n", with_commas(loop->produced()), in.topic);
    if (!all)
        return fail(ErrorCode::kOutside, "stopped while records were not delivered yet", in.topic,
                    "they are not in the topic for certain; run it again");
    return 0;
}

Result<int> serve_applicants(Invocation& in) {
    std::string file = in.arguments.words.empty() ? "" : in.arguments.words.front();
    HttpServerSettings server;
    server.port = static_cast<std::uint16_t>(in.settings.number("applicants.port"));
    if (auto text = in.arguments.value("--port")) {
        TRY(auto one, Settings::resolve("embedded", {"applicants.port=" + *text}));
        server.port = static_cast<std::uint16_t>(one.number("applicants.port"));
    }
    TRY(auto open, applicants_from(file, in.arguments));
    // Before the server's thread: it must not be the one that a signal ends.
    std::atomic<bool> stop{false};
    StopSignals signals([&] {
        stop = true;
        in.env.wake();
    });
    TRY(auto applicants,
        ApplicantServer::start(server, std::move(open), in.arguments.has("--repeat")));
    fmt::print("applications at {}\n", applicants->url());
    std::fflush(stdout);
    bool said = false;
    while (!stop) {
        in.env.sleep_for(std::chrono::milliseconds(500));
        if (std::string fault = applicants->fault(); !fault.empty() && !std::exchange(said, true))
            in.log->event(events::kApiFault, {{"cause", fault}});
        if (applicants->through() && !std::exchange(said, true)) {
            fmt::print("all {} applications are served; answers 204 from now on\n",
                       with_commas(applicants->served()));
            std::fflush(stdout);
        }
    }
    fmt::print("served {} applications\n", with_commas(applicants->served()));
    return 0;
}

Result<void> print_bytes(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size())
        return fail(ErrorCode::kOutside, "standard output cannot be written");
    return {};
}

Result<int> generate(Invocation& in) {
    TRY(auto format, format_option(in.arguments));
    TRY(auto settings, generator_settings(in.arguments, format));
    GeneratedApplicants applicants(settings);
    bool is_csv = format == ApplicantFormat::kCsv;
    if (is_csv) TRY_VOID(print_bytes(GeneratedApplicants::csv_head()));
    std::string record;
    while (true) {
        TRY(bool some, is_csv ? applicants.next_csv(record) : applicants.next(record));
        if (!some) break;
        if (!is_csv) record += '\n';
        TRY_VOID(print_bytes(record));
    }
    if (is_csv) TRY_VOID(print_bytes(applicants.csv_tail()));
    if (std::fflush(stdout) != 0)
        return fail(ErrorCode::kOutside, "standard output cannot be written");
    return 0;
}

}  // namespace

void add_applicants_commands(std::vector<CommandSpec>& commands) {
    std::vector<OptionSpec> generated = {
        {"-n", "N", "applications to generate (default 1000)"},
        {"--seed", "S", "the same seed gives the same applications (default 1)"},
        {"--dirty", "SHARE|KIND=SHARE",
         "share with something wrong in them (default 0.01); of one kind; may be given again"}};
    std::vector<OptionSpec> serve = {
        {"--port", "N", "default 5000 on 127.0.0.1; 0: any free one"},
        {"--repeat", "", "begin anew at the end instead of answering 204"},
        {"--set", "KEY=VALUE", "any setting; may be given again"}};
    serve.insert(serve.end(), generated.begin(), generated.end());
    commands.push_back({"applicants serve",
                        "the applicant API: one application a GET, from a file or generated",
                        "[FILE]",
                        serve,
                        {"loanstream applicants serve LoanStats_2016Q1.csv",
                         "loanstream applicants serve --port 0 -n 100"},
                        serve_applicants});
    generated.push_back({"--format", "FORM", "jsonl (default), or csv as in the raw download"});
    commands.push_back(
        {"applicants generate",
         "synthetic applications on stdout, distributed as real ones are",
         "",
         generated,
         {"loanstream applicants generate -n 1000 --seed 7 > some.jsonl",
          "loanstream applicants generate -n 1000 --format csv --dirty 0 > LoanStats.csv",
          "loanstream applicants generate --dirty huge=0.01 --dirty truncated=0.01"},
         generate});
}

void add_source_commands(std::vector<CommandSpec>& commands) {
    commands.push_back(
        {"source",
         "polls the applicant API, or reads a CSV or JSONL file, and produces into the topic",
         "[PROFILE] [TOPIC]",
         {{"--file", "FILE", "read this CSV or JSONL (also .gz) instead of polling"},
          {"--url", "URL", "the applicant API"},
          {"--every", "TIME", "between two polls (default 5s); 0: as fast as it answers"},
          {"--once", "", "end when the API has no more applications"},
          {"--metrics", "FILE", "keep the source's metrics there, in Prometheus text format"},
          {"--quiet", "", "only what went wrong, and the end"}},
         {"loanstream source", "loanstream source --every 0 --once",
          "loanstream source embedded applicants --file LoanStats_2016Q1.csv.gz",
          "loanstream source local"},
         run_source});
}

}  // namespace loanstream

#include <fmt/format.h>

#include <charconv>

#include "app/command.h"
#include "app/stop_signals.h"
#include "app/stream_session.h"
#include "app/stream_view.h"
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
    TRY(auto overview, table_overview(env, *reader, rows));
    fmt::print("{}", overview.text());
    std::fflush(stdout);
    return {};
}

// As the replaced job did: each batch, and the table after it (at most every few seconds).
class BatchAndTable : public StreamPrinter {
public:
    BatchAndTable(Env& env, std::string warehouse, bool quiet)
        : StreamPrinter(env, stdout, quiet),
          env_(env),
          warehouse_(std::move(warehouse)),
          quiet_(quiet) {}
    void committed(const Receipt& receipt) override {
        StreamPrinter::committed(receipt);
        auto now = env_.monotonic();
        if (quiet_ || (last_.count() >= 0 && now - last_ < kBetweenTables)) return;
        last_ = now;
        if (auto shown = print_table(env_, warehouse_, 20); !shown)
            fmt::print(stderr, "loanstream: the table cannot be shown: {}\n", shown.error().line());
    }

private:
    static constexpr std::chrono::seconds kBetweenTables{2};
    Env& env_;
    std::string warehouse_;
    bool quiet_;
    std::chrono::nanoseconds last_{-1};
};

Result<int> run_stream(Invocation& in) {
    StreamRequest request;
    request.topic = in.topic;
    request.once = in.arguments.has("--once");
    TRY(request.partitions, partitions_option(in.arguments));
    bool quiet = in.arguments.has("--quiet");
    DataFolders folders(in.settings);
    BatchAndTable observer(in.env, folders.warehouse, quiet);
    SnapshotBoard board;
    TRY(auto session, StreamSession::open(in.env, in.settings, request, observer, board));
    StopSignals signals([&] { session->stop(); });
    TRY_VOID(session->run());
    auto end = board.newest();
    if (!quiet && request.once) TRY_VOID(print_table(in.env, folders.warehouse, 20));
    fmt::print("{}\n", status_line(*end, 0));
    return 0;
}

}  // namespace

void add_stream_commands(std::vector<CommandSpec>& commands) {
    commands.push_back(
        {"stream",
         "the job: reads the topic, cleans, decides, and lands every decision exactly once",
         "[PROFILE] [TOPIC]",
         {{"--once", "", "to the end of what is there now, then stop"},
          {"--partitions", "LIST", "only these, such as 0,1 (default: all that are free)"},
          {"--quiet", "", "do not show batches and the table"}},
         {"loanstream stream", "loanstream stream --once --quiet",
          "loanstream stream embedded applicants --partitions 0,1"},
         run_stream});
}

}  // namespace loanstream

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "app/applicants.h"
#include "app/command.h"
#include "app/demo.h"
#include "app/stop_signals.h"
#include "app/topic_counter.h"
#include "base/log_line.h"
#include "base/text_box.h"
#include "table/dead_letters.h"
#include "table/prove.h"
#include "table/table_reader.h"

namespace loanstream {

namespace {

constexpr std::int64_t kUsualSeconds = 60;

// Each demo has a folder of its own unless --data says otherwise, so that its counts are its own.
Result<Settings> demo_settings(Invocation& in) {
    if (in.settings.all().at("data").origin != "default") return in.settings;
    std::string stamp = utc_text(in.env.now()).substr(0, 19);
    std::replace(stamp.begin(), stamp.end(), ':', '-');
    std::vector<std::string> sets = {"data=" + in.settings.text("data") + "/demo-" + stamp};
    for (const auto& [key, value] : in.settings.all())
        if (key != "data" && value.origin != "default") sets.push_back(key + "=" + value.text);
    return Settings::resolve(in.settings.profile(), sets);
}

Result<DemoRequest> demo_request(Invocation& in) {
    DemoRequest request;
    request.topic = in.topic;
    std::string file = in.arguments.value("--applicants").value_or("");
    request.has_end = !file.empty() || in.arguments.has("-n");
    if (!request.has_end) in.arguments.values["-n"] = {"1e15"};
    TRY(request.applicants, applicants_from(file, in.arguments));
    // A generated feed is paced so that a person can follow it; a file goes as fast as it can.
    request.every = std::chrono::milliseconds(request.has_end ? 0 : 2);
    if (auto text = in.arguments.value("--for")) {
        auto time = parse_duration_ms(*text);
        if (!time)
            return fail(ErrorCode::kUsage, "--for takes a time, not '" + *text + "'", {},
                        "for example --for 30s");
        request.longest = std::chrono::milliseconds(static_cast<std::int64_t>(*time));
    } else if (!request.has_end && !in.arguments.has("--keep")) {
        request.longest = std::chrono::seconds(kUsualSeconds);
    }
    return request;
}

// The table, the dead letters and the proof, as the demo's last words.
Result<int> last_words(Invocation& in, const Settings& settings, const Demo& demo) {
    DataFolders folders(settings);
    LocalFileStore files(in.env);
    TRY(auto warehouse, Warehouse::open_to_read(in.env, files, folders.warehouse));
    TRY(auto overview, table_overview(in.env, *warehouse, {10}));
    TRY(auto dead, list_dead(in.env, *warehouse, {}));
    TopicCounter counter(in.env, folders.topics);
    ProveRequest request;
    request.complete = true;
    request.topics = {in.topic};
    TRY(auto report, prove(in.env, files, folders.warehouse, request, &counter));
    fmt::print("\n{}\ndead letters\n{}\n", overview.text(), dead.text());
    if (const auto* file = dynamic_cast<const ApplicantFile*>(&demo.applicants().applicants()))
        if (std::string left_out = file->left_out(); !left_out.empty())
            fmt::print("{}\n", left_out);
    fmt::print("{} applications served\n{}", with_commas(demo.applicants().served()),
               report.text());
    std::string data = settings.text("data");
    fmt::print(
        "\nlook further:  loanstream table sql \"select status, count(*) from prediction "
        "group by 1\" --data {}\n               loanstream dead list --data {}\n",
        data, data);
    return report.proved ? 0 : 1;
}

Result<int> run_demo(Invocation& in) {
    TRY(auto settings, demo_settings(in));
    TRY(auto request, demo_request(in));
    bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
    std::atomic<Demo*> running{nullptr};
    std::atomic<bool> early{false};
    StopSignals signals([&] {
        early = true;
        if (Demo* demo = running) demo->stop();
    });
    TRY(auto demo, Demo::start(in.env, settings, std::move(request)));
    running = demo.get();
    if (early) demo->stop();
    auto watched = demo->watch(is_terminal);
    running = nullptr;
    if (!watched) return std::unexpected(std::move(watched).error());
    return last_words(in, settings, *demo);
}

}  // namespace

void add_demo_commands(std::vector<CommandSpec>& commands) {
    commands.push_back(
        {"demo",
         "feed, source, stream and table in one process: no broker, no JVM",
         "[PROFILE] [TOPIC]",
         {{"--applicants", "FILE", "real applications: LendingClub CSV (also .gz) or JSONL"},
          {"--for", "TIME", "how long, such as 30s (default: a file to its end, else 60s)"},
          {"--keep", "", "go on until Ctrl-C"},
          {"-n", "N", "end after N generated applications, as fast as possible"},
          {"--seed", "S", "of the generated applications (default 1)"},
          {"--dirty", "SHARE|KIND=SHARE", "share of them with something wrong (default 0.01)"}},
         {"loanstream demo", "loanstream demo --applicants LoanStats3a.csv.gz",
          "loanstream demo --for 30s --policy fintech-classic"},
         run_demo});
}

}  // namespace loanstream

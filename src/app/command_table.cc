#include <fmt/format.h>

#include <unistd.h>
#include <cstdlib>

#include "app/applicants.h"
#include "app/command.h"
#include "app/job_source.h"
#include "app/kafka_settings.h"
#include "app/stream_session.h"
#include "feed/topic.h"
#include "table/prove.h"
#include "table/sql.h"
#include "table/table_reader.h"

namespace loanstream {

namespace {

// A warehouse opened to read, with what it stands on.
struct Reader {
    std::unique_ptr<LocalFileStore> files;
    std::unique_ptr<Warehouse> warehouse;
};

Result<Reader> open_reader(Invocation& in) {
    Reader reader{std::make_unique<LocalFileStore>(in.env), nullptr};
    auto opened =
        Warehouse::open_to_read(in.env, *reader.files, DataFolders(in.settings).warehouse);
    if (!opened && opened.error().code == ErrorCode::kNotFound)
        return fail(ErrorCode::kNotFound, "there is no table yet",
                    DataFolders(in.settings).warehouse,
                    "loanstream demo makes one; --data DIR names the folder of its state");
    if (!opened) return std::unexpected(std::move(opened).error());
    reader.warehouse = std::move(*opened);
    return reader;
}

Result<int> show(Invocation& in) {
    TRY(auto reader, open_reader(in));
    TRY(double rows, number_option(in.arguments, "--rows", 20));
    TRY(auto overview,
        table_overview(in.env, *reader.warehouse,
                       {static_cast<std::int64_t>(rows), in.settings.number("table.file_size")}));
    fmt::print("{}", in.arguments.has("--json") ? overview.json() : overview.text());
    return 0;
}

Result<int> files(Invocation& in) {
    TRY(auto reader, open_reader(in));
    TRY(auto list, table_files(*reader.warehouse));
    const Layout& layout = reader.warehouse->layout();
    fmt::print("{}",
               in.arguments.has("--json") ? files_as_json(layout, list) : files_as_text(list));
    return 0;
}

std::string duckdb_program() {
    const char* chosen = std::getenv("LOANSTREAM_DUCKDB");
    if (chosen != nullptr && *chosen != '\0') return chosen;
    std::string built = LOANSTREAM_DUCKDB_PATH;
    return built.empty() ? "duckdb" : built;
}

Result<int> sql(Invocation& in) {
    if (in.arguments.words.size() != 1)
        return fail(ErrorCode::kUsage, "table sql takes one query", {},
                    "loanstream table sql \"select status, count(*) from prediction group by 1\"");
    TRY(auto reader, open_reader(in));
    SqlRequest request;
    request.duckdb = duckdb_program();
    request.query = in.arguments.words.front();
    request.form = in.arguments.has("--json")  ? SqlForm::kJson
                   : in.arguments.has("--csv") ? SqlForm::kCsv
                                               : SqlForm::kBox;
    return run_sql(in.env, *reader.warehouse, request);
}

Result<int> run_prove(Invocation& in) {
    DataFolders folders(in.settings);
    LocalFileStore store(in.env);
    ProveRequest request;
    request.quick = in.arguments.has("--quick");
    request.complete = in.arguments.has("--complete");
    std::unique_ptr<SourceCounter> counter;
    if (!request.quick) {
        TRY(counter, open_counter(in.env, in.settings));
    }
    // On Kafka there are topics of others: only those that the log knows.
    if (request.complete && !uses_kafka(in.settings)) {
        TRY(auto topics, list_topics(in.env, folders.topics));
        for (const auto& topic : topics) request.topics.push_back(topic.name);
    }
    TRY(auto report, prove(in.env, store, folders.warehouse, request, counter.get()));
    fmt::print("{}", in.arguments.has("--json") ? report.json() : report.text());
    return report.proved ? 0 : 1;
}

}  // namespace

void add_table_commands(std::vector<CommandSpec>& commands) {
    commands.push_back({"table show",
                        "counts, decision mix, last rows, files, freshness",
                        "[PROFILE]",
                        {{"--rows", "N", "how many of the last rows (default 20)"},
                         {"--json", "", "for programs"}},
                        {"loanstream table show", "loanstream table show --json"},
                        show});
    commands.push_back({"table files",
                        "every file that readers see, by the log",
                        "[PROFILE]",
                        {{"--json", "", "for programs"}},
                        {"loanstream table files --json"},
                        files});
    commands.push_back(
        {"table sql",
         "a query over the views prediction and dead_letters",
         "[PROFILE] QUERY",
         {{"--json", "", "JSON"}, {"--csv", "", "CSV"}},
         {"loanstream table sql \"select status, count(*) from prediction group by 1\""},
         sql});
    commands.push_back({"table prove",
                        "is every record in the table or the dead letters exactly once?",
                        "[PROFILE]",
                        {{"--quick", "", "log and files only, not the positions in them"},
                         {"--complete", "", "records not yet landed are a failure too"},
                         {"--json", "", "for programs"}},
                        {"loanstream table prove", "loanstream table prove --complete"},
                        run_prove});
}

}  // namespace loanstream

#include <fmt/format.h>

#include <memory>

#include "app/applicants.h"
#include "app/command.h"
#include "app/stream_session.h"
#include "table/reading_folder.h"
#include "table/table_comparison.h"

namespace loanstream {

namespace {

constexpr double kMostExamples = 1000;

// 1 is this verb's answer "they differ": what cannot be read is a fault outside.
std::unexpected<Error> unreadable(Error error) {
    if (exit_status(error.code) == 1) error.code = ErrorCode::kOutside;
    return std::unexpected(std::move(error));
}

Result<std::vector<std::string>> names_option(const Arguments& arguments,
                                              const std::string& option) {
    std::vector<std::string> names;
    std::string text = arguments.value(option).value_or("");
    if (text.empty()) return names;
    for (std::size_t at = 0; at <= text.size();) {
        std::size_t end = std::min(text.find(',', at), text.size());
        if (end == at)
            return fail(ErrorCode::kUsage, option + " holds an empty name: '" + text + "'", {},
                        "for example " + option + " member_id,application_id");
        names.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return names;
}

Result<CompareRequest> request_of(const Arguments& arguments) {
    CompareRequest request;
    TRY(request.key, names_option(arguments, "--key"));
    if (request.key.empty())
        return fail(ErrorCode::kUsage, "--key is missing: which columns name a row?",
                    "table compare", "for example --key member_id, or --key application_id");
    TRY(request.columns, names_option(arguments, "--columns"));
    TRY(request.tolerance, number_option(arguments, "--tolerance", request.tolerance));
    if (!(request.tolerance >= 0 && request.tolerance < 1))
        return fail(ErrorCode::kUsage, "--tolerance is out of its bounds", "table compare",
                    "0 or more, below 1");
    TRY(double most, number_option(arguments, "--limit", 10));
    if (!(most >= 0 && most <= kMostExamples))
        return fail(ErrorCode::kUsage, "--limit is out of its bounds", "table compare",
                    fmt::format("0 to {}", kMostExamples));
    request.most_examples = static_cast<std::int64_t>(most);
    return request;
}

// NEW: files that were named, or the table of --data, its files held fast while they are read.
struct NewSide {
    RowFiles rows;
    std::unique_ptr<ReadingFolder> held;
};

Result<NewSide> live_table(Invocation& in, FileStore& files) {
    std::string folder = DataFolders(in.settings).warehouse;
    auto warehouse = Warehouse::open_to_read(in.env, files, folder);
    if (!warehouse && warehouse.error().code == ErrorCode::kNotFound)
        return fail(ErrorCode::kOutside, "there is no table yet", folder,
                    "name NEW, or the folder of its state by --data DIR");
    if (!warehouse) return std::unexpected(std::move(warehouse).error());
    TRY(auto held, ReadingFolder::make(in.env, folder));
    NewSide side{{}, std::make_unique<ReadingFolder>(std::move(held))};
    TRY(auto linked, side.held->link_tables(**warehouse));
    if (linked.prediction) {
        TRY(side.rows, find_row_files(in.env, files, join_path(linked.folder, kPredictionTable)));
    } else {
        for (const auto& column : prediction_table().columns)
            side.rows.columns.emplace_back(column.name);
    }
    side.rows.name = join_path(folder, kPredictionTable);
    return side;
}

Result<void> write_page(Env& env, const std::string& path, const std::string& page) {
    std::string aside = fmt::format("{}.{:016x}.part", path, env.random());
    TRY(auto file, env.create_file(aside));
    auto written = file->append(page);
    if (written) written = file->close();
    if (written) written = env.replace(aside, path);
    if (!written) (void)env.remove_file(aside);
    return written;
}

Result<int> compare(Invocation& in) {
    const auto& words = in.arguments.words;
    if (words.empty() || words.size() > 2)
        return fail(ErrorCode::kUsage, "table compare takes OLD and NEW", {},
                    "loanstream table compare old.csv new.parquet --key member_id; quote patterns");
    TRY(auto request, request_of(in.arguments));
    LocalFileStore files(in.env);
    auto before = find_row_files(in.env, files, words[0]);
    if (!before) return unreadable(std::move(before).error());
    NewSide after;
    if (words.size() == 2) {
        auto found = find_row_files(in.env, files, words[1]);
        if (!found) return unreadable(std::move(found).error());
        after.rows = std::move(*found);
    } else {
        auto live = live_table(in, files);
        if (!live) return unreadable(std::move(live).error());
        after = std::move(*live);
    }
    auto report = compare_tables(files, *before, after.rows, request);
    if (!report) return unreadable(std::move(report).error());
    if (auto path = in.arguments.value("--html")) {
        auto written = write_page(in.env, *path, report->html());
        if (!written) return unreadable(std::move(written).error());
    }
    fmt::print("{}", in.arguments.has("--json") ? report->json() : report->text());
    return report->same() ? 0 : 1;
}

}  // namespace

void add_compare_commands(std::vector<CommandSpec>& commands) {
    commands.push_back(
        {"table compare",
         "the old job's output and ours, key by key: what differs, and what it moves in money",
         "[PROFILE] OLD [NEW]",
         {{"--key", "COLUMNS", "the columns that name a row: member_id, or a,b"},
          {"--columns", "COLUMNS", "compare only these (default: all that both have)"},
          {"--tolerance", "N", "of scores, absolute and relative (default 1e-6)"},
          {"--limit", "N", "example keys of each kind (default 10)"},
          {"--html", "FILE", "the report as one page too"},
          {"--json", "", "for programs"}},
         {"loanstream table compare old.csv new.parquet --key member_id",
          "loanstream table compare spark-output --key application_id --html compared.html",
          "loanstream table compare 'old/dt=*/*.parquet' new.csv.gz --key "
          "source_topic,source_offset --json"},
         compare});
}

}  // namespace loanstream

#include <fmt/format.h>
#include <unistd.h>

#include "app/command.h"
#include "app/job_source.h"
#include "app/progress_bar.h"
#include "app/stream_session.h"
#include "base/build_info.h"
#include "base/text_box.h"
#include "decide/explain.h"
#include "feed/applicant_batch.h"
#include "table/decision_file.h"
#include "table/kept_policy.h"
#include "table/table_reader.h"

namespace loanstream {

namespace {

struct DecidePlan {
    std::unique_ptr<DecisionFile> decisions, rejects;  // rejects may be missing
};

Result<DecidePlan> open_outputs(Invocation& in) {
    DecidePlan plan;
    std::string program = std::string("loanstream ") + LOANSTREAM_VERSION;
    std::string out = in.arguments.value("--out").value_or("-");
    std::string ending = out == "-" ? ".csv" : out;
    if (auto word = in.arguments.value("--format")) ending = "." + *word;
    TRY(DecisionFormat format, format_of(ending));
    TRY(plan.decisions, DecisionFile::create(in.env, out, format, prediction_table(), program));
    if (auto path = in.arguments.value("--rejects")) {
        TRY(DecisionFormat reject_format, format_of(*path));
        TRY(plan.rejects,
            DecisionFile::create(in.env, *path, reject_format, dead_letters_table(), program));
    }
    return plan;
}

Result<int> decide_file(Invocation& in) {
    if (in.arguments.words.size() != 1)
        return fail(ErrorCode::kUsage, "decide takes one file", {},
                    "loanstream decide applications.csv --out decisions.csv");
    TRY(auto policy, load_policy(in.settings.text("policy"), in.settings.text("model")));
    TRY(auto decider, Decider::make(policy));
    TRY(auto file, ApplicantFile::open(in.arguments.words.front()));
    TRY(auto plan, open_outputs(in));
    Cleaner cleaner(policy);
    BatchesAhead batches(*file, "file");
    CleanBatch clean;
    DecidedBatch decided;
    std::int64_t decisions = 0, rejects = 0;
    ProgressBar bar(in.env, ::isatty(STDERR_FILENO) == 1);
    while (true) {
        TRY(const RawBatch* raw,
            batches.next([&] { bar.update(file->read_share(), file->rows()); }));
        if (raw == nullptr) break;
        cleaner.clean(*raw, clean);
        decider->decide(clean, decided);
        EpochMs now = in.env.now();
        TRY_VOID(plan.decisions->write(decided, now));
        if (plan.rejects) TRY_VOID(plan.rejects->write(decided, now));
        decisions += static_cast<std::int64_t>(decided.decisions.size());
        rejects += static_cast<std::int64_t>(decided.rejects.size());
    }
    bar.finish();
    TRY_VOID(plan.decisions->finish());
    if (plan.rejects) TRY_VOID(plan.rejects->finish());
    fmt::print(
        stderr, "{} rows: {} decided, {} rejected{}\n", with_commas(decisions + rejects),
        with_commas(decisions), with_commas(rejects),
        rejects > 0 && !plan.rejects ? " (--rejects FILE keeps them with their causes)" : "");
    if (std::string left_out = file->left_out(); !left_out.empty())
        fmt::print(stderr, "{}\n", left_out);
    return 0;
}

Result<RawBatch> read_record(Env& env, const Settings& settings, const Position& position) {
    const SourcePartition& partition = position.source;
    TRY(auto source,
        open_source_to_look(env, settings, {partition.topic, {partition.partition.value}},
                            [&](PartitionId) { return partition.incarnation; }));
    TRY_VOID(source->assignment());
    TRY_VOID(source->seek(partition, {Offset(0), true}));
    TRY(Offset watermark, source->watermark(partition));
    if (position.offset >= watermark)
        return fail(ErrorCode::kNotFound,
                    fmt::format("the partition ends at offset {}", watermark.value),
                    position.text());
    TRY_VOID(source->seek(position.source, {position.offset}));
    RawBatch batch;
    TRY(bool some, source->poll(settings.duration("kafka.connect_timeout"), batch));
    bool there = some && !batch.records.empty() && batch.records.front().offset == position.offset;
    if (!there)
        return fail(ErrorCode::kNotFound, "there is no record at this offset", position.text(),
                    "a transaction's marker, an aborted record, or one that retention took");
    batch.records.resize(1);
    batch.range.next = position.offset + 1;
    return batch;
}

Result<int> explain(Invocation& in) {
    if (in.arguments.words.size() != 1)
        return fail(ErrorCode::kUsage, "explain takes one position", {},
                    "loanstream explain fintech_pyspark/0@42");
    TRY(auto position, Position::parse(in.arguments.words.front()));
    DataFolders folders(in.settings);
    TRY(auto batch, read_record(in.env, in.settings, position));
    LocalFileStore files(in.env);
    TRY(auto policy, load_policy(in.settings.text("policy"), in.settings.text("model")));
    std::string landed;
    if (auto warehouse = Warehouse::open_to_read(in.env, files, folders.warehouse)) {
        auto row = find_row(**warehouse, position);
        if (row) {
            // A dead letter has met no model, so only its policy's own file was kept for it.
            auto then = kept_policy(**warehouse, row->cell("policy_hash").value_or(""),
                                    row->cell("model_hash").value_or(""));
            bool other = row->cell("policy_hash") != policy->hash;
            if (then) policy = *then;
            landed = fmt::format("landed in {} row {}\n  {}\n  decided {} by {}\n", row->table,
                                 row->row, row->path, row->cell("decided_ms").value_or("?"),
                                 row->cell("program").value_or("?"));
            if (!then && other)
                landed += "  shown with the policy at hand: " + then.error().line() + "\n";
        } else {
            landed = "not landed: " + row.error().line() + "\n";
        }
    }
    TRY(auto path, MessagePath::parse(in.settings.text("source.envelope")));
    TRY(auto explainer, Explainer::make(policy, path));
    const RawRecord& record = batch.records.front();
    auto page = explainer->explain(position, batch.bytes_of(record), record.too_large);
    fmt::print("{}\n{}", page.text(), landed);
    return 0;
}

}  // namespace

void add_decide_commands(std::vector<CommandSpec>& commands) {
    commands.push_back(
        {"decide",
         "decides a CSV or JSONL file (also .gz), outside any table",
         "[PROFILE] FILE",
         {{"--out", "FILE", "decisions, by ending: .csv .jsonl .parquet (default CSV on stdout)"},
          {"--format", "NAME", "csv, jsonl or parquet, whatever the ending"},
          {"--rejects", "FILE", "what could not be decided, with its causes"}},
         {"loanstream decide applications.csv.gz --out decisions.parquet",
          "loanstream decide applications.jsonl --rejects rejects.csv > decisions.csv"},
         decide_file});
    commands.push_back({"explain",
                        "one record: bytes, cleaned fields, rules, points, decision, file",
                        "[PROFILE] POSITION",
                        {},
                        {"loanstream explain fintech_pyspark/0@42"},
                        explain});
}

}  // namespace loanstream

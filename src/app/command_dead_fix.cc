#include <fmt/format.h>

#include <cstdio>

#include "app/command.h"
#include "app/login_name.h"
#include "app/stream_session.h"
#include "base/text_box.h"
#include "clean/message.h"
#include "decide/explain.h"
#include "table/dead_replay.h"
#include "table/record_repair.h"

namespace loanstream {

namespace {

constexpr std::uint64_t kMostInput = 64u << 20;

// The desk at which dead letters are worked off: table, policy, and what is done with a letter.
class Desk {
public:
    static Result<std::unique_ptr<Desk>> open(Invocation& in, bool writes) {
        std::unique_ptr<Desk> desk(new Desk(in));
        std::string folder = DataFolders(in.settings).warehouse;
        if (writes) {
            WarehouseSettings settings;
            settings.folder = folder;
            TRY(auto there, Warehouse::open_to_read(in.env, desk->files_, folder));  // never begun
            TRY(desk->warehouse, Warehouse::open(in.env, desk->files_, settings));
        } else {
            TRY(desk->warehouse, Warehouse::open_to_read(in.env, desk->files_, folder));
        }
        TRY(desk->policy, load_policy(in.settings.text("policy"), in.settings.text("model")));
        TRY(desk->path, MessagePath::parse(in.settings.text("source.envelope")));
        TRY(desk->explainer, Explainer::make(desk->policy));  // a repaired record is bare
        desk->by = in.arguments.value("--by").value_or(login_name());
        desk->why = in.arguments.value("--why").value_or("");
        return desk;
    }

    Result<DeadLetter> open_letter(const std::string& word) {
        TRY(auto position, Position::parse(word));
        TRY(auto letter, show_dead(*warehouse, position));
        if (letter.state != DeadState::kOpen)
            return fail(ErrorCode::kAnswerIsNo,
                        "the dead letter is " + std::string(name_of(letter.state)), word,
                        "its record is in the table under its origin: loanstream dead list --all");
        return letter;
    }
    Result<void> put(const DeadLetter& letter, std::string bytes) {
        return put_replay(*warehouse, {letter.position, std::move(bytes), why, by});
    }
    Result<std::int64_t> finish() {
        return finish_replays(env_, *warehouse, DataFolders(settings_).topics);
    }
    std::vector<std::string> keys_of(const std::string& field) const {
        Slot slot = policy->slot_of(field);
        if (slot == kNoSlot || policy->fields[slot].keys.empty()) return {field};
        return policy->fields[slot].keys;
    }

    std::unique_ptr<Warehouse> warehouse;
    std::shared_ptr<const Policy> policy;
    MessagePath path;
    std::unique_ptr<Explainer> explainer;
    std::string by, why;

private:
    explicit Desk(Invocation& in) : env_(in.env), settings_(in.settings), files_(in.env) {}
    Env& env_;
    const Settings& settings_;
    LocalFileStore files_;
};

Result<std::string> read_input(Env& env, const std::string& path) {
    if (path != "-") return env.read_whole(path, kMostInput);
    std::string bytes;
    char block[1 << 16];
    while (std::size_t count = std::fread(block, 1, sizeof block, stdin)) {
        bytes.append(block, count);
        if (bytes.size() > kMostInput)
            return fail(ErrorCode::kInvalidData, "more than 64 MiB", "standard input");
    }
    return bytes;
}

// What the options make of one record.
Result<std::string> repaired_bytes(Invocation& in, const Desk& desk, const DeadLetter& letter) {
    const Arguments& arguments = in.arguments;
    auto opened = MessageOpener(desk.path).open(letter.raw, true);
    std::string bytes(opened.refused ? letter.raw : opened.record);
    if (auto path = arguments.value("--from")) {
        TRY(bytes, read_input(in.env, *path));
        while (bytes.ends_with('\n')) bytes.pop_back();
    }
    if (auto name = arguments.value("--repair")) {
        TRY(bytes, repair_record(*name, bytes, desk.keys_of(letter.field)));
    }
    auto sets = arguments.values.find("--set-field");
    if (sets == arguments.values.end()) return bytes;
    for (const std::string& word : sets->second) {
        auto equals = word.find('=');
        if (equals == word.npos || equals == 0)
            return fail(ErrorCode::kUsage, "--set-field takes FIELD=VALUE, not '" + word + "'", {},
                        "for example --set-field annual_inc=50000");
        TRY(bytes, set_value(bytes, desk.keys_of(word.substr(0, equals)), word.substr(equals + 1)));
    }
    return bytes;
}

void say_put(std::int64_t count, std::int64_t produced) {
    fmt::print("{} put up to be decided, {} produced\n", with_commas(count), with_commas(produced));
}

Result<int> fix_one(Invocation& in, Desk& desk, const std::string& word) {
    TRY(auto letter, desk.open_letter(word));
    TRY(std::string bytes, repaired_bytes(in, desk, letter));
    auto page = desk.explainer->explain(letter.position, bytes);
    fmt::print("{}", page.text());
    if (!in.arguments.has("--yes")) {
        fmt::print("nothing is written: --yes puts it up to be decided\n");
        return page.is_rejected ? 1 : 0;
    }
    if (page.is_rejected)
        return fail(ErrorCode::kInvalidData, "the repaired record would be rejected again", word,
                    "repair it further");
    TRY_VOID(desk.put(letter, std::move(bytes)));
    TRY(auto produced, desk.finish());
    say_put(1, produced);
    return 0;
}

// All open ones of a reason; those that would be rejected again are left as they are.
Result<int> fix_cause(Invocation& in, Desk& desk, const std::string& reason) {
    std::map<std::string, std::int64_t> outcomes;
    std::int64_t count = 0;  // of those that would be decided
    auto take = [&](const DeadLetter& letter) -> Result<void> {
        auto bytes = repaired_bytes(in, desk, letter);
        if (!bytes && bytes.error().code == ErrorCode::kUsage)
            return std::unexpected(std::move(bytes).error());
        if (!bytes) {
            outcomes["cannot be repaired so"] += 1;
            return {};
        }
        auto page = desk.explainer->explain(letter.position, *bytes);
        outcomes[page.is_rejected ? "rejected again: " + page.reject_reason : page.status] += 1;
        if (!page.is_rejected && in.arguments.has("--yes"))
            TRY_VOID(desk.put(letter, std::move(*bytes)));
        count += !page.is_rejected;
        return {};
    };
    TRY_VOID(visit_open_dead(*desk.warehouse, reason, take));
    TextBox box{{"outcome", "dead letters"}, {}, true};
    for (const auto& [outcome, count] : outcomes) box.rows.push_back({outcome, with_commas(count)});
    fmt::print("{}", box.rows.empty() ? "no open dead letter has the reason " + reason + "\n"
                                      : box.text());
    if (box.rows.empty()) return 1;
    if (!in.arguments.has("--yes")) {
        fmt::print("nothing is written: --yes puts {} up to be decided\n", with_commas(count));
        return 0;
    }
    TRY(auto produced, desk.finish());
    say_put(count, produced);
    return 0;
}

Result<int> fix(Invocation& in) {
    const auto& words = in.arguments.words;
    auto cause = in.arguments.value("--cause");
    bool says_how = in.arguments.has("--repair") || in.arguments.has("--from") ||
                    in.arguments.has("--set-field");
    if (words.size() + (cause ? 1 : 0) != 1)
        return fail(ErrorCode::kUsage, "dead fix takes one position, or --cause", {},
                    "loanstream dead fix fintech_pyspark/0@42 --repair single-quotes");
    if (!says_how)
        return fail(ErrorCode::kUsage, "dead fix needs to know how", {},
                    "give --repair NAME, --set-field FIELD=VALUE or --from FILE");
    if (cause && !in.arguments.has("--repair"))
        return fail(ErrorCode::kUsage, "--cause goes with --repair", {},
                    "loanstream dead fix --cause not_json --repair single-quotes");
    TRY(auto desk, Desk::open(in, in.arguments.has("--yes")));
    return cause ? fix_cause(in, *desk, *cause) : fix_one(in, *desk, words.front());
}

Result<int> replay(Invocation& in) {
    const auto& words = in.arguments.words;
    auto cause = in.arguments.value("--cause");
    TRY(auto desk, Desk::open(in, true));
    std::int64_t count = 0;
    std::vector<DeadLetter> letters;
    for (const auto& word : words) {
        TRY(auto letter, desk->open_letter(word));
        letters.push_back(std::move(letter));
    }
    for (auto& letter : letters) {
        TRY_VOID(desk->put(letter, std::move(letter.raw)));
        ++count;
    }
    if (cause)
        TRY_VOID(visit_open_dead(*desk->warehouse, *cause, [&](const DeadLetter& letter) {
            ++count;
            return desk->put(letter, letter.raw);
        }));
    TRY(auto produced, desk->finish());
    say_put(count, produced);
    return 0;
}

Result<int> abandon(Invocation& in) {
    const auto& words = in.arguments.words;
    if (words.empty() || !in.arguments.value("--why"))
        return fail(ErrorCode::kUsage, "dead abandon takes positions and --why", {},
                    "loanstream dead abandon fintech_pyspark/0@42 --why 'a test record'");
    TRY(auto desk, Desk::open(in, true));
    for (const auto& word : words) {
        TRY(auto letter, desk->open_letter(word));
        TRY_VOID(desk->put(letter, {}));
    }
    fmt::print("{} abandoned\n", with_commas(static_cast<long long>(words.size())));
    return 0;
}

}  // namespace

void add_dead_fix_commands(std::vector<CommandSpec>& commands) {
    const OptionSpec by = {"--by", "NAME", "who does it (default: the login name)"};
    const OptionSpec why = {"--why", "TEXT", "why; goes into the log"};
    std::string repairs = "one of";
    for (const auto& repair : record_repairs()) repairs += " " + std::string(repair.name);
    commands.push_back({"dead fix",
                        "repairs dead letters; shows what would become of them, --yes does it",
                        "[PROFILE] [POSITION]",
                        {{"--cause", "REASON", "all open ones of this reason, with --repair"},
                         {"--repair", "NAME", repairs},
                         {"--set-field", "FIELD=VALUE", "a value in its place; may be repeated"},
                         {"--from", "FILE", "other bytes; - reads standard input"},
                         {"--yes", "", "put it up to be decided"},
                         by,
                         why},
                        {"loanstream dead fix fintech_pyspark/0@42 --set-field loan_amnt=5000",
                         "loanstream dead fix --cause not_json --repair single-quotes --yes"},
                        fix});
    commands.push_back({"dead replay",
                        "dead letters as they are, to be decided anew by the policy of today",
                        "[PROFILE] [POSITION...]",
                        {{"--cause", "REASON", "all open ones of this reason"}, by, why},
                        {"loanstream dead replay fintech_pyspark/0@42",
                         "loanstream dead replay --cause not_a_number --why 'policy 7'"},
                        replay});
    commands.push_back({"dead abandon",
                        "closes dead letters without a decision",
                        "[PROFILE] POSITION...",
                        {by, why},
                        {"loanstream dead abandon fintech_pyspark/0@42 --why 'a test record'"},
                        abandon});
}

}  // namespace loanstream

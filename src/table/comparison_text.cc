#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/text_box.h"
#include "table/amounts.h"
#include "table/comparison_report.h"

namespace loanstream {

namespace {

using Json = nlohmann::ordered_json;
using Examples = std::vector<ComparedExample>;

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

// ": 4711, 4712, ..."; `all`: of how many these are the first.
std::string keys_of(const Examples& examples, std::int64_t all) {
    std::string text;
    for (const auto& example : examples) text += (text.empty() ? ": " : ", ") + example.key;
    return text +
           (all > static_cast<std::int64_t>(examples.size()) && !text.empty() ? ", ..." : "");
}

std::string values_of(const Examples& examples) {
    std::string text;
    for (const auto& example : examples)
        text += fmt::format("  {}: {} -> {}\n", example.key, example.was, example.is);
    return text;
}

std::string percent(std::int64_t part, std::int64_t whole) {
    double share = whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
    return fmt::format("{:.2f} %", share);
}

std::string rows_text(std::int64_t rows) { return count_text(rows, "row", "rows"); }
std::string keys_text(std::int64_t keys) { return count_text(keys, "key", "keys"); }

std::string sides_text(const ComparisonReport& report) {
    const ComparedSide &was = report.before, &is = report.after;
    TextBox box{{"", "old", "new"}, {}, false};
    auto row = [&](const char* name, std::int64_t one, std::int64_t other) {
        box.rows.push_back({name, with_commas(one), with_commas(other)});
    };
    row("files", was.files, is.files);
    row("rows", was.rows, is.rows);
    row("rows without key", was.rows_without_key, is.rows_without_key);
    row("keys", was.keys, is.keys);
    row("keys of more than one row", was.repeated_keys, is.repeated_keys);
    row("keys only here", was.keys_only_here, is.keys_only_here);
    return box.text();
}

// What is not compared, or not with a row of the other side.
std::string alone_text(const ComparisonReport& report) {
    const ComparedSide &was = report.before, &is = report.after;
    std::string text;
    auto say = [&](const char* what, const ComparedSide& side, std::int64_t all,
                   const Examples& examples) {
        if (all > 0) text += fmt::format("{} {}{}\n", what, side.name, keys_of(examples, all));
    };
    say("only in", was, was.keys_only_here, was.only_here);
    say("only in", is, is.keys_only_here, is.only_here);
    say("more than once in", was, was.repeated_keys, was.repeated);
    say("more than once in", is, is.repeated_keys, is.repeated);
    if (report.keys_with_unequal_rows > 0)
        text += fmt::format("{} in another number of rows, not compared:\n{}",
                            keys_text(report.keys_with_unequal_rows), values_of(report.unequal));
    for (const ComparedSide* side : {&was, &is}) {
        if (side->approved_only_here != 0)
            text += fmt::format("approved money of keys only in {}: {}\n", side->name,
                                money_text(side->approved_only_here));
        std::vector<std::string> numbers;
        for (const auto& example : side->without_key)
            numbers.push_back(with_commas(std::max(example.old_row, example.new_row) + 1));
        if (!numbers.empty())
            text += fmt::format("without key in {}: row {}{}\n", side->name, listed(numbers),
                                side->rows_without_key > std::ssize(numbers) ? ", ..." : "");
        if (!side->columns_only_here.empty())
            text += fmt::format("columns only in {}: {}\n", side->name,
                                listed(side->columns_only_here));
    }
    return text;
}

std::string funded(const StatusMove& move) {
    if (move.funded_old == move.funded_new) return money_text(move.funded_old);
    return money_text(move.funded_old) + " -> " + money_text(move.funded_new);
}

template <typename Show>
std::string matrix_text(const ComparisonReport& report, const char* corner, const Show& show) {
    TextBox box{{corner}, {}, false};
    box.header.insert(box.header.end(), report.statuses.begin(), report.statuses.end());
    for (const auto& was : report.statuses) {
        box.rows.push_back({was});
        for (const auto& is : report.statuses) {
            const StatusMove* move = report.move(was, is);
            box.rows.back().push_back(move == nullptr ? "0" : show(*move));
        }
    }
    return box.text();
}

std::string status_text(const ComparisonReport& report) {
    if (!report.has_status) return "status is not compared\n";
    std::string text = fmt::format(
        "status: {} of {} change ({})\n", with_commas(report.status_changed),
        rows_text(report.rows_compared), percent(report.status_changed, report.rows_compared));
    text += matrix_text(report, "rows, old \\ new",
                        [](const StatusMove& move) { return with_commas(move.rows); });
    if (report.has_money) text += matrix_text(report, "funded_amnt, old \\ new", funded);
    for (const auto& move : report.moves)
        if (move.was != move.is)
            text += fmt::format("{} -> {}: {}{}\n", move.was, move.is, rows_text(move.rows),
                                keys_of(move.examples, move.rows));
    if (!report.has_money) return text + "money is not compared: no funded_amnt in both\n";
    Cents net = report.approved_new - report.approved_old;
    return text + fmt::format("approved money: {} old, {} new, {}{} net\n",
                              money_text(report.approved_old), money_text(report.approved_new),
                              net > 0 ? "+" : "", money_text(net));
}

std::string score_text(const ComparisonReport& report) {
    if (!report.has_score) return "score is not compared: no data in both\n";
    const ScoreChange& score = report.score;
    std::string text =
        fmt::format("score (data): {} of {} change by more than {}\n", with_commas(score.changed),
                    rows_text(report.rows_compared), report.tolerance);
    if (score.changed == 0) return text;
    text += fmt::format(
        "  new - old: mean {:+.6g}; its size: mean {:.6g}, median {:.6g}, 90 % {:.6g}, "
        "99 % {:.6g}, largest {:.6g}\n",
        score.mean, score.mean_size, score.median, score.ninety, score.ninety_nine, score.largest);
    if (score.only_old + score.only_new > 0)
        text += fmt::format("  {} have a score only in old, {} only in new\n",
                            with_commas(score.only_old), with_commas(score.only_new));
    return text + values_of(score.examples);
}

// The columns that have no paragraph of their own.
std::string columns_text(const ComparisonReport& report) {
    std::string text;
    for (const auto& change : report.changes) {
        if (change.column == "status" || change.column == "data") continue;
        text += fmt::format("{}: {} of {} change\n{}", change.column, with_commas(change.rows),
                            rows_text(report.rows_compared), values_of(change.examples));
    }
    return text;
}

Json json_of(const Examples& examples, bool with_values) {
    Json list = Json::array();
    for (const auto& example : examples) {
        Json one = {{"key", example.key}};
        if (example.old_row >= 0) one["old_row"] = example.old_row + 1;
        if (example.new_row >= 0) one["new_row"] = example.new_row + 1;
        if (with_values) {
            one["old"] = example.was;
            one["new"] = example.is;
        }
        list.push_back(std::move(one));
    }
    return list;
}

double in_units(Cents amount) { return static_cast<double>(amount) / 100; }

Json json_of(const ComparedSide& side) {
    return {{"name", side.name},
            {"files", side.files},
            {"rows", side.rows},
            {"rows_without_key", side.rows_without_key},
            {"keys", side.keys},
            {"repeated_keys", side.repeated_keys},
            {"keys_only_here", side.keys_only_here},
            {"approved_only_here", in_units(side.approved_only_here)},
            {"columns_only_here", side.columns_only_here},
            {"examples",
             {{"without_key", json_of(side.without_key, false)},
              {"repeated", json_of(side.repeated, false)},
              {"only_here", json_of(side.only_here, false)}}}};
}

Json json_of(const ScoreChange& score) {
    return {
        {"changed", score.changed},
        {"only_old", score.only_old},
        {"only_new", score.only_new},
        {"mean", score.mean},
        {"mean_size", score.mean_size},
        {"quantiles", {{"0.5", score.median}, {"0.9", score.ninety}, {"0.99", score.ninety_nine}}},
        {"largest", score.largest},
        {"examples", json_of(score.examples, true)}};
}

}  // namespace

std::string money_text(Cents amount) {
    std::string text = amount < 0 ? "-" : "";
    text += with_commas(std::llabs(amount) / 100);
    if (amount % 100 != 0) text += fmt::format(".{:02}", std::llabs(amount) % 100);
    return text;
}

bool ComparisonReport::same() const {
    for (const ComparedSide* side : {&before, &after})
        if (side->keys_only_here > 0 || side->rows_without_key > 0) return false;
    return keys_with_unequal_rows == 0 && rows_changed == 0;
}

std::string ComparisonReport::verdict() const {
    if (same())
        return fmt::format("SAME: {} of {}, alike in {} columns", rows_text(rows_compared),
                           keys_text(keys_in_both), columns.size());
    std::vector<std::string> causes;
    auto add = [&](std::int64_t count, const std::string& text, const char* what) {
        if (count > 0) causes.push_back(text + " " + what);
    };
    auto add_keys = [&](std::int64_t count, const char* what) {
        add(count, keys_text(count), what);
    };
    auto add_rows = [&](std::int64_t count, const char* what) {
        add(count, rows_text(count), what);
    };
    add_keys(before.keys_only_here, "only in old");
    add_keys(after.keys_only_here, "only in new");
    add_keys(keys_with_unequal_rows, "in another number of rows");
    add_rows(rows_changed, "with another value");
    add_rows(before.rows_without_key, "of old without key, not compared");
    add_rows(after.rows_without_key, "of new without key, not compared");
    return "DIFFERS: " + listed(causes);
}

const StatusMove* ComparisonReport::move(const std::string& was, const std::string& is) const {
    for (const auto& each : moves)
        if (each.was == was && each.is == is) return &each;
    return nullptr;
}

std::string ComparisonReport::text() const {
    std::string out =
        fmt::format("old: {}\nnew: {}\nkey: {}; compared: {}\n", before.name, after.name,
                    listed(key), columns.empty() ? "nothing but keys" : listed(columns));
    out += sides_text(*this) + alone_text(*this);
    out += fmt::format("{} in both; of {} compared {} are alike, {} are not\n",
                       keys_text(keys_in_both), rows_text(rows_compared),
                       with_commas(rows_compared - rows_changed), with_commas(rows_changed));
    out += status_text(*this) + score_text(*this) + columns_text(*this);
    return out + verdict() + "\n";
}

std::string ComparisonReport::json() const {
    Json object = {{"same", same()},
                   {"verdict", verdict()},
                   {"key", key},
                   {"columns", columns},
                   {"tolerance", tolerance},
                   {"old", json_of(before)},
                   {"new", json_of(after)},
                   {"keys_in_both", keys_in_both},
                   {"keys_with_unequal_rows", keys_with_unequal_rows},
                   {"unequal", json_of(unequal, true)},
                   {"rows_compared", rows_compared},
                   {"rows_changed", rows_changed}};
    if (has_status) {
        object["status"] = {{"changed", status_changed}, {"matrix", Json::array()}};
        for (const auto& move : moves)
            object["status"]["matrix"].push_back({{"old", move.was},
                                                  {"new", move.is},
                                                  {"rows", move.rows},
                                                  {"funded_old", in_units(move.funded_old)},
                                                  {"funded_new", in_units(move.funded_new)},
                                                  {"examples", json_of(move.examples, false)}});
    }
    if (has_status && has_money)
        object["approved_money"] = {{"old", in_units(approved_old)},
                                    {"new", in_units(approved_new)},
                                    {"net", in_units(approved_new - approved_old)}};
    if (has_score) object["score"] = json_of(score);
    object["changes"] = Json::array();
    for (const auto& change : changes)
        object["changes"].push_back({{"column", change.column},
                                     {"rows", change.rows},
                                     {"examples", json_of(change.examples, true)}});
    return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace loanstream

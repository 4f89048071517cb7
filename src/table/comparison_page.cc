#include <fmt/format.h>

#include "base/text_box.h"
#include "table/comparison_report.h"

namespace loanstream {

namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>loanstream table compare</title>
<style>
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --line: #c9c9c9; --soft: #f2f2f2;
  --bad: #a4161a; --good: #1b6e3c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #161616; --line: #4a4a4a;
  --soft: #242424; --bad: #ff8a8a; --good: #7fd69b; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { border: 1px solid var(--line); padding: .3rem .7rem; text-align: right;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
thead th { background: var(--soft); }
tbody th { text-align: left; font-weight: 500; }
.moved { color: var(--bad); font-weight: 600; }
.same { color: var(--good); }
.differs { color: var(--bad); }
</style>
</head>
<body>
)";

std::string escaped(std::string_view text) {
    std::string out;
    for (char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

// Rows of text; the first cell of each is its heading.
class HtmlTable {
public:
    HtmlTable(std::string caption, std::vector<std::string> header)
        : caption_(std::move(caption)), header_(std::move(header)) {}
    void add(const std::vector<std::string>& cells) {
        std::string row = "<th scope=\"row\">" + escaped(cells.front()) + "</th>";
        for (std::size_t i = 1; i < cells.size(); ++i) row += "<td>" + escaped(cells[i]) + "</td>";
        add_html_row(row);
    }
    void add_html_row(const std::string& cells) { body_ += "<tr>" + cells + "</tr>\n"; }
    std::string html() const {
        std::string out = "<div class=\"table\"><table>\n<caption>" + escaped(caption_) +
                          "</caption>\n<thead><tr>";
        for (const auto& name : header_) out += "<th scope=\"col\">" + escaped(name) + "</th>";
        return out + "</tr></thead>\n<tbody>\n" + body_ + "</tbody>\n</table></div>\n";
    }

private:
    std::string caption_;
    std::vector<std::string> header_;
    std::string body_;
};

std::string example_rows(const char* caption, const std::vector<ComparedExample>& examples) {
    if (examples.empty()) return {};
    HtmlTable table(caption, {"key", "old", "new"});
    for (const auto& one : examples) table.add({one.key, one.was, one.is});
    return table.html();
}

std::string keys_line(const std::string& what, const std::vector<ComparedExample>& examples,
                      std::int64_t all) {
    if (all == 0) return {};
    std::vector<std::string> keys;
    for (const auto& example : examples) keys.push_back(example.key);
    if (all > static_cast<std::int64_t>(keys.size())) keys.emplace_back("...");
    return "<p>" + escaped(what + ": " + joined(keys)) + "</p>\n";
}

std::string sides_html(const ComparisonReport& report) {
    const ComparedSide &was = report.before, &is = report.after;
    HtmlTable table("Both sides", {"", "old", "new"});
    auto row = [&](const char* name, std::int64_t one, std::int64_t other) {
        table.add({name, with_commas(one), with_commas(other)});
    };
    table.add({"name", was.name, is.name});
    row("files", was.files, is.files);
    row("rows", was.rows, is.rows);
    row("rows without key", was.rows_without_key, is.rows_without_key);
    row("keys", was.keys, is.keys);
    row("keys of more than one row", was.repeated_keys, is.repeated_keys);
    row("keys only here", was.keys_only_here, is.keys_only_here);
    table.add({"columns only here", joined(was.columns_only_here), joined(is.columns_only_here)});
    std::string out = table.html();
    out += keys_line("Only in old", was.only_here, was.keys_only_here);
    out += keys_line("Only in new", is.only_here, is.keys_only_here);
    out += keys_line("More than once in old", was.repeated, was.repeated_keys);
    out += keys_line("More than once in new", is.repeated, is.repeated_keys);
    return out + example_rows("Keys in another number of rows, not compared", report.unequal);
}

template <typename Show>
std::string matrix_html(const ComparisonReport& report, const char* caption, const Show& show) {
    std::vector<std::string> header = {"old \\ new"};
    header.insert(header.end(), report.statuses.begin(), report.statuses.end());
    HtmlTable table(caption, header);
    for (const auto& was : report.statuses) {
        std::string cells = "<th scope=\"row\">" + escaped(was) + "</th>";
        for (const auto& is : report.statuses) {
            const StatusMove* move = report.move(was, is);
            bool moved = move != nullptr && was != is;
            cells += fmt::format("<td{}>{}</td>", moved ? " class=\"moved\"" : "",
                                 move == nullptr ? "0" : escaped(show(*move)));
        }
        table.add_html_row(cells);
    }
    return table.html();
}

std::string status_html(const ComparisonReport& report) {
    if (!report.has_status) return {};
    std::string out = "<h2>Status</h2>\n" + matrix_html(report, "Rows", [](const StatusMove& move) {
                          return with_commas(move.rows);
                      });
    if (report.has_money) {
        out += matrix_html(report, "Sum of funded_amnt", [](const StatusMove& move) {
            if (move.funded_old == move.funded_new) return money_text(move.funded_old);
            return money_text(move.funded_old) + " -> " + money_text(move.funded_new);
        });
        Cents net = report.approved_new - report.approved_old;
        out += fmt::format("<p>Approved money: {} old, {} new, {}{} net</p>\n",
                           money_text(report.approved_old), money_text(report.approved_new),
                           net > 0 ? "+" : "", money_text(net));
    }
    for (const auto& move : report.moves)
        if (move.was != move.is)
            out += keys_line(move.was + " -> " + move.is, move.examples, move.rows);
    return out;
}

std::string score_html(const ComparisonReport& report) {
    if (!report.has_score) return {};
    const ScoreChange& score = report.score;
    HtmlTable table("Score (data), new - old", {"", "value"});
    table.add({fmt::format("rows that change by more than {}", report.tolerance),
               with_commas(score.changed)});
    if (score.changed > 0) {
        auto row = [&](const char* name, double value) {
            table.add({name, fmt::format("{:.6g}", value)});
        };
        row("mean", score.mean);
        row("mean size", score.mean_size);
        row("median size", score.median);
        row("90 % of sizes are below", score.ninety);
        row("99 % of sizes are below", score.ninety_nine);
        row("largest size", score.largest);
        table.add({"only old has a score", with_commas(score.only_old)});
        table.add({"only new has a score", with_commas(score.only_new)});
    }
    return "<h2>Score</h2>\n" + table.html() + example_rows("The largest", score.examples);
}

}  // namespace

std::string ComparisonReport::html() const {
    std::string out(kHead);
    out +=
        fmt::format("<h1>Old and new, side by side</h1>\n<p class=\"{}\"><strong>{}</strong></p>\n",
                    same() ? "same" : "differs", escaped(verdict()));
    out += fmt::format(
        "<p>Key: {}. Compared: {}. {} keys in both; of {} rows compared {} are "
        "alike, {} are not.</p>\n",
        escaped(joined(key)), columns.empty() ? "nothing but keys" : escaped(joined(columns)),
        with_commas(keys_in_both), with_commas(rows_compared),
        with_commas(rows_compared - rows_changed), with_commas(rows_changed));
    out += sides_html(*this) + status_html(*this) + score_html(*this);
    for (const auto& change : changes) {
        if (change.column == "status" || change.column == "data") continue;
        out += fmt::format("<h2>{}</h2>\n<p>{} rows change.</p>\n", escaped(change.column),
                           with_commas(change.rows));
        out += example_rows("The first", change.examples);
    }
    return out + "</body>\n</html>\n";
}

}  // namespace loanstream

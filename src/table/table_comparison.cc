#include "table/table_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

#include "table/keyed_rows.h"

namespace loanstream {

namespace {

constexpr std::string_view kStatus = "status", kScore = "data", kMoney = "funded_amnt";
constexpr std::size_t kMostWords = 64;  // statuses that are told apart
constexpr double kMostMoney = 1e12;

// The first rows of a kind, or those of the largest weight.
class Examples {
public:
    explicit Examples(std::int64_t most = 0) : most_(static_cast<std::size_t>(most)) {}
    using Counts = std::pair<std::size_t, std::size_t>;  // of rows, old and new
    void add(std::int64_t old_row, std::int64_t new_row, double weight = 0, Counts counts = {}) {
        if (most_ == 0) return;
        found_.push_back({weight, old_row, new_row, counts});
        if (found_.size() >= 2 * most_ + 64) cut();
    }
    std::vector<ComparedExample> take() {
        cut();
        std::vector<ComparedExample> examples;
        for (const auto& one : found_)
            examples.push_back({one.old_row, one.new_row, "", std::to_string(one.counts.first),
                                std::to_string(one.counts.second)});
        return examples;
    }

private:
    struct Found {
        double weight;
        std::int64_t old_row, new_row;
        Counts counts;
    };
    void cut() {
        std::ranges::sort(found_, [](const Found& a, const Found& b) {
            if (a.weight != b.weight) return a.weight > b.weight;
            return a.old_row != b.old_row ? a.old_row < b.old_row : a.new_row < b.new_row;
        });
        if (found_.size() > most_) found_.resize(most_);
    }
    std::size_t most_;
    std::vector<Found> found_;
};

// The texts behind the cells of the status column.
class Words {
public:
    void learn(PackedValue cell, const InputValue& value) {
        if (words_.size() < kMostWords && !words_.contains(cell)) words_[cell] = value.shown();
    }
    std::string text(PackedValue cell) const {
        auto found = words_.find(cell);
        return found == words_.end() ? "(other)" : found->second;
    }

private:
    std::unordered_map<PackedValue, std::string> words_;
};

// Sizes of differences, for their quantiles.
struct Sizes {
    std::vector<float> sizes;
    double sum = 0, sum_of_sizes = 0, largest = 0;
    void add(double difference) {
        double size = std::abs(difference);
        sizes.push_back(static_cast<float>(size));
        sum += difference;
        sum_of_sizes += size;
        largest = std::max(largest, size);
    }
    double quantile(double share) {
        auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(sizes.size() - 1));
        std::nth_element(sizes.begin(), sizes.begin() + place, sizes.end());
        return static_cast<double>(sizes[static_cast<std::size_t>(place)]);
    }
};

struct Side {
    ComparedSide report;
    KeyedRows rows;
    Examples without_key, repeated, only_here;
    Side(std::size_t columns, std::int64_t most)
        : rows(columns), without_key(most), repeated(most), only_here(most) {}
};

using Rows = std::span<const KeyedRows::Row>;

class Comparison {
public:
    Comparison(FileStore& files, const RowFiles& before, const RowFiles& after,
               const CompareRequest& request, std::vector<std::string> columns)
        : files_(files),
          request_(request),
          columns_(std::move(columns)),
          old_files_(before),
          new_files_(after),
          old_(columns_.size(), request.most_examples),
          new_(columns_.size(), request.most_examples),
          unequal_(request.most_examples),
          score_examples_(request.most_examples),
          changed_(columns_.size(), {0, Examples(request.most_examples)}) {
        auto place = [&](std::string_view name) {
            auto found = std::ranges::find(columns_, name);
            return found == columns_.end() ? -1 : static_cast<int>(found - columns_.begin());
        };
        status_ = place(kStatus);
        score_ = place(kScore);
        money_ = place(kMoney);
        for (const auto& name : columns_)
            is_score_.push_back(name == kScore || name == "probability_of_default");
    }

    Result<ComparisonReport> run() {
        TRY_VOID(load(old_files_, old_));
        TRY_VOID(load(new_files_, new_));
        for (std::size_t part = 0; part < KeyedRows::kParts; ++part) {
            compare_part(old_.rows.sorted(part), new_.rows.sorted(part));
            old_.rows.drop(part);
            new_.rows.drop(part);
        }
        report_.key = request_.key;
        report_.columns = columns_;
        report_.tolerance = request_.tolerance;
        finish_side(old_, old_files_, new_files_, report_.before);
        finish_side(new_, new_files_, old_files_, report_.after);
        report_.unequal = unequal_.take();
        finish_status();
        finish_score();
        for (std::size_t i = 0; i < columns_.size(); ++i)
            if (changed_[i].first > 0)
                report_.changes.push_back(
                    {columns_[i], changed_[i].first, changed_[i].second.take()});
        std::ranges::stable_sort(report_.changes, std::ranges::greater(), &ColumnChange::rows);
        TRY_VOID(describe_examples());
        return std::move(report_);
    }

private:
    struct Move {
        std::int64_t rows = 0;
        Cents funded_old = 0, funded_new = 0;
        Examples examples;
    };

    std::vector<std::string> all_wanted() const {
        std::vector<std::string> wanted = request_.key;
        wanted.insert(wanted.end(), columns_.begin(), columns_.end());
        return wanted;
    }

    Result<void> load(const RowFiles& input, Side& side) {
        std::size_t keys = request_.key.size();
        std::string key;
        std::vector<PackedValue> cells(columns_.size());
        auto take = [&](std::span<const InputValue> row) {
            std::int64_t number = side.report.rows++;
            key.clear();
            bool has_key = true;
            for (const auto& part : row.first(keys)) has_key = has_key && append_key(key, part);
            if (!has_key) {
                side.report.rows_without_key += 1;
                side.without_key.add(number, number);
            } else {
                for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = packed(row[keys + i]);
                if (status_ >= 0)
                    words_.learn(cells[static_cast<std::size_t>(status_)],
                                 row[keys + static_cast<std::size_t>(status_)]);
                side.rows.add(hash_of_key(key), number, cells);
            }
            return side.report.rows < KeyedRows::kMostRows;
        };
        TRY_VOID(input.read(files_, all_wanted(), take));
        if (side.report.rows < KeyedRows::kMostRows) return {};
        return fail(ErrorCode::kUsage, "more rows than can be compared at once", input.name,
                    "compare day by day");
    }

    static Rows group_at(Rows rows, std::size_t from) {
        std::size_t end = from;
        while (end < rows.size() && rows[end].same_key(rows[from])) ++end;
        return rows.subspan(from, end - from);
    }

    void compare_part(Rows was, Rows is) {
        std::size_t i = 0, j = 0;
        while (i < was.size() || j < is.size()) {
            bool take_old = j == is.size() || (i < was.size() && !is[j].key_before(was[i]));
            bool take_new = i == was.size() || (j < is.size() && !was[i].key_before(is[j]));
            Rows olds = take_old ? group_at(was, i) : Rows(),
                 news = take_new ? group_at(is, j) : Rows();
            i += olds.size();
            j += news.size();
            count_key(old_, olds, take_new);
            count_key(new_, news, take_old);
            if (!take_old || !take_new) continue;
            report_.keys_in_both += 1;
            if (olds.size() != news.size()) {
                report_.keys_with_unequal_rows += 1;
                unequal_.add(olds[0].number(), news[0].number(), 0, {olds.size(), news.size()});
                continue;
            }
            for (std::size_t n = 0; n < olds.size(); ++n) compare_rows(olds[n], news[n]);
        }
    }

    void count_key(Side& side, Rows rows, bool other_has_it) {
        if (rows.empty()) return;
        std::int64_t number = rows[0].number();
        side.report.keys += 1;
        if (rows.size() > 1) {
            side.report.repeated_keys += 1;
            side.repeated.add(number, number);
        }
        if (other_has_it) return;
        side.report.keys_only_here += 1;
        side.only_here.add(number, number);
        for (const auto& row : rows) {
            if (is_approved(row)) side.report.approved_only_here += money(row);
        }
    }

    bool is_approved(const KeyedRows::Row& row) const {
        return status_ >= 0 && row.cell(static_cast<std::size_t>(status_)) == approved_;
    }

    Cents money(const KeyedRows::Row& row) const {
        if (money_ < 0) return 0;
        PackedValue cell = row.cell(static_cast<std::size_t>(money_));
        if (!is_number(cell) || std::abs(number_of(cell)) > kMostMoney) return 0;
        return std::llround(number_of(cell) * 100);
    }

    bool alike(std::size_t column, PackedValue was, PackedValue is) const {
        if (was == is) return true;
        if (!is_score_[column] || !is_number(was) || !is_number(is)) return false;
        double a = number_of(was), b = number_of(is);
        double larger = std::max(std::abs(a), std::abs(b));
        return std::abs(a - b) <= request_.tolerance * (1 + larger);
    }

    void compare_rows(const KeyedRows::Row& was, const KeyedRows::Row& is) {
        report_.rows_compared += 1;
        bool changed = false;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (alike(i, was.cell(i), is.cell(i))) continue;
            changed = true;
            changed_[i].first += 1;
            changed_[i].second.add(was.number(), is.number());
            if (static_cast<int>(i) == score_) compare_scores(was, is);
        }
        report_.rows_changed += changed;
        if (status_ >= 0) count_move(was, is);
    }

    void compare_scores(const KeyedRows::Row& was, const KeyedRows::Row& is) {
        auto place = static_cast<std::size_t>(score_);
        PackedValue one = was.cell(place), other = is.cell(place);
        report_.score.only_old += other == kMissingValue;
        report_.score.only_new += one == kMissingValue;
        double weight = HUGE_VAL;  // one that is missing or no number comes first
        if (is_number(one) && is_number(other)) {
            double difference = number_of(other) - number_of(one);
            sizes_.add(difference);
            weight = std::abs(difference);
        }
        score_examples_.add(was.number(), is.number(), weight);
    }

    void count_move(const KeyedRows::Row& was, const KeyedRows::Row& is) {
        auto place = static_cast<std::size_t>(status_);
        PackedValue one = was.cell(place), other = is.cell(place);
        auto found = moves_.find({one, other});
        if (found == moves_.end())
            found =
                moves_
                    .emplace(std::pair(one, other), Move{0, 0, 0, Examples(request_.most_examples)})
                    .first;
        Move& move = found->second;
        move.rows += 1;
        move.funded_old += money(was);
        move.funded_new += money(is);
        if (one != other) {
            report_.status_changed += 1;
            move.examples.add(was.number(), is.number());
        }
        if (is_approved(was)) report_.approved_old += money(was);
        if (is_approved(is)) report_.approved_new += money(is);
    }

    void finish_side(Side& side, const RowFiles& files, const RowFiles& other, ComparedSide& out) {
        out = std::move(side.report);
        out.name = files.name;
        out.files = static_cast<std::int64_t>(files.paths.size());
        for (const auto& column : files.columns)
            if (!other.has(column)) out.columns_only_here.push_back(column);
        out.without_key = side.without_key.take();
        out.repeated = side.repeated.take();
        out.only_here = side.only_here.take();
    }

    void finish_status() {
        report_.has_status = status_ >= 0;
        report_.has_money = money_ >= 0;
        std::set<std::string> seen;
        std::map<std::pair<std::string, std::string>, StatusMove> folded;
        for (auto& [cells, move] : moves_) {
            auto names = std::pair(words_.text(cells.first), words_.text(cells.second));
            StatusMove& into = folded[names];
            into.was = names.first;
            into.is = names.second;
            into.rows += move.rows;
            into.funded_old += move.funded_old;
            into.funded_new += move.funded_new;
            std::ranges::move(move.examples.take(), std::back_inserter(into.examples));
            seen.insert({names.first, names.second});
        }
        for (const char* usual : {"approved", "review", "declined"})
            if (seen.erase(usual) > 0) report_.statuses.emplace_back(usual);
        report_.statuses.insert(report_.statuses.end(), seen.begin(), seen.end());
        for (const auto& was : report_.statuses)
            for (const auto& is : report_.statuses)
                if (auto found = folded.find({was, is}); found != folded.end())
                    report_.moves.push_back(std::move(found->second));
    }

    void finish_score() {
        report_.has_score = score_ >= 0;
        if (score_ < 0) return;
        ScoreChange& score = report_.score;
        score.changed = changed_[static_cast<std::size_t>(score_)].first;
        score.examples = score_examples_.take();
        if (sizes_.sizes.empty()) return;
        auto count = static_cast<double>(sizes_.sizes.size());
        score.mean = sizes_.sum / count;
        score.mean_size = sizes_.sum_of_sizes / count;
        score.median = sizes_.quantile(0.5);
        score.ninety = sizes_.quantile(0.9);
        score.ninety_nine = sizes_.quantile(0.99);
        score.largest = sizes_.largest;
    }

    // Which rows the examples show, of one side: number -> the text of each wanted column.
    using Shown = std::unordered_map<std::int64_t, std::vector<std::string>>;

    template <typename Visit>
    void each_example(const Visit& visit) {
        auto all = [&](std::vector<ComparedExample>& examples, const std::string& column,
                       bool in_old, bool in_new) {
            for (auto& example : examples) {
                if (!in_old) example.old_row = -1;
                if (!in_new) example.new_row = -1;
                visit(example, column);
            }
        };
        for (auto* list :
             {&report_.before.without_key, &report_.before.repeated, &report_.before.only_here})
            all(*list, "", true, false);
        for (auto* list :
             {&report_.after.without_key, &report_.after.repeated, &report_.after.only_here})
            all(*list, "", false, true);
        all(report_.unequal, "", true, true);
        for (auto& move : report_.moves) all(move.examples, std::string(kStatus), true, true);
        all(report_.score.examples, std::string(kScore), true, true);
        for (auto& change : report_.changes) all(change.examples, change.column, true, true);
    }

    Result<void> describe_examples() {
        std::set<std::int64_t> old_rows, new_rows;
        each_example([&](ComparedExample& example, const std::string&) {
            if (example.old_row >= 0) old_rows.insert(example.old_row);
            if (example.new_row >= 0) new_rows.insert(example.new_row);
        });
        TRY(auto olds, rows_shown(old_files_, old_rows));
        TRY(auto news, rows_shown(new_files_, new_rows));
        auto value = [&](const Shown& shown, std::int64_t row, const std::string& column) {
            auto found = shown.find(row);
            if (found == shown.end()) return std::string("null");
            auto place = std::ranges::find(columns_, column) - columns_.begin();
            return found->second[1 + static_cast<std::size_t>(place)];
        };
        each_example([&](ComparedExample& example, const std::string& column) {
            auto& shown = example.old_row >= 0 ? olds : news;
            auto row = example.old_row >= 0 ? example.old_row : example.new_row;
            if (auto found = shown.find(row); found != shown.end()) example.key = found->second[0];
            if (column.empty()) return;
            example.was = value(olds, example.old_row, column);
            example.is = value(news, example.new_row, column);
        });
        return {};
    }

    // Reads a side again, up to the last row that is wanted.
    Result<Shown> rows_shown(const RowFiles& input, const std::set<std::int64_t>& wanted) {
        Shown shown;
        if (wanted.empty()) return shown;
        std::int64_t number = 0;
        auto next = wanted.begin();
        auto take = [&](std::span<const InputValue> row) {
            if (number++ != *next) return true;
            auto& texts = shown[*next];
            texts.emplace_back();
            for (std::size_t i = 0; i < request_.key.size(); ++i)
                texts[0] += (i > 0 ? "," : "") + row[i].shown();
            for (const auto& value : row.subspan(request_.key.size()))
                texts.push_back(value.shown());
            return ++next != wanted.end();
        };
        TRY_VOID(input.read(files_, all_wanted(), take));
        return shown;
    }

    FileStore& files_;
    const CompareRequest& request_;
    std::vector<std::string> columns_;
    const RowFiles &old_files_, &new_files_;
    Side old_, new_;
    Words words_;
    ComparisonReport report_;
    int status_ = -1, score_ = -1, money_ = -1;  // places in columns_; -1: not compared
    std::vector<bool> is_score_;
    Examples unequal_, score_examples_;
    Sizes sizes_;
    std::vector<std::pair<std::int64_t, Examples>> changed_;
    std::map<std::pair<PackedValue, PackedValue>, Move> moves_;
    const PackedValue approved_ = packed(InputValue::of(std::string_view("approved")));
};

Result<void> check_columns(const RowFiles& files, const std::vector<std::string>& wanted,
                           const char* option) {
    for (const auto& column : wanted) {
        if (files.has(column)) continue;
        std::string known;
        for (const auto& each : files.columns) known += (known.empty() ? "" : ", ") + each;
        return fail(ErrorCode::kUsage, fmt::format("no column '{}'", column), files.name,
                    fmt::format("{} takes of these: {}", option, known));
    }
    return {};
}

}  // namespace

Result<ComparisonReport> compare_tables(FileStore& files, const RowFiles& before,
                                        const RowFiles& after, const CompareRequest& request) {
    for (const RowFiles* side : {&before, &after}) {
        TRY_VOID(check_columns(*side, request.key, "--key"));
        TRY_VOID(check_columns(*side, request.columns, "--columns"));
    }
    std::vector<std::string> columns;
    for (const auto& column : request.columns.empty() ? before.columns : request.columns) {
        bool is_key = std::ranges::find(request.key, column) != request.key.end();
        bool twice = std::ranges::find(columns, column) != columns.end();
        if (after.has(column) && !is_key && !twice) columns.push_back(column);
    }
    return Comparison(files, before, after, request, std::move(columns)).run();
}

}  // namespace loanstream

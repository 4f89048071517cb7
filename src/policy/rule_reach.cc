#include "policy/rule_reach.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <optional>

#include "policy/value_set.h"

namespace loanstream {

using enum ExpressionOp;

namespace {

constexpr std::size_t kMostBoxes = 256;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A conjunction: values of single fields, and comparisons that are not about one field alone.
struct Box {
    std::map<Slot, ValueSet> fields;
    std::map<std::string, bool> others;  // by their own form; do they hold?
    bool empty = false;

    void restrict(Slot slot, const ValueSet& values) {
        auto [at, fresh] = fields.try_emplace(slot, values);
        if (!fresh) at->second = at->second.intersect(values);
        empty = empty || at->second.empty();
    }
    void require(const std::string& form, bool holds) {
        auto [at, fresh] = others.try_emplace(form, holds);
        empty = empty || at->second != holds;
    }
    // Does all that satisfies this one satisfy `other`?
    bool within(const Box& other, const std::vector<ValueSet>& domains) const {
        for (const auto& [form, holds] : other.others) {
            auto found = others.find(form);
            if (found == others.end() || found->second != holds) return false;
        }
        return std::all_of(other.fields.begin(), other.fields.end(), [&](const auto& wanted) {
            auto found = fields.find(wanted.first);
            const ValueSet& have = found == fields.end() ? domains[wanted.first] : found->second;
            return have.within(wanted.second);
        });
    }
};

// A disjunction of them; nullopt: too many to reason about.
using Boxes = std::optional<std::vector<Box>>;

// The values that a field can have after cleaning.
ValueSet domain_of(const Policy& policy, const Field& field) {
    if (field.constant) return ValueSet::points({*field.constant});
    if (field.is_text() && !field.is_derived) {
        const auto& missing = policy.input.missing;
        return ValueSet::texts({missing.begin(), missing.end()}).complement();
    }
    ValueSet domain = ValueSet::all(field.is_text());
    if (field.is_derived) return domain;
    bool never_missing = field.bad != BadValue::kMissing && field.absent != BadValue::kMissing &&
                         !(field.has_range && field.outside == BadValue::kMissing);
    if (never_missing) domain = domain.intersect(ValueSet::present(false));
    bool natural = field.verb == CleaningVerb::kDigits || field.verb == CleaningVerb::kYears;
    double low = natural ? 0 : -kInfinity, high = kInfinity;
    if (field.has_range) {
        low = std::max(low, field.range_low);
        high = field.range_high;
    }
    ValueSet outside =
        ValueSet::numbers({{low, high}}).complement().intersect(ValueSet::present(false));
    return domain.intersect(outside.complement());
}

// Those of derived fields follow from how they are made.
void narrow_derived(const Policy& policy, std::vector<ValueSet>& domains) {
    for (const Derive& derive : policy.derives) {
        ValueSet& domain = domains[derive.slot];
        if (const auto* expression = std::get_if<Expression>(&derive.how)) {
            if (expression->is_condition()) domain = ValueSet::points({0, 1});
        } else if (const auto* buckets = std::get_if<Buckets>(&derive.how)) {
            std::vector<double> numbers;
            for (std::size_t i = 0; i <= buckets->edges.size(); ++i)
                numbers.push_back(static_cast<double>(i));
            ValueSet values =
                buckets->labels.empty()
                    ? ValueSet::points(numbers)
                    : ValueSet::texts({buckets->labels.begin(), buckets->labels.end()});
            bool is_text = !buckets->labels.empty();
            ValueSet others = values.complement().intersect(ValueSet::present(is_text));
            domain = others.complement();
        }
    }
}

class Reasoner {
public:
    Reasoner(const Expression& expression, const Policy& policy,
             const std::vector<ValueSet>& domains)
        : expression_(expression), policy_(policy), domains_(domains) {}

    Boxes boxes(bool holds) { return boxes(expression_.root(), holds); }

private:
    using Step = Expression::Step;
    const Step& step(std::int32_t at) const {
        return expression_.steps()[static_cast<std::size_t>(at)];
    }

    static Boxes whole(bool any) { return any ? std::vector<Box>(1) : std::vector<Box>(); }

    Boxes boxes(std::int32_t at, bool holds) {
        const Step& s = step(at);
        switch (s.op) {
            case kTrue: return whole(holds);
            case kFalse: return whole(!holds);
            case kNot: return boxes(s.left, !holds);
            case kAnd: return holds ? both(s, holds) : either(s, holds);
            case kOr: return holds ? either(s, holds) : both(s, holds);
            default: return comparison(s, holds);
        }
    }

    Boxes either(const Step& s, bool holds) {
        Boxes left = boxes(s.left, holds), right = boxes(s.right, holds);
        if (!left || !right || left->size() + right->size() > kMostBoxes) return std::nullopt;
        left->insert(left->end(), right->begin(), right->end());
        return left;
    }

    Boxes both(const Step& s, bool holds) {
        Boxes left = boxes(s.left, holds), right = boxes(s.right, holds);
        if (!left || !right || left->size() * right->size() > kMostBoxes) return std::nullopt;
        std::vector<Box> product;
        for (const Box& a : *left)
            for (const Box& b : *right) {
                Box joined = a;
                for (const auto& [slot, values] : b.fields) joined.restrict(slot, values);
                for (const auto& [form, other] : b.others) joined.require(form, other);
                if (!joined.empty) product.push_back(std::move(joined));
            }
        return product;
    }

    Boxes comparison(const Step& s, bool holds) {
        if (auto constant = truth_of_constants(s)) return whole(*constant == holds);
        Box box;
        if (auto values = values_of(s)) {
            auto& [slot, set] = *values;
            box.restrict(slot, domains_[slot].intersect(holds ? set : set.complement()));
        } else {
            box.require(form_of(s), holds);
            if (holds)
                for (Slot slot : slots_of(s))
                    box.restrict(slot, domains_[slot].intersect(ValueSet::present(is_text(slot))));
        }
        return box.empty ? std::vector<Box>() : std::vector<Box>{box};
    }

    // A number made of literals alone.
    std::optional<double> constant(std::int32_t at) const {
        if (!slots_of(step(at)).empty()) return std::nullopt;
        const Step& s = step(at);
        if (s.op == kNumberLiteral) return s.number;
        auto left = constant(s.left);
        if (s.op == kNegate && left) return -*left;
        auto right = s.right >= 0 ? constant(s.right) : std::nullopt;
        if (!left || !right) return std::nullopt;
        switch (s.op) {
            case kAdd: return *left + *right;
            case kSubtract: return *left - *right;
            case kMultiply: return *left * *right;
            case kDivide: return *left / *right;
            default: return std::nullopt;
        }
    }

    // Does a comparison without fields hold?
    std::optional<bool> truth_of_constants(const Step& s) const {
        if (s.op == kMissing || !slots_of(s).empty()) return std::nullopt;
        if (s.op < kEqual || s.op > kGreaterEqual) return std::nullopt;
        auto left = constant(s.left), right = constant(s.right);
        if (!left || !right) return std::nullopt;
        if (!std::isfinite(*left) || !std::isfinite(*right)) return false;  // missing
        return satisfies(s.op, *left, *right);
    }
    static bool satisfies(ExpressionOp op, double left, double right) {
        switch (op) {
            case kEqual: return left == right;
            case kNotEqual: return left != right;
            case kLess: return left < right;
            case kLessEqual: return left <= right;
            case kGreater: return left > right;
            default: return left >= right;
        }
    }

    // The values of one field for which this comparison holds; nullopt: it is not about one.
    std::optional<std::pair<Slot, ValueSet>> values_of(const Step& s) const {
        if (s.op == kMissing) return std::pair(s.slot, ValueSet::only_missing(is_text(s.slot)));
        const Step& left = step(s.left);
        switch (s.op) {
            case kInTexts:
            case kNotInTexts:
                if (left.op != kFieldText) return std::nullopt;
                return std::pair(left.slot, listed_texts(s));
            case kInNumbers:
            case kNotInNumbers:
                if (left.op != kFieldNumber) return std::nullopt;
                return std::pair(left.slot, listed_numbers(s));
            case kTextEqual:
            case kTextNotEqual: return text_comparison(s);
            default: return number_comparison(s);
        }
    }

    bool is_text(Slot slot) const { return policy_.fields[slot].is_text(); }
    ValueSet listed_texts(const Step& s) const {
        const auto& all = expression_.list_texts();
        ValueSet set = ValueSet::texts({all.begin() + s.list_begin, all.begin() + s.list_end});
        if (s.op == kInTexts) return set;
        return set.complement().intersect(ValueSet::present(true));
    }
    ValueSet listed_numbers(const Step& s) const {
        const auto& all = expression_.list_numbers();
        ValueSet set = ValueSet::points({all.begin() + s.list_begin, all.begin() + s.list_end});
        if (s.op == kInNumbers) return set;
        return set.complement().intersect(ValueSet::present(false));
    }
    std::optional<std::pair<Slot, ValueSet>> text_comparison(const Step& s) const {
        const Step *field = &step(s.left), *text = &step(s.right);
        if (field->op != kFieldText) std::swap(field, text);
        if (field->op != kFieldText || text->op != kTextLiteral) return std::nullopt;
        ValueSet set = ValueSet::texts({text->text});
        if (s.op == kTextEqual) return std::pair(field->slot, set);
        return std::pair(field->slot, set.complement().intersect(ValueSet::present(true)));
    }
    std::optional<std::pair<Slot, ValueSet>> number_comparison(const Step& s) const {
        const Step *left = &step(s.left), *right = &step(s.right);
        auto op = s.op;
        std::optional<double> bound;
        if (left->op == kFieldNumber) {
            bound = constant(s.right);
        } else if (right->op == kFieldNumber) {
            bound = constant(s.left);
            std::swap(left, right);
            if (op == kLess || op == kLessEqual)
                op = op == kLess ? kGreater : kGreaterEqual;
            else if (op == kGreater || op == kGreaterEqual)
                op = op == kGreater ? kLess : kLessEqual;
        }
        if (!bound) return std::nullopt;
        double x = *bound;
        if (!std::isfinite(x)) return std::pair(left->slot, ValueSet::points({}));  // missing
        switch (op) {
            case kEqual: return std::pair(left->slot, ValueSet::points({x}));
            case kNotEqual:
                return std::pair(left->slot, ValueSet::points({x}).complement().intersect(
                                                 ValueSet::present(false)));
            case kLess:
            case kLessEqual:
                return std::pair(left->slot,
                                 ValueSet::numbers({{-kInfinity, x, false, op == kLess}}));
            default:
                return std::pair(left->slot,
                                 ValueSet::numbers({{x, kInfinity, op == kGreater, false}}));
        }
    }

    std::vector<Slot> slots_of(const Step& s) const {
        std::vector<Slot> slots;
        if (s.op == kFieldNumber || s.op == kFieldText || s.op == kMissing) slots.push_back(s.slot);
        for (std::int32_t child : {s.left, s.right})
            if (child >= 0)
                for (Slot slot : slots_of(step(child))) slots.push_back(slot);
        return slots;
    }

    static std::string exact(double number) {
        char text[40];
        std::snprintf(text, sizeof text, "%.17g", number);
        return text;
    }
    // The same text for the same comparison.
    std::string form_of(const Step& s) const {
        std::string form = std::to_string(static_cast<int>(s.op)) + "(";
        if (s.op == kFieldNumber || s.op == kFieldText) form += "f" + std::to_string(s.slot);
        if (s.op == kNumberLiteral) form += exact(s.number);
        if (s.op == kTextLiteral) form += "'" + s.text + "'";
        for (std::int32_t child : {s.left, s.right})
            if (child >= 0) form += form_of(step(child)) + ",";
        for (std::uint32_t i = s.list_begin; i < s.list_end; ++i)
            form += s.op == kInTexts || s.op == kNotInTexts
                        ? "'" + expression_.list_texts()[i] + "',"
                        : exact(expression_.list_numbers()[i]) + ",";
        return form + ")";
    }

    const Expression& expression_;
    const Policy& policy_;
    const std::vector<ValueSet>& domains_;
};

bool all_within(const std::vector<Box>& inner, const std::vector<Box>& outer,
                const std::vector<ValueSet>& domains) {
    return std::all_of(inner.begin(), inner.end(), [&](const Box& box) {
        return std::any_of(outer.begin(), outer.end(),
                           [&](const Box& other) { return box.within(other, domains); });
    });
}

}  // namespace

std::vector<RuleFinding> find_idle_rules(const Policy& policy) {
    std::vector<ValueSet> domains;
    for (const Field& field : policy.fields) domains.push_back(domain_of(policy, field));
    narrow_derived(policy, domains);
    std::vector<RuleFinding> findings;
    std::vector<Boxes> holds;
    const auto& rules = policy.rules;
    for (const Rule& rule : rules) {
        Reasoner reasoner(rule.condition, policy, domains);
        holds.push_back(reasoner.boxes(true));
        Boxes fails = reasoner.boxes(false);
        if (holds.back() && holds.back()->empty())
            findings.push_back({rule.place, "rule '" + rule.name + "' can never fire",
                                "no application satisfies its condition"});
        else if (fails && fails->empty())
            findings.push_back({rule.place, "rule '" + rule.name + "' fires for every application",
                                "what it decides is then decided for all"});
    }
    for (std::size_t b = 0; b < rules.size(); ++b)
        for (std::size_t a = 0; a < rules.size(); ++a) {
            if (a == b || !holds[a] || !holds[b] || holds[b]->empty()) continue;
            bool beats =
                rules[a].outcome == Status::kDeclined && rules[b].outcome == Status::kReview;
            bool before = rules[a].outcome == rules[b].outcome && a < b;
            if ((!beats && !before) || !all_within(*holds[b], *holds[a], domains)) continue;
            findings.push_back({rules[b].place,
                                "rule '" + rules[b].name + "' is hidden by '" + rules[a].name +
                                    "', which hits "
                                    "wherever it does" +
                                    (beats ? " and declines" : " and comes first"),
                                beats ? "take it out, or narrow '" + rules[a].name + "'"
                                      : "put the narrower rule first"});
            break;
        }
    return findings;
}

}  // namespace loanstream

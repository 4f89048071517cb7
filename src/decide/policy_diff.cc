#include "decide/policy_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace loanstream {

namespace {

std::string_view words_of(BadValue value) {
    switch (value) {
        case BadValue::kReject: return "rejects the record";
        case BadValue::kMissing: return "counts as missing";
        case BadValue::kZero: return "counts as zero";
    }
    return "";
}

std::string list_of(const std::vector<std::string>& words) {
    std::string list;
    for (const auto& word : words) list += (list.empty() ? "" : ", ") + word;
    return list.empty() ? "none" : list;
}

std::string quoted_list(const std::vector<std::string>& words) {
    std::vector<std::string> quoted;
    for (const auto& word : words) quoted.push_back("'" + word + "'");
    return list_of(quoted);
}

class Comparison {
public:
    Comparison(const PolicyBinding& before, const PolicyBinding& after)
        : before_(before), after_(after), old_(*before.policy), new_(*after.policy) {}

    std::vector<std::string> changes() {
        change("the policy is named", old_.name, new_.name);
        input();
        fields();
        tables();
        rules();
        model();
        cut_offs();
        reasons();
        return std::move(changes_);
    }

private:
    void say(std::string sentence) { changes_.push_back(std::move(sentence)); }
    void change(const std::string& what, const std::string& was, const std::string& is) {
        if (was != is) say(fmt::format("{} {}, was {}", what, is, was));
    }

    // Calls gone(a), added(b) and both(a, b) by name, in the order of the new list.
    template <typename Item, typename Name, typename Gone, typename Added, typename Both>
    void match(const std::vector<Item>& was, const std::vector<Item>& is, Name name, Gone gone,
               Added added, Both both) {
        auto find = [&](const std::vector<Item>& list, const Item& item) {
            return std::find_if(list.begin(), list.end(),
                                [&](const Item& other) { return name(other) == name(item); });
        };
        for (const auto& item : was)
            if (find(is, item) == is.end()) gone(item);
        for (const auto& item : is) {
            auto found = find(was, item);
            if (found == was.end())
                added(item);
            else
                both(*found, item);
        }
    }

    void input() {
        auto yes = [](bool flag) { return std::string(flag ? "dropped" : "kept"); };
        change("newlines in a record are", yes(old_.input.drop_newlines),
               yes(new_.input.drop_newlines));
        change("bytes that are not ASCII are", yes(old_.input.drop_non_ascii),
               yes(new_.input.drop_non_ascii));
        change("double spaces are squeezed this many times:",
               std::to_string(old_.input.squeeze_spaces),
               std::to_string(new_.input.squeeze_spaces));
        change("texts that mean no value are", quoted_list(old_.input.missing),
               quoted_list(new_.input.missing));
        change("the application id comes from", id_of(old_), id_of(new_));
    }
    static std::string id_of(const Policy& policy) {
        if (policy.input.id_field == kNoSlot) return "the position";
        return "field " + policy.fields[policy.input.id_field].name;
    }

    void fields() {
        auto kind = [](const Field& f) {
            return std::string(f.is_derived ? "derived field " : "field ") + f.name;
        };
        match(
            old_.fields, new_.fields, [](const Field& f) { return f.name; },
            [&](const Field& f) { say(kind(f) + " is gone"); },
            [&](const Field& f) {
                say(kind(f) + " is new: " +
                    (f.is_derived ? f.made_of : how_made(f) + " from " + list_of(f.keys)));
            },
            [&](const Field& was, const Field& is) { field(kind(is), was, is); });
    }
    static std::string range_of(const Field& field) {
        if (!field.has_range) return "any number";
        return fmt::format("{} to {}, outside it {}", field.range_low, field.range_high,
                           words_of(field.outside));
    }
    static std::string fallback_of(const Policy& policy, const Field& field) {
        return field.fallback == kNoSlot ? "nothing" : policy.fields[field.fallback].name;
    }
    static std::string column_of(const Field& field) {
        static constexpr std::string_view kNames[] = {"no column", "annual_inc", "funded_amnt",
                                                      "member_id"};
        return std::string(kNames[static_cast<std::size_t>(field.column)]);
    }
    void field(const std::string& name, const Field& was, const Field& is) {
        change(name + " is labelled", was.label, is.label);
        change(name + " is in", was.unit.empty() ? "no unit" : was.unit,
               is.unit.empty() ? "no unit" : is.unit);
        change(name + " is made of", was.made_of, is.made_of);
        change(name + " is read as", how_made(was), how_made(is));
        if (was.constant && is.constant)
            change(name + " is always", fmt::format("{}", *was.constant),
                   fmt::format("{}", *is.constant));
        change(name + " is read from", list_of(was.keys), list_of(is.keys));
        change("a bad value of " + name, std::string(words_of(was.bad)),
               std::string(words_of(is.bad)));
        change("no value of " + name, std::string(words_of(was.absent)),
               std::string(words_of(is.absent)));
        change(name + " is rejected as", was.reject_as.empty() ? "usual" : was.reject_as,
               is.reject_as.empty() ? "usual" : is.reject_as);
        change(name + " may be", range_of(was), range_of(is));
        change(name + " falls back to", fallback_of(old_, was), fallback_of(new_, is));
        change(name + " is known", was.known_at_application ? "at application" : "later",
               is.known_at_application ? "at application" : "later");
        change(name + " fills", column_of(was), column_of(is));
    }

    void tables() {
        std::vector<PolicyFile> was(old_.files.begin() + 1, old_.files.end());
        std::vector<PolicyFile> is(new_.files.begin() + 1, new_.files.end());
        match(
            was, is, [](const PolicyFile& f) { return f.name; },
            [&](const PolicyFile& f) { say("table " + f.name + " is gone"); },
            [&](const PolicyFile& f) { say("table " + f.name + " is new"); },
            [&](const PolicyFile& one, const PolicyFile& other) {
                if (one.sha256 != other.sha256) say("table " + one.name + " holds other values");
            });
    }

    static std::string does(const Rule& rule) {
        return rule.outcome == Status::kDeclined ? "declines" : "sends to review";
    }
    void rules() {
        match(
            old_.rules, new_.rules, [](const Rule& r) { return r.name; },
            [&](const Rule& r) {
                say("rule " + r.name + " is gone: it " + does(r) + " when " + r.when);
            },
            [&](const Rule& r) {
                say("rule " + r.name + " is new: it " + does(r) + " when " + r.when + " (" +
                    new_.reasons[r.reason].code + ")");
            },
            [&](const Rule& was, const Rule& is) {
                std::string name = "rule " + is.name;
                change(name + " hits when", was.when, is.when);
                if (was.outcome != is.outcome)
                    say(name + " " + does(is) + ", it " + does(was) + " before");
                change(name + " gives the reason", old_.reasons[was.reason].code,
                       new_.reasons[is.reason].code);
            });
        auto order = [](const std::vector<Rule>& rules, const std::vector<Rule>& among) {
            std::vector<std::string> names;
            for (const auto& rule : rules)
                if (std::any_of(among.begin(), among.end(),
                                [&](const Rule& other) { return other.name == rule.name; }))
                    names.push_back(rule.name);
            return list_of(names);
        };
        change("the order of the rules is", order(old_.rules, new_.rules),
               order(new_.rules, old_.rules));
    }

    void model() {
        if (old_.has_model != new_.has_model) {
            say(new_.has_model ? "a model decides what no rule does: " + after_.scorecard->name()
                               : "no model decides any more: what no rule decides is for review");
            return;
        }
        if (!new_.has_model || old_.model_hash == new_.model_hash) return features();
        const Scorecard &was = *before_.scorecard, &is = *after_.scorecard;
        say(was.name() == is.name() ? "model " + is.name() + " is another version of itself"
                                    : "the model is " + is.name() + ", was " + was.name());
        std::map<std::string, std::size_t> old_places;
        for (std::size_t i = 0; i < was.features().size(); ++i)
            old_places[was.features()[i].name] = i;
        for (std::size_t i = 0; i < is.features().size(); ++i) {
            const std::string& name = is.features()[i].name;
            auto found = old_places.find(name);
            if (found == old_places.end()) {
                say("the model uses " + name + ", it did not before");
            } else {
                points(name, was.bins(found->second), is.bins(i));
                old_places.erase(found);
            }
        }
        for (const auto& [name, place] : old_places) say("the model uses " + name + " no more");
        features();
    }
    void points(const std::string& name, const std::vector<ScorecardBin>& was,
                const std::vector<ScorecardBin>& is) {
        bool alike = was.size() == is.size() &&
                     std::equal(was.begin(), was.end(), is.begin(),
                                [](auto& one, auto& other) { return one.label == other.label; });
        if (!alike)
            return say(fmt::format("the model cuts {} in {} bins, was {}, or elsewhere", name,
                                   is.size(), was.size()));
        double most = 0;
        std::string where;
        for (std::size_t i = 0; i < is.size(); ++i)
            if (double moved = is[i].points - was[i].points; std::abs(moved) > std::abs(most)) {
                most = moved;
                where = is[i].label;
            }
        if (std::abs(most) >= 0.05)
            say(fmt::format("the points of {} move by up to {:+.1f} ({})", name, most, where));
    }
    // Which field feeds which feature.
    void features() {
        if (!new_.has_model || !old_.has_model) return;
        for (std::size_t i = 0; i < after_.feature_slots.size(); ++i) {
            const std::string& name = after_.scorecard->features()[i].name;
            for (std::size_t j = 0; j < before_.feature_slots.size(); ++j)
                if (before_.scorecard->features()[j].name == name)
                    change("the model's " + name + " is field",
                           old_.fields[before_.feature_slots[j]].name,
                           new_.fields[after_.feature_slots[i]].name);
        }
    }

    void cut_offs() {
        if (!old_.has_model || !new_.has_model) return;
        auto moved = [&](const char* what, double was, double is, const char* if_higher,
                         const char* if_lower) {
            if (was != is)
                say(fmt::format("{} {:.4g} %, was {:.4g} %: {}", what, 100 * is, 100 * was,
                                is > was ? if_higher : if_lower));
        };
        moved("approved below a probability of default of", old_.approve_below, new_.approve_below,
              "more are approved", "fewer are approved");
        moved("declined from a probability of default of", old_.decline_from, new_.decline_from,
              "fewer are declined", "more are declined");
    }

    void reasons() {
        match(
            old_.reasons, new_.reasons, [](const Reason& r) { return r.code; },
            [&](const Reason& r) { say("reason " + r.code + " is gone"); },
            [&](const Reason& r) { say("reason " + r.code + " is new: " + r.text); },
            [&](const Reason& was, const Reason& is) {
                std::string name = "reason " + is.code;
                change(name + " reads", "'" + was.text + "'", "'" + is.text + "'");
                change(name + " speaks for", list_of(was.features), list_of(is.features));
                if (was.inquiries != is.inquiries)
                    say(name + (is.inquiries ? " is" : " is no longer") +
                        " the one about inquiries");
            });
    }

    const PolicyBinding &before_, &after_;
    const Policy &old_, &new_;
    std::vector<std::string> changes_;
};

}  // namespace

std::vector<std::string> changes_between(const PolicyBinding& before, const PolicyBinding& after) {
    return Comparison(before, after).changes();
}

}  // namespace loanstream

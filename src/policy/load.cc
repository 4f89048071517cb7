#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "base/env.h"
#include "base/nearest_word.h"
#include "base/sha256.h"
#include "policy/embedded.h"
#include "policy/load_derive.h"
#include "policy/load_words.h"
#include "policy/policy.h"
#include "policy/policy_files.h"
#include "policy/toml_table.h"

namespace loanstream {

namespace {

constexpr std::size_t kMostRules = 1000, kMostReasons = 1000;

// Phrases that name no specific reason: 12 CFR 1002.9(b)(2).
bool is_specific(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    for (const char* phrase : {"internal standard", "internal polic", "did not reach the score",
                               "qualifying score", "score too low", "insufficient score"})
        if (text.find(phrase) != text.npos) return false;
    return true;
}

// Which files serve: those that the policy names, another model, or bytes kept with a table.
struct FileChoice {
    std::string model_path;                  // not empty: replaces [model] file
    std::optional<std::string> model_bytes;  // kept ones; no file is read
    std::vector<PolicyFile> tables = {};     // kept with model_bytes
};

// Fills one Policy from its TOML, section by section, in the order of docs/policy.md.
class PolicyLoader {
public:
    PolicyLoader(const toml::table& root, std::string_view source, const std::string& path,
                 Policy& policy)
        : root_(root, path, "the policy"), source_(source), path_(path), policy_(policy) {}

    Result<void> load(FileChoice choice) {
        TRY_VOID(root_.only({"format", "name", "title", "input", "field", "derive", "rule", "model",
                             "decision", "reason"}));
        TRY_VOID(head());
        TRY_VOID(fields());
        TRY_VOID(derives(choice));
        TRY_VOID(input());
        TRY_VOID(reasons());
        TRY_VOID(rules());
        TRY_VOID(model(std::move(choice)));
        return decision();
    }

private:
    Result<void> head() {
        TRY(double format, root_.number("format"));
        if (format != 1)
            return fail(ErrorCode::kUnknownFormat, "policy format is not 1", root_.where("format"),
                        "this program knows format 1");
        TRY(policy_.name, root_.text("name"));
        if (!is_name(policy_.name, "-", 64))
            return root_.error("name", "the name must be 1 to 64 of a-z 0-9 -");
        TRY(policy_.title, root_.text("title", policy_.name));
        return {};
    }

    Result<void> derives(const FileChoice& choice) {
        auto bytes = [&](const std::string& name) -> Result<std::string> {
            if (!choice.model_bytes) return read_policy_file(path_from(path_, name));
            for (const auto& table : choice.tables)
                if (table.name == name) return table.bytes;
            return fail(ErrorCode::kInvalidData, "was not kept with the policy");
        };
        return load_derives(root_, source_, bytes, policy_);
    }

    Result<void> input() {
        TRY(auto found, root_.table("input"));
        if (!found) {
            policy_.input.missing = {""};
            return {};
        }
        const TomlTable& table = *found;
        TRY_VOID(table.only(
            {"drop_newlines", "squeeze_spaces", "drop_non_ascii", "missing", "id_field"}));
        TRY(policy_.input.drop_newlines, table.flag("drop_newlines", false));
        TRY(policy_.input.drop_non_ascii, table.flag("drop_non_ascii", false));
        TRY(double squeeze, table.number("squeeze_spaces", 0));
        if (!(squeeze >= 0 && squeeze <= 8) || squeeze != static_cast<int>(squeeze))
            return table.error("squeeze_spaces", "squeeze_spaces must be a whole number 0 to 8");
        policy_.input.squeeze_spaces = static_cast<int>(squeeze);
        TRY(policy_.input.missing, table.texts("missing"));
        if (!table.has("missing")) policy_.input.missing = {""};
        TRY(std::string id_field, table.text("id_field", ""));
        if (id_field.empty()) return {};
        TRY(policy_.input.id_field, slot_named(table, "id_field", id_field, policy_));
        return {};
    }

    Result<void> fields() {
        TRY(auto tables, root_.tables("field"));
        if (tables.empty()) return root_.error({}, "the policy has no [[field]]");
        if (tables.size() > 4096) return root_.error({}, "more than 4096 fields");
        for (const auto& table : tables) {
            TRY(Field field, one_field(table));
            policy_.fields.push_back(std::move(field));
        }
        for (std::size_t i = 0; i < tables.size(); ++i) {
            if (!tables[i].has("fallback")) continue;
            TRY(std::string name, tables[i].text("fallback"));
            TRY(Slot other, slot_named(tables[i], "fallback", name, policy_));
            if (other == i || policy_.fields[other].is_text() != policy_.fields[i].is_text())
                return tables[i].error("fallback", "a fallback is another field of the same type");
            if (policy_.fields[other].constant)
                return tables[i].error("fallback", "a constant is no fallback",
                                       "give this field a constant instead");
            policy_.fields[i].fallback = other;
        }
        return {};
    }

    Result<Field> one_field(const TomlTable& table) {
        TRY_VOID(table.only({"name", "keys", "label", "unit", "clean", "bad", "absent", "reject_as",
                             "range", "outside", "fallback", "constant", "known", "column"}));
        Field field;
        field.place = table.where();
        TRY(field.name, new_field_name(table, policy_));
        TRY(field.label, table.text("label", field.name));
        TRY(field.unit, table.text("unit", ""));
        TRY_VOID(cleaning(table, field));
        TRY_VOID(keys(table, field));
        TRY_VOID(range(table, field));
        TRY(std::size_t known,
            table.choice("known", "at_application", {"at_application", "later"}));
        field.known_at_application = known == 0;
        TRY(field.column, int_column(table, field.is_text(), policy_));
        field.in_evidence = field.column != IntColumn::kNone;
        return field;
    }

    Result<void> cleaning(const TomlTable& table, Field& field) {
        if (table.has("constant")) {
            for (const char* key : {"keys", "clean", "bad", "absent", "reject_as", "fallback"})
                if (table.has(key))
                    return table.error(key, std::string(key) + " has no meaning with constant");
            TRY(field.constant, table.number("constant"));
            if (!std::isfinite(*field.constant))
                return table.error("constant", "constant must be a finite number");
            return {};
        }
        TRY(std::size_t verb, table.choice("clean", "",
                                           {"number", "percent", "months", "years", "digits",
                                            "integer", "month_date", "text"}));
        field.verb = static_cast<CleaningVerb>(verb);
        const std::vector<std::string_view> outcomes = {"reject", "missing", "zero"};
        TRY(std::size_t bad, table.choice("bad", "reject", outcomes));
        field.bad = static_cast<BadValue>(bad);
        TRY(std::size_t absent, table.choice("absent", "missing", outcomes));
        field.absent = static_cast<BadValue>(absent);
        if (field.is_text() && (field.bad == BadValue::kZero || field.absent == BadValue::kZero))
            return table.error("clean", "a text cannot become zero");
        TRY(field.reject_as, table.text("reject_as", ""));
        if (!field.reject_as.empty() && !is_name(field.reject_as, "_", 64))
            return table.error("reject_as", "a reject reason is [a-z0-9_]+, at most 64");
        return {};
    }

    Result<void> keys(const TomlTable& table, Field& field) {
        if (field.constant) return {};
        TRY(field.keys, table.texts("keys"));
        if (table.has("keys") && field.keys.empty())
            return table.error("keys", "keys holds no key");
        if (field.keys.empty()) field.keys = {field.name};
        for (const auto& key : field.keys) {
            if (key.empty() || key.size() > 255)
                return table.error("keys", "a key has 1 to 255 bytes");
            if (!all_keys_.insert(key).second)
                return table.error("keys", "key '" + key + "' belongs to two fields");
        }
        return {};
    }

    Result<void> range(const TomlTable& table, Field& field) {
        TRY(auto bounds, table.numbers("range"));
        TRY(std::size_t outside, table.choice("outside", "reject", {"reject", "missing"}));
        field.outside = static_cast<BadValue>(outside);
        if (!table.has("range")) {
            if (!table.has("outside")) return {};
            return table.error("outside", "outside has no meaning without range");
        }
        if (field.is_text() || field.constant || bounds.size() != 2 || !(bounds[0] <= bounds[1]))
            return table.error("range", "range is [low, high] of a number");
        field.has_range = true;
        field.range_low = bounds[0];
        field.range_high = bounds[1];
        return {};
    }

    Result<void> reasons() {
        TRY(auto tables, root_.tables("reason"));
        if (tables.size() > kMostReasons) return root_.error({}, "more than 1000 reasons");
        std::set<std::string> features;
        for (const auto& table : tables) {
            TRY_VOID(table.only({"code", "text", "features", "inquiries"}));
            Reason reason;
            reason.place = table.where();
            TRY(reason.code, table.text("code"));
            if (!is_name(reason.code, "_", 64))
                return table.error("code", "a reason's code is [a-z0-9_]+, at most 64");
            for (const auto& other : policy_.reasons)
                if (other.code == reason.code)
                    return table.error("code", "reason '" + reason.code + "' is declared twice");
            TRY(reason.text, table.text("text"));
            if (reason.text.empty()) return table.error("text", "a reason needs a text");
            if (!is_specific(reason.text))
                return table.error(
                    "text", "the text of reason '" + reason.code + "' names no specific reason",
                    "say what about the application counted against it");
            TRY(reason.features, table.texts("features"));
            for (const auto& feature : reason.features)
                if (!features.insert(feature).second)
                    return table.error("features", "feature '" + feature + "' has two reasons");
            TRY(reason.inquiries, table.flag("inquiries", false));
            for (const auto& other : policy_.reasons)
                if (reason.inquiries && other.inquiries)
                    return table.error("inquiries", "two reasons are about credit inquiries");
            policy_.reasons.push_back(std::move(reason));
        }
        return {};
    }

    Result<void> rules() {
        TRY(auto tables, root_.tables("rule"));
        if (tables.size() > kMostRules) return root_.error({}, "more than 1000 rules");
        for (const auto& table : tables) {
            TRY_VOID(table.only({"name", "when", "outcome", "reason"}));
            Rule rule;
            TRY(rule.name, table.text("name"));
            if (!is_name(rule.name, "_", 64))
                return table.error("name", "a rule's name is [a-z0-9_]+, at most 64");
            if (rule.name == "operator")
                return table.error("name", "the name 'operator' is kept for review-all on");
            for (const auto& other : policy_.rules)
                if (other.name == rule.name)
                    return table.error("name", "rule '" + rule.name + "' is declared twice");
            TRY(std::size_t outcome, table.choice("outcome", "", {"decline", "review"}));
            rule.outcome = outcome == 0 ? Status::kDeclined : Status::kReview;
            TRY_VOID(condition(table, rule));
            if (!table.has("reason"))
                return table.error({}, "rule '" + rule.name + "' has no reason",
                                   "a decline or review must name a [[reason]] code");
            TRY(std::string code, table.text("reason"));
            TRY(rule.reason, reason(table, code));
            policy_.rules.push_back(std::move(rule));
        }
        return {};
    }

    Result<void> condition(const TomlTable& table, Rule& rule) {
        TRY(rule.when, table.text("when"));
        rule.place = table.where("when");
        auto lookup = [&](std::string_view name) -> Result<Expression::FieldRef> {
            TRY(auto found, field_named(name, policy_));
            Field& field = policy_.fields[found.slot];
            if (!field.known_at_application)
                return fail(ErrorCode::kUsage,
                            "field '" + std::string(name) + "' is known only after the loan", {},
                            "a decision may not use it");
            field.in_evidence = true;
            return found;
        };
        auto parsed = Expression::parse(rule.when, lookup);
        if (!parsed) return table.error_within("when", source_, std::move(parsed).error());
        rule.condition = std::move(*parsed);
        return {};
    }

    Result<std::uint16_t> reason(const TomlTable& table, const std::string& code) {
        std::vector<std::string_view> codes;
        for (std::size_t i = 0; i < policy_.reasons.size(); ++i) {
            if (policy_.reasons[i].code == code) return static_cast<std::uint16_t>(i);
            codes.push_back(policy_.reasons[i].code);
        }
        return table.error("reason", "unknown reason '" + code + "'",
                           did_you_mean(code, codes, "add a [[reason]] with this code"));
    }

    Result<void> model(FileChoice choice) {
        TRY(auto found, root_.table("model"));
        if (!found && choice.model_path.empty()) {
            if (!policy_.rules.empty()) return {};
            return root_.error({}, "neither a [model] nor a [[rule]] decides anything",
                               "add one of them");
        }
        policy_.has_model = true;
        policy_.model_place = found ? found->where() : path_;
        if (found) TRY_VOID(model_table(*found));
        if (!choice.model_path.empty()) policy_.model_path = choice.model_path;
        if (choice.model_bytes && choice.model_bytes->empty())
            return fail(ErrorCode::kInvalidData, "the policy's model was not kept with it", path_);
        if (choice.model_bytes) {
            policy_.model_bytes = std::move(*choice.model_bytes);
        } else {
            auto bytes = read_policy_file(policy_.model_path);
            if (!bytes) {
                Error error = std::move(bytes).error();
                error.mend =
                    "the program carries embedded:models/lendingclub.json and "
                    "embedded:models/fintech-classic.json";
                return std::unexpected(std::move(error).at(found ? found->where("file") : path_));
            }
            policy_.model_bytes = std::move(*bytes);
        }
        policy_.model_hash = sha256_hex(policy_.model_bytes);
        if (choice.model_bytes) policy_.model_path = "version " + policy_.model_hash;
        return {};
    }

    Result<void> model_table(const TomlTable& table) {
        TRY_VOID(table.only({"file", "features"}));
        TRY(std::string file, table.text("file"));
        policy_.model_path = path_from(path_, file);
        TRY(auto features, table.table("features"));
        if (!features) return {};
        for (const auto& [feature, value] : features->toml()) {
            TRY(std::string name, features->text(feature.str()));
            TRY_VOID(slot_named(*features, feature.str(), name, policy_));
            policy_.model_features.emplace_back(feature.str(), name);
        }
        return {};
    }

    Result<void> decision() {
        TRY(auto found, root_.table("decision"));
        if (!found && policy_.has_model)
            return root_.error({}, "a policy with a model needs [decision] with its cut-offs");
        if (!found) return {};
        TRY_VOID(found->only({"approve_below", "decline_from"}));
        TRY(policy_.approve_below, found->number("approve_below"));
        TRY(policy_.decline_from, found->number("decline_from"));
        if (!(0 < policy_.approve_below && policy_.approve_below <= policy_.decline_from &&
              policy_.decline_from <= 1))
            return found->error("approve_below", "cut-offs out of order",
                                "0 < approve_below <= decline_from <= 1");
        return {};
    }

    TomlTable root_;
    std::string_view source_;
    std::string path_;
    Policy& policy_;
    std::set<std::string> all_keys_;
};

Result<std::shared_ptr<Policy>> parse(std::string_view text, const std::string& path,
                                      FileChoice choice) {
    auto parsed = parse_toml(text, path);
    if (!parsed) {
        Error error = std::move(parsed).error();
        error.mend = "the format is TOML, explained in docs/policy.md";
        return std::unexpected(std::move(error));
    }
    auto policy = std::make_shared<Policy>();
    policy->files.push_back({base_name(path), std::string(text), sha256_hex(text)});
    TRY_VOID(PolicyLoader(*parsed, text, path, *policy).load(std::move(choice)));
    return policy;
}

}  // namespace

Result<std::shared_ptr<const Policy>> parse_policy(std::string_view text, const std::string& path,
                                                   const std::string& model_path) {
    TRY(auto policy, parse(text, path, {model_path, std::nullopt, {}}));
    policy->hash = sha256_hex(policy_hash_lines(policy->files));
    return policy;
}

Result<std::shared_ptr<const Policy>> load_policy(const std::string& name_or_path,
                                                  const std::string& model_path) {
    std::string path = name_or_path;
    if (!path.ends_with(".toml") && path.find('/') == path.npos) {
        path = std::string(kEmbedded) + "policies/" + name_or_path + ".toml";
        if (!embedded_file(std::string_view(path).substr(kEmbedded.size())))
            return fail(ErrorCode::kNotFound, "no policy '" + name_or_path + "' is shipped", {},
                        "shipped are lendingclub and fintech-classic; or give a .toml file");
    }
    TRY(std::string text, read_policy_file(path));
    return parse_policy(text, path, model_path);
}

Result<std::shared_ptr<const Policy>> restore_policy(std::vector<PolicyFile> files,
                                                     std::string model_bytes) {
    auto own = std::find_if(files.begin(), files.end(),
                            [](const PolicyFile& file) { return file.name.ends_with(".toml"); });
    if (own == files.end()) own = files.begin();
    if (own == files.end()) return fail(ErrorCode::kInvalidData, "a policy without its file");
    PolicyFile file = std::move(*own);
    files.erase(own);
    // A policy without [model] may have been given one on the command line.
    std::string path = model_bytes.empty() ? "" : "version";
    TRY(auto policy,
        parse(file.bytes, file.name, {std::move(path), std::move(model_bytes), std::move(files)}));
    policy->hash = sha256_hex(policy_hash_lines(policy->files));
    return policy;
}

}  // namespace loanstream

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "base/env.h"
#include "base/nearest_word.h"
#include "base/sha256.h"
#include "policy/embedded.h"
#include "policy/policy.h"
#include "policy/text_place.h"
#include "policy/toml_table.h"

namespace loanstream {

namespace {

constexpr std::size_t kMostFileBytes = 64u << 20;
constexpr std::string_view kEmbedded = "embedded:";
constexpr std::size_t kMostRules = 1000, kMostReasons = 1000;

Result<std::string> read_bytes(const std::string& path) {
    if (path.starts_with(kEmbedded)) {
        auto bytes = embedded_file(std::string_view(path).substr(kEmbedded.size()));
        if (!bytes) return fail(ErrorCode::kNotFound, "no such file is shipped", path);
        return std::string(*bytes);
    }
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr)
        return fail(ErrorCode::kNotFound, "cannot be read", path, "give a file that is there");
    std::string bytes;
    char buffer[1 << 16];
    while (std::size_t count = std::fread(buffer, 1, sizeof buffer, file)) {
        bytes.append(buffer, count);
        if (bytes.size() > kMostFileBytes) break;
    }
    bool bad = std::ferror(file) != 0;
    std::fclose(file);
    if (bad) return fail(ErrorCode::kOutside, "cannot be read", path);
    if (bytes.size() > kMostFileBytes)
        return fail(ErrorCode::kInvalidData, "is larger than 64 MiB", path);
    return bytes;
}

// `name` seen from the folder of `from`, with "." and ".." taken out.
std::string path_from(const std::string& from, const std::string& name) {
    if (name.starts_with("/") || name.starts_with(kEmbedded)) return name;
    std::string prefix = from.starts_with(kEmbedded) ? std::string(kEmbedded) : "";
    std::string joined = from.substr(prefix.size());
    auto slash = joined.rfind('/');
    joined = (slash == joined.npos ? "" : joined.substr(0, slash + 1)) + name;
    if (prefix.empty()) return joined;
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= joined.size();) {
        std::size_t end = std::min(joined.find('/', at), joined.size());
        std::string part = joined.substr(at, end - at);
        if (part == ".." && !parts.empty())
            parts.pop_back();
        else if (!part.empty() && part != ".")
            parts.push_back(part);
        at = end + 1;
    }
    for (std::size_t i = 0; i < parts.size(); ++i) prefix += (i == 0 ? "" : "/") + parts[i];
    return prefix;
}

bool is_name(std::string_view text, std::string_view more, std::size_t longest) {
    if (text.empty() || text.size() > longest) return false;
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != more.npos;
    });
}

// Phrases that name no specific reason: 12 CFR 1002.9(b)(2).
bool is_specific(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    for (const char* phrase : {"internal standard", "internal polic", "did not reach the score",
                               "qualifying score", "score too low", "insufficient score"})
        if (text.find(phrase) != text.npos) return false;
    return true;
}

// Which model serves: the file that the policy names, another one, or bytes kept with a table.
struct ModelChoice {
    std::string path;                  // not empty: replaces [model] file
    std::optional<std::string> bytes;  // kept ones; no file is read
};

// Fills one Policy from its TOML, section by section, in the order of docs/policy.md.
class PolicyLoader {
public:
    PolicyLoader(const toml::table& root, std::string_view source, const std::string& path,
                 Policy& policy)
        : root_(root, path, "the policy"), source_(source), path_(path), policy_(policy) {}

    Result<void> load(ModelChoice choice) {
        TRY_VOID(root_.only(
            {"format", "name", "title", "input", "field", "rule", "model", "decision", "reason"}));
        TRY_VOID(head());
        TRY_VOID(fields());
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
        TRY(policy_.input.id_field, slot(table, "id_field", id_field));
        return {};
    }

    Result<Slot> slot(const TomlTable& table, std::string_view key, const std::string& name) {
        Slot slot = policy_.slot_of(name);
        if (slot != kNoSlot) return slot;
        return table.error(key, "unknown field '" + name + "'", near_field(name));
    }
    std::string near_field(std::string_view name) {
        std::vector<std::string_view> names;
        for (const auto& field : policy_.fields) names.push_back(field.name);
        return did_you_mean(name, names, "a [[field]] of that name is needed");
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
            TRY(Slot other, slot(tables[i], "fallback", name));
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
        TRY(field.name, table.text("name"));
        if (!is_name(field.name, "_", 64) || field.name[0] < 'a')
            return table.error("name", "a field's name is [a-z][a-z0-9_]*, at most 64");
        for (std::string_view word : {"and", "or", "not", "in", "missing", "true", "false"})
            if (field.name == word)
                return table.error("name", "'" + field.name + "' is a word of rules");
        if (policy_.slot_of(field.name) != kNoSlot)
            return table.error("name", "field '" + field.name + "' is declared twice");
        TRY(field.label, table.text("label", field.name));
        TRY(field.unit, table.text("unit", ""));
        TRY_VOID(cleaning(table, field));
        TRY_VOID(keys(table, field));
        TRY_VOID(range(table, field));
        TRY(std::size_t known,
            table.choice("known", "at_application", {"at_application", "later"}));
        field.known_at_application = known == 0;
        return column(table, field);
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

    Result<Field> column(const TomlTable& table, Field& field) {
        TRY(std::size_t column,
            table.choice("column", "", {"", "annual_inc", "funded_amnt", "member_id"}));
        field.column = static_cast<IntColumn>(column);
        if (field.column == IntColumn::kNone) return std::move(field);
        if (field.is_text()) return table.error("column", "an INT column needs a number");
        for (const auto& other : policy_.fields)
            if (other.column == field.column)
                return table.error("column",
                                   "the column is filled by '" + other.name + "' already");
        field.in_evidence = true;
        return std::move(field);
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
        auto lookup = [&](std::string_view name) -> Result<Expression::FieldRef> {
            Slot slot = policy_.slot_of(name);
            if (slot == kNoSlot)
                return fail(ErrorCode::kUsage, "unknown field '" + std::string(name) + "'", {},
                            near_field(name));
            if (!policy_.fields[slot].known_at_application)
                return fail(ErrorCode::kUsage,
                            "field '" + std::string(name) + "' is known only after the loan", {},
                            "a decision may not use it");
            policy_.fields[slot].in_evidence = true;
            return Expression::FieldRef{slot, policy_.fields[slot].is_text()};
        };
        auto parsed = Expression::parse(rule.when, lookup);
        if (!parsed) return std::unexpected(place(table, std::move(parsed).error()));
        rule.condition = std::move(*parsed);
        return {};
    }

    // "column N" of the expression becomes a place in the file.
    Error place(const TomlTable& table, Error error) {
        auto begin = table.toml().get("when")->source().begin;
        std::size_t column = 1;
        if (error.where.starts_with("column ")) column = std::stoul(error.where.substr(7));
        auto at = place_in_text(source_, {begin.line, begin.column}, column - 1);
        error.where = path_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
        return error;
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

    Result<void> model(ModelChoice choice) {
        TRY(auto found, root_.table("model"));
        if (!found && choice.path.empty()) {
            if (!policy_.rules.empty()) return {};
            return root_.error({}, "neither a [model] nor a [[rule]] decides anything",
                               "add one of them");
        }
        policy_.has_model = true;
        policy_.model_place = found ? found->where() : path_;
        if (found) TRY_VOID(model_table(*found));
        if (!choice.path.empty()) policy_.model_path = choice.path;
        if (choice.bytes && choice.bytes->empty())
            return fail(ErrorCode::kInvalidData, "the policy's model was not kept with it", path_);
        if (choice.bytes) {
            policy_.model_bytes = std::move(*choice.bytes);
        } else {
            auto bytes = read_bytes(policy_.model_path);
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
        if (choice.bytes) policy_.model_path = "version " + policy_.model_hash;
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
            TRY_VOID(slot(*features, feature.str(), name));
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
                                      ModelChoice choice) {
    auto parsed = toml::parse(text, path);
    if (!parsed) {
        auto begin = parsed.error().source().begin;
        return fail(ErrorCode::kUsage, std::string(parsed.error().description()),
                    path + ":" + std::to_string(begin.line) + ":" + std::to_string(begin.column),
                    "the format is TOML, explained in docs/policy.md");
    }
    auto policy = std::make_shared<Policy>();
    TRY_VOID(PolicyLoader(parsed.table(), text, path, *policy).load(std::move(choice)));
    return policy;
}

}  // namespace

Result<std::shared_ptr<const Policy>> parse_policy(std::string_view text, const std::string& path,
                                                   const std::string& model_path) {
    TRY(auto policy, parse(text, path, {model_path, std::nullopt}));
    policy->files.push_back({base_name(path), std::string(text), sha256_hex(text)});
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
    TRY(std::string text, read_bytes(path));
    return parse_policy(text, path, model_path);
}

Result<std::shared_ptr<const Policy>> restore_policy(std::vector<PolicyFile> files,
                                                     std::string model_bytes) {
    if (files.empty()) return fail(ErrorCode::kInvalidData, "a policy without its file");
    for (auto& file : files) file.sha256 = sha256_hex(file.bytes);
    // A policy without [model] may have been given one on the command line.
    std::string path = model_bytes.empty() ? "" : "version";
    TRY(auto policy,
        parse(files[0].bytes, files[0].name, {std::move(path), std::move(model_bytes)}));
    policy->files = std::move(files);
    policy->hash = sha256_hex(policy_hash_lines(policy->files));
    return policy;
}

}  // namespace loanstream

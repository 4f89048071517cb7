#include "policy/load_derive.h"

#include <algorithm>

#include "base/sha256.h"
#include "policy/load_words.h"

namespace loanstream {

namespace {

constexpr std::size_t kMostFields = 4096, kMostEdges = 4096;

class DeriveLoader {
public:
    DeriveLoader(const TomlTable& table, std::string_view source, const TableBytes& bytes,
                 Policy& policy)
        : table_(table), source_(source), bytes_(bytes), policy_(policy) {}

    Result<void> load() {
        TRY_VOID(table_.only({"name", "label", "unit", "value", "bucket", "edges", "labels",
                              "lookup", "table", "key", "take", "type", "otherwise", "column"}));
        field_.is_derived = true;
        field_.place = table_.where();
        TRY(field_.name, new_field_name(table_, policy_));
        TRY(field_.label, table_.text("label", field_.name));
        TRY(field_.unit, table_.text("unit", ""));
        TRY_VOID(how());
        TRY(field_.column, int_column(table_, field_.is_text(), policy_));
        field_.in_evidence = field_.column != IntColumn::kNone;
        derive_.slot = static_cast<Slot>(policy_.fields.size());
        policy_.fields.push_back(std::move(field_));
        policy_.derives.push_back(std::move(derive_));
        return {};
    }

private:
    Result<void> how() {
        int ways = 0;
        for (const char* way : {"value", "bucket", "lookup"}) ways += table_.has(way);
        if (ways != 1)
            return table_.error({}, "'" + field_.name + "' needs one of value, bucket and lookup",
                                "say how the field is made");
        if (table_.has("value")) return value();
        return table_.has("bucket") ? bucket() : lookup();
    }

    // Refuses keys that belong to another way.
    Result<void> without(std::initializer_list<const char*> keys, const char* way) {
        for (const char* key : keys)
            if (table_.has(key))
                return table_.error(key, std::string(key) + " has no meaning with " + way);
        return {};
    }

    Result<Slot> from(const char* way) {
        TRY(std::string name, table_.text(way));
        TRY(Slot slot, slot_named(table_, way, name, policy_));
        uses(slot);
        return slot;
    }
    void uses(Slot slot) {
        if (!policy_.fields[slot].known_at_application) field_.known_at_application = false;
    }

    Result<void> value() {
        TRY_VOID(
            without({"edges", "labels", "table", "key", "take", "type", "otherwise"}, "value"));
        TRY(field_.made_of, table_.text("value"));
        auto lookup = [&](std::string_view name) -> Result<Expression::FieldRef> {
            TRY(auto found, field_named(name, policy_));
            uses(found.slot);
            return found;
        };
        auto parsed = Expression::parse_value(field_.made_of, lookup);
        if (!parsed) return table_.error_within("value", source_, std::move(parsed).error());
        derive_.how = std::move(*parsed);
        return {};
    }

    Result<void> bucket() {
        TRY_VOID(without({"table", "key", "take", "type", "otherwise"}, "bucket"));
        Buckets buckets;
        TRY(buckets.from, from("bucket"));
        if (policy_.fields[buckets.from].is_text())
            return table_.error("bucket", "a bucket is made of a number field");
        TRY(buckets.edges, table_.numbers("edges"));
        bool ascends =
            std::is_sorted(buckets.edges.begin(), buckets.edges.end(), std::less_equal<>());
        if (buckets.edges.empty() || buckets.edges.size() > kMostEdges || !ascends)
            return table_.error(table_.has("edges") ? "edges" : "", "edges must ascend");
        TRY(buckets.labels, table_.texts("labels"));
        if (table_.has("labels") && buckets.labels.size() != buckets.edges.size() + 1)
            return table_.error("labels", "labels must be one more than edges");
        field_.made_of = "bucket of " + policy_.fields[buckets.from].name;
        if (!buckets.labels.empty()) field_.verb = CleaningVerb::kText;
        derive_.how = std::move(buckets);
        return {};
    }

    Result<void> lookup() {
        TRY_VOID(without({"edges", "labels"}, "lookup"));
        auto lookup = std::make_unique<Lookup>();
        TRY(lookup->from, from("lookup"));
        LookupTable::Columns columns;
        columns.key_is_text = policy_.fields[lookup->from].is_text();
        TRY(columns.key, table_.text("key"));
        TRY(columns.take, table_.text("take"));
        TRY(std::size_t type, table_.choice("type", "number", {"number", "text"}));
        columns.is_text = type == 1;
        if (columns.is_text) field_.verb = CleaningVerb::kText;
        TRY(std::string name, table_.text("table"));
        if (name.empty() || name.ends_with(".toml") || name.find('\n') != name.npos)
            return table_.error("table", "a table's name is that of a CSV file");
        TRY(std::string bytes, table_bytes(name));
        TRY(lookup->table, LookupTable::read(std::move(bytes), name, columns));
        TRY_VOID(otherwise(*lookup, columns.is_text));
        field_.made_of = columns.take + " of " + policy_.fields[lookup->from].name + " in " + name;
        derive_.how = std::move(lookup);
        return {};
    }

    Result<void> otherwise(Lookup& lookup, bool is_text) {
        if (!table_.has("otherwise")) return {};
        if (is_text) {
            TRY(lookup.otherwise_text, table_.text("otherwise"));
            lookup.otherwise.state = CellState::kText;
            lookup.otherwise.text = lookup.otherwise_text.data();
            lookup.otherwise.text_length = static_cast<std::uint32_t>(lookup.otherwise_text.size());
        } else {
            TRY(lookup.otherwise.number, table_.number("otherwise"));
            lookup.otherwise.state = CellState::kNumber;
        }
        return {};
    }

    Result<std::string> table_bytes(const std::string& name) {
        for (const auto& file : policy_.files)
            if (file.name == name) return file.bytes;
        auto bytes = bytes_(name);
        if (!bytes) {
            Error error = std::move(bytes).error();
            error.what = name + ": " + error.what;
            error.where.clear();
            return std::unexpected(std::move(error).at(table_.where("table")));
        }
        policy_.files.push_back({name, *bytes, sha256_hex(*bytes)});
        return std::move(*bytes);
    }

    const TomlTable& table_;
    std::string_view source_;
    const TableBytes& bytes_;
    Policy& policy_;
    Field field_;
    Derive derive_;
};

}  // namespace

Result<void> load_derives(const TomlTable& root, std::string_view source, const TableBytes& bytes,
                          Policy& policy) {
    TRY(auto tables, root.tables("derive"));
    if (tables.size() + policy.fields.size() > kMostFields)
        return root.error({}, "more than 4096 fields");
    for (const auto& table : tables) TRY_VOID(DeriveLoader(table, source, bytes, policy).load());
    return {};
}

}  // namespace loanstream

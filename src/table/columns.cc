#include "table/columns.h"

#include <array>

#include "log/layout.h"

namespace loanstream {

namespace {

using enum ColumnType;

constexpr std::array kPredictionColumns = std::to_array<ColumnDeclaration>({
    {"annual_inc", kInt, true, "annual income, cut toward zero; null where it is missing"},
    {"data", kFloat, true,
     "the scorer's number as float32: probability of default, or the risk API's; null where "
     "nothing scored"},
    {"funded_amnt", kInt, true, "funded amount, cut toward zero; null where it is missing"},
    {"member_id", kInt, true, "the feed's member; null where it has none (as from 2017 on)"},
    {"status", kString, false,
     "`approved`, `review` or `declined`; or the risk API's text, word for word"},
    {"application_id", kString, false,
     "the policy's id field where present, else `TOPIC-PARTITION-OFFSET`; not unique, no row is "
     "ever dropped by it"},
    {"probability_of_default", kDouble, true, "as scored; null where no model scored"},
    {"points", kInt, true, "the scorecard's points; null where no model scored"},
    {"reason_1", kString, true, "code of the most damaging reason; a decline has at least one"},
    {"reason_2", kString, true, "code of the next reason"},
    {"reason_3", kString, true, "code of the next reason"},
    {"reason_4", kString, true, "code of the next reason"},
    {"reason_5", kString, true, "only the reason about credit inquiries, if not among the four"},
    {"evidence", kString, false,
     "compact JSON: inputs as scored, points, points lost, rules hit, cut-offs (docs/policy.md)"},
    {"rule", kString, true,
     "the first rule that hit with the status decided; null: none did; `operator`: review by "
     "order"},
    {"scored_by", kString, false,
     "who fixed the status: `rule`, `model`, `risk_api` or `fallback`"},
    {"policy", kString, false, "the policy's name"},
    {"policy_hash", kString, false, "SHA-256 of the policy; its files are kept under versions/"},
    {"model", kString, true, "the model's name; null without a model"},
    {"model_hash", kString, true, "SHA-256 of the model file, kept under versions/"},
    {"program", kString, false, "the version of loanstream that decided"},
    {"source_topic", kString, false, "topic the record was read from; `name#1` after a reset"},
    {"source_partition", kInt, false, "its partition"},
    {"source_offset", kBigint, false, "its offset; with the two above: its position, unique"},
    {"origin_topic", kString, true,
     "where a repaired or corrected record came from; null for all others"},
    {"origin_partition", kInt, true, "partition of the origin"},
    {"origin_offset", kBigint, true, "offset of the origin"},
    {"event_ms", kBigint, true,
     "when the record was produced, epoch milliseconds; null where the topic does not say"},
    {"decided_ms", kBigint, false,
     "when it was decided, epoch milliseconds; never runs backwards within a source partition"},
});
static_assert(kPredictionColumns.size() == static_cast<std::size_t>(PredictionColumn::kCount));

constexpr std::array kDeadLetterColumns = std::to_array<ColumnDeclaration>({
    {"source_topic", kString, false, "topic the record was read from; `name#1` after a reset"},
    {"source_partition", kInt, false, "its partition"},
    {"source_offset", kBigint, false, "its offset; with the two above: its position, unique"},
    {"origin_topic", kString, true,
     "where a repaired or corrected record came from; null for all others"},
    {"origin_partition", kInt, true, "partition of the origin"},
    {"origin_offset", kBigint, true, "offset of the origin"},
    {"stage", kString, false, "where it failed: `decode`, `clean` or `decide`"},
    {"reason", kString, false, "the class of the cause, such as `not_json` (docs/policy.md)"},
    {"field", kString, true, "the policy field that failed; null where the record as a whole did"},
    {"detail", kString, true,
     "for people: the byte where decoding stopped, or that raw is a beginning; never a value"},
    {"raw", kBinary, false,
     "the record as it arrived, byte for byte; of one that is `too_large` only its beginning"},
    {"event_ms", kBigint, true,
     "when the record was produced, epoch milliseconds; null where the topic does not say"},
    {"decided_ms", kBigint, false, "when it was rejected, epoch milliseconds"},
    {"policy", kString, false, "name of the policy that rejected it"},
    {"policy_hash", kString, false, "SHA-256 of the policy; its files are kept under versions/"},
    {"program", kString, false, "the version of loanstream that rejected it"},
});
static_assert(kDeadLetterColumns.size() == static_cast<std::size_t>(DeadLetterColumn::kCount));

}  // namespace

std::string_view name_of(ColumnType type) {
    switch (type) {
        case kInt: return "INT";
        case kBigint: return "BIGINT";
        case kFloat: return "FLOAT";
        case kDouble: return "DOUBLE";
        case kString: return "STRING";
        case kBinary: return "BINARY";
    }
    return "";
}

int TableDeclaration::index_of(std::string_view column) const {
    for (std::size_t i = 0; i < columns.size(); ++i)
        if (columns[i].name == column) return static_cast<int>(i);
    return -1;
}

const TableDeclaration& prediction_table() {
    static const TableDeclaration table{kPredictionTable, kPredictionColumns};
    return table;
}

const TableDeclaration& dead_letters_table() {
    static const TableDeclaration table{kDeadLettersTable, kDeadLetterColumns};
    return table;
}

const TableDeclaration* table_named(std::string_view name) {
    if (name == kPredictionTable) return &prediction_table();
    if (name == kDeadLettersTable) return &dead_letters_table();
    return nullptr;
}

std::string columns_as_markdown(const TableDeclaration& table) {
    std::string out;
    for (const auto& column : table.columns) {
        out += "| `" + std::string(column.name) + "` | " + std::string(name_of(column.type));
        out += column.nullable ? " | yes | " : " | no | ";
        out += std::string(column.text) + " |\n";
    }
    return out;
}

}  // namespace loanstream

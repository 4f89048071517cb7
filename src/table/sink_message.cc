#include "table/sink_message.h"

#include <array>
#include <cstdint>

#include "base/check.h"
#include "decide/json_text.h"
#include "feed/envelope.h"

namespace loanstream {

namespace {

enum class FieldKind : std::uint8_t { kNumber, kText, kReasons };

// A field of the JSON object, in order. The reasons are made of the five columns from there on.
struct DecisionField {
    std::string_view name;  // of the column too
    FieldKind kind;
};

constexpr std::string_view kReasons = "reasons";
constexpr std::array kReasonColumns =
    std::to_array<std::string_view>({"reason_1", "reason_2", "reason_3", "reason_4", "reason_5"});
constexpr std::array kDecisionFields = std::to_array<DecisionField>({
    {"annual_inc", FieldKind::kNumber},
    {"data", FieldKind::kNumber},
    {"funded_amnt", FieldKind::kNumber},
    {"member_id", FieldKind::kNumber},
    {"status", FieldKind::kText},
    {"application_id", FieldKind::kText},
    {"probability_of_default", FieldKind::kNumber},
    {"points", FieldKind::kNumber},
    {kReasons, FieldKind::kReasons},
    {"rule", FieldKind::kText},
    {"scored_by", FieldKind::kText},
    {"policy", FieldKind::kText},
    {"policy_hash", FieldKind::kText},
    {"model", FieldKind::kText},
    {"model_hash", FieldKind::kText},
    {"source_topic", FieldKind::kText},
    {"source_partition", FieldKind::kNumber},
    {"source_offset", FieldKind::kNumber},
    {"event_ms", FieldKind::kNumber},
    {"decided_ms", FieldKind::kNumber},
});

constexpr std::array kDeadLetterColumns =
    std::to_array<std::string_view>({"source_topic", "source_partition", "source_offset", "stage",
                                     "reason", "field", "event_ms", "raw"});
constexpr std::array kHeaders = std::to_array<std::string_view>(
    {"loanstream.topic", "loanstream.partition", "loanstream.offset", "loanstream.stage",
     "loanstream.reason", "loanstream.field", "loanstream.event_ms"});
constexpr std::size_t kRaw = kHeaders.size();
static_assert(kRaw + 1 == kDeadLetterColumns.size());

void add_string(std::string& out, std::string_view text) {
    std::size_t size = out.size();
    out.resize(size + 6 * text.size() + 2);
    char* begin = out.data();
    out.resize(static_cast<std::size_t>(write_json_string(begin + size, text) - begin));
}

void add_name(std::string& out, std::string_view name) {
    out += out.empty() ? '{' : ',';
    add_string(out, name);
    out += ':';
}

// As TableScan writes numbers; JSON has no word for what is none.
void add_number(std::string& out, std::string_view digits) {
    bool is_number = digits.find_first_of("ni") == digits.npos;
    out += is_number ? digits : std::string_view("null");
}

void add_reasons(std::string& out, const TextRow& cells, std::size_t at, const ReasonTexts& texts) {
    out += '[';
    bool first = true;
    for (std::size_t i = at; i < at + kReasonColumns.size(); ++i) {
        if (!cells[i]) continue;
        out += first ? "{\"code\":" : ",{\"code\":";
        first = false;
        add_string(out, *cells[i]);
        out += ",\"text\":";
        if (auto text = texts.find(*cells[i]); text != texts.end())
            add_string(out, text->second);
        else
            out += "null";
        out += '}';
    }
    out += ']';
}

std::string_view cell_of(const TextRow& cells, std::string_view column) {
    const auto& columns = decision_columns();
    for (std::size_t i = 0; i < columns.size(); ++i)
        if (columns[i] == column) return cells[i] ? std::string_view(*cells[i]) : "";
    return {};
}

// TOPIC/PARTITION@OFFSET
std::string position_text(const TextRow& cells) {
    return cells[0].value_or("") + "/" + cells[1].value_or("") + "@" + cells[2].value_or("");
}

}  // namespace

const std::vector<std::string_view>& decision_columns() {
    static const std::vector<std::string_view> columns = [] {
        std::vector<std::string_view> list;
        for (const DecisionField& field : kDecisionFields)
            if (field.kind == FieldKind::kReasons)
                list.insert(list.end(), kReasonColumns.begin(), kReasonColumns.end());
            else
                list.push_back(field.name);
        return list;
    }();
    return columns;
}

const std::vector<std::string_view>& dead_letter_columns() {
    static const std::vector<std::string_view> columns(kDeadLetterColumns.begin(),
                                                       kDeadLetterColumns.end());
    return columns;
}

std::string_view policy_hash_of(const TextRow& cells) { return cell_of(cells, "policy_hash"); }
std::string_view model_hash_of(const TextRow& cells) { return cell_of(cells, "model_hash"); }

SinkMessage decision_message(const TextRow& cells, const ReasonTexts& texts) {
    LOANSTREAM_CHECK(cells.size() == decision_columns().size());
    SinkMessage message{std::string(cell_of(cells, "application_id")), {}};
    std::string& out = message.value;
    std::size_t at = 0;
    for (const DecisionField& field : kDecisionFields) {
        add_name(out, field.name);
        if (field.kind == FieldKind::kReasons) {
            add_reasons(out, cells, at, texts);
            at += kReasonColumns.size();
            continue;
        }
        const auto& cell = cells[at++];
        if (!cell)
            out += "null";
        else if (field.kind == FieldKind::kNumber)
            add_number(out, *cell);
        else
            add_string(out, *cell);
    }
    out += '}';
    return message;
}

SinkMessage dead_letter_message(const TextRow& cells) {
    LOANSTREAM_CHECK(cells.size() == kDeadLetterColumns.size());
    SinkMessage message{position_text(cells), cells[kRaw].value_or("")};
    for (std::size_t i = 0; i < kHeaders.size(); ++i)
        if (cells[i]) message.headers.emplace_back(kHeaders[i], *cells[i]);
    return message;
}

SinkMessage dead_letter_envelope(const TextRow& cells) {
    LOANSTREAM_CHECK(cells.size() == kDeadLetterColumns.size());
    SinkMessage message{position_text(cells), {}};
    for (std::size_t i = 0; i < kHeaders.size(); ++i) {
        if (!cells[i]) continue;
        add_name(message.value, kHeaders[i]);
        add_string(message.value, *cells[i]);
    }
    add_name(message.value, "base64");
    add_string(message.value, to_base64(cells[kRaw].value_or("")));
    message.value += '}';
    return message;
}

std::string decision_fields_as_markdown() {
    std::string out;
    for (const DecisionField& field : kDecisionFields) {
        const TableDeclaration& table = prediction_table();
        int column = table.index_of(field.name);
        out += "| `" + std::string(field.name) + "` | ";
        if (column < 0) {
            out +=
                "array | no | of `{\"code\", \"text\"}`, most damaging first: the code, and the "
                "text that an applicant may be sent, by the policy that decided |\n";
            continue;
        }
        const ColumnDeclaration& declared = table.columns[static_cast<std::size_t>(column)];
        out += field.kind == FieldKind::kNumber ? "number | " : "string | ";
        out += declared.nullable ? "yes | " : "no | ";
        out += std::string(declared.text) + " |\n";
    }
    return out;
}

}  // namespace loanstream

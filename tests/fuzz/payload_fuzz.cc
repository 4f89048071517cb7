// Bytes of applications, one a line, through decoding, cleaning and deciding with three policies.
// Holds: each record becomes one application or one reject; what it becomes does not depend on the
// records before it; what a general JSON parser takes, ours takes, with the same values; a decision
// has a probability, JSON evidence, and a reason where it declines.
#include <simdjson.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "clean/byte_steps.h"
#include "clean/record_batch.h"
#include "clean/record_decoder.h"
#include "decide/decided_batch.h"
#include "decide/explain.h"

using namespace loanstream;

namespace {

constexpr std::size_t kMostRecords = 16;

struct Line {
    explicit Line(const std::string& name)
        : policy(load_policy(name).value()),
          cleaner(policy),
          decider(Decider::make(policy).value()),
          explainer(Explainer::make(policy).value()) {}
    std::shared_ptr<const Policy> policy;
    Cleaner cleaner;  // kept: its memory of the key order must not show
    std::unique_ptr<Decider> decider;
    std::unique_ptr<Explainer> explainer;
    CleanBatch clean;
    DecidedBatch decided;
};

std::vector<std::string> records_of(std::string_view text) {
    std::vector<std::string> records;
    while (records.size() + 1 < kMostRecords && text.find('\n') != text.npos) {
        records.emplace_back(text.substr(0, text.find('\n')));
        text.remove_prefix(records.back().size() + 1);
    }
    records.emplace_back(text);
    return records;
}

void check_cell(const Field& field, const Cell& cell) {
    if (cell.state == CellState::kNumber) {
        LOANSTREAM_CHECK(std::isfinite(cell.number) && !field.is_text());
        LOANSTREAM_CHECK(!(cell.number == 0 && std::signbit(cell.number)));
    }
    if (cell.state == CellState::kText) {
        LOANSTREAM_CHECK(cell.text_length <= 65535);
        LOANSTREAM_CHECK(simdjson::validate_utf8(cell.text, cell.text_length));
    }
}

bool same(const Cell& a, const Cell& b) {
    return a.state == b.state && a.was_bad == b.was_bad && a.was_filled == b.was_filled &&
           (a.state != CellState::kNumber || a.number == b.number) &&
           (a.state != CellState::kText || a.text_view() == b.text_view());
}

bool same(const Reject& a, const Reject& b) {
    return a.stage == b.stage && a.reason == b.reason && a.reason_text == b.reason_text &&
           a.field == b.field && a.at == b.at;
}

// Each record alone, by a cleaner that saw none before.
void check_alone(const Line& line, const RawBatch& raw) {
    std::size_t row = 0, reject = 0, width = line.policy->fields.size();
    for (std::uint32_t i = 0; i < raw.records.size(); ++i) {
        std::string record(raw.bytes_of(raw.records[i]));
        RawBatch one;
        fill_batch({&record, 1}, "", one);
        CleanBatch alone;
        Cleaner(line.policy).clean(one, alone);
        LOANSTREAM_CHECK(alone.applications.size() + alone.rejects.size() == 1);
        bool taken = row < line.clean.applications.size() && line.clean.applications[row] == i;
        LOANSTREAM_CHECK(taken == (alone.applications.size() == 1));
        if (!taken) {
            LOANSTREAM_CHECK(reject < line.clean.rejects.size());
            LOANSTREAM_CHECK(line.clean.rejects[reject].record == i);
            LOANSTREAM_CHECK(same(line.clean.rejects[reject++], alone.rejects.front()));
            continue;
        }
        for (std::size_t slot = 0; slot < width; ++slot) {
            check_cell(line.policy->fields[slot], alone.row(0)[slot]);
            LOANSTREAM_CHECK(same(line.clean.row(row)[slot], alone.row(0)[slot]));
        }
        ++row;
    }
    LOANSTREAM_CHECK(row + reject == raw.records.size());
}

int depth_of(const nlohmann::json& value) {
    int depth = 0;
    if (value.is_structured())
        for (const auto& item : value) depth = std::max(depth, depth_of(item));
    return depth + value.is_structured();
}

// A general parser as the judge of what is JSON; ours is more lenient where the policy is blind.
void check_against_json(const Policy& policy, const std::string& record) {
    TextArena arena;
    std::string padded = record + std::string(kRecordPadding, '\0');
    std::string_view bytes = std::string_view(padded).substr(0, record.size());
    if (has_byte_steps(policy.input)) bytes = apply_byte_steps(policy.input, bytes, arena);
    if (!simdjson::validate_utf8(bytes.data(), bytes.size())) return;
    if (bytes.find('\0') != bytes.npos) return;  // where that parser ends, as if nothing followed
    auto json = nlohmann::json::parse(bytes, nullptr, false);
    // A byte order mark is the parser's to skip, not ours.
    if (!json.is_object() || depth_of(json) > 64 || bytes.starts_with("\xEF\xBB\xBF")) return;
    RecordDecoder decoder(policy);
    RecordDecoder::Failure failure;
    if (!decoder.decode(bytes, arena, failure)) {
        bool allowed =
            failure.reason == RejectReason::kDuplicateKey || bytes.find("\\u0000") != bytes.npos;
        LOANSTREAM_CHECK(allowed);
        return;
    }
    for (std::size_t slot = 0; slot < policy.fields.size(); ++slot) {
        const RawValue& value = decoder.values()[slot];
        const nlohmann::json* found = nullptr;
        for (const auto& key : policy.fields[slot].keys)
            if (auto at = json.find(key); at != json.end()) found = &*at;
        LOANSTREAM_CHECK((found == nullptr) == (value.kind == RawValue::kAbsent));
        if (found == nullptr) continue;
        LOANSTREAM_CHECK(found->is_null() == (value.kind == RawValue::kNull));
        LOANSTREAM_CHECK(found->is_structured() == (value.kind == RawValue::kNested));
        LOANSTREAM_CHECK(found->is_string() == (value.kind == RawValue::kString));
        if (found->is_string())
            LOANSTREAM_CHECK(found->get_ref<const std::string&>() == value.text());
    }
}

void check_decisions(Line& line, const RawBatch& raw) {
    line.decider->decide(line.clean, line.decided);
    const DecidedBatch& out = line.decided;
    LOANSTREAM_CHECK(out.decisions.size() + out.rejects.size() == raw.records.size());
    for (const Decision& decision : out.decisions) {
        LOANSTREAM_CHECK(nlohmann::json::accept(decision.evidence));
        LOANSTREAM_CHECK(decision.status != Status::kDeclined || decision.reason_count > 0);
        if ((decision.nulls & kNullScore) == 0)
            LOANSTREAM_CHECK(decision.probability_of_default >= 0 &&
                             decision.probability_of_default <= 1);
    }
    bool rejected = !out.rejects.empty() && out.rejects.front().record == 0;
    Position position{raw.source, Offset(0)};
    Explanation page = line.explainer->explain(position, raw.bytes_of(raw.records.front()));
    LOANSTREAM_CHECK(page.is_rejected == rejected && !page.text().empty());
    if (!rejected) LOANSTREAM_CHECK(page.status == name_of(out.decisions.front().status));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Line lines[] = {Line("lendingclub"), Line("fintech-classic"),
                           Line(LOANSTREAM_SOURCE_DIR "/tests/data/cleaning.toml")};
    auto records = records_of({reinterpret_cast<const char*>(data), size});
    RawBatch raw;
    fill_batch(records, "\n", raw);
    for (Line& line : lines) {
        line.cleaner.clean(raw, line.clean);
        check_alone(line, raw);
        for (const std::string& record : records) check_against_json(*line.policy, record);
        check_decisions(line, raw);
    }
    return 0;
}

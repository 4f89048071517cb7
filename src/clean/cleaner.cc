#include <simdjson.h>

#include <cmath>

#include "base/check.h"
#include "base/repaired_topic.h"
#include "clean/byte_steps.h"
#include "clean/clean_batch.h"
#include "clean/message.h"
#include "clean/record_decoder.h"
#include "clean/verbs.h"

namespace loanstream {

std::string_view name_of(RejectStage stage) {
    switch (stage) {
        case RejectStage::kDecode: return "decode";
        case RejectStage::kClean: return "clean";
        case RejectStage::kDecide: return "decide";
    }
    return "";
}

std::string_view name_of(RejectReason reason) {
    static constexpr std::string_view kNames[] = {
        "too_large",        "empty",        "invalid_utf8",
        "not_an_object",    "not_json",     "duplicate_key",
        "trailing_bytes",   "nested_value", "not_a_number",
        "missing_value",    "out_of_range", "old_job_would_fail",
        "replayed_already", "no_envelope",  "deleted",
        "not_json_schema",  "other"};
    return kNames[static_cast<std::size_t>(reason)];
}

namespace {

struct Why {
    RejectReason reason = RejectReason::kNotJson;
    std::string_view text;
};

Why why(RejectReason reason) { return {reason, name_of(reason)}; }

RejectReason reason_named(std::string_view text) {
    for (int i = 0; i < static_cast<int>(RejectReason::kOther); ++i)
        if (name_of(static_cast<RejectReason>(i)) == text) return static_cast<RejectReason>(i);
    return RejectReason::kOther;
}

// What `reject_as` says, or the default.
Why why(const Field& field, RejectReason otherwise) {
    if (field.reject_as.empty()) return why(otherwise);
    return {reason_named(field.reject_as), field.reject_as};
}

// Within int32 after the cut toward zero?
bool fits_int(double number) { return number > -2147483649.0 && number < 2147483648.0; }

// What reading one field needs, kept together.
struct FieldPlan {
    Cell without_value;  // a constant's cell, else missing
    CleaningVerb verb;
    BadValue bad;
    // In the record at hand: its value was refused; it is left to a fallback that was refused.
    bool refused = false, left = false;
    Why why_bad, why_absent;
};

}  // namespace

struct Cleaner::State {
    std::shared_ptr<const Policy> policy;
    MessageOpener opener;
    bool has_path;
    RecordDecoder decoder;
    MissingTexts missing;
    std::vector<FieldPlan> plans;  // by slot
    std::vector<Slot> slots_with_fallback;
    std::vector<Slot> slots_to_finish;  // ascending: fields with steps 3 to 5 of docs/policy.md
    Slot first_refused = kNoSlot;       // in the record at hand
    bool rewrites_bytes;

    State(std::shared_ptr<const Policy> p, const MessagePath& path)
        : policy(std::move(p)),
          opener(path),
          has_path(!path.keys.empty()),
          decoder(*policy),
          missing(policy->input.missing),
          rewrites_bytes(has_byte_steps(policy->input)) {
        for (std::size_t i = 0; i < policy->fields.size(); ++i) add_plan(static_cast<Slot>(i));
    }
    void add_plan(Slot slot) {
        const Field& field = policy->fields[slot];
        FieldPlan plan{};
        plan.verb = field.verb;
        plan.bad = field.bad;
        plan.why_bad =
            why(field, field.is_text() ? RejectReason::kOutOfRange : RejectReason::kNotANumber);
        plan.why_absent = why(field, RejectReason::kMissingValue);
        if (field.constant) {
            plan.without_value.state = CellState::kNumber;
            plan.without_value.number = *field.constant;
        }
        plans.push_back(plan);
        if (field.fallback != kNoSlot) slots_with_fallback.push_back(slot);
        if (field.is_derived) return;
        if (field.absent != BadValue::kMissing || field.has_range ||
            field.column != IntColumn::kNone)
            slots_to_finish.push_back(slot);
    }

    bool clean_message(std::string_view message, bool is_utf8, bool may_be_bare, CleanBatch& out,
                       Cell* row, Reject& reject);
    bool clean_record(std::string_view record, bool is_utf8, CleanBatch& out, Cell* row,
                      Reject& reject);
    bool clean_fields(Cell* row, Reject& reject);
    void read_field(Slot slot, Cell& cell, Reject& reject);
    bool finish_field(Slot slot, Cell* row, Reject& reject) const;
    bool derive_fields(Cell* row, Reject& reject) const;
    void fall_back(Slot slot, Cell* row);
    void refuse_value(Reject& reject, Slot slot, const Why& why) {
        plans[slot].refused = true;
        if (first_refused != kNoSlot) return;
        first_refused = slot;
        refuse(reject, slot, why);
    }
    static bool refuse(Reject& reject, Slot slot, const Why& why) {
        reject.stage = RejectStage::kClean;
        reject.reason = why.reason;
        reject.reason_text = why.text;
        reject.field = slot;
        return false;
    }
};

Cleaner::Cleaner(std::shared_ptr<const Policy> policy, const MessagePath& path)
    : state_(std::make_unique<State>(std::move(policy), path)) {}
Cleaner::~Cleaner() = default;

namespace {

// May this record be taken for valid where all of the batch's bytes are? Not where a character is
// cut by its begin or its end.
bool begins_and_ends_whole(const RawBatch& raw, const RawRecord& record) {
    auto continues = [&](std::uint64_t at) {
        return at < raw.bytes.size() && (static_cast<unsigned char>(raw.bytes[at]) & 0xC0) == 0x80;
    };
    return !continues(record.begin) && !continues(record.begin + record.length);
}

}  // namespace

void Cleaner::clean(const RawBatch& raw, CleanBatch& out) {
    State& state = *state_;
    out.raw = &raw;
    out.policy = state.policy.get();
    out.applications.clear();
    out.rejects.clear();
    out.arena.clear();
    std::size_t width = state.policy->fields.size();
    out.cells.resize(raw.records.size() * width);
    bool all_utf8 =
        !state.rewrites_bytes && simdjson::validate_utf8(raw.bytes.data(), raw.bytes.size());
    bool is_repaired = is_repaired_topic(raw.source.topic);
    Cell* row = out.cells.data();
    for (std::uint32_t i = 0; i < raw.records.size(); ++i) {
        Reject reject;
        reject.record = i;
        const RawRecord& record = raw.records[i];
        bool is_utf8 = all_utf8 && begins_and_ends_whole(raw, record);
        bool good = false;
        if (record.too_large || record.repeats_origin) {
            reject.reason =
                record.too_large ? RejectReason::kTooLarge : RejectReason::kReplayedAlready;
            reject.reason_text = name_of(reject.reason);
        } else {
            good =
                state.clean_message(raw.bytes_of(record), is_utf8, is_repaired, out, row, reject);
        }
        if (good) {
            out.applications.push_back(i);
            row += width;
        } else {
            out.rejects.push_back(reject);
        }
    }
    out.cells.resize(out.applications.size() * width);
    LOANSTREAM_CHECK(out.applications.size() + out.rejects.size() == raw.records.size());
}

inline bool Cleaner::State::clean_message(std::string_view message, bool is_utf8, bool may_be_bare,
                                          CleanBatch& out, Cell* row, Reject& reject) {
    if (!has_path && !message.starts_with('\0'))
        return clean_record(message, is_utf8, out, row, reject);
    auto opened = opener.open(message, may_be_bare);
    if (!opened.refused) {
        if (clean_record(opened.record, is_utf8, out, row, reject)) return true;
        if (reject.stage == RejectStage::kDecode)
            reject.at += static_cast<std::uint32_t>(opened.record.data() - message.data());
        return false;
    }
    reject.reason = *opened.refused;
    reject.reason_text = name_of(reject.reason);
    reject.at = opened.at;
    return false;
}

bool Cleaner::State::clean_record(std::string_view record, bool is_utf8, CleanBatch& out, Cell* row,
                                  Reject& reject) {
    if (rewrites_bytes) record = apply_byte_steps(policy->input, record, out.arena);
    RecordDecoder::Failure failure{RejectReason::kInvalidUtf8, kNoSlot, 0};
    if ((is_utf8 || simdjson::validate_utf8(record.data(), record.size())) &&
        decoder.decode(record, out.arena, failure))
        return clean_fields(row, reject);
    reject.reason = failure.reason;
    reject.reason_text = name_of(failure.reason);
    reject.field = failure.field;
    reject.at = failure.at;
    return false;
}

bool Cleaner::State::clean_fields(Cell* row, Reject& reject) {
    first_refused = kNoSlot;
    for (std::size_t i = 0; i < plans.size(); ++i) read_field(static_cast<Slot>(i), row[i], reject);
    for (Slot slot : slots_with_fallback) fall_back(slot, row);
    // A field before the refused one may still be refused for what follows.
    bool good = true;
    for (Slot slot : slots_to_finish) {
        if (slot >= first_refused || !good) break;
        good = finish_field(slot, row, reject);
    }
    if (first_refused == kNoSlot) return good && derive_fields(row, reject);
    for (FieldPlan& plan : plans) plan.refused = plan.left = false;
    return false;
}

// What the verb makes of the value; no value leaves the cell missing with neither mark.
inline void Cleaner::State::read_field(Slot slot, Cell& cell, Reject& reject) {
    const FieldPlan& plan = plans[slot];
    cell = plan.without_value;
    const RawValue& value = decoder.values()[slot];
    if (value.kind == RawValue::kAbsent || value.kind == RawValue::kNull) return;
    if (value.kind == RawValue::kNested)
        return refuse_value(reject, slot, why(RejectReason::kNestedValue));
    if (apply_verb(plan.verb, value.text(), missing, cell) != VerbOutcome::kBad) return;
    if (plan.bad == BadValue::kReject) return refuse_value(reject, slot, plan.why_bad);
    cell.was_bad = true;
    if (plan.bad == BadValue::kZero) cell.state = CellState::kNumber;
}

// Absent, range and the INT column.
bool Cleaner::State::finish_field(Slot slot, Cell* row, Reject& reject) const {
    const Field& field = policy->fields[slot];
    Cell& cell = row[slot];
    if (cell.missing() && !cell.was_bad) {
        if (plans[slot].left) return true;
        if (field.absent == BadValue::kReject) return refuse(reject, slot, plans[slot].why_absent);
        if (field.absent == BadValue::kZero) cell.state = CellState::kNumber;
    }
    if (cell.state != CellState::kNumber) return true;
    if (field.has_range && !(cell.number >= field.range_low && cell.number <= field.range_high)) {
        if (field.outside == BadValue::kReject)
            return refuse(reject, slot, why(RejectReason::kOutOfRange));
        cell.state = CellState::kMissing;
        cell.number = 0;
        cell.was_bad = true;
        return true;
    }
    if (field.column != IntColumn::kNone && !fits_int(cell.number))
        return refuse(reject, slot, why(RejectReason::kOutOfRange));
    return true;
}

bool Cleaner::State::derive_fields(Cell* row, Reject& reject) const {
    for (const Derive& derive : policy->derives) derive.make(row);
    for (const Derive& derive : policy->derives) {
        const Cell& cell = row[derive.slot];
        if (policy->fields[derive.slot].column != IntColumn::kNone && !cell.missing() &&
            !fits_int(cell.number))
            return refuse(reject, derive.slot, why(RejectReason::kOutOfRange));
    }
    return true;
}

void Cleaner::State::fall_back(Slot slot, Cell* row) {
    Cell& cell = row[slot];
    if (!cell.missing() || cell.was_bad || plans[slot].refused) return;
    Slot from = policy->fields[slot].fallback;
    const Cell& other = row[from];
    if (plans[from].refused) {
        plans[slot].left = true;
    } else if (!other.missing() && !other.was_filled && !policy->fields[from].constant) {
        cell = other;
        cell.was_bad = false;
        cell.was_filled = true;
    }
}

}  // namespace loanstream

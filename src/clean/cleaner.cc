#include <simdjson.h>

#include <cmath>

#include "base/check.h"
#include "clean/byte_steps.h"
#include "clean/clean_batch.h"
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
        "too_large", "empty", "invalid_utf8", "not_an_object", "not_json", "duplicate_key",
        "trailing_bytes", "nested_value", "not_a_number", "missing_value", "out_of_range",
        "old_job_would_fail", "other"};
    return kNames[static_cast<std::size_t>(reason)];
}

namespace {

RejectReason reason_named(std::string_view text) {
    for (int i = 0; i < static_cast<int>(RejectReason::kOther); ++i)
        if (name_of(static_cast<RejectReason>(i)) == text) return static_cast<RejectReason>(i);
    return RejectReason::kOther;
}

bool fits_int(double number) {
    double whole = std::trunc(number);
    return whole >= -2147483648.0 && whole <= 2147483647.0;
}

}  // namespace

struct Cleaner::State {
    std::shared_ptr<const Policy> policy;
    RecordDecoder decoder;
    MissingTexts missing;
    struct Why {
        RejectReason reason;
        std::string_view text;
    };
    std::vector<Why> why_bad, why_absent;  // by slot
    bool rewrites_bytes;

    explicit State(std::shared_ptr<const Policy> p)
        : policy(std::move(p)), decoder(*policy), missing(policy->input.missing) {
        rewrites_bytes = has_byte_steps(policy->input);
        for (const Field& field : policy->fields) {
            RejectReason bad = field.is_text() ? RejectReason::kOutOfRange : RejectReason::kNotANumber;
            why_bad.push_back(why(field, bad));
            why_absent.push_back(why(field, RejectReason::kMissingValue));
        }
    }
    static Why why(const Field& field, RejectReason otherwise) {
        if (field.reject_as.empty()) return {otherwise, name_of(otherwise)};
        return {reason_named(field.reject_as), field.reject_as};
    }

    bool clean_record(std::string_view record, bool is_utf8, CleanBatch& out, Cell* row,
                      Reject& reject);
    bool clean_fields(Cell* row, Reject& reject);
    bool read_field(Slot slot, Cell& cell, Reject& reject) const;
    bool finish_field(Slot slot, Cell* row, Reject& reject) const;
    static bool refuse(Reject& reject, Slot slot, Why why) {
        reject.stage = RejectStage::kClean;
        reject.reason = why.reason;
        reject.reason_text = why.text;
        reject.field = slot;
        reject.at = 0;
        return false;
    }
    static bool refuse(Reject& reject, Slot slot, RejectReason reason) {
        return refuse(reject, slot, Why{reason, name_of(reason)});
    }
};

Cleaner::Cleaner(std::shared_ptr<const Policy> policy)
    : state_(std::make_unique<State>(std::move(policy))) {}
Cleaner::~Cleaner() = default;

void Cleaner::clean(const RawBatch& raw, CleanBatch& out) {
    State& state = *state_;
    out.raw = &raw;
    out.policy = state.policy.get();
    out.applications.clear();
    out.rejects.clear();
    out.arena.clear();
    std::size_t width = state.policy->fields.size();
    out.cells.resize(raw.records.size() * width);
    // Judged at once: a record ends at a newline or at a bound, so good bytes are good records.
    bool all_utf8 = !state.rewrites_bytes &&
                    simdjson::validate_utf8(raw.bytes.data(), raw.bytes.size());
    Cell* row = out.cells.data();
    for (std::uint32_t i = 0; i < raw.records.size(); ++i) {
        Reject reject;
        reject.record = i;
        const RawRecord& record = raw.records[i];
        bool good = false;
        if (record.too_large)
            reject = {i, RejectStage::kDecode, RejectReason::kTooLarge,
                      name_of(RejectReason::kTooLarge), kNoSlot, 0};
        else
            good = state.clean_record(raw.bytes_of(record), all_utf8, out, row, reject);
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

bool Cleaner::State::clean_record(std::string_view record, bool is_utf8, CleanBatch& out,
                                  Cell* row, Reject& reject) {
    if (rewrites_bytes) record = apply_byte_steps(policy->input, record, out.arena);
    if (!is_utf8 && !simdjson::validate_utf8(record.data(), record.size())) {
        reject.reason = RejectReason::kInvalidUtf8;
        reject.reason_text = name_of(reject.reason);
        return false;
    }
    RecordDecoder::Failure failure;
    if (!decoder.decode(record, out.arena, failure)) {
        reject.reason = failure.reason;
        reject.reason_text = name_of(failure.reason);
        reject.field = failure.field;
        reject.at = failure.at;
        return false;
    }
    return clean_fields(row, reject);
}

bool Cleaner::State::clean_fields(Cell* row, Reject& reject) {
    std::size_t width = policy->fields.size();
    Reject first;
    bool refused = false;
    Slot refused_slot = kNoSlot;
    for (std::size_t i = 0; i < width; ++i) {
        row[i] = Cell{};
        auto slot = static_cast<Slot>(i);
        Reject why;
        if (read_field(slot, row[i], why) || refused) continue;
        refused = true;
        refused_slot = slot;
        first = why;
    }
    // A field before the refused one may still be refused for what follows.
    for (std::size_t i = 0; i < width; ++i) {
        if (refused && i == refused_slot) {
            first.record = reject.record;
            reject = first;
            return false;
        }
        if (!finish_field(static_cast<Slot>(i), row, reject)) return false;
    }
    return true;
}

// What the verb makes of the value; leaves no value as missing with neither mark.
bool Cleaner::State::read_field(Slot slot, Cell& cell, Reject& reject) const {
    const Field& field = policy->fields[slot];
    if (field.constant) {
        cell.state = CellState::kNumber;
        cell.number = *field.constant;
        return true;
    }
    const RawValue& value = decoder.values()[slot];
    if (value.kind == RawValue::kAbsent || value.kind == RawValue::kNull) return true;
    if (value.kind == RawValue::kNested) return refuse(reject, slot, RejectReason::kNestedValue);
    if (apply_verb(field.verb, value.text(), missing, cell) != VerbOutcome::kBad) return true;
    if (field.bad == BadValue::kReject) return refuse(reject, slot, why_bad[slot]);
    cell = Cell{};
    cell.was_bad = true;
    if (field.bad == BadValue::kZero) cell.state = CellState::kNumber;
    return true;
}

// Fallback, absent, range and the INT column.
bool Cleaner::State::finish_field(Slot slot, Cell* row, Reject& reject) const {
    const Field& field = policy->fields[slot];
    Cell& cell = row[slot];
    if (cell.missing() && !cell.was_bad) {
        if (field.fallback != kNoSlot && !row[field.fallback].missing() &&
            !row[field.fallback].was_filled) {
            cell = row[field.fallback];
            cell.was_bad = false;
            cell.was_filled = true;
        } else if (field.absent == BadValue::kReject) {
            return refuse(reject, slot, why_absent[slot]);
        } else if (field.absent == BadValue::kZero) {
            cell.state = CellState::kNumber;
        }
    }
    if (cell.state != CellState::kNumber) return true;
    if (field.has_range && !(cell.number >= field.range_low && cell.number <= field.range_high)) {
        if (field.outside == BadValue::kReject)
            return refuse(reject, slot, RejectReason::kOutOfRange);
        bool filled = cell.was_filled;
        cell = Cell{};
        cell.was_bad = true;
        cell.was_filled = filled;
        return true;
    }
    if (field.column != IntColumn::kNone && !fits_int(cell.number))
        return refuse(reject, slot, RejectReason::kOutOfRange);
    return true;
}

}  // namespace loanstream

#include "table/row_buffers.h"

#include <fmt/format.h>

#include "base/check.h"

namespace loanstream {

namespace {

using Ints = NumberColumn<std::int32_t>;
using Longs = NumberColumn<std::int64_t>;
using P = PredictionColumn;
using D = DeadLetterColumn;

ColumnBuffer buffer_for(const ColumnDeclaration& column) {
    switch (column.type) {
        case ColumnType::kInt: return Ints{};
        case ColumnType::kBigint: return Longs{};
        case ColumnType::kFloat: return NumberColumn<float>{};
        case ColumnType::kDouble: return NumberColumn<double>{};
        case ColumnType::kBinary: return TextColumn{};
        case ColumnType::kString: break;
    }
    if (is_plain_text(column.name)) return TextColumn{};
    return WordColumn{};
}

// The words of a batch's small vocabulary, looked up once each.
class Vocabulary {
public:
    Vocabulary(WordColumn& column, std::size_t size) : column_(column), known_(size, kUnknown) {}
    template <typename Word>
    std::int32_t index(std::size_t n, const Word& word) {
        if (known_[n] == kUnknown) known_[n] = column_.index_of(word());
        return known_[n];
    }

private:
    static constexpr std::int32_t kUnknown = -2;
    WordColumn& column_;
    std::vector<std::int32_t> known_;
};

// A column that has one value in the whole batch; empty text is null where `nullable`.
void add_constant(WordColumn& column, std::size_t rows, std::string_view word, bool nullable) {
    bool null = nullable && word.empty();
    column.add_many(static_cast<std::int64_t>(rows),
                    null ? WordColumn::kNull : column.index_of(word));
}

std::string_view field_name(const DecidedBatch& batch, Slot field) {
    if (field == kNoSlot || field >= batch.policy->fields.size()) return {};
    return batch.policy->fields[field].name;
}

}  // namespace

bool is_plain_text(std::string_view column) {
    return column == "application_id" || column == "evidence" || column == "detail" ||
           column == "raw";
}

RowBuffers::RowBuffers(const TableDeclaration& table) : table_(&table) {
    columns_.reserve(table.columns.size());
    for (const auto& column : table.columns) columns_.push_back(buffer_for(column));
}

std::size_t RowBuffers::rows_in(const DecidedBatch& batch) const {
    return table_ == &prediction_table() ? batch.decisions.size() : batch.rejects.size();
}

void RowBuffers::append(const DecidedBatch& batch, std::size_t from, std::size_t count,
                        const RowOrigin& origin) {
    LOANSTREAM_CHECK(from + count <= rows_in(batch));
    if (count == 0) return;
    if (table_ == &prediction_table())
        append_decisions(batch, from, count, origin);
    else
        append_rejects(batch, from, count, origin);
    rows_ += static_cast<std::int64_t>(count);
}

// Where each row came from: the six columns of position and origin, and event_ms.
template <typename Column>
void RowBuffers::append_position(const RawBatch& raw, const std::vector<std::uint32_t>& records) {
    auto rows = static_cast<std::int64_t>(records.size());
    add_constant(column<WordColumn>(Column::kSourceTopic), records.size(),
                 raw.source.source_topic(), false);
    column<Ints>(Column::kSourcePartition).add_many(rows, raw.source.partition.value, true);
    auto& offsets = column<Longs>(Column::kSourceOffset);
    auto& events = column<Longs>(Column::kEventMs);
    bool any_origin = false;
    for (std::uint32_t record : records) {
        const RawRecord& r = raw.records[record];
        offsets.add(r.offset.value);
        events.add(r.event_ms, r.event_ms >= 0);
        any_origin = any_origin || r.origin.has_value();
    }
    auto& topics = column<WordColumn>(Column::kOriginTopic);
    auto& partitions = column<Ints>(Column::kOriginPartition);
    auto& origins = column<Longs>(Column::kOriginOffset);
    if (!any_origin) {
        topics.add_many(rows, WordColumn::kNull);
        partitions.add_many(rows, 0, false);
        origins.add_many(rows, 0, false);
        return;
    }
    for (std::uint32_t record : records) {
        const auto& origin = raw.records[record].origin;
        topics.add_index(origin ? topics.index_of(origin->source.source_topic())
                                : WordColumn::kNull);
        partitions.add(origin ? origin->source.partition.value : 0, origin.has_value());
        origins.add(origin ? origin->offset.value : 0, origin.has_value());
    }
}

void RowBuffers::append_decisions(const DecidedBatch& batch, std::size_t from, std::size_t count,
                                  const RowOrigin& origin) {
    records_.clear();
    for (std::size_t i = 0; i < count; ++i) records_.push_back(batch.decisions[from + i].record);
    append_position<P>(*batch.raw, records_);
    append_scores(batch, from, count);
    append_reasons(batch, from, count);
    append_rules(batch, from, count);
    auto& ids = column<TextColumn>(P::kApplicationId);
    auto& evidence = column<TextColumn>(P::kEvidence);
    for (std::size_t i = from; i < from + count; ++i) {
        ids.add(batch.decisions[i].application_id);
        evidence.add(batch.decisions[i].evidence);
    }
    const Policy& policy = *batch.policy;
    bool scored = !batch.model_name.empty();
    add_constant(column<WordColumn>(P::kPolicy), count, policy.name, false);
    add_constant(column<WordColumn>(P::kPolicyHash), count, policy.hash, false);
    add_constant(column<WordColumn>(P::kModel), count, batch.model_name, true);
    add_constant(column<WordColumn>(P::kModelHash), count,
                 scored ? std::string_view(policy.model_hash) : std::string_view(), true);
    add_constant(column<WordColumn>(P::kProgram), count, origin.program, false);
    column<Longs>(P::kDecidedMs)
        .add_many(static_cast<std::int64_t>(count), origin.decided_ms.value, true);
}

void RowBuffers::append_scores(const DecidedBatch& batch, std::size_t from, std::size_t count) {
    auto& annual_inc = column<Ints>(P::kAnnualInc);
    auto& funded_amnt = column<Ints>(P::kFundedAmnt);
    auto& member_id = column<Ints>(P::kMemberId);
    auto& data = column<NumberColumn<float>>(P::kData);
    auto& probability = column<NumberColumn<double>>(P::kProbabilityOfDefault);
    auto& points = column<Ints>(P::kPoints);
    for (std::size_t i = from; i < from + count; ++i) {
        const Decision& d = batch.decisions[i];
        bool scored = (d.nulls & kNullScore) == 0;
        annual_inc.add(d.annual_inc, (d.nulls & kNullAnnualInc) == 0);
        funded_amnt.add(d.funded_amnt, (d.nulls & kNullFundedAmnt) == 0);
        member_id.add(d.member_id, (d.nulls & kNullMemberId) == 0);
        data.add(d.data, scored);
        probability.add(d.probability_of_default, scored);
        points.add(d.points, scored);
    }
}

void RowBuffers::append_reasons(const DecidedBatch& batch, std::size_t from, std::size_t count) {
    const auto& reasons = batch.policy->reasons;
    for (int n = 0; n < kMostReasons; ++n) {
        auto name = static_cast<P>(static_cast<int>(P::kReasonOne) + n);
        auto& codes = column<WordColumn>(name);
        Vocabulary known(codes, reasons.size());
        for (std::size_t i = from; i < from + count; ++i) {
            const Decision& d = batch.decisions[i];
            bool given = n < kMostReasons - 1 ? n < d.reason_count : d.has_inquiry_reason;
            if (!given) {
                codes.add_index(WordColumn::kNull);
                continue;
            }
            std::uint16_t reason = d.reasons[n];
            LOANSTREAM_CHECK(reason < reasons.size());
            auto code = [&]() -> const std::string& { return reasons[reason].code; };
            codes.add_index(known.index(reason, code));
        }
    }
}

void RowBuffers::append_rules(const DecidedBatch& batch, std::size_t from, std::size_t count) {
    const auto& policy = *batch.policy;
    auto& statuses = column<WordColumn>(P::kStatus);
    auto& scorers = column<WordColumn>(P::kScoredBy);
    auto& rules = column<WordColumn>(P::kRule);
    Vocabulary known_statuses(statuses, 3), known_scorers(scorers, 4);
    Vocabulary known_rules(rules, policy.rules.size() + 1);  // the last one: the operator
    for (std::size_t i = from; i < from + count; ++i) {
        const Decision& d = batch.decisions[i];
        statuses.add_index(known_statuses.index(static_cast<std::size_t>(d.status),
                                                [&] { return name_of(d.status); }));
        scorers.add_index(known_scorers.index(static_cast<std::size_t>(d.scored_by),
                                              [&] { return name_of(d.scored_by); }));
        if (d.rule == kOperatorRule) {
            rules.add_index(
                known_rules.index(policy.rules.size(), [] { return kOperatorRuleName; }));
            continue;
        }
        if (d.rule < 0) {
            rules.add_index(WordColumn::kNull);
            continue;
        }
        auto rule = static_cast<std::size_t>(d.rule);
        LOANSTREAM_CHECK(rule < policy.rules.size());
        auto name = [&]() -> const std::string& { return policy.rules[rule].name; };
        rules.add_index(known_rules.index(rule, name));
    }
}

void RowBuffers::append_rejects(const DecidedBatch& batch, std::size_t from, std::size_t count,
                                const RowOrigin& origin) {
    records_.clear();
    for (std::size_t i = 0; i < count; ++i) records_.push_back(batch.rejects[from + i].record);
    append_position<D>(*batch.raw, records_);
    auto& stages = column<WordColumn>(D::kStage);
    auto& reasons = column<WordColumn>(D::kReason);
    auto& fields = column<WordColumn>(D::kField);
    auto& details = column<TextColumn>(D::kDetail);
    auto& raw = column<TextColumn>(D::kRaw);
    for (std::size_t i = from; i < from + count; ++i) {
        const Reject& reject = batch.rejects[i];
        stages.add(name_of(reject.stage));
        reasons.add(reject.reason_text.empty() ? name_of(reject.reason) : reject.reason_text);
        std::string_view field = field_name(batch, reject.field);
        fields.add_index(field.empty() ? WordColumn::kNull : fields.index_of(field));
        const RawRecord& record = batch.raw->records[reject.record];
        bool decoding = reject.stage == RejectStage::kDecode;
        if (record.too_large)
            details.add("only the beginning of the record is kept");
        else
            details.add(decoding ? fmt::format("at byte {}", reject.at) : "", decoding);
        raw.add(batch.raw->bytes_of(record));
    }
    add_constant(column<WordColumn>(D::kPolicy), count, batch.policy->name, false);
    add_constant(column<WordColumn>(D::kPolicyHash), count, batch.policy->hash, false);
    add_constant(column<WordColumn>(D::kProgram), count, origin.program, false);
    column<Longs>(D::kDecidedMs)
        .add_many(static_cast<std::int64_t>(count), origin.decided_ms.value, true);
}

std::int64_t RowBuffers::bytes() const {
    std::int64_t total = 0;
    for (const auto& column : columns_) total += bytes_of(column);
    return total;
}

std::vector<ColumnBuffer*> RowBuffers::columns() {
    std::vector<ColumnBuffer*> out;
    for (auto& column : columns_) {
        LOANSTREAM_CHECK(rows_of(column) == rows_);
        out.push_back(&column);
    }
    return out;
}

void RowBuffers::clear() {
    for (auto& column : columns_) loanstream::clear(column);
    rows_ = 0;
}

}  // namespace loanstream

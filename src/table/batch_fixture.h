// Decided batches without a cleaner or a model, for this module's tests and benchmarks. A fixture
// owns all that its batches point into. One thread.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/sha256.h"
#include "decide/decided_batch.h"

namespace loanstream {

struct BatchShape {
    std::int64_t records = 10;
    std::int64_t reject_every = 0;  // 0: none; n: records whose offset is a multiple of n
    std::int64_t hole_every = 0;    // n: offsets that are a multiple of n are not there
    std::size_t evidence_bytes = 40;
    std::int64_t event_ms = 1'700'000'000'000;
};

class BatchFixture {
public:
    BatchFixture();
    // The batch of [begin, begin + shape.records) of this partition; valid while the fixture is.
    const DecidedBatch& batch(const SourcePartition& source, Offset begin,
                              const BatchShape& shape = {});
    std::shared_ptr<Policy> policy;

private:
    struct Held {
        RawBatch raw;
        CleanBatch clean;
        DecidedBatch decided;
        std::deque<std::string> text;
    };
    void add_decision(Held& held, std::uint32_t record, const BatchShape& shape);
    std::deque<Held> held_;
};

inline BatchFixture::BatchFixture() : policy(std::make_shared<Policy>()) {
    std::string bytes = "format = 1\nname = \"tested\"\n";
    policy->name = "tested";
    policy->files.push_back({"tested.toml", bytes, sha256_hex(bytes)});
    policy->hash = sha256_hex(policy->files[0].sha256 + " tested.toml\n");
    policy->has_model = true;
    policy->model_bytes = "{\"model\": \"tested\"}";
    policy->model_hash = sha256_hex(policy->model_bytes);
    policy->fields.resize(1);
    policy->fields[0].name = "annual_inc";
    policy->rules.resize(1);
    policy->rules[0].name = "income_too_low";
    for (const char* code : {"income", "debt", "grade", "term", "inquiries"})
        policy->reasons.emplace_back().code = code;
}

inline void BatchFixture::add_decision(Held& held, std::uint32_t record, const BatchShape& shape) {
    std::int64_t n = held.raw.records[record].offset.value;
    Decision d;
    d.record = record;
    d.annual_inc = static_cast<std::int32_t>(20'000 + n % 90'000);
    d.funded_amnt = static_cast<std::int32_t>(1'000 + n % 34'000);
    d.nulls = kNullMemberId;
    d.status = static_cast<Status>(n % 3);
    d.scored_by = n % 7 == 0 ? ScoredBy::kRule : ScoredBy::kModel;
    d.rule = n % 7 == 0 ? 0 : -1;
    d.reason_count = d.status == Status::kDeclined ? static_cast<std::uint8_t>(1 + n % 4) : 0;
    for (int i = 0; i < d.reason_count; ++i) d.reasons[i] = static_cast<std::uint16_t>((n + i) % 4);
    d.has_inquiry_reason = d.reason_count == 4;
    d.reasons[kMostReasons - 1] = 4;
    d.probability_of_default = static_cast<double>(n % 9973) / 9973.0;
    d.data = static_cast<float>(d.probability_of_default);
    d.points = static_cast<std::int32_t>(300 + n % 550);
    held.text.push_back(
        fmt::format("{}-{}-{}", held.raw.source.topic, held.raw.source.partition.value, n));
    d.application_id = held.text.back();
    std::string evidence = fmt::format("{{\"in\":{{\"annual_inc\":{}", d.annual_inc);
    for (int i = 0; evidence.size() + 20 < shape.evidence_bytes; ++i)
        evidence +=
            fmt::format(",\"f{}\":{:.6g}", i, static_cast<double>((n * 31 + i * 977) % 99991) / 7);
    held.text.push_back(evidence + "}}");
    d.evidence = held.text.back();
    held.decided.decisions.push_back(d);
}

inline const DecidedBatch& BatchFixture::batch(const SourcePartition& source, Offset begin,
                                               const BatchShape& shape) {
    Held& held = held_.emplace_back();
    held.raw.source = source;
    held.raw.range = {begin, begin + shape.records};
    for (Offset o = begin; o < held.raw.range.next; o = o + 1) {
        if (shape.hole_every > 0 && o.value % shape.hole_every == 0) continue;
        std::string bytes = fmt::format("{{\"n\": {}}}", o.value);
        RawRecord record{o, held.raw.bytes.size(), static_cast<std::uint32_t>(bytes.size())};
        record.event_ms = shape.event_ms < 0 ? -1 : shape.event_ms + o.value;
        held.raw.bytes += bytes;
        held.raw.records.push_back(record);
    }
    held.clean.raw = &held.raw;
    held.clean.policy = policy.get();
    held.decided.raw = &held.raw;
    held.decided.clean = &held.clean;
    held.decided.policy = policy;
    held.decided.model_name = "tested_model";
    for (std::uint32_t i = 0; i < held.raw.records.size(); ++i) {
        if (shape.reject_every > 0 && held.raw.records[i].offset.value % shape.reject_every == 0)
            held.decided.rejects.push_back(
                {i, RejectStage::kDecode, RejectReason::kNotJson, "not_json", kNoSlot, 3});
        else
            add_decision(held, i, shape);
    }
    return held.decided;
}

}  // namespace loanstream

#include "feed/applicant_batch.h"

namespace loanstream {

namespace {

constexpr std::size_t kBatchRecords = 2048, kBatchBytes = 4 << 20;

}  // namespace

Result<bool> next_batch(ApplicantSource& applicants, RawBatch& batch) {
    batch.bytes.clear();
    batch.records.clear();
    batch.range.begin = batch.range.next;
    std::string json;
    while (batch.records.size() < kBatchRecords && batch.bytes.size() < kBatchBytes) {
        TRY(bool some, applicants.next(json));
        if (!some) break;
        RawRecord record;
        record.offset = batch.range.next;
        record.begin = batch.bytes.size();
        record.length = static_cast<std::uint32_t>(json.size());
        batch.records.push_back(record);
        batch.bytes += json;
        batch.range.next = batch.range.next + 1;
    }
    batch.bytes.reserve(batch.bytes.size() + kRecordPadding);
    return !batch.records.empty();
}

BatchesAhead::BatchesAhead(ApplicantSource& applicants, std::string topic)
    : applicants_(applicants) {
    for (RawBatch& batch : batches_) batch.source.topic = topic;
    read();
}

void BatchesAhead::read() {
    RawBatch& batch = batches_[ahead_];
    reading_ =
        std::async(std::launch::async, [this, &batch] { return next_batch(applicants_, batch); });
}

Result<const RawBatch*> BatchesAhead::next(const std::function<void()>& at_rest) {
    if (!reading_.valid()) return nullptr;
    TRY(bool some, reading_.get());
    at_rest();
    if (!some) return nullptr;
    const RawBatch& ready = batches_[ahead_];
    ahead_ = 1 - ahead_;
    batches_[ahead_].range.next = ready.range.next;
    read();
    return &ready;
}

}  // namespace loanstream

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

}  // namespace loanstream

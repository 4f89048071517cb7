#include "kafka/record_key.h"

#include "base/raw_batch.h"

namespace loanstream {

RecordKey::RecordKey(std::shared_ptr<const Policy> policy)
    : policy_(std::move(policy)), decoder_(*policy_) {}

std::string_view RecordKey::of(std::string& record) {
    Slot slot = policy_->input.id_field;
    if (slot == kNoSlot) return {};
    record.reserve(record.size() + kRecordPadding);
    arena_.clear();
    RecordDecoder::Failure failure;
    if (!decoder_.decode(record, arena_, failure)) return {};
    const RawValue& value = decoder_.values()[static_cast<std::size_t>(slot)];
    if (value.kind != RawValue::kString && value.kind != RawValue::kToken) return {};
    std::string_view text = value.text();
    auto begin = text.find_first_not_of(" \t\r\n"), end = text.find_last_not_of(" \t\r\n");
    return begin == text.npos ? std::string_view() : text.substr(begin, end - begin + 1);
}

}  // namespace loanstream

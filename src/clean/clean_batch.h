// What cleaning gives: each record became an Application (a row of cells) or a Reject; none is
// lost: records == applications + rejects. Views point into the RawBatch and the batch's arena, so
// the RawBatch must outlive it. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/raw_batch.h"
#include "clean/text_arena.h"
#include "policy/cell.h"
#include "policy/policy.h"

namespace loanstream {

enum class RejectStage : std::uint8_t { kDecode, kClean, kDecide };
std::string_view name_of(RejectStage stage);  // "decode"

// One entry a reason class; the text is what tables and stories show.
enum class RejectReason : std::uint8_t {
    kTooLarge,
    kEmpty,
    kInvalidUtf8,
    kNotAnObject,
    kNotJson,
    kDuplicateKey,
    kTrailingBytes,
    kNestedValue,
    kNotANumber,
    kMissingValue,
    kOutOfRange,
    kOldJobWouldFail,
    kReplayedAlready,
    kNoEnvelope,     // source.envelope leads to no object
    kDeleted,        // ... but to null: the application was deleted
    kNotJsonSchema,  // behind a schema registry's header, such as Avro
    kOther,
};
std::string_view name_of(RejectReason reason);  // "not_json"

struct Reject {
    std::uint32_t record = 0;  // index into RawBatch::records
    RejectStage stage = RejectStage::kDecode;
    RejectReason reason = RejectReason::kNotJson;
    std::string_view reason_text;  // name_of(reason), or a policy's own reject_as
    Slot field = kNoSlot;          // the policy field that failed
    std::uint32_t at = 0;          // byte in the record where decoding failed
};

struct CleanBatch {
    const RawBatch* raw = nullptr;
    const Policy* policy = nullptr;
    std::vector<std::uint32_t> applications;  // record index of each row, ascending
    std::vector<Cell> cells;      // applications.size() x policy->fields.size(), row major
    std::vector<Reject> rejects;  // ascending by record
    TextArena arena;              // unescaped and squeezed texts

    const Cell* row(std::size_t application) const {
        return cells.data() + application * policy->fields.size();
    }
};

// The keys that lead to the application in a message: source.envelope. None: it is the message.
struct MessagePath {
    static constexpr std::size_t kMostKeys = 16;
    std::vector<std::string> keys;
    // "payload.after"; keys without quotes, backslashes and control characters. kUsage.
    static Result<MessagePath> parse(std::string_view text);
};

// Opens messages, decodes and cleans with one policy; keeps scratch memory and key order between
// batches.
class Cleaner {
public:
    explicit Cleaner(std::shared_ptr<const Policy> policy, const MessagePath& path = {});
    ~Cleaner();
    Cleaner(const Cleaner&) = delete;
    Cleaner& operator=(const Cleaner&) = delete;
    // Fills `out` anew, reusing its memory.
    void clean(const RawBatch& raw, CleanBatch& out);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace loanstream

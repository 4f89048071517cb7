// The key that a record is produced with: the text of the policy's id field. Keeps the decoder's
// memory of a feed's key order; one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "clean/record_decoder.h"
#include "clean/text_arena.h"
#include "policy/policy.h"

namespace loanstream {

class RecordKey {
public:
    explicit RecordKey(std::shared_ptr<const Policy> policy);
    // Without blanks at its ends; empty where the record is no JSON object, or has no text or
    // number in that field. The view lives until the next call; `record` may get more capacity.
    std::string_view of(std::string& record);

private:
    std::shared_ptr<const Policy> policy_;
    RecordDecoder decoder_;
    TextArena arena_;
};

}  // namespace loanstream

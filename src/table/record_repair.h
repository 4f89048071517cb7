// Named repairs of a record that was rejected (docs/deadletters.md). Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace loanstream {

struct RepairName {
    std::string_view name, text;
};
const std::vector<RepairName>& record_repairs();

// The repaired bytes. `keys`: those of the field that is to blame (for money). kUsage: no such
// repair; kInvalidData: the record is not of the kind that it mends.
Result<std::string> repair_record(std::string_view name, std::string_view raw,
                                  const std::vector<std::string>& keys);

// Puts a text at a key of a JSON object: at the first of `keys` that it has, else at keys[0].
Result<std::string> set_value(std::string_view raw, const std::vector<std::string>& keys,
                              const std::string& value);

}  // namespace loanstream

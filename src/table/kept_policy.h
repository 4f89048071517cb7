// The policy and model that decided a row, made anew from the versions kept with the table. Free
// function; one thread.
#pragma once

#include <memory>
#include <string_view>

#include "log/warehouse.h"
#include "policy/policy.h"

namespace loanstream {

// `model_hash` is empty without a model. kNotFound, kDamaged.
Result<std::shared_ptr<const Policy>> kept_policy(Warehouse& warehouse,
                                                  std::string_view policy_hash,
                                                  std::string_view model_hash);

}  // namespace loanstream

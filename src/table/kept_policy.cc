#include "table/kept_policy.h"

#include <algorithm>
#include <string>
#include <vector>

namespace loanstream {

Result<std::shared_ptr<const Policy>> kept_policy(Warehouse& warehouse,
                                                  std::string_view policy_hash,
                                                  std::string_view model_hash) {
    TRY(std::string lines, warehouse.read_version(policy_hash));
    std::vector<PolicyFile> files;
    for (std::size_t at = 0; at < lines.size();) {
        std::size_t end = std::min(lines.find('\n', at), lines.size());
        std::string line = lines.substr(at, end - at);
        at = end + 1;
        if (line.size() < 66) continue;
        TRY(std::string bytes, warehouse.read_version(line.substr(0, 64)));
        files.push_back({line.substr(65), std::move(bytes), line.substr(0, 64)});
    }
    std::string model;
    if (!model_hash.empty()) {
        TRY(model, warehouse.read_version(model_hash));
    }
    return restore_policy(std::move(files), std::move(model));
}

}  // namespace loanstream

#include "app/metrics_file.h"

namespace loanstream {

Result<void> write_metrics_file(Env& env, const std::string& path, std::string_view text) {
    std::string aside = path + ".new";
    if (auto removed = env.remove_file(aside);
        !removed && removed.error().code != ErrorCode::kNotFound)
        return removed;
    TRY(auto file, env.create_file(aside));
    TRY_VOID(file->append(text));
    TRY_VOID(file->close());
    return env.replace(aside, path);
}

}  // namespace loanstream

#include "log/state_formats.h"

#include <charconv>

#include "base/env.h"

namespace loanstream {

namespace {

constexpr std::string_view kFormatStart = "{\"format\":";
constexpr std::size_t kBeginning = 32;

}  // namespace

Result<void> check_manifest_formats(FileStore& files, const Layout& layout, const LogState& state) {
    for (const auto& [key, day] : state.days()) {
        if (day.manifest.empty()) continue;
        std::string path = join_path(layout.manifests(), day.manifest);
        auto file = files.open(path);
        if (!file && file.error().code == ErrorCode::kNotFound) continue;
        if (!file) return std::unexpected(std::move(file).error());
        std::string head(kBeginning, '\0');
        TRY(std::size_t got, (*file)->read_at(0, head));
        head.resize(got);
        if (!head.starts_with(kFormatStart)) continue;
        int format = 0;
        std::from_chars(head.data() + kFormatStart.size(), head.data() + head.size(), format);
        if (format > 0 && format != kManifestFormat)
            return fail(ErrorCode::kUnknownFormat,
                        "is of format " + std::to_string(format) + ", and this program knows " +
                            std::to_string(kManifestFormat),
                        path, "use the program version that wrote it, or a later one");
    }
    return {};
}

}  // namespace loanstream

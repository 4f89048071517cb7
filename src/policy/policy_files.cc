#include "policy/policy_files.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "policy/embedded.h"

namespace loanstream {

namespace {

constexpr std::size_t kMostFileBytes = 64u << 20;

}  // namespace

Result<std::string> read_policy_file(const std::string& path) {
    if (path.starts_with(kEmbedded)) {
        auto bytes = embedded_file(std::string_view(path).substr(kEmbedded.size()));
        if (!bytes) return fail(ErrorCode::kNotFound, "no such file is shipped", path);
        return std::string(*bytes);
    }
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr)
        return fail(ErrorCode::kNotFound, "cannot be read", path, "give a file that is there");
    std::string bytes;
    char buffer[1 << 16];
    while (std::size_t count = std::fread(buffer, 1, sizeof buffer, file)) {
        bytes.append(buffer, count);
        if (bytes.size() > kMostFileBytes) break;
    }
    bool bad = std::ferror(file) != 0;
    std::fclose(file);
    if (bad) return fail(ErrorCode::kOutside, "cannot be read", path);
    if (bytes.size() > kMostFileBytes)
        return fail(ErrorCode::kInvalidData, "is larger than 64 MiB", path);
    return bytes;
}

std::string path_from(const std::string& from, const std::string& name) {
    if (name.starts_with("/") || name.starts_with(kEmbedded)) return name;
    std::string prefix = from.starts_with(kEmbedded) ? std::string(kEmbedded) : "";
    std::string joined = from.substr(prefix.size());
    auto slash = joined.rfind('/');
    joined = (slash == joined.npos ? "" : joined.substr(0, slash + 1)) + name;
    if (prefix.empty()) return joined;
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= joined.size();) {
        std::size_t end = std::min(joined.find('/', at), joined.size());
        std::string part = joined.substr(at, end - at);
        if (part == ".." && !parts.empty())
            parts.pop_back();
        else if (!part.empty() && part != ".")
            parts.push_back(part);
        at = end + 1;
    }
    for (std::size_t i = 0; i < parts.size(); ++i) prefix += (i == 0 ? "" : "/") + parts[i];
    return prefix;
}

}  // namespace loanstream

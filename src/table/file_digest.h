// The size and SHA-256 of a file's bytes, read in pieces. Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/file_store.h"

namespace loanstream {

struct FileDigest {
    std::string sha256;  // in hex
    std::int64_t bytes = 0;
};
Result<FileDigest> digest_of(FileStore& files, const std::string& path);  // kNotFound

}  // namespace loanstream

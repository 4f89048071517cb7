// The size and SHA-256 of a file's bytes, read in pieces, and its copy. Any thread.
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

// Copies the bytes of one file into a new one, synced (its folder is not). kNotFound: there is no
// `from`, and nothing is made.
Result<FileDigest> copy_file(FileStore& files, const std::string& from, const std::string& to);

}  // namespace loanstream

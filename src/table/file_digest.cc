#include "table/file_digest.h"

#include <vector>

#include "base/sha256.h"

namespace loanstream {

Result<FileDigest> digest_of(FileStore& files, const std::string& path) {
    constexpr std::size_t kPiece = 256 << 10;
    TRY(auto file, files.open(path));
    Sha256 hash;
    std::vector<char> piece(kPiece);
    FileDigest digest;
    while (true) {
        TRY(std::size_t got, file->read_at(static_cast<std::uint64_t>(digest.bytes), piece));
        if (got == 0) break;
        hash.update({piece.data(), got});
        digest.bytes += static_cast<std::int64_t>(got);
    }
    digest.sha256 = hash.hex();
    return digest;
}

}  // namespace loanstream

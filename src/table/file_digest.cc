#include "table/file_digest.h"

#include <functional>
#include <vector>

#include "base/sha256.h"

namespace loanstream {

namespace {

using TakePiece = std::function<Result<void>(std::string_view)>;

Result<FileDigest> read_pieces(ReadFile& file, const TakePiece& take) {
    constexpr std::size_t kPiece = 256 << 10;
    Sha256 hash;
    std::vector<char> piece(kPiece);
    FileDigest digest;
    while (true) {
        TRY(std::size_t got, file.read_at(static_cast<std::uint64_t>(digest.bytes), piece));
        if (got == 0) break;
        hash.update({piece.data(), got});
        TRY_VOID(take({piece.data(), got}));
        digest.bytes += static_cast<std::int64_t>(got);
    }
    digest.sha256 = hash.hex();
    return digest;
}

}  // namespace

Result<FileDigest> digest_of(FileStore& files, const std::string& path) {
    TRY(auto file, files.open(path));
    return read_pieces(*file, [](std::string_view) -> Result<void> { return {}; });
}

Result<FileDigest> copy_file(FileStore& files, const std::string& from, const std::string& to) {
    TRY(auto file, files.open(from));
    TRY(auto copy, files.create(to));
    TRY(auto digest,
        read_pieces(*file, [&](std::string_view piece) { return copy->append(piece); }));
    TRY_VOID(copy->sync());
    TRY_VOID(copy->close());
    return digest;
}

}  // namespace loanstream

// A log, one entry a line; the harness puts the right checksum into each. Holds: what decodes is
// encoded and decoded to the same bytes; no entry that decodes brings the state down; a checkpoint
// of a state is accepted by it, and gives a new state that says the same.
#include <fmt/format.h>

#include "base/check.h"
#include "base/sha256.h"
#include "log/entry.h"
#include "log/state.h"

using namespace loanstream;

namespace {

constexpr std::string_view kStart = "{\"format\":1,\"sum\":\"";
constexpr std::size_t kHashDigits = 64;

// Another line stays as it is, and is refused.
std::string sealed(std::string_view line) {
    std::string text = std::string(line) + "\n";
    if (!text.starts_with(kStart) || text.size() < kStart.size() + kHashDigits) return text;
    text.replace(kStart.size(), kHashDigits, kHashDigits, '0');
    return text.replace(kStart.size(), kHashDigits, sha256_hex(text));
}

std::string encoded(EntryBody body) { return encode_entry({"", "fuzz", EpochMs(0), body}); }

void check_manifest(std::string_view bytes) {
    TableDay day{"prediction", "2026-11-23"};
    auto files = decode_manifest(day, bytes);
    if (!files) return;
    auto again = decode_manifest(day, encode_manifest(day, *files));
    LOANSTREAM_CHECK(again.has_value() && again->size() == files->size());
}

void check_checkpoint(const LogState& state) {
    CheckpointEntry checkpoint = state.checkpoint({}, {});
    std::string bytes = encoded(checkpoint);
    auto decoded = decode_entry(bytes);
    LOANSTREAM_CHECK(decoded.has_value());
    LOANSTREAM_CHECK(state.check(decoded->body).has_value());
    LogState anew;
    LOANSTREAM_CHECK(anew.apply(decoded->body, decoded->at_ms).has_value());
    LOANSTREAM_CHECK(encoded(anew.checkpoint({}, {})) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    LogState state;
    bool begun = false;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        std::string bytes = sealed(line);
        check_manifest(bytes);
        auto entry = decode_entry(bytes);
        if (!entry) {
            LOANSTREAM_CHECK(!entry.error().what.empty());
            continue;
        }
        std::string again = encode_entry(*entry);
        auto once_more = decode_entry(again);
        LOANSTREAM_CHECK(once_more.has_value() && encode_entry(*once_more) == again);
        bool checked = state.check(entry->body).has_value();
        LOANSTREAM_CHECK(state.apply(entry->body, entry->at_ms).has_value() == checked);
        begun = begun || checked;
    }
    if (begun) check_checkpoint(state);
    return 0;
}

// Records that a line cannot hold as they are, and records with an origin (docs/topic.md
// "Envelope"). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace loanstream {

inline constexpr std::string_view kEnvelopeBegin = "{\"loanstream_envelope\":1,";

struct Envelope {
    std::string bytes;
    std::optional<Position> origin;
};

// The line without its newline.
std::string to_envelope(std::string_view bytes, const std::optional<Position>& origin);
// nullopt: the line is an ordinary record.
std::optional<Envelope> from_envelope(std::string_view line);
std::string to_base64(std::string_view bytes);
// True when a line cannot hold these bytes as they are.
bool needs_envelope(std::string_view bytes);

}  // namespace loanstream

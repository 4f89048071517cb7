// A message of a topic to the bytes of the application in it: behind a schema registry's header,
// and inside a JSON document such as Debezium's change events (docs/kafka.md "Envelopes"). What
// lies around the application is judged for its structure alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "clean/clean_batch.h"

namespace loanstream {

// A header of a schema registry, as serializers of Confluent's registry write it: a zero byte, then
// the schema's number as four bytes, the highest first.
// https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/
inline constexpr std::size_t kRegistryHeader = 5;

// nullopt: the message has no such header.
std::optional<std::uint32_t> schema_of(std::string_view message);

class MessageOpener {
public:
    explicit MessageOpener(const MessagePath& path) : path_(path) {}

    struct Opened {
        std::string_view record;  // into the message
        std::optional<RejectReason> refused{};
        std::uint32_t at = 0;  // byte of the message where it was refused
    };
    // `may_be_bare`: a document that has not the path is an application itself (a repaired record).
    Opened open(std::string_view message, bool may_be_bare) const;

private:
    MessagePath path_;
};

}  // namespace loanstream

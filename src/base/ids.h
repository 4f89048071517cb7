// Strong types for the numbers and names that must not be mixed up: partitions, offsets, epochs,
// positions and half-open offset ranges. Values, free to copy and share between threads.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace loanstream {

// A number with a meaning of its own: Named<std::int64_t, OffsetTag> does not mix with another tag.
template <typename T, typename Tag>
struct Named {
    T value{};
    constexpr Named() = default;
    constexpr explicit Named(T v) : value(std::move(v)) {}
    friend constexpr auto operator<=>(const Named&, const Named&) = default;
};

using Offset = Named<std::int64_t, struct OffsetTag>;            // first record of a partition: 0
using PartitionId = Named<std::int32_t, struct PartitionIdTag>;  // 0 based
using Epoch = Named<std::int64_t, struct EpochTag>;  // 1 for a partition's first owner; 0: none yet
using Incarnation = Named<std::int32_t, struct IncarnationTag>;  // 0; +1 with each accepted reset
using EpochMs = Named<std::int64_t, struct EpochMsTag>;  // milliseconds since 1970-01-01T00:00Z

constexpr Offset operator+(Offset o, std::int64_t n) { return Offset(o.value + n); }
constexpr std::int64_t operator-(Offset a, Offset b) { return a.value - b.value; }

// One partition of one topic in one incarnation.
struct SourcePartition {
    std::string topic;
    Incarnation incarnation;
    PartitionId partition;
    friend auto operator<=>(const SourcePartition&, const SourcePartition&) = default;
    // The source_topic column: "name", or "name#1" after a reset.
    std::string source_topic() const;
    // "fintech_pyspark/0", or "fintech_pyspark#1/0".
    std::string text() const;
};

// TOPIC/PARTITION@OFFSET, as the command line takes it.
struct Position {
    SourcePartition source;
    Offset offset;
    friend auto operator<=>(const Position&, const Position&) = default;
    std::string text() const;
    static Result<Position> parse(std::string_view text);
};

// Half open [begin, next); holes are legal, so records <= next - begin.
struct OffsetRange {
    Offset begin;
    Offset next;
    bool empty() const { return begin == next; }
    bool contains(Offset o) const { return begin <= o && o < next; }
    friend auto operator<=>(const OffsetRange&, const OffsetRange&) = default;
};

// A topic name: 1 to 200 of [A-Za-z0-9._-], not "." or "..".
Result<void> check_topic_name(std::string_view name);

}  // namespace loanstream

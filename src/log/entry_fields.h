// The fields of each entry, declared once for writing and for reading: fields(io, value) names
// every one of them in the order of the file. Private to the codec. Each io has number(), text()
// and list(); the reading one checks bounds and form and keeps the first fault.
#pragma once

#include <limits>

#include "log/entry.h"

namespace loanstream::entry_codec {

enum class Form {
    kAny,
    kTopic,
    kTable,
    kDay,
    kFileName,
    kHash,
    kHashOrEmpty,
    kMember,
    kToken,
    kOrder
};

inline constexpr std::int64_t kMostInt = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kMostSmall = std::numeric_limits<std::int32_t>::max();

inline constexpr OrderKind kOrderKinds[] = {OrderKind::kPause, OrderKind::kDrain,
                                            OrderKind::kResume, OrderKind::kReviewAll,
                                            OrderKind::kReviewEnds};

template <typename IO>
void source_fields(IO& io, SourcePartition& s) {
    io.text("topic", s.topic, Form::kTopic);
    io.number("partition", s.partition.value, 0, kMostSmall);
    io.number("incarnation", s.incarnation.value, 0, kMostSmall);
}

template <typename IO>
void range_fields(IO& io, OffsetRange& r) {
    io.number("begin", r.begin.value, 0, kMostInt);
    io.number("next", r.next.value, r.begin.value, kMostInt);
}

template <typename IO>
void place_fields(IO& io, TablePart& p) {
    io.text("table", p.day.table, Form::kTable);
    io.text("dt", p.day.dt, Form::kDay);
    io.number("part", p.part, 0, kMostSmall);
}

template <typename IO, typename T>
void count_fields(IO& io, T& t) {
    io.number("records", t.records, 0, kMostInt);
    io.number("decided", t.decided, 0, t.records);
    io.number("rejected", t.rejected, 0, t.records);
}

template <typename IO, typename T>
void why_fields(IO& io, T& t) {
    io.text("why", t.why, Form::kAny);
    io.text("by", t.by, Form::kAny);
}

template <typename IO>
void fields(IO& io, ClaimEntry& e) {
    source_fields(io, e.source);
    io.number("epoch", e.epoch.value, 1, kMostInt);
    io.text("member", e.member, Form::kMember);
}

template <typename IO>
void fields(IO& io, CommittedRange& r) {
    source_fields(io, r.source);
    io.number("epoch", r.epoch.value, 1, kMostInt);
    range_fields(io, r.range);
    count_fields(io, r);
    io.number("decided_ms_last", r.decided_ms_last.value, 0, kMostInt);
    io.text("policy", r.policy_hash, Form::kHashOrEmpty);
    io.text("model", r.model_hash, Form::kHashOrEmpty);
}

template <typename IO>
void fields(IO& io, CommittedFile& f) {
    io.number("range", f.range, 0, kMostSmall);
    place_fields(io, f.place);
    io.text("name", f.name, Form::kFileName);
    io.number("rows", f.rows, 0, kMostInt);
    io.number("bytes", f.bytes, 0, kMostInt);
    io.text("sha256", f.sha256, Form::kHash);
}

template <typename IO>
void fields(IO& io, CommitEntry& e) {
    io.text("member", e.member, Form::kMember);
    io.list("ranges", e.ranges);
    io.list("files", e.files);
}

template <typename IO>
void fields(IO& io, SealEntry& e) {
    place_fields(io, e.part);
}

template <typename IO>
void fields(IO& io, FileRange& r) {
    source_fields(io, r.source);
    io.number("epoch", r.epoch.value, 1, kMostInt);
    range_fields(io, r.range);
    io.number("rows", r.rows, 0, kMostInt);
}

template <typename IO>
void fields(IO& io, LiveFile& f) {
    place_fields(io, f.place);
    io.text("name", f.name, Form::kFileName);
    io.number("rows", f.rows, 0, kMostInt);
    io.number("bytes", f.bytes, 0, kMostInt);
    io.text("sha256", f.sha256, Form::kHash);
    io.text("generation", f.generation, Form::kToken);
    io.list("ranges", f.ranges);
}

template <typename IO>
void fields(IO& io, MergeEntry& e) {
    place_fields(io, e.part);
    io.text("generation", e.generation, Form::kToken);
    io.list("inputs", e.inputs);
    io.list("outputs", e.outputs);
}

template <typename IO>
void fields(IO& io, SwitchedEntry& e) {
    place_fields(io, e.part);
    io.text("generation", e.generation, Form::kToken);
}

template <typename IO>
void fields(IO& io, LostEntry& e) {
    source_fields(io, e.source);
    io.number("epoch", e.epoch.value, 1, kMostInt);
    range_fields(io, e.range);
    why_fields(io, e);
}

// In the file `incarnation` is the one that starts.
template <typename IO>
void fields(IO& io, ResetEntry& e) {
    ++e.source.incarnation.value;
    source_fields(io, e.source);
    io.at_least("incarnation", e.source.incarnation.value, 1);
    --e.source.incarnation.value;
    io.number("epoch", e.epoch.value, 1, kMostInt);
    io.number("begin", e.begin.value, 0, kMostInt);
    io.number("next", e.next.value, 0, kMostInt);
    why_fields(io, e);
}

template <typename IO>
void fields(IO& io, ReplayEntry& e) {
    source_fields(io, e.origin.source);
    io.number("offset", e.origin.offset.value, 0, kMostInt);
    io.text("sha256", e.sha256, Form::kHashOrEmpty);
    why_fields(io, e);
}

template <typename IO>
void fields(IO& io, OrderEntry& e) {
    io.text("topic", e.topic, Form::kTopic);
    io.number("partition", e.partition, kAllPartitions, kMostSmall);
    std::string word(name_of(e.order));
    io.text("order", word, Form::kOrder);
    for (OrderKind kind : kOrderKinds)
        if (name_of(kind) == word) e.order = kind;
    why_fields(io, e);
}

template <typename IO>
void fields(IO& io, StandingOrder& o) {
    fields(io, o.order);
    io.number("since_ms", o.since.value, 0, kMostInt);
}

template <typename IO>
void fields(IO& io, PartitionState& p) {
    source_fields(io, p.source);
    io.number("epoch", p.epoch.value, 1, kMostInt);
    io.text("member", p.member, Form::kMember);
    io.number("first", p.first.value, 0, kMostInt);
    io.number("next", p.next.value, p.first.value, kMostInt);
    io.number("decided_ms_last", p.decided_ms_last.value, 0, kMostInt);
    io.text("policy", p.policy_hash, Form::kHashOrEmpty);
    io.text("model", p.model_hash, Form::kHashOrEmpty);
    count_fields(io, p);
}

template <typename IO>
void fields(IO& io, EndedIncarnation& e) {
    source_fields(io, e.source);
    io.number("first", e.first.value, 0, kMostInt);
    io.number("next", e.next.value, e.first.value, kMostInt);
    count_fields(io, e);
    why_fields(io, e);
}

template <typename IO>
void fields(IO& io, QuietRange& q) {
    source_fields(io, q.source);
    range_fields(io, q.range);
}

template <typename IO>
void fields(IO& io, DayState& d) {
    io.text("table", d.day.table, Form::kTable);
    io.text("dt", d.day.dt, Form::kDay);
    io.number("seals", d.seals, 0, kMostSmall);
    io.list("merged", d.merged);
    io.text("path", d.manifest, Form::kToken);
    io.text("sha256", d.sha256, Form::kHashOrEmpty);
    io.number("files", d.files, 0, kMostInt);
    io.number("rows", d.rows, 0, kMostInt);
    io.number("bytes", d.bytes, 0, kMostInt);
}

template <typename IO>
void fields(IO& io, OpenMerge& m) {
    fields(io, m.merge);
    io.number("switched_ms", m.switched_ms, -1, kMostInt);
}

template <typename IO>
void fields(IO& io, CheckpointEntry& e) {
    io.list("partitions", e.partitions);
    io.list("ended", e.ended);
    io.list("days", e.days);
    io.list("files", e.files);
    io.list("merges", e.merges);
    io.list("quiet", e.quiet);
    io.list("lost", e.lost);
    io.list("replays", e.replays);
    io.list("versions", e.versions);
    io.list_where_any("orders", e.orders);
}

}  // namespace loanstream::entry_codec

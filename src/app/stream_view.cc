#include "app/stream_view.h"

#include <fmt/format.h>
#include <algorithm>

#include "base/text_box.h"

namespace loanstream {

namespace {

constexpr std::size_t kShownRows = 20;  // as show() did
// A fast feed makes many batches a second; a terminal cannot be read that fast.
constexpr std::chrono::milliseconds kBetweenBoxes{500};

std::string joined(const std::vector<SourcePartition>& sources) {
    std::string text;
    for (const auto& source : sources) text += (text.empty() ? "" : ", ") + source.text();
    return text;
}

}  // namespace

void StreamPrinter::decided(const DecidedBatch& batch) {
    batch_ += 1;
    if (quiet_) return;
    auto now = env_.monotonic();
    if (last_printed_.count() >= 0 && now - last_printed_ < kBetweenBoxes) {
        batches_not_shown_ += 1;
        return;
    }
    last_printed_ = now;
    TextBox box{{"annual_inc", "data", "funded_amnt", "member_id", "status"}, {}};
    std::size_t shown = std::min(batch.decisions.size(), kShownRows);
    for (std::size_t i = 0; i < shown; ++i) {
        RecentRow row = recent_row(batch, batch.decisions[i]);
        box.rows.push_back({row.annual_inc, row.data, row.funded_amnt, row.member_id, row.status});
    }
    fmt::print(out_, "batch {}: {} {} to {}, {} decided, {} rejected", batch_,
               batch.raw->source.text(), batch.raw->range.begin.value,
               batch.raw->range.next.value - 1, batch.decisions.size(), batch.rejects.size());
    if (batches_not_shown_ > 0) fmt::print(out_, " ({} batches not shown)", batches_not_shown_);
    fmt::print(out_, "\n{}", box.text());
    if (batch.decisions.size() > shown) fmt::print(out_, "only showing top {} rows\n", shown);
    for (std::size_t i = 0; i < std::min<std::size_t>(batch.rejects.size(), 5); ++i) {
        const Reject& reject = batch.rejects[i];
        Position at{batch.raw->source, batch.raw->records[reject.record].offset};
        fmt::print(out_, "rejected {}: {} {}\n", at.text(), name_of(reject.stage),
                   reject.reason_text);
    }
    batches_not_shown_ = 0;
    std::fflush(out_);
}

void StreamPrinter::committed(const Receipt& receipt) {
    if (quiet_) return;
    for (const auto& landed : receipt.landed())
        fmt::print(out_, "landed {} up to {}: {} records, {} decided, {} rejected\n",
                   landed.source.text(), landed.range.next.value, landed.records, landed.decided,
                   landed.rejected);
    std::fflush(out_);
}

void StreamPrinter::waiting_for(const std::vector<SourcePartition>& sources) {
    fmt::print(out_,
               "waiting for {}: another process reads it; this one takes over when it stops\n",
               joined(sources));
    std::fflush(out_);
}

void StreamPrinter::claimed(const SourcePartition& source, Offset next) {
    fmt::print(out_, "reading {} from {}\n", source.text(), next.value);
    std::fflush(out_);
}

std::string decision_mix(const Snapshot& snapshot) {
    std::string text;
    for (Status status : {Status::kApproved, Status::kReview, Status::kDeclined}) {
        double share = snapshot.decided == 0
                           ? 0
                           : 100.0 * snapshot.by_status[static_cast<std::size_t>(status)] /
                                 static_cast<double>(snapshot.decided);
        text += fmt::format("{}{} {:.1f} %", text.empty() ? "" : "  ", name_of(status), share);
    }
    return text;
}

std::string status_line(const Snapshot& snapshot, std::optional<double> records_per_second) {
    std::string rate;
    if (records_per_second)
        rate = with_commas(static_cast<long long>(*records_per_second)) + "/s, ";
    std::int64_t lag = 0;
    for (const auto& partition : snapshot.partitions) lag += partition.watermark - partition.next;
    return fmt::format(
        "{}: {} records ({} decided, {} rejected), {}{} landed in {} commits, "
        "lag {}, {}",
        name_of(snapshot.state), with_commas(snapshot.records), with_commas(snapshot.decided),
        with_commas(snapshot.rejected), rate, with_commas(snapshot.committed_records),
        snapshot.commits, with_commas(lag), decision_mix(snapshot));
}

std::string recent_box(const Snapshot& snapshot, std::size_t most_rows, std::size_t widest) {
    TextBox box{{"position", "annual_inc", "data", "funded_amnt", "status", "by", "reasons"}, {}};
    std::size_t count = snapshot.recent.size();
    for (std::size_t i = count - std::min(count, most_rows); i < count; ++i) {
        const RecentRow& row = snapshot.recent[i];
        std::string reasons;
        for (const auto& reason : row.reasons) reasons += (reasons.empty() ? "" : "; ") + reason;
        box.rows.push_back({row.position, row.annual_inc, row.data, row.funded_amnt, row.status,
                            row.scored_by, reasons});
    }
    box.left_aligned = true;
    return box.text(widest);
}

}  // namespace loanstream

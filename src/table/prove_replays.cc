#include "table/prove_replays.h"

#include <algorithm>
#include <set>

#include "base/repaired_topic.h"
#include "table/amounts.h"
#include "table/table_reader.h"

namespace loanstream {

namespace {

constexpr std::int64_t kRowsAtOnce = 65'536;
const std::vector<std::string_view> kColumns = {"origin_topic",     "origin_partition",
                                                "origin_offset",    "source_topic",
                                                "source_partition", "source_offset"};

bool holds_repairs(const LiveFile& file) {
    return file.place.day.table == kPredictionTable &&
           std::ranges::any_of(file.ranges, [](const FileRange& range) {
               return is_repaired_topic(range.source.topic);
           });
}

class ReplayProof {
public:
    ReplayProof(const LogState& state, const TellFailure& tell) : tell_(tell) {
        for (const ReplayEntry& entry : state.replays())
            if (!entry.sha256.empty()) replayed_.insert(entry.origin);
    }

    Result<void> take(const std::string& place, const TextRow& row) {
        if (!row[0] || !is_repaired_topic(row[3].value_or(""))) return {};
        auto position = [&](std::size_t at) {
            return row[at].value_or("") + "/" + row[at + 1].value_or("") + "@" +
                   row[at + 2].value_or("");
        };
        auto origin = Position::parse(position(0));
        if (!origin) {
            tell_(place, position(3) + " has an origin that is no position");
            return {};
        }
        if (!decided_.insert(*origin).second)
            tell_(place, "origin " + position(0) + " is decided a second time, at " + position(3));
        if (!replayed_.contains(*origin))
            tell_(place, "origin " + position(0) + " of " + position(3) + " was never replayed");
        return {};
    }
    std::int64_t decided() const { return static_cast<std::int64_t>(decided_.size()); }

private:
    const TellFailure& tell_;
    std::set<Position> replayed_, decided_;
};

}  // namespace

Result<std::string> prove_replays(Warehouse& warehouse, const std::vector<LiveFile>& files,
                                  const TellFailure& tell) {
    ReplayProof proof(warehouse.state(), tell);
    for (const auto& file : files) {
        if (!holds_repairs(file)) continue;
        TRY(auto scan, open_live(warehouse, file));
        std::string place = file.place.text() + "/" + file.name;
        for (std::int64_t at = 0; at < scan->rows(); at += kRowsAtOnce) {
            TRY(auto rows, scan->read(kColumns, at, kRowsAtOnce));
            for (const auto& row : rows) TRY_VOID(proof.take(place, row));
        }
    }
    if (proof.decided() == 0) return std::string();
    return count_text(proof.decided(), "repaired record", "repaired records") +
           " decided, each with its replay and once";
}

}  // namespace loanstream

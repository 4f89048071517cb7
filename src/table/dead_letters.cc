#include "table/dead_letters.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "base/log_line.h"
#include "base/text_box.h"
#include "feed/envelope.h"
#include "table/amounts.h"
#include "table/table_reader.h"

namespace loanstream {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kRowsAtOnce = 65'536;
constexpr int kMostLooks = 4;
constexpr std::size_t kMostKeyLength = 40;

const std::vector<std::string_view> kListColumns = {
    "stage", "reason", "field", "source_topic", "source_partition", "source_offset", "decided_ms"};

std::int64_t number(const std::optional<std::string>& cell) {
    std::int64_t value = -1;
    if (cell) std::from_chars(cell->data(), cell->data() + cell->size(), value);
    return value;
}

// A position from its three columns; the topic may carry an incarnation.
Result<Position> position_of(const std::optional<std::string>& topic,
                             const std::optional<std::string>& partition,
                             const std::optional<std::string>& offset) {
    return Position::parse(topic.value_or("") + "/" + partition.value_or("") + "@" +
                           offset.value_or(""));
}

// What the log says of origins: the newest entry counts.
std::map<Position, DeadState> states_of(const LogState& state) {
    std::map<Position, DeadState> states;
    for (const auto& entry : state.replays())
        states[entry.origin] = entry.sha256.empty() ? DeadState::kAbandoned : DeadState::kReplayed;
    return states;
}

class DeadCount {
public:
    DeadCount(const LogState& state, const DeadListRequest& request, std::int64_t now_ms)
        : states_(states_of(state)), request_(request) {
        list.now_ms = now_ms;
    }

    Result<void> add(const TextRow& row) {
        std::int64_t decided_ms = number(row[6]);
        if (list.now_ms - decided_ms < request_.older_than_ms) return {};
        TRY(auto position, position_of(row[3], row[4], row[5]));
        auto known = states_.find(position);
        DeadState state = known == states_.end() ? DeadState::kOpen : known->second;
        if (state != DeadState::kOpen && !request_.all) return {};
        std::tuple key(row[0].value_or(""), row[1].value_or(""), row[2].value_or(""), state);
        DeadGroup& group = groups_[key];
        if (group.count == 0 ||
            std::tie(decided_ms, position) < std::tie(group.oldest_ms, group.example)) {
            group.oldest_ms = decided_ms;
            group.example = position;
        }
        group.count += 1;
        list.total += 1;
        return {};
    }

    DeadList finished() {
        for (auto& [key, group] : groups_) {
            std::tie(group.stage, group.reason, group.field, group.state) = key;
            list.groups.push_back(std::move(group));
        }
        std::ranges::stable_sort(list.groups,
                                 [](const auto& a, const auto& b) { return a.count > b.count; });
        return std::move(list);
    }

    DeadList list;

private:
    std::map<Position, DeadState> states_;
    DeadListRequest request_;
    std::map<std::tuple<std::string, std::string, std::string, DeadState>, DeadGroup> groups_;
};

Result<DeadList> list_once(Env& env, Warehouse& warehouse, const DeadListRequest& request) {
    TRY_VOID(warehouse.reload());
    TRY(auto files, warehouse.live_files());
    DeadCount count(warehouse.state(), request, env.now().value);
    for (const auto& file : files) {
        if (file.place.day.table != kDeadLettersTable) continue;
        TRY(auto scan, open_live(warehouse, file));
        for (std::int64_t at = 0; at < scan->rows(); at += kRowsAtOnce) {
            TRY(auto rows, scan->read(kListColumns, at, kRowsAtOnce));
            for (const auto& row : rows) TRY_VOID(count.add(row));
        }
    }
    return count.finished();
}

bool is_utf8(const std::string& bytes) {
    try {
        (void)Json(bytes).dump();
    } catch (const Json::exception&) {
        return false;
    }
    return true;
}

std::string time_text(std::int64_t ms) { return ms < 0 ? "not known" : utc_text(EpochMs(ms)); }

// The end of a JSON key of ours that begins at this quote, past its closing quote; 0: none. Such
// a key is a lower-case name that a colon follows, so no applicant's words.
std::size_t key_end(std::string_view raw, std::size_t quote) {
    std::size_t at = quote + 1;
    while (at < raw.size() && at - quote <= kMostKeyLength &&
           ((raw[at] >= 'a' && raw[at] <= 'z') || raw[at] == '_' ||
            (at > quote + 1 && raw[at] >= '0' && raw[at] <= '9')))
        ++at;
    if (at == quote + 1 || at >= raw.size() || raw[at] != '"') return 0;
    std::size_t end = ++at;
    while (at < raw.size() && raw[at] == ' ') ++at;
    return at < raw.size() && raw[at] == ':' ? end : 0;
}

char masked_byte(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return 'x';
    if (c >= '0' && c <= '9') return '9';
    auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte >= 0x7F ? '?' : c;
}

}  // namespace

std::string_view name_of(DeadState state) {
    switch (state) {
        case DeadState::kOpen: return "open";
        case DeadState::kReplayed: return "replayed";
        case DeadState::kAbandoned: return "abandoned";
    }
    return "";
}

std::string masked(std::string_view raw) {
    std::string out;
    for (std::size_t at = 0; at < raw.size();) {
        std::size_t end = raw[at] == '"' ? key_end(raw, at) : 0;
        if (end > 0) {
            out += raw.substr(at, end - at);
            at = end;
        } else {
            out += masked_byte(raw[at++]);
        }
    }
    return out;
}

Result<DeadList> list_dead(Env& env, Warehouse& warehouse, const DeadListRequest& request) {
    for (int look = 1;; ++look) {
        auto list = list_once(env, warehouse, request);
        if (list || list.error().code != ErrorCode::kNotFound || look == kMostLooks) return list;
    }
}

std::string DeadList::text() const {
    if (groups.empty()) return "no dead letters\n";
    TextBox box{{"stage", "reason", "field", "state", "count", "oldest", "example"}, {}, true};
    for (const auto& group : groups)
        box.rows.push_back({group.stage, group.reason, group.field.empty() ? "-" : group.field,
                            std::string(name_of(group.state)), with_commas(group.count),
                            age_text(std::max<std::int64_t>(now_ms - group.oldest_ms, 0)) + " ago",
                            group.example.text()});
    return box.text(80) + count_text(total, "dead letter", "dead letters") + "\n";
}

std::string DeadList::json() const {
    Json out = {{"now_ms", now_ms}, {"total", total}, {"groups", Json::array()}};
    for (const auto& group : groups)
        out["groups"].push_back({{"stage", group.stage},
                                 {"reason", group.reason},
                                 {"field", group.field.empty() ? Json() : Json(group.field)},
                                 {"state", name_of(group.state)},
                                 {"count", group.count},
                                 {"oldest_ms", group.oldest_ms},
                                 {"example", group.example.text()}});
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<DeadLetter> show_dead(Warehouse& warehouse, const Position& position) {
    TRY(auto row, find_row(warehouse, position));
    if (row.table != kDeadLettersTable)
        return fail(
            ErrorCode::kNotFound,
            "no dead letter: this record was decided (" + row.cell("status").value_or("") + ")",
            position.text(), "loanstream explain " + position.text() + " shows it");
    auto text = [&](const char* column) { return row.cell(column).value_or(""); };
    DeadLetter letter;
    letter.position = position;
    if (row.cell("origin_topic")) {
        TRY(letter.origin, position_of(row.cell("origin_topic"), row.cell("origin_partition"),
                                       row.cell("origin_offset")));
    }
    auto states = states_of(warehouse.state());
    if (auto known = states.find(position); known != states.end()) letter.state = known->second;
    letter.stage = text("stage");
    letter.reason = text("reason");
    letter.field = text("field");
    letter.detail = text("detail");
    letter.policy = text("policy");
    letter.policy_hash = text("policy_hash");
    letter.program = text("program");
    letter.event_ms = number(row.cell("event_ms"));
    letter.decided_ms = number(row.cell("decided_ms"));
    letter.raw = text("raw");
    letter.file = row.path;
    return letter;
}

std::string DeadLetter::text(bool with_raw) const {
    std::string cause = stage + ": " + reason;
    if (!field.empty()) cause += ", field " + field;
    if (!detail.empty()) cause += ", " + detail;
    std::string out = "position  " + position.text() + "\n";
    if (origin) out += "origin    " + origin->text() + "\n";
    out += "cause     " + cause + "\n";
    out += "state     " + std::string(name_of(state)) + "\n";
    out += "produced  " + time_text(event_ms) + "\n";
    out += "rejected  " + time_text(decided_ms) + "\n";
    out += "policy    " + policy + " " + policy_hash + "\n";
    out += "program   " + program + "\n";
    out += "file      " + file + "\n";
    out += "record    " + with_commas(static_cast<long long>(raw.size())) + " bytes";
    out += with_raw ? "\n" : ", masked (--raw shows them)\n";
    return out + (with_raw ? raw : masked(raw)) + "\n";
}

std::string DeadLetter::json(bool with_raw) const {
    Json out = {{"position", position.text()},
                {"origin", origin ? Json(origin->text()) : Json()},
                {"state", name_of(state)},
                {"stage", stage},
                {"reason", reason},
                {"field", field.empty() ? Json() : Json(field)},
                {"detail", detail.empty() ? Json() : Json(detail)},
                {"event_ms", event_ms < 0 ? Json() : Json(event_ms)},
                {"decided_ms", decided_ms},
                {"policy", policy},
                {"policy_hash", policy_hash},
                {"program", program},
                {"file", file},
                {"bytes", raw.size()}};
    if (!with_raw)
        out["masked"] = masked(raw);
    else if (is_utf8(raw))
        out["raw"] = raw;
    else
        out["raw_base64"] = to_base64(raw);
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace loanstream

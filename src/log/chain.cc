#include "log/chain.h"

#include <algorithm>
#include <cstdio>

#include "base/crash_points.h"
#include "base/plants.h"
#include "base/sha256.h"

namespace loanstream {

namespace {

constexpr int kMostLoads = 20;  // tries to read a log that is truncated meanwhile
constexpr int kMostOffers = 8;  // tries to put an entry whose outcome is not known
constexpr std::size_t kMostIds = 1024;
constexpr std::uint64_t kHeadBytes = 128;
constexpr std::string_view kMend =
    "nothing is written until it is put right: restore the file from a copy, or run "
    "'loanstream table repair'";

std::unexpected<Error> damaged(std::string what, const std::string& where) {
    return fail(ErrorCode::kDamaged, std::move(what), where, std::string(kMend));
}

}  // namespace

std::string random_id(Env& env) {
    char text[40];
    std::snprintf(text, sizeof text, "%016llx%016llx",
                  static_cast<unsigned long long>(env.random()),
                  static_cast<unsigned long long>(env.random()));
    return text;
}

LogChain::LogChain(Env& env, FileStore& files, const Layout& layout, std::string member)
    : env_(env), files_(files), layout_(layout), member_(std::move(member)) {}

std::unexpected<Error> LogChain::ended(Error error) {
    failed_ = error;
    return std::unexpected(std::move(error));
}

Result<void> LogChain::sync() {
    if (member_.empty()) return {};
    auto synced = files_.sync_folder(layout_.log());
    if (!synced) return ended(std::move(synced).error());
    return {};
}

Result<std::optional<LogChain::Read>> LogChain::read_entry(std::uint64_t number) {
    std::string path = layout_.entry(number);
    auto bytes = files_.read(path, kMostEntryBytes);
    if (!bytes && bytes.error().code == ErrorCode::kNotFound) return std::nullopt;
    if (!bytes) return std::unexpected(std::move(bytes).error());
    auto entry = decode_entry(*bytes);
    if (!entry && entry.error().code == ErrorCode::kUnknownFormat)
        return std::unexpected(std::move(entry.error()).at(path));
    if (!entry) return damaged("the log entry cannot be read: " + entry.error().what, path);
    return Read{number, sha256_hex(*bytes), bytes->substr(0, kHeadBytes), std::move(*entry)};
}

Result<void> LogChain::fold(const Read& read) {
    std::string path = layout_.entry(read.number);
    if (read.entry.prev != last_sum_)
        return damaged(
            "the log entry does not follow the one before it: one of the two was "
            "edited or put in another's place",
            path);
    if (auto applied = state_.apply(read.entry.body, read.entry.at_ms); !applied) {
        const Error& error = applied.error();
        return damaged("the log entry contradicts those before it: " + error.what +
                           (error.where.empty() ? "" : " (" + error.where + ")"),
                       path);
    }
    last_ = read.number;
    last_sum_ = read.sum;
    ids_.emplace_back(read.number, read.entry.id);
    if (ids_.size() > kMostIds) ids_.erase(ids_.begin(), ids_.begin() + kMostIds / 2);
    if (std::holds_alternative<CheckpointEntry>(read.entry.body))
        newest_ = {read.number, read.head};
    return {};
}

bool LogChain::is_ours(std::uint64_t number, const std::string& id) const {
    return std::ranges::find(ids_, std::pair(number, id)) != ids_.end();
}

// From the newest name down to the newest checkpoint; newest first.
Result<std::vector<LogChain::Read>> LogChain::read_down() {
    TRY(auto names, files_.list(layout_.log()));
    std::vector<std::uint64_t> numbers;
    for (const FileInfo& file : names)
        if (auto number = entry_number(file.name)) numbers.push_back(*number);
    if (numbers.empty())
        return fail(ErrorCode::kNotFound, "no warehouse here: its log has no entry", layout_.log(),
                    "check the folder, or begin one with 'loanstream stream'");
    std::vector<Read> entries;
    std::uint64_t newest = *std::ranges::max_element(numbers);
    for (std::uint64_t number = newest;; --number) {
        TRY(auto read, read_entry(number));
        if (!read)
            return damaged("log entry " + std::to_string(number) + " is missing below entry " +
                               std::to_string(newest),
                           layout_.entry(number));
        entries.push_back(std::move(*read));
        if (std::holds_alternative<CheckpointEntry>(entries.back().entry.body)) return entries;
        if (number == 0) return damaged("log entry 0 is no checkpoint", layout_.entry(0));
    }
}

// Reads by number until one is absent, folding.
Result<void> LogChain::read_up() {
    for (;;) {
        TRY(auto read, read_entry(last_ + 1));
        if (!read) return {};
        TRY_VOID(fold(*read));
    }
}

Result<bool> LogChain::stands(const Anchor& anchor) {
    auto file = files_.open(layout_.entry(anchor.number));
    if (!file && file.error().code == ErrorCode::kNotFound) return false;
    if (!file) return std::unexpected(std::move(file).error());
    std::string head(kHeadBytes, '\0');
    TRY(std::size_t n, (*file)->read_at(0, head));
    head.resize(n);
    return head == anchor.head;
}

// False: truncated meanwhile, start over.
Result<bool> LogChain::load_once() {
    loaded_ = false;
    TRY(auto entries, read_down());
    Anchor anchor{entries.back().number, entries.back().head};
    state_ = LogState();
    ids_.clear();
    last_sum_ = entries.back().entry.prev;  // what was before the anchor is not there to ask
    Result<void> folded;
    for (; folded && !entries.empty(); entries.pop_back()) folded = fold(entries.back());
    if (folded) folded = read_up();
    TRY(bool stood, stands(anchor));
    if (!stood) return false;
    if (!folded) return std::unexpected(std::move(folded).error());
    anchor_ = newest_;
    loaded_ = true;
    return true;
}

// What looks like damage may be a truncation or a number taken by one long asleep; a second look
// then finds a newer checkpoint above it.
Result<void> LogChain::load() {
    if (failed_) return std::unexpected(*failed_);
    std::string doubt;
    for (int attempt = 0; attempt < kMostLoads; ++attempt) {
        auto loaded = load_once();
        if (loaded && *loaded) return planted(PlantedBug::kSyncLoad) ? Result<void>() : sync();
        if (loaded) continue;
        bool data = loaded.error().code == ErrorCode::kDamaged ||
                    loaded.error().code == ErrorCode::kUnknownFormat;
        std::string line = loaded.error().line();
        if (!data || line == doubt || planted(PlantedBug::kDamageTwice))
            return std::unexpected(std::move(loaded).error());
        doubt = std::move(line);
    }
    return fail(ErrorCode::kOutside, "the log is truncated faster than it can be read",
                layout_.log(), "try again");
}

Result<void> LogChain::read_on() {
    if (failed_) return std::unexpected(*failed_);
    if (!loaded_) return load();
    std::uint64_t before = last_;
    auto read = read_up();
    TRY(bool stood, stands(anchor_));
    if (!stood) return load();
    if (!read) return read;
    anchor_ = newest_;
    if (last_ == before || planted(PlantedBug::kSyncLoad)) return {};
    return sync();
}

Result<void> LogChain::begin() {
    auto begun = give_birth();
    // Swept as what no member owns: then another has begun it.
    if (!begun && begun.error().code == ErrorCode::kNotFound) return {};
    return begun;
}

Result<void> LogChain::give_birth() {
    Entry entry{{}, random_id(env_), env_.now(), CheckpointEntry{}};
    std::string aside = layout_.temporary(member_, env_.random());
    std::string first = join_path(aside, base_name(layout_.entry(0)));
    if (planted(PlantedBug::kBornOnce)) {
        TRY_VOID(files_.make_folders(layout_.log()));
        TRY_VOID(files_.create_if_absent(layout_.entry(0), encode_entry(entry), aside));
        return {};
    }
    TRY_VOID(files_.make_folders(aside));
    TRY_VOID(files_.write_new(first, encode_entry(entry)));
    TRY_VOID(files_.sync_folder(aside));
    TRY(PublishOutcome outcome, files_.publish(aside, layout_.log()));
    if (outcome != PublishOutcome::kTaken) return {};
    TRY_VOID(files_.remove(first));
    return files_.remove_folder(aside);
}

Result<LogChain::Put> LogChain::put(const EntryBody& body) {
    if (failed_) return std::unexpected(*failed_);
    if (member_.empty()) return fail(ErrorCode::kInternal, "a reader puts no entry", layout_.log());
    if (!planted(PlantedBug::kFence)) TRY_VOID(state_.check(body));
    Read ours{last_ + 1, {}, {}, {last_sum_, random_id(env_), env_.now(), body}};
    std::string bytes = encode_entry(ours.entry);
    // What nobody could read again must never get a number.
    if (auto readable = decode_entry(bytes); !readable || bytes.size() > kMostEntryBytes)
        return fail(ErrorCode::kInternal,
                    "the log entry would not be readable" +
                        (readable ? std::string(": too long") : ": " + readable.error().what),
                    layout_.log());
    ours.sum = sha256_hex(bytes);
    ours.head = bytes.substr(0, kHeadBytes);
    auto put = offer(ours, bytes);
    if (!put) return ended(std::move(put).error());
    return put;
}

// Offers the same bytes for the same number until it is known who has it.
Result<LogChain::Put> LogChain::offer(const Read& ours, const std::string& bytes) {
    std::string temporary;
    Error error;
    for (int attempt = 0; attempt < kMostOffers; ++attempt) {
        if (temporary.empty()) {
            temporary = layout_.temporary(member_, env_.random());
            TRY_VOID(files_.write_new(temporary, bytes));
            crash_point(CrashPoint::kEntryWritten);
        }
        auto outcome = files_.publish(temporary, layout_.entry(ours.number));
        if (outcome && *outcome == PublishOutcome::kDone) {
            crash_point(CrashPoint::kEntryPut);
            return settle(ours, true);
        }
        if (outcome && *outcome == PublishOutcome::kTaken) {
            TRY_VOID(files_.remove(temporary));
            return settle(ours, false);
        }
        // An error, or gone: put after all, or swept by another. The log tells.
        if (!outcome) error = outcome.error();
        TRY_VOID(read_on());
        if (!outcome && planted(PlantedBug::kLostAnswerLook)) return Put::kTaken;
        if (last_ >= ours.number) {
            TRY_VOID(files_.remove(temporary));
            return settle(ours, false);
        }
        if (outcome) temporary.clear();
        env_.sleep_for(std::chrono::milliseconds(10 << attempt));
    }
    if (error.what.empty()) error = {ErrorCode::kOutside, "cannot be put", {}, "try again"};
    return std::unexpected(std::move(error).at(layout_.entry(ours.number)));
}

// The number is taken. `won`: by us, as far as the rename says.
Result<LogChain::Put> LogChain::settle(const Read& ours, bool won) {
    if (won) {
        if (!planted(PlantedBug::kSyncAppend)) TRY_VOID(sync());
        crash_point(CrashPoint::kEntrySynced);
        // A number that was freed by a truncation is no number of the log.
        TRY(bool stood, stands(anchor_));
        if (!stood && !planted(PlantedBug::kAnchor)) {
            TRY_VOID(load());
        } else {
            TRY_VOID(fold(ours));
            anchor_ = newest_;
            return Put::kWon;
        }
    } else {
        TRY_VOID(read_on());
    }
    if (is_ours(ours.number, ours.entry.id)) return Put::kWon;
    return ours.number < anchor_.number ? Put::kPassed : Put::kTaken;
}

}  // namespace loanstream

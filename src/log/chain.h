// The chain of entries on disk and the state that it folds to: reading it as one list although
// others put and truncate meanwhile, and putting the next entry so that the answer is certain
// (rules 1 to 6 of docs/delivery.md). Owned by a Warehouse; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/file_store.h"
#include "log/layout.h"
#include "log/state.h"

namespace loanstream {

class LogChain {
public:
    // A reader (empty member) never writes and never syncs.
    LogChain(Env& env, FileStore& files, const Layout& layout, std::string member);

    const LogState& state() const { return state_; }
    std::uint64_t last_number() const { return last_; }
    std::uint64_t anchor_number() const { return anchor_.number; }

    // Reads the log from its newest checkpoint to its end. kNotFound: there is no entry at all.
    Result<void> load();
    // Reads on from where load() or read_on() ended; loads anew when the log was truncated.
    Result<void> read_on();
    // Makes log/ with entry 0 in it, unless another did; the name is not synced.
    Result<void> begin();

    enum class Put {
        kWon,     // the entry stands, is synced and is in the state
        kTaken,   // it does not stand and never will; the state has what came before it
        kPassed,  // a checkpoint has passed its number meanwhile: the state tells
    };
    // Offers `body` as the entry after the last one read. Checks it against the state first
    // (kFenced and kDamaged come from there). Other errors: the outcome is not known, and this
    // chain takes no more puts.
    Result<Put> put(const EntryBody& body);

private:
    // A checkpoint by its number and first bytes, its checksum among them.
    struct Anchor {
        std::uint64_t number = 0;
        std::string head;
    };
    struct Read {
        std::uint64_t number = 0;
        std::string sum;   // SHA-256 of the whole file
        std::string head;  // its first bytes
        Entry entry;
    };
    Result<void> give_birth();
    Result<std::optional<Read>> read_entry(std::uint64_t number);
    Result<std::vector<Read>> read_down();
    Result<void> read_up();
    Result<void> fold(const Read& read);
    Result<bool> load_once();
    Result<bool> stands(const Anchor& anchor);
    Result<void> sync();
    bool is_ours(std::uint64_t number, const std::string& id) const;
    Result<Put> offer(const Read& ours, const std::string& bytes);
    Result<Put> settle(const Read& ours, bool won);
    std::unexpected<Error> ended(Error error);

    Env& env_;
    FileStore& files_;
    const Layout& layout_;
    std::string member_;
    LogState state_;
    bool loaded_ = false;
    Anchor anchor_;  // the newest checkpoint that was seen to stand
    Anchor newest_;  // the newest checkpoint folded; the anchor once the one before it stood
    std::uint64_t last_ = 0;
    std::string last_sum_;
    // Numbers and ids of the entries read last, to tell our own; bounded.
    std::vector<std::pair<std::uint64_t, std::string>> ids_;
    std::optional<Error> failed_;
};

// 32 random hex digits.
std::string random_id(Env& env);

}  // namespace loanstream

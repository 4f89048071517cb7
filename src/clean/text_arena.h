// Bytes that live as long as one batch: unescaped texts, squeezed records, evidence. Chunks never
// move; clear() keeps those of the usual size for the next batch. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace loanstream {

class TextArena {
public:
    // Room for `bytes`, uninitialised.
    char* take(std::size_t bytes) {
        if (bytes > left_) grow(bytes);
        char* place = at_;
        at_ += bytes;
        left_ -= bytes;
        return place;
    }
    // Gives back the unused end of the newest take().
    void give_back(std::size_t bytes) {
        at_ -= bytes;
        left_ += bytes;
    }
    void clear() {
        if (chunks_.size() > kMostKept) chunks_.resize(kMostKept);
        large_.clear();
        used_ = 0;
        at_ = nullptr;
        left_ = 0;
    }

private:
    static constexpr std::size_t kChunk = 1 << 20;
    static constexpr std::size_t kMostKept = 32;
    void grow(std::size_t bytes) {
        if (bytes > kChunk) {
            large_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
            at_ = large_.back().get();
            left_ = bytes;
            return;
        }
        if (used_ == chunks_.size())
            chunks_.push_back(std::make_unique_for_overwrite<char[]>(kChunk));
        at_ = chunks_[used_++].get();
        left_ = kChunk;
    }
    std::vector<std::unique_ptr<char[]>> chunks_, large_;
    std::size_t used_ = 0;  // of chunks_
    char* at_ = nullptr;
    std::size_t left_ = 0;
};

}  // namespace loanstream

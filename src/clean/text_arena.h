// Bytes that live as long as one batch: unescaped texts, squeezed records, evidence. Chunks never
// move; clear() keeps the first one. One thread.
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
        if (chunks_.size() > 1) chunks_.resize(1);
        at_ = chunks_.empty() ? nullptr : chunks_[0].get();
        left_ = chunks_.empty() ? 0 : kChunk;
    }

private:
    static constexpr std::size_t kChunk = 1 << 20;
    void grow(std::size_t bytes) {
        std::size_t size = bytes > kChunk ? bytes : kChunk;
        // A large one is not kept by clear(): it never becomes the first chunk.
        if (chunks_.empty() && size > kChunk)
            chunks_.push_back(std::make_unique_for_overwrite<char[]>(kChunk));
        chunks_.push_back(std::make_unique_for_overwrite<char[]>(size));
        at_ = chunks_.back().get();
        left_ = size;
    }
    std::vector<std::unique_ptr<char[]>> chunks_;
    char* at_ = nullptr;
    std::size_t left_ = 0;
};

}  // namespace loanstream

// A stream of random numbers that is the same on every machine: integers, and of floating point
// only what IEEE 754 rounds exactly. No library function is asked. One thread.
#pragma once

#include <cstdint>

namespace loanstream {

class RandomBits {
public:
    explicit RandomBits(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {  // splitmix64 (Steele, Lea, Flood 2014)
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15ull;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
    }
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }  // [0, 1)
    bool chance(double share) { return uniform() < share; }
    std::int64_t whole(std::int64_t low, std::int64_t high) {  // inclusive
        return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
    }
    // The sum of twelve uniform 16 bit numbers (Irwin and Hall): mean 0, deviation 1, within 6.
    double normal() {
        auto sum = static_cast<std::int64_t>(four(next()) + four(next()) + four(next()));
        return static_cast<double>(sum - 12 * 65535 / 2) * 0x1p-16;
    }

private:
    static std::uint64_t four(std::uint64_t bits) {
        constexpr std::uint64_t kEven = 0x0000FFFF0000FFFFull;
        bits = (bits & kEven) + ((bits >> 16) & kEven);
        return (bits & 0xFFFFFFFFull) + (bits >> 32);
    }
    std::uint64_t state_;
};

}  // namespace loanstream

// SHA-256, whole or piece by piece, over OpenSSL. A Sha256 belongs to one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace loanstream {

class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::string_view bytes);
    // The digest in 64 lower-case hex digits. Ends it: call once.
    std::string hex();

private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);

// True for exactly 64 of [0-9a-f].
bool is_sha256_hex(std::string_view text);

}  // namespace loanstream

// Sizes, ages and shares as people read them. Values, any thread.
#pragma once

#include <cstdint>
#include <string>

namespace loanstream {

std::string bytes_text(std::int64_t bytes);                     // "3.2 MiB"
std::string age_text(std::int64_t ms);                          // "850 ms", "12 s", "3 h 20 min"
std::string share_text(std::int64_t part, std::int64_t whole);  // "58.4 %"
std::string count_text(std::int64_t count, const char* one, const char* many);  // "1,200 files"

}  // namespace loanstream

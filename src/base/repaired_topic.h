// The name of the topic that repaired records of another one go to (docs/deadletters.md). Pure.
#pragma once

#include <string>
#include <string_view>

namespace loanstream {

inline constexpr std::string_view kRepairedEnding = ".repaired";

inline bool is_repaired_topic(std::string_view topic) { return topic.ends_with(kRepairedEnding); }

// "applications.repaired"; a repaired topic's own name is its own repaired topic's.
inline std::string repaired_topic(const std::string& topic) {
    return is_repaired_topic(topic) ? topic : topic + std::string(kRepairedEnding);
}

}  // namespace loanstream

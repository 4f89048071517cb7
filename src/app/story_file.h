// Flow stories as text (docs/flow.md): lines to steps, escapes, and back to lines for --update.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace loanstream {

enum class StoryVerb {
    kPolicy,
    kSet,
    kInput,
    kTorn,
    kRun,
    kCrash,
    kExpectRows,
    kExpectRejects,
    kExpectExplain,
};

struct StoryStep {
    StoryVerb verb = StoryVerb::kRun;
    std::string argument;            // "applicants/0", "KEY=VALUE", a table, a crash point
    std::string model;               // of policy ... with model FILE
    std::size_t line = 0;            // 0 based, of the command
    std::vector<std::string> block;  // without "> "; escapes as written
    std::size_t block_end = 0;       // 0 based line past the block's last
};

struct Story {
    std::string name, why;
    std::size_t line = 0;  // 0 based, of "# name:"
    std::vector<StoryStep> steps;
};

struct StoryFile {
    std::string path;
    std::vector<std::string> lines;
    std::vector<Story> stories;
};

// Errors: kUsage with file:line.
Result<StoryFile> parse_stories(std::string_view text, const std::string& path);

// The bytes that a record of a block stands for.
Result<std::string> unescape_record(std::string_view text);
// A cell as a story shows it; null is "null".
std::string escape_cell(std::string_view text);

// "a | b" -> trimmed cells.
std::vector<std::string> cells_of(std::string_view line);
// Rows as lines of padded cells.
std::vector<std::string> aligned(const std::vector<std::vector<std::string>>& rows);

// The file with the blocks of some steps put anew; `blocks` pairs a step with its lines.
struct NewBlock {
    const StoryStep* step;
    std::vector<std::string> lines;
};
std::string with_blocks(const StoryFile& file, const std::vector<NewBlock>& blocks);

}  // namespace loanstream

// A file of flow stories. Holds: put together again it is the same text; with its blocks put anew
// it parses to the same steps; a cell is read back as what was shown.
#include "app/story_file.h"
#include "base/check.h"

using namespace loanstream;

namespace {

void check_same(const StoryFile& one, const StoryFile& other) {
    LOANSTREAM_CHECK(one.stories.size() == other.stories.size());
    for (std::size_t i = 0; i < one.stories.size(); ++i) {
        const Story &a = one.stories[i], &b = other.stories[i];
        LOANSTREAM_CHECK(a.name == b.name && a.why == b.why && a.steps.size() == b.steps.size());
        for (std::size_t step = 0; step < a.steps.size(); ++step) {
            LOANSTREAM_CHECK(a.steps[step].verb == b.steps[step].verb);
            LOANSTREAM_CHECK(a.steps[step].argument == b.steps[step].argument);
            LOANSTREAM_CHECK(a.steps[step].model == b.steps[step].model);
            LOANSTREAM_CHECK(a.steps[step].block == b.steps[step].block);
        }
    }
}

void check_updated(const StoryFile& file) {
    std::vector<NewBlock> blocks;
    for (const Story& story : file.stories)
        for (const StoryStep& step : story.steps)
            if (!step.block.empty()) blocks.push_back({&step, step.block});
    auto again = parse_stories(with_blocks(file, blocks), "again.story");
    LOANSTREAM_CHECK(again.has_value());
    check_same(file, *again);
}

void check_cells(std::string_view text) {
    std::string cell = escape_cell(text);
    auto cells = cells_of(aligned({{cell, "x", cell}}).front());
    LOANSTREAM_CHECK(cells.size() == 3 && cells[0] == cell && cells[2] == cell);
    // "\*" is a record's repetition and none of a cell's escapes.
    if (text.empty() || text.find("\\*") != text.npos) return;
    auto back = unescape_record(cell);
    LOANSTREAM_CHECK(back.has_value() && *back == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    check_cells(text);
    auto file = parse_stories(text, "fuzz.story");
    if (!file) {
        LOANSTREAM_CHECK(file.error().where.starts_with("fuzz.story"));
        return 0;
    }
    std::string whole = with_blocks(*file, {});
    LOANSTREAM_CHECK(whole == text || whole == std::string(text) + "\n");
    check_updated(*file);
    for (const Story& story : file->stories)
        for (const StoryStep& step : story.steps)
            for (const std::string& line : step.block)
                if (auto record = unescape_record(line))
                    LOANSTREAM_CHECK(record->size() <= std::size_t{64} << 20);
    return 0;
}

#include "app/story_file.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/nearest_word.h"

namespace loanstream {

namespace {

constexpr std::size_t kMostStoryBytes = 16u << 20, kMostRecordBytes = 64u << 20;

std::string_view trimmed_line(std::string_view text) {
    auto begin = text.find_first_not_of(" \t\r");
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

struct VerbForm {
    StoryVerb verb;
    std::string_view words;
    bool takes_argument, takes_block;
};

constexpr VerbForm kForms[] = {
    {StoryVerb::kPolicy, "policy", true, false},
    {StoryVerb::kSet, "set", true, false},
    {StoryVerb::kInput, "input", true, true},
    {StoryVerb::kTorn, "torn", true, true},
    {StoryVerb::kRun, "run", false, false},
    {StoryVerb::kRun, "restart", false, false},
    {StoryVerb::kCrash, "crash after", true, false},
    {StoryVerb::kExpectRows, "expect rows", true, true},
    {StoryVerb::kExpectRejects, "expect rejects", false, true},
    {StoryVerb::kExpectExplain, "expect explain", true, true},
};

const VerbForm* form_of(std::string_view line) {
    line = trimmed_line(line);
    for (const auto& form : kForms) {
        if (!line.starts_with(form.words)) continue;
        std::string_view rest = line.substr(form.words.size());
        if (form.takes_argument ? rest.starts_with(" ") : rest.empty()) return &form;
    }
    return nullptr;
}

bool is_comment(std::string_view line) { return line.starts_with("#"); }

bool needs_mark(std::string_view line) {
    return trimmed_line(line).empty() || is_comment(line) || line.starts_with(">") ||
           form_of(line) != nullptr;
}

class StoryParser {
public:
    StoryParser(StoryFile& file) : file_(file) {}

    Result<void> parse() {
        const auto& lines = file_.lines;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            if (is_comment(lines[i])) {
                comment(i);
                continue;
            }
            if (trimmed_line(lines[i]).empty()) continue;
            TRY_VOID(command(i));
        }
        if (file_.stories.empty()) return error(0, "holds no story", "begin one with '# name:'");
        for (const auto& story : file_.stories) {
            if (story.steps.empty()) return error(story.line, "the story has no steps");
            if (story.why.empty())
                return error(story.line, "the story has no '# why:'", "say what it guards");
        }
        return {};
    }

private:
    std::unexpected<Error> error(std::size_t line, std::string what, std::string mend = {}) {
        return fail(ErrorCode::kUsage, std::move(what), file_.path + ":" + std::to_string(line + 1),
                    std::move(mend));
    }

    void comment(std::size_t i) {
        std::string_view text = trimmed_line(std::string_view(file_.lines[i]).substr(1));
        if (text.starts_with("name:")) {
            file_.stories.emplace_back();
            file_.stories.back().line = i;
            file_.stories.back().name = trimmed_line(text.substr(5));
        } else if (text.starts_with("why:") && !file_.stories.empty()) {
            file_.stories.back().why = trimmed_line(text.substr(4));
        }
    }

    Result<void> command(std::size_t& i) {
        std::string_view line = trimmed_line(file_.lines[i]);
        const VerbForm* form = form_of(line);
        if (form == nullptr) {
            std::vector<std::string_view> words;
            for (const auto& known : kForms) words.push_back(known.words);
            return error(i, "unknown command '" + std::string(line.substr(0, 60)) + "'",
                         did_you_mean(line.substr(0, line.find(' ')), words,
                                      "docs/flow.md lists the commands"));
        }
        if (file_.stories.empty()) return error(i, "a story begins with '# name:'");
        StoryStep step;
        step.verb = form->verb;
        step.line = i;
        step.argument = trimmed_line(line.substr(form->words.size()));
        if (step.verb == StoryVerb::kPolicy) {
            if (auto with = step.argument.find(" with model "); with != step.argument.npos) {
                step.model = trimmed_line(std::string_view(step.argument).substr(with + 12));
                step.argument.resize(with);
            }
        }
        step.block_end = i + 1;
        if (form->takes_block) read_block(step);
        i = step.block_end - 1;
        file_.stories.back().steps.push_back(std::move(step));
        return {};
    }

    void read_block(StoryStep& step) {
        for (std::size_t i = step.line + 1; i < file_.lines.size(); ++i) {
            std::string_view line = file_.lines[i];
            if (is_comment(line) || form_of(line) != nullptr) return;
            if (trimmed_line(line).empty()) continue;
            if (line.starts_with(">")) line.remove_prefix(line.starts_with("> ") ? 2 : 1);
            step.block.emplace_back(line);
            step.block_end = i + 1;
        }
    }

    StoryFile& file_;
};

std::optional<char> hex_byte(std::string_view digits) {
    unsigned value = 0;
    if (digits.size() < 2) return std::nullopt;
    auto [end, status] = std::from_chars(digits.data(), digits.data() + 2, value, 16);
    if (status != std::errc{} || end != digits.data() + 2) return std::nullopt;
    return static_cast<char>(value);
}

std::string unescape_bytes(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i).starts_with("\\x"))
            if (auto byte = hex_byte(text.substr(i + 2))) {
                out += *byte;
                i += 3;
                continue;
            }
        out += text[i];
    }
    return out;
}

}  // namespace

Result<StoryFile> parse_stories(std::string_view text, const std::string& path) {
    if (text.size() > kMostStoryBytes)
        return fail(ErrorCode::kUsage, "is larger than 16 MiB", path);
    StoryFile file;
    file.path = path;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(text.find('\n', at), text.size());
        file.lines.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    TRY_VOID(StoryParser(file).parse());
    return file;
}

Result<std::string> unescape_record(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        std::size_t repeat = text.find("\\*");
        out += unescape_bytes(text.substr(0, repeat));
        if (repeat == text.npos) break;
        text.remove_prefix(repeat + 2);
        std::size_t count = 0;
        auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), count);
        auto open = static_cast<std::size_t>(end - text.data());
        std::size_t close = text.find(')', open);
        if (status != std::errc{} || open >= text.size() || text[open] != '(' ||
            close == text.npos) {
            out += "\\*";
            continue;
        }
        std::string piece = unescape_bytes(text.substr(open + 1, close - open - 1));
        if (piece.empty()) count = 0;  // however often it is nothing
        if (count > 0 && count > kMostRecordBytes / piece.size())
            return fail(ErrorCode::kUsage, "the record is larger than 64 MiB");
        for (std::size_t i = 0; i < count; ++i) out += piece;
        text.remove_prefix(close + 1);
    }
    return out;
}

std::string escape_cell(std::string_view text) {
    if (text.empty()) return "\"\"";
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        auto byte = static_cast<unsigned char>(c);
        bool edge = c == ' ' && (i == 0 || i + 1 == text.size());
        bool escape = c == '\\' && text.substr(i).starts_with("\\x");
        if (byte >= 0x20 && byte != 0x7f && c != '|' && !edge && !escape) {
            out += c;
            continue;
        }
        out += "\\x";
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
    return out;
}

std::vector<std::string> cells_of(std::string_view line) {
    std::vector<std::string> cells;
    while (true) {
        std::size_t end = std::min(line.find('|'), line.size());
        cells.emplace_back(trimmed_line(line.substr(0, end)));
        if (end == line.size()) return cells;
        line.remove_prefix(end + 1);
    }
}

std::vector<std::string> aligned(const std::vector<std::vector<std::string>>& rows) {
    auto width_of = [](const std::string& text) {
        return static_cast<std::size_t>(
            std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
    };
    std::vector<std::size_t> widths;
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (widths.size() == i) widths.push_back(0);
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    std::vector<std::string> lines;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += (i == 0 ? "" : " | ") + row[i];
            if (i + 1 < row.size()) line += std::string(widths[i] - width_of(row[i]), ' ');
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

std::string with_blocks(const StoryFile& file, const std::vector<NewBlock>& blocks) {
    std::string out;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
        out += file.lines[i] + "\n";
        auto block = std::find_if(blocks.begin(), blocks.end(),
                                  [&](const NewBlock& b) { return b.step->line == i; });
        if (block == blocks.end()) continue;
        for (const auto& line : block->lines)
            out += (needs_mark(line) ? (line.empty() ? ">" : "> ") : "") + line + "\n";
        i = block->step->block_end - 1;
    }
    return out;
}

}  // namespace loanstream

#include "app/story.h"

#include <filesystem>

#include "app/child_program.h"
#include "app/story_file.h"
#include "app/story_world.h"

namespace loanstream {

namespace {

constexpr std::uint64_t kMostStoryBytes = 16u << 20;

std::string indented(const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) out += "      " + line + "\n";
    return out;
}

// A file that a story names: beside it, or in the nearest folder above that has it.
std::string found_from(const std::string& story, const std::string& name) {
    namespace fs = std::filesystem;
    if (name.empty() || name.starts_with("/") || name.starts_with("embedded:")) return name;
    std::error_code failed;
    fs::path folder = fs::absolute(story, failed).parent_path();
    while (true) {
        if (fs::exists(folder / name, failed)) return (folder / name).string();
        if (!folder.has_relative_path()) return name;
        folder = folder.parent_path();
    }
}

class StoryPlay {
public:
    StoryPlay(const StoryFile& file, const Story& story, StoryWorld& world, bool update)
        : file_(file), story_(story), world_(world), update_(update) {}

    // An error's `where` is the story's line.
    Result<void> play() {
        for (const auto& step : story_.steps) {
            auto done = play(step);
            if (!done) return std::unexpected(std::move(done).error().at(place(step.line)));
        }
        auto ended = dirty_ || crashed_ ? world_.run() : Result<void>();
        if (ended) ended = world_.prove();
        if (!ended) return std::unexpected(std::move(ended).error().at(place(story_.line)));
        return {};
    }
    const std::vector<NewBlock>& new_blocks() const { return new_blocks_; }

private:
    std::string place(std::size_t line) const {
        return file_.path + ":" + std::to_string(line + 1);
    }

    Result<void> play(const StoryStep& step) {
        switch (step.verb) {
            case StoryVerb::kPolicy: return policy(step);
            case StoryVerb::kSet: return world_.set(step.argument);
            case StoryVerb::kInput: return input(step);
            case StoryVerb::kTorn: return torn(step);
            case StoryVerb::kRun: return run();
            case StoryVerb::kCrash:
                dirty_ = false;
                crashed_ = true;
                return world_.crash(step.argument);
            case StoryVerb::kExpectRows:
            case StoryVerb::kExpectRejects:
            case StoryVerb::kExpectExplain: return expect(step);
        }
        return {};
    }

    Result<void> policy(const StoryStep& step) {
        std::string name = step.argument;
        if (name.ends_with(".toml")) name = found_from(file_.path, name);
        dirty_ = true;
        return world_.use_policy(name, found_from(file_.path, step.model));
    }

    Result<void> input(const StoryStep& step) {
        std::vector<std::string> records;
        for (const auto& line : step.block) {
            TRY(std::string record, unescape_record(line));
            records.push_back(std::move(record));
        }
        if (records.empty())
            return fail(ErrorCode::kUsage, "input holds no record", {},
                        "an empty record is written as >");
        dirty_ = true;
        return world_.append(step.argument, records);
    }

    Result<void> torn(const StoryStep& step) {
        if (step.block.size() != 1)
            return fail(ErrorCode::kUsage, "torn takes one line", {}, "the bytes of the torn tail");
        TRY(std::string bytes, unescape_record(step.block.front()));
        dirty_ = true;
        return world_.append_torn(step.argument, bytes);
    }

    Result<void> run() {
        dirty_ = crashed_ = false;
        return world_.run();
    }

    Result<void> expect(const StoryStep& step) {
        if (dirty_) TRY_VOID(run());
        TextTable expected, got;
        if (step.verb == StoryVerb::kExpectExplain) {
            TRY(auto lines, world_.explain(step.argument));
            for (auto& line : lines) got.push_back({std::move(line)});
            for (const auto& line : step.block) expected.push_back({line});
        } else {
            for (const auto& line : step.block) expected.push_back(cells_of(line));
            if (step.verb == StoryVerb::kExpectRejects) {
                TRY(got, world_.rejects());
            } else if (expected.empty()) {
                return fail(ErrorCode::kUsage, "expect rows begins with the names of columns", {},
                            "for example: annual_inc | status");
            } else {
                TRY(got, world_.rows(step.argument, expected.front()));
            }
        }
        if (expected == got) return {};
        std::vector<std::string> lines = aligned(got);
        if (update_) {
            new_blocks_.push_back({&step, lines});
            return {};
        }
        return fail(ErrorCode::kAnswerIsNo, "not as expected\n    expected:\n" +
                                                indented(aligned(expected)) + "    came out:\n" +
                                                indented(lines));
    }

    const StoryFile& file_;
    const Story& story_;
    StoryWorld& world_;
    bool update_;
    bool dirty_ = false;    // something new, not yet run
    bool crashed_ = false;  // and not restarted
    std::vector<NewBlock> new_blocks_;
};

Result<void> write_file(Env& env, const std::string& path, const std::string& text) {
    std::string aside = path + ".new";
    TRY(auto file, env.create_file(aside));
    TRY_VOID(file->append(text));
    TRY_VOID(file->sync());
    TRY_VOID(file->close());
    return env.replace(aside, path);
}

}  // namespace

std::string StoryReport::text() const {
    std::string out;
    for (const auto& story : stories) {
        out += (story.passed ? "ok " : "FAILED ") + story.name + " (" + story.place + ")\n";
        if (!story.passed) out += "  " + story.failure + "\n";
    }
    return out;
}

Result<StoryReport> run_story(Env& env, const std::string& path, const StoryOptions& options) {
    TRY(std::string text, env.read_whole(path, kMostStoryBytes));
    TRY(StoryFile file, parse_stories(text, path));
    std::string program = options.program.empty() ? own_program() : options.program;
    StoryReport report;
    std::vector<NewBlock> blocks;
    for (const auto& story : file.stories) {
        StoryResult result{story.name, path + ":" + std::to_string(story.line + 1), true, {}};
        TRY(auto world, StoryWorld::make(env, program));
        StoryPlay play(file, story, *world, options.update);
        if (auto played = play.play(); !played) {
            result.passed = false;
            result.failure = played.error().line();
        } else {
            blocks.insert(blocks.end(), play.new_blocks().begin(), play.new_blocks().end());
        }
        report.stories.push_back(std::move(result));
    }
    if (!blocks.empty()) {
        TRY_VOID(write_file(env, path, with_blocks(file, blocks)));
        report.updated = true;
    }
    return report;
}

}  // namespace loanstream

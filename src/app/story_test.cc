#include "app/story.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/story_file.h"

namespace loanstream {
namespace {

TEST(StoryFile, RefusesWhatIsNoStory) {
    struct Case {
        const char* text;
        const char* expected;  // the error's line begins so
    };
    const Case cases[] = {
        {"", "s.story:1: holds no story"},
        {"# just a comment\n", "s.story:1: holds no story"},
        {"run\n", "s.story:1: a story begins with '# name:'"},
        {"# name: a\n# why: b\n", "s.story:1: the story has no steps"},
        {"# name: a\nrun\n", "s.story:1: the story has no '# why:'"},
        {"# name: a\n# why: b\n\nrestar\n", "s.story:4: unknown command 'restar'; did you mean"},
        {"# name: a\n# why: b\nrun now\n", "s.story:3: unknown command 'run now'"},
        {"# name: a\n# why: b\npolicy\n", "s.story:3: unknown command 'policy'"},
        {"# name: a\n# why: b\nexpect rows\n", "s.story:3: unknown command 'expect rows'"},
    };
    for (const auto& test : cases) {
        auto file = parse_stories(test.text, "s.story");
        ASSERT_FALSE(file) << test.text;
        EXPECT_TRUE(file.error().line().starts_with(test.expected)) << file.error().line();
    }
}

TEST(StoryFile, BlocksEndAtTheNextCommand) {
    auto file = parse_stories(
        "# name: one\n# why:  because\npolicy p.toml with model m.json\ninput t/0\n{\"a\": 1}\n\n"
        "> restart\n>\n> # no comment\nrestart\n# name: two\n# why: x\nexpect rows prediction\n"
        "a | b\n",
        "s.story");
    ASSERT_TRUE(file) << file.error().line();
    ASSERT_EQ(file->stories.size(), 2u);
    const auto& steps = file->stories[0].steps;
    ASSERT_EQ(steps.size(), 3u);
    EXPECT_EQ(steps[0].argument, "p.toml");
    EXPECT_EQ(steps[0].model, "m.json");
    EXPECT_EQ(steps[1].argument, "t/0");
    EXPECT_EQ(steps[1].block,
              (std::vector<std::string>{"{\"a\": 1}", "restart", "", "# no comment"}));
    EXPECT_EQ(steps[2].verb, StoryVerb::kRun);
    EXPECT_EQ(file->stories[1].steps[0].block, std::vector<std::string>{"a | b"});
}

TEST(StoryFile, RecordsHaveTwoEscapes) {
    struct Case {
        const char* text;
        std::string bytes;
    };
    const Case cases[] = {
        {"", ""},
        {"{\"a\":\"\\n\\u0041\\\\\"}", "{\"a\":\"\\n\\u0041\\\\\"}"},
        {"\\x00\\xfF", std::string("\0\xff", 2)},
        {"\\x0", "\\x0"},
        {"\\xzz", "\\xzz"},
        {"a\\*3(bc)d", "abcbcbcd"},
        {"\\*2(\\x41)", "AA"},
        {"\\*0(a)", ""},
        {"\\*2a", "\\*2a"},
        {"\\*(a)", "\\*(a)"},
        {"\\*2(a", "\\*2(a"},
        {"\\*", "\\*"},
    };
    for (const auto& test : cases) {
        auto bytes = unescape_record(test.text);
        ASSERT_TRUE(bytes) << test.text;
        EXPECT_EQ(*bytes, test.bytes) << test.text;
    }
    EXPECT_EQ(unescape_record("\\*70000(x)")->size(), 70000u);
    EXPECT_FALSE(unescape_record("\\*99999999999(xx)"));
    EXPECT_EQ(unescape_record("a\\*99999999999()b"), "ab");  // and at once
}

TEST(StoryFile, CellsKeepTheirText) {
    EXPECT_EQ(escape_cell(""), "\"\"");
    EXPECT_EQ(escape_cell("a b"), "a b");
    EXPECT_EQ(escape_cell(" a|b\n"), "\\x20a\\x7cb\\x0a");
    EXPECT_EQ(escape_cell("\\n \\x41"), "\\n \\x5cx41");
    EXPECT_EQ(cells_of(" a |  | b"), (std::vector<std::string>{"a", "", "b"}));
    EXPECT_EQ(aligned({{"a", "long", "c"}, {"longer", "é", "d"}}),
              (std::vector<std::string>{"a      | long | c", "longer | é    | d"}));
}

class StoryRun : public testing::Test {
protected:
    void SetUp() override {
        std::string form = testing::TempDir() + "/story_XXXXXX";
        ASSERT_NE(::mkdtemp(form.data()), nullptr);
        folder_ = form;
        path_ = folder_ + "/one.story";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    Result<StoryReport> play(const std::string& text, bool update = false) {
        std::ofstream(path_, std::ios::binary) << text;
        StoryOptions options;
        options.update = update;
        return run_story(*env_, path_, options);
    }
    std::string written() const {
        std::stringstream text;
        text << std::ifstream(path_).rdbuf();
        return text.str();
    }
    std::unique_ptr<Env> env_ = make_system_env();
    std::string folder_, path_;
};

const std::string kBegin = "# name: a\n# why: b\ninput t/0\n{\"loan_amnt\":\"5000\"}\nno\n";

TEST_F(StoryRun, PassesWhereAllIsAsExpected) {
    auto report = play(kBegin +
                       "expect rows prediction\nfunded_amnt|status|rule\n"
                       "5000|review|application_incomplete\n"
                       "expect rejects\nt/0 @1 | decode | not_json\n");
    ASSERT_TRUE(report) << report.error().line();
    ASSERT_EQ(report->stories.size(), 1u);
    EXPECT_TRUE(report->stories[0].passed) << report->stories[0].failure;
    EXPECT_EQ(report->text(), "ok a (" + path_ + ":1)\n");
}

TEST_F(StoryRun, FailsAtTheLine) {
    struct Case {
        std::string steps;
        const char* part;  // of the failure
    };
    const Case cases[] = {
        {"expect rows prediction\nstatus\napproved\n", ":6: not as expected"},
        {"expect rows prediction\nstatus\n", ":6: not as expected"},
        {"expect rows prediction\nstatus\nreview\nreview\n", ":6: not as expected"},
        {"expect rejects\n", ":6: not as expected"},
        {"expect rejects\nt/0 @0 | decode | not_json\n", "t/0 @1 | decode | not_json"},
        {"expect explain t/0@0\n", "review by rule"},
        {"expect explain t/0@9\n", "the story put no record there"},
        {"expect rows prediction\nstatu\n", "did you mean status?"},
        {"expect rows predictions\nstatus\n", "unknown table 'predictions'"},
        {"expect rows prediction\n", "begins with the names of columns"},
        {"policy nobody\n", "no policy 'nobody' is shipped"},
        {"policy none.toml\n", "none.toml"},
        {"set table.codecs=zstd\n", "table.codec"},
        {"input t\n{}\n", "'t' is no TOPIC/PARTITION"},
        {"input t/0\n", "input holds no record"},
        {"torn t/0\na\nb\n", "torn takes one line"},
        {"crash after entry synce\n", "unknown crash point 'entry-synce'; did you mean"},
    };
    for (const auto& test : cases) {
        auto report = play(kBegin + test.steps);
        ASSERT_TRUE(report) << report.error().line();
        ASSERT_EQ(report->stories.size(), 1u);
        EXPECT_FALSE(report->stories[0].passed) << test.steps;
        EXPECT_NE(report->text().find("FAILED a"), std::string::npos);
        EXPECT_NE(report->stories[0].failure.find(test.part), std::string::npos)
            << test.steps << report->stories[0].failure;
    }
}

TEST_F(StoryRun, UpdateWritesWhatCameOut) {
    const std::string expected = kBegin +
                                 "# kept\nexpect rows prediction\nfunded_amnt | status\n"
                                 "5000        | review\n\nexpect rejects\n"
                                 "t/0 @1 | decode | not_json\nexpect explain t/0@0\n"
                                 "application t-0-0\n"
                                 "decision: review by rule, rule application_incomplete\n";
    auto report = play(kBegin +
                           "# kept\nexpect rows prediction\nfunded_amnt | status\n1 | x\n\n"
                           "expect rejects\nexpect explain t/0@0\nx\n",
                       true);
    ASSERT_TRUE(report) << report.error().line();
    EXPECT_TRUE(report->updated);
    EXPECT_TRUE(report->stories[0].passed) << report->stories[0].failure;
    EXPECT_TRUE(written().find("5000        | review\n") != std::string::npos) << written();
    std::string first = written();
    EXPECT_TRUE(first.starts_with(expected.substr(0, expected.size() - 1))) << first;
    auto again = play(first, true);
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->updated);
    EXPECT_EQ(written(), first);
    auto plain = play(first);
    ASSERT_TRUE(plain);
    EXPECT_TRUE(plain->stories[0].passed) << plain->stories[0].failure;
}

TEST_F(StoryRun, ALendersOwnPolicyLiesBesideIt) {
    std::ofstream(folder_ + "/own.toml") << "format = 1\nname = \"own\"\n"
                                            "[[field]]\nname = \"amount\"\nclean = \"number\"\n"
                                            "column = \"funded_amnt\"\n"
                                            "[[rule]]\nname = \"big\"\nwhen = 'amount > 10'\n"
                                            "outcome = \"decline\"\nreason = \"big\"\n"
                                            "[[reason]]\ncode = \"big\"\n"
                                            "text = \"Amount of the loan requested\"\n";
    auto report = play(
        "# name: a\n# why: b\npolicy own.toml\ninput t/0\n{\"amount\":11}\n"
        "{\"amount\":10}\nexpect rows prediction\n"
        "funded_amnt | status | scored_by | policy | model | reason_1\n"
        "11 | declined | rule | own | null | big\n"
        "10 | review | fallback | own | null | null\n");
    ASSERT_TRUE(report) << report.error().line();
    EXPECT_TRUE(report->stories[0].passed) << report->stories[0].failure;
}

}  // namespace
}  // namespace loanstream

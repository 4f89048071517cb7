#include "policy/policy.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/sha256.h"
#include "policy/embedded.h"

namespace loanstream {
namespace {

// A whole small policy; tests change or add lines. Line 1 is "format = 1".
const std::string kHead = R"(format = 1
name = "small"
)";
const std::string kFields = R"([[field]]
name = "income"
clean = "number"
[[field]]
name = "grade"
clean = "text"
[[field]]
name = "paid"
clean = "number"
known = "later"
)";
const std::string kRule = R"([[rule]]
name = "low"
when = 'income < 5'
outcome = "decline"
reason = "low_income"
[[reason]]
code = "low_income"
text = "Income below our minimum"
)";
const std::string kWhole = kHead + kFields + kRule;

std::string line_of(const Result<std::shared_ptr<const Policy>>& policy) {
    return policy ? "no error" : policy.error().line();
}

struct Broken {
    const char* name;
    std::string text;
    std::string expected;  // the error's line begins so
};

void expect_refused(const std::vector<Broken>& cases) {
    for (const auto& test : cases) {
        auto policy = parse_policy(test.text, "p.toml");
        ASSERT_FALSE(policy) << test.name;
        EXPECT_TRUE(line_of(policy).starts_with(test.expected))
            << test.name << "\n  got:      " << line_of(policy)
            << "\n  expected: " << test.expected;
    }
}

TEST(Policy, TheSmallOneIsGood) {
    auto policy = parse_policy(kWhole, "p.toml");
    ASSERT_TRUE(policy) << line_of(policy);
    const Policy& p = **policy;
    EXPECT_EQ(p.name, "small");
    EXPECT_EQ(p.title, "small");
    ASSERT_EQ(p.fields.size(), 3u);
    EXPECT_EQ(p.fields[0].keys, std::vector<std::string>{"income"});
    EXPECT_EQ(p.fields[0].bad, BadValue::kReject);
    EXPECT_EQ(p.fields[0].absent, BadValue::kMissing);
    EXPECT_TRUE(p.fields[0].in_evidence);
    EXPECT_FALSE(p.fields[1].in_evidence);
    EXPECT_FALSE(p.fields[2].known_at_application);
    EXPECT_EQ(p.input.missing, std::vector<std::string>{""});
    EXPECT_FALSE(p.has_model);
    EXPECT_EQ(p.slot_of("grade"), 1);
    EXPECT_EQ(p.slot_of("nothing"), kNoSlot);
    EXPECT_EQ(p.fields[1].place, "p.toml:6:1");
}

TEST(Policy, RefusesAWrongHeadOrInput) {
    expect_refused({
        {"toml", "format = \n", "p.toml:1:"},
        {"a table without a key", kHead + "[=]\n" + kFields, "p.toml:3:1: a name in [brackets]"},
        {"a sign in no text", kHead + "# \xef\xb8\x8f\n\xef\xb8\x8f = \"\"\n",
         "p.toml:4:1: a character beyond ASCII stands outside texts and comments"},
        {"a sign behind texts",
         kHead + "a = \"\"\"\n'\xef\xb8\x8f\"\"\"\"\nb = '\\'  \xef\xb8\x8f\n",
         "p.toml:5:10: a character beyond ASCII stands outside texts and comments"},
        {"a key of no letter", kWhole + "[[!]]", "p.toml:21:1: a name in [brackets]"},
        {"a letter beyond ASCII", kWhole + "[[\xc3\x9f]]",
         "p.toml:21:3: a character beyond ASCII stands outside texts and comments"},
        {"format missing", "name = \"x\"\n", "p.toml:1:1: the policy has no format"},
        {"format two", "format = 2\n", "p.toml:1:10: policy format is not 1"},
        {"format text", "format = \"1\"\n", "p.toml:1:10: format must be a number"},
        {"name missing", "format = 1\n" + kFields, "p.toml:1:1: the policy has no name"},
        {"name letters", "format = 1\nname = \"A b\"\n",
         "p.toml:2:8: the name must be 1 to 64 of a-z 0-9 -"},
        {"unknown key", kWhole + "text2 = 1\n",
         "p.toml:21:1: unknown key 'text2' in [[reason]]; did you mean text?"},
        {"unknown table", kWhole + "[decisions]\n",
         "p.toml:21:2: unknown key 'decisions' in the policy; did you mean decision?"},
        {"no fields", kHead, "p.toml:1:1: the policy has no [[field]]"},
        {"field without brackets", kHead + "[field]\nname = \"a\"\n",
         "p.toml:3:1: [[field]] is written with double brackets"},
        {"input unknown", kWhole + "[input]\nsqueeze_space = 2\n",
         "p.toml:22:1: unknown key 'squeeze_space' in [input]; did you mean squeeze_spaces?"},
        {"squeeze high", kWhole + "[input]\nsqueeze_spaces = 9\n",
         "p.toml:22:18: squeeze_spaces must be a whole number 0 to 8"},
        {"squeeze huge", kWhole + "[input]\nsqueeze_spaces = 1e300\n",
         "p.toml:22:18: squeeze_spaces must be a whole number 0 to 8"},
        {"squeeze fraction", kWhole + "[input]\nsqueeze_spaces = 1.5\n",
         "p.toml:22:18: squeeze_spaces must be a whole number 0 to 8"},
        {"flag", kWhole + "[input]\ndrop_newlines = 1\n",
         "p.toml:22:17: drop_newlines must be true or false"},
        {"missing", kWhole + "[input]\nmissing = [1]\n",
         "p.toml:22:11: missing must hold only texts"},
        {"id field", kWhole + "[input]\nid_field = \"incme\"\n",
         "p.toml:22:12: unknown field 'incme'; did you mean income?"},
    });
}

TEST(Policy, RefusesAWrongField) {
    auto field = [](const std::string& lines) {
        return kHead + "[[field]]\nname = \"a\"\nclean = \"number\"\n" + lines;
    };
    expect_refused({
        {"no name", kHead + "[[field]]\nclean = \"text\"\n", "p.toml:3:1: [[field]] has no name"},
        {"name form", kHead + "[[field]]\nname = \"2a\"\nclean = \"text\"\n",
         "p.toml:4:8: a field's name is [a-z][a-z0-9_]*, at most 64"},
        {"word of rules", kHead + "[[field]]\nname = \"missing\"\nclean = \"text\"\n",
         "p.toml:4:8: 'missing' is a word of rules"},
        {"no verb", kHead + "[[field]]\nname = \"a\"\n", "p.toml:3:1: clean cannot be ''"},
        {"verb", kHead + "[[field]]\nname = \"a\"\nclean = \"numbr\"\n",
         "p.toml:5:9: clean cannot be 'numbr'; did you mean number?"},
        {"twice", field("[[field]]\nname = \"a\"\nclean = \"text\"\n"),
         "p.toml:7:8: field 'a' is declared twice"},
        {"key twice", field("[[field]]\nname = \"b\"\nkeys = [\"a\"]\nclean = \"text\"\n"),
         "p.toml:8:8: key 'a' belongs to two fields"},
        {"no keys", field("keys = []\n"), "p.toml:6:8: keys holds no key"},
        {"empty key", field("keys = [\"\"]\n"), "p.toml:6:8: a key has 1 to 255 bytes"},
        {"bad", field("bad = \"nil\"\n"),
         "p.toml:6:7: bad cannot be 'nil'; one of reject, missing, zero"},
        {"absent", field("absent = \"rejct\"\n"),
         "p.toml:6:10: absent cannot be 'rejct'; did you mean reject?"},
        {"reject_as", field("reject_as = \"Not a number\"\n"),
         "p.toml:6:13: a reject reason is [a-z0-9_]+, at most 64"},
        {"text zero", kHead + "[[field]]\nname = \"a\"\nclean = \"text\"\nbad = \"zero\"\n",
         "p.toml:5:9: a text cannot become zero"},
        {"range order", field("range = [5, 1]\n"), "p.toml:6:9: range is [low, high] of a number"},
        {"range nan", field("range = [nan, 1]\n"), "p.toml:6:9: range is [low, high] of a number"},
        {"range length", field("range = [5]\n"), "p.toml:6:9: range is [low, high] of a number"},
        {"range of text", kHead + "[[field]]\nname = \"a\"\nclean = \"text\"\nrange = [0, 1]\n",
         "p.toml:6:9: range is [low, high] of a number"},
        {"outside zero", field("range = [0, 1]\noutside = \"zero\"\n"),
         "p.toml:7:11: outside cannot be 'zero'"},
        {"outside alone", field("outside = \"missing\"\n"),
         "p.toml:6:11: outside has no meaning without range"},
        {"fallback unknown", field("fallback = \"b\"\n"), "p.toml:6:12: unknown field 'b'"},
        {"fallback itself", field("fallback = \"a\"\n"),
         "p.toml:6:12: a fallback is another field of the same type"},
        {"fallback type", field("fallback = \"b\"\n[[field]]\nname = \"b\"\nclean = \"text\"\n"),
         "p.toml:6:12: a fallback is another field of the same type"},
        {"fallback constant", field("fallback = \"b\"\n[[field]]\nname = \"b\"\nconstant = 1\n"),
         "p.toml:6:12: a constant is no fallback"},
        {"constant with clean", kHead + "[[field]]\nname = \"a\"\nclean = \"text\"\nconstant = 1\n",
         "p.toml:5:9: clean has no meaning with constant"},
        {"constant nan", kHead + "[[field]]\nname = \"a\"\nconstant = nan\n",
         "p.toml:5:12: constant must be a finite number"},
        {"known", field("known = \"now\"\n"), "p.toml:6:9: known cannot be 'now'"},
        {"column", field("column = \"annual\"\n"), "p.toml:6:10: column cannot be 'annual'"},
        {"column of text",
         kHead + "[[field]]\nname = \"a\"\nclean = \"text\"\ncolumn = \"member_id\"\n",
         "p.toml:6:10: an INT column needs a number"},
        {"column twice",
         field("column = \"member_id\"\n[[field]]\nname = \"b\"\n"
               "clean = \"number\"\ncolumn = \"member_id\"\n"),
         "p.toml:10:10: the column is filled by 'a' already"},
    });
}

TEST(Policy, RefusesAWrongRuleOrReason) {
    auto rule = [](const std::string& lines) { return kHead + kFields + "[[rule]]\n" + lines; };
    const std::string decline = "outcome = \"decline\"\n";
    const std::string reason = "[[reason]]\ncode = \"r\"\ntext = \"Income below our minimum\"\n";
    expect_refused({
        {"no reason", rule("name = \"a\"\nwhen = 'true'\n" + decline),
         "p.toml:13:1: rule 'a' has no reason; a decline or review must name a [[reason]] code"},
        {"unknown reason",
         rule("name = \"a\"\nwhen = 'true'\n" + decline + "reason = \"s\"\n" + reason),
         "p.toml:17:10: unknown reason 's'; did you mean r?"},
        {"outcome", rule("name = \"a\"\nwhen = 'true'\noutcome = \"approve\"\n"),
         "p.toml:16:11: outcome cannot be 'approve'"},
        {"rule name", rule("name = \"A\"\nwhen = 'true'\n" + decline),
         "p.toml:14:8: a rule's name is [a-z0-9_]+, at most 64"},
        {"an operator's", rule("name = \"operator\"\nwhen = 'true'\n" + decline),
         "p.toml:14:8: the name 'operator' is kept for review-all on"},
        {"unknown field", rule("name = \"a\"\n" + decline + "when = 'true or incme < 5'\n"),
         "p.toml:16:17: unknown field 'incme'; did you mean income?"},
        {"later", rule("name = \"a\"\n" + decline + "when = 'paid > 5'\n"),
         "p.toml:16:9: field 'paid' is known only after the loan"},
        {"later missing", rule("name = \"a\"\n" + decline + "when = 'missing(paid)'\n"),
         "p.toml:16:17: field 'paid' is known only after the loan"},
        {"types", rule("name = \"a\"\n" + decline + "when = \"grade == \\\"A\\\" or grade < 5\"\n"),
         "p.toml:16:27: here stands a text, not a number"},
        {"lines", rule("name = \"a\"\n" + decline + "when = '''\nincome < 5\n or incme'''\n"),
         "p.toml:18:5: unknown field 'incme'; did you mean income?"},
        {"when is no text", rule("name = \"a\"\n" + decline + "when = 5\n"),
         "p.toml:16:8: when must be a text"},
        {"rule twice", kWhole + "[[rule]]\nname = \"low\"\nwhen = 'true'\n" + decline,
         "p.toml:22:8: rule 'low' is declared twice"},
        {"reason code", kWhole + "[[reason]]\ncode = \"r-1\"\ntext = \"x\"\n",
         "p.toml:22:8: a reason's code is [a-z0-9_]+, at most 64"},
        {"reason twice", kWhole + "[[reason]]\ncode = \"low_income\"\ntext = \"x\"\n",
         "p.toml:22:8: reason 'low_income' is declared twice"},
        {"reason text", kWhole + "[[reason]]\ncode = \"r\"\ntext = \"\"\n",
         "p.toml:23:8: a reason needs a text"},
        {"unspecific", kWhole + "[[reason]]\ncode = \"r\"\ntext = \"Our Internal standards\"\n",
         "p.toml:23:8: the text of reason 'r' names no specific reason"},
        {"two inquiries", kWhole + "inquiries = true\n" + reason + "inquiries = true\n",
         "p.toml:25:13: two reasons are about credit inquiries"},
        {"feature twice", kWhole + "features = [\"a\"]\n" + reason + "features = [\"a\"]\n",
         "p.toml:25:12: feature 'a' has two reasons"},
    });
}

TEST(Policy, RefusesAWrongModelOrCutOffs) {
    expect_refused({
        {"nothing decides", kHead + kFields, "p.toml:1:1: neither a [model] nor a [[rule]]"},
        {"no file", kWhole + "[model]\n", "p.toml:21:1: [model] has no file"},
        {"file is not there", kWhole + "[model]\nfile = \"none.json\"\n",
         "p.toml:22:8: none.json: cannot be read"},
        {"not shipped", kWhole + "[model]\nfile = \"embedded:models/none.json\"\n",
         "p.toml:22:8: embedded:models/none.json: no such file is shipped"},
        {"mapped to no field",
         kWhole + "[model]\nfile = \"embedded:policies/lendingclub.toml\"\n"
                  "[model.features]\n\"a b\" = \"incom\"\n",
         "p.toml:24:9: unknown field 'incom'; did you mean income?"},
        {"no cut-offs", kWhole + "[model]\nfile = \"embedded:policies/lendingclub.toml\"\n",
         "p.toml:1:1: a policy with a model needs [decision] with its cut-offs"},
        {"cut-offs order", kWhole + "[decision]\napprove_below = 0.5\ndecline_from = 0.4\n",
         "p.toml:22:17: cut-offs out of order; 0 < approve_below <= decline_from <= 1"},
        {"cut-offs zero", kWhole + "[decision]\napprove_below = 0\ndecline_from = 0.4\n",
         "p.toml:22:17: cut-offs out of order"},
        {"cut-offs nan", kWhole + "[decision]\napprove_below = nan\ndecline_from = 0.4\n",
         "p.toml:22:17: cut-offs out of order"},
        {"cut-offs above one", kWhole + "[decision]\napprove_below = 0.5\ndecline_from = 1.1\n",
         "p.toml:22:17: cut-offs out of order"},
        {"one cut-off", kWhole + "[decision]\napprove_below = 0.5\n",
         "p.toml:21:1: [decision] has no decline_from"},
    });
}

TEST(Policy, TheShippedOnesLoad) {
    for (const char* name : {"lendingclub", "fintech-classic"}) {
        std::string path = std::string("policies/") + name + ".toml";
        auto text = embedded_file(path);
        ASSERT_TRUE(text) << name;
        auto policy = load_policy(name);
        ASSERT_TRUE(policy) << line_of(policy);
        EXPECT_EQ((*policy)->name, name);
        EXPECT_EQ((*policy)->files.at(0).bytes, *text);
        auto model = embedded_file(std::string("models/") + name + ".json");
        ASSERT_TRUE(model) << name;
        EXPECT_EQ((*policy)->model_bytes, *model);
        EXPECT_EQ((*policy)->model_hash, sha256_hex(*model));
        EXPECT_EQ((*policy)->model_path, std::string("embedded:models/") + name + ".json");
    }
}

TEST(Policy, UnknownNameSaysWhatIsShipped) {
    auto policy = load_policy("lendingclubs");
    ASSERT_FALSE(policy);
    EXPECT_EQ(policy.error().code, ErrorCode::kNotFound);
    EXPECT_NE(line_of(policy).find("lendingclub"), std::string::npos);
    EXPECT_EQ(load_policy("no/such.toml").error().code, ErrorCode::kNotFound);
}

TEST(Policy, HashIsOfTheLines) {
    auto policy = parse_policy(kWhole, "some/folder/p.toml");
    ASSERT_TRUE(policy);
    EXPECT_EQ((*policy)->hash, sha256_hex(sha256_hex(kWhole) + " p.toml\n"));
    EXPECT_EQ(policy_hash_lines({{"b", "", "22"}, {"a", "", "33"}, {"c", "", "11"}}),
              "11 c\n22 b\n33 a\n");
}

class PolicyFolder : public testing::Test {
protected:
    void SetUp() override {
        std::string form = testing::TempDir() + "/policy_XXXXXX";
        ASSERT_NE(::mkdtemp(form.data()), nullptr);
        folder_ = form;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string write(const std::string& name, const std::string& bytes) {
        std::filesystem::create_directories(
            std::filesystem::path(folder_ + "/" + name).parent_path());
        std::ofstream(folder_ + "/" + name, std::ios::binary) << bytes;
        return folder_ + "/" + name;
    }
    std::string folder_;
};

const std::string kCutOffs = "[decision]\napprove_below = 0.2\ndecline_from = 0.4\n";

TEST_F(PolicyFolder, ModelIsReadFromThePolicysFolder) {
    write("models/m.json", "{1}");
    std::string other = write("other.json", "{2}");
    std::string path =
        write("policies/p.toml", kWhole + "[model]\nfile = \"../models/m.json\"\n" + kCutOffs);
    auto policy = load_policy(path);
    ASSERT_TRUE(policy) << line_of(policy);
    EXPECT_EQ((*policy)->model_bytes, "{1}");
    auto overridden = load_policy(path, other);
    ASSERT_TRUE(overridden) << line_of(overridden);
    EXPECT_EQ((*overridden)->model_bytes, "{2}");
    EXPECT_EQ((*overridden)->model_path, other);
    EXPECT_EQ((*overridden)->hash, (*policy)->hash);
    EXPECT_NE((*overridden)->model_hash, (*policy)->model_hash);
}

TEST_F(PolicyFolder, AGivenModelServesAPolicyWithoutOne) {
    std::string model = write("m.json", "{1}");
    EXPECT_FALSE(load_policy(write("p.toml", kWhole), model));  // no cut-offs
    auto policy = load_policy(write("q.toml", kWhole + kCutOffs), model);
    ASSERT_TRUE(policy) << line_of(policy);
    EXPECT_TRUE((*policy)->has_model);
}

TEST_F(PolicyFolder, RestoresWithoutItsPaths) {
    std::string model = write("m.json", "{1}");
    std::string text =
        kWhole + "[model]\nfile = \"m.json\"\n[model.features]\nf = \"income\"\n" + kCutOffs;
    auto policy = load_policy(write("p.toml", text));
    ASSERT_TRUE(policy) << line_of(policy);
    std::filesystem::remove(model);
    auto files = (*policy)->files;
    auto again = restore_policy(files, (*policy)->model_bytes);
    ASSERT_TRUE(again) << line_of(again);
    EXPECT_EQ((*again)->hash, (*policy)->hash);
    EXPECT_EQ((*again)->model_hash, (*policy)->model_hash);
    EXPECT_EQ((*again)->model_features, (*policy)->model_features);
    EXPECT_EQ((*again)->approve_below, 0.2);

    EXPECT_FALSE(restore_policy(files, ""));  // its model was not kept
    EXPECT_FALSE(restore_policy({}, "{1}"));
    auto alone = parse_policy(kWhole, "p.toml");
    ASSERT_TRUE(alone);
    auto alone_again = restore_policy((*alone)->files, "");
    ASSERT_TRUE(alone_again) << line_of(alone_again);
    EXPECT_FALSE((*alone_again)->has_model);
}

}  // namespace
}  // namespace loanstream

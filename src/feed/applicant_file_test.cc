#include "feed/applicant_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace loanstream {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ApplicantFileTest : public ::testing::Test {
protected:
    std::string write(const std::string& name, const std::string& bytes) {
        std::string path = folder_ + "/" + name;
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }
    std::string write_gz(const std::string& name, const std::string& bytes) {
        std::string path = folder_ + "/" + name;
        gzFile file = gzopen(path.c_str(), "wb");
        gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
        gzclose(file);
        return path;
    }
    struct Read {
        std::vector<std::string> rows;
        std::string left_out;
        std::string fault;
    };
    static Read read(const std::string& path) {
        Read result;
        auto file = ApplicantFile::open(path);
        if (!file) return {{}, "", file.error().line()};
        std::string json;
        while (true) {
            auto some = (*file)->next(json);
            if (!some) result.fault = some.error().line();
            if (!some || !*some) break;
            result.rows.push_back(json);
        }
        result.left_out = (*file)->left_out();
        EXPECT_EQ((*file)->rows(), static_cast<std::int64_t>(result.rows.size()));
        return result;
    }
    void SetUp() override {
        folder_ = ::testing::TempDir() + fmt::format("applicant_file_test.{}", ::getpid());
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string folder_;
};

TEST_F(ApplicantFileTest, Csv) {
    struct Case {
        const char *what, *file;
        std::vector<std::string> rows;
        const char* left_out;
    };
    for (const auto& [what, file, rows, left_out] : std::vector<Case>{
             {"plain", "a,b\n1,x\n2,y\n", {R"({"a":"1","b":"x"})", R"({"a":"2","b":"y"})"}, ""},
             {"no newline at the end", "a,b\n1,x", {R"({"a":"1","b":"x"})"}, ""},
             {"carriage returns", "a,b\r\n1,x\r\n", {R"({"a":"1","b":"x"})"}, ""},
             {"old carriage returns", "a,b\r1,x\r", {R"({"a":"1","b":"x"})"}, ""},
             {"byte order mark", "\xEF\xBB\xBF\x61,b\n1,x\n", {R"({"a":"1","b":"x"})"}, ""},
             {"quotes, commas, newlines",
              "a,b\n\"x,\"\"y\"\"\",\"two\nlines\"\n",
              {R"({"a":"x,\"y\"","b":"two\nlines"})"},
              ""},
             {"only quotes", "a,b\n\"\",\"\"\"\"\n", {R"({"a":"","b":"\""})"}, ""},
             {"a quote inside an unquoted field",
              "a,b\n5\" pipe,x\n",
              {R"({"a":"5\" pipe","b":"x"})"},
              ""},
             {"bytes that JSON escapes", "a\nq\\t\x01\tz\n", {R"({"a":"q\\t\u0001\tz"})"}, ""},
             {"bytes that are no UTF-8 go on as they are", "a\n\xff\n", {"{\"a\":\"\xff\"}"}, ""},
             {"spaces stay",
              "a,b\n 36 months,  6.99%\n",
              {R"({"a":" 36 months","b":"  6.99%"})"},
              ""},
             {"raw download",
              "Notes offered by Prospectus (https://example.org)\n\"id\",\"b\"\n\"1\",\"x\"\n\n"
              "Loans that do not meet the credit policy\n\"2\",\"y\"\n\n\n"
              "Total amount funded in policy code 1: 12\nTotal amount funded in policy code 2: 0\n",
              {R"({"id":"1","b":"x"})", R"({"id":"2","b":"y"})"},
              "left out: 1 prospectus line, 1 divider, 2 totals, 3 blank lines"},
             {"Kaggle: totals as rows",
              "id,b,c\n1,x,z\nTotal amount funded in policy code 1: 5,,\n",
              {R"({"id":"1","b":"x","c":"z"})"},
              "left out: 1 total"},
             {"R: NA is the feed's text",
              "\"id\",\"b\"\n1,NA\n\"Total amount funded in policy code 2: 0\",NA\n",
              {R"({"id":"1","b":"NA"})"},
              "left out: 1 total"},
             {"an applicant may say such things",
              "emp,b\nTotal amount funded in policy code 1,x\n",
              {R"({"emp":"Total amount funded in policy code 1","b":"x"})"},
              ""},
             {"more and fewer fields",
              "a,b\n1\n1,2,3\n1,2\n",
              {R"({"a":"1"})", R"({"a":"1","b":"2","column_3":"3"})", R"({"a":"1","b":"2"})"},
              "2 rows with another number of fields than the header (first at line 2), given as "
              "they are"},
             {"a field beyond a header that has its name",
              "a,column_3\n1,2,3\n",
              {R"({"a":"1","column_3":"2","column_3_":"3"})"},
              "1 rows with another number of fields than the header (first at line 2), given as "
              "they are"},
             {"columns without a name",
              "a,,b\n1,2,3\n",
              {R"({"a":"1","column_2":"2","b":"3"})"},
              ""},
             {"header alone", "a,b\n", {}, ""},
         }) {
        auto result = read(write("file.csv", file));
        EXPECT_EQ(result.fault, "") << what;
        EXPECT_EQ(result.rows, rows) << what;
        EXPECT_EQ(result.left_out, left_out) << what;
        EXPECT_EQ(read(write_gz("file.csv.gz", file)).rows, rows) << what << ", gz";
    }
}

TEST_F(ApplicantFileTest, Jsonl) {
    const std::string lines = "{\"a\": 1}\nnot json\n\n \t\n{\"a\":\"2\"}\r\n{\"last\":1}";
    for (const auto& path : {write("file.jsonl", lines), write_gz("file.ndjson.gz", lines)}) {
        auto result = read(path);
        EXPECT_THAT(result.rows,
                    ElementsAre("{\"a\": 1}", "not json", "{\"a\":\"2\"}", "{\"last\":1}"));
        EXPECT_EQ(result.left_out, "left out: 2 blank lines");
    }
    EXPECT_EQ(read(write("no_ending", "{\"a\":1}\n")).rows.size(), 1u) << "by its first byte";
}

TEST_F(ApplicantFileTest, FaultsNameTheLineAndKeepWhatCameBefore) {
    struct Case {
        const char* file;
        std::size_t rows;
        const char* fault;
    };
    for (auto [file, rows, fault] : {
             Case{"a,b\n1,x\n2,\"never closed\n3,y\n", 1, "file.csv:3: a quote is never closed"},
             Case{"a,b\n1,\"two\nlines\"\n2,\"x", 1, "file.csv:4: a quote is never closed"},
             Case{"", 0, "file.csv: the file is empty"},
             Case{"\n\n", 0, "file.csv: the file has no header line"},
             Case{"a,b,a\n", 0, "file.csv:1: the header names 'a' twice"},
         }) {
        auto result = read(write("file.csv", file));
        EXPECT_EQ(result.rows.size(), rows) << file;
        EXPECT_THAT(result.fault, HasSubstr(fault));
    }
}

TEST_F(ApplicantFileTest, RecordsAreBounded) {
    std::string endless = "a,b\n1,\"" + std::string(70 << 20, 'x');
    EXPECT_THAT(read(write("file.csv", endless)).fault,
                HasSubstr("file.csv:2: a record is larger than 64 MiB"));
    endless = "a,b\n1," + std::string(70 << 20, 'x');
    EXPECT_THAT(read(write("file.csv", endless)).fault,
                HasSubstr("file.csv:2: a record is larger than 64 MiB"));
    EXPECT_THAT(read(write("file.csv", "a\n" + std::string(200'000, ','))).fault,
                HasSubstr("100000 fields"));
}

TEST_F(ApplicantFileTest, BrokenFiles) {
    EXPECT_THAT(read(folder_ + "/absent.csv").fault, HasSubstr("absent.csv: cannot be opened"));
    EXPECT_THAT(read(folder_).fault, HasSubstr("directory"));
    std::string rows = "a,b\n";
    for (int i = 0; i < 100000; ++i) rows += fmt::format("{},{}\n", i, i * 7919 % 100003);
    std::string path = write_gz("file.csv.gz", rows);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    auto result = read(path);
    EXPECT_GT(result.rows.size(), 1000u);
    EXPECT_THAT(result.fault, HasSubstr("the gz data is broken"));
}

TEST_F(ApplicantFileTest, Sha256IsOfTheBytesAsTheyLie) {
    EXPECT_EQ(*file_sha256(write("file.csv", "abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(file_sha256(folder_ + "/absent").error().code, ErrorCode::kNotFound);
}

// Real downloads, where they are on this machine.
struct RealFile {
    const char* name;
    std::int64_t rows;
    std::size_t columns;
    const char* left_out;
};
void PrintTo(const RealFile& file, std::ostream* out) { *out << file.name; }

class RealFiles : public ::testing::TestWithParam<RealFile> {};

TEST_P(RealFiles, EveryRowComesUnderItsHeader) {
    const char* folder = std::getenv("LOANSTREAM_TEST_DATA");
    if (folder == nullptr) GTEST_SKIP() << "LOANSTREAM_TEST_DATA is not set";
    auto [name, rows, columns, left_out] = GetParam();
    auto file = ApplicantFile::open(std::string(folder) + "/" + name);
    ASSERT_TRUE(file) << file.error().line();
    std::string json;
    while (true) {
        auto some = (*file)->next(json);
        ASSERT_TRUE(some) << some.error().line();
        if (!*some) break;
        auto object = nlohmann::json::parse(json, nullptr, false);
        ASSERT_TRUE(object.is_object()) << json;
        ASSERT_EQ(object.size(), columns) << json;
        for (const auto& [key, value] : object.items()) ASSERT_TRUE(value.is_string()) << key;
    }
    EXPECT_EQ((*file)->rows(), rows);
    EXPECT_EQ((*file)->left_out(), left_out);
}

INSTANTIATE_TEST_SUITE_P(
    LendingClub, RealFiles,
    ::testing::Values(RealFile{"lc_2007_2011_a.csv.gz", 21131, 145,
                               "left out: 1 prospectus line, 1 divider, 2 totals, 5 blank lines"},
                      RealFile{"lc_raw_111_sample4.csv", 4, 111, "left out: 1 prospectus line"},
                      RealFile{"lc_2016q1_2017_137_a.csv.gz", 504, 137, ""},
                      RealFile{"lc_2009_2018_150_a.csv.gz", 495, 150, ""},
                      RealFile{"lc_indiana_val_139.csv.gz", 3258, 140, ""},
                      RealFile{"lc_2007_2015_74_a.csv.gz", 467, 74, ""},
                      RealFile{"lc_2011_74_first1000.csv.gz", 1000, 74, ""},
                      RealFile{"lc_2018q1_openintro_55.csv.gz", 10000, 55, ""},
                      RealFile{"lc_2016q1_modeldata_a.csv.gz", 4934, 23, ""}));

}  // namespace
}  // namespace loanstream

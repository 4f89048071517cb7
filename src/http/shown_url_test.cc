#include "http/shown_url.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

TEST(ShownUrl, HidesWhatMayBeASecret) {
    EXPECT_EQ(shown_url("http://127.0.0.1:5000/api/v1.0"), "http://127.0.0.1:5000/api/v1.0");
    EXPECT_EQ(shown_url("https://me:p@ss@host:1/a@b"), "https://***@host:1/a@b");
    EXPECT_EQ(shown_url("https://token@host"), "https://***@host");
    EXPECT_EQ(shown_url("https://me:x@host?key=abc&page&since=2"),
              "https://***@host?key=***&page&since=***");
    EXPECT_EQ(shown_url("https://host/a?key=abc#token"), "https://host/a?key=***");
    EXPECT_EQ(shown_url("me:secret@host/a"), "***@host/a");
    EXPECT_EQ(shown_url("no address"), "no address");
    EXPECT_EQ(shown_url("http://h/?"), "http://h/?");
    EXPECT_EQ(shown_url(""), "");
}

}  // namespace
}  // namespace loanstream

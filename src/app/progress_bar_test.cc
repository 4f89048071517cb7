#include "app/progress_bar.h"

#include <gtest/gtest.h>

namespace loanstream {
namespace {

using std::chrono::seconds;

TEST(ProgressBar, SaysShareRateAndTimeLeft) {
    EXPECT_EQ(ProgressBar::text(0.5, 1'200'000, seconds(4)),
              "[############............]  50 %  1,200,000 rows  300,000/s  4 s left");
    EXPECT_EQ(ProgressBar::text(0, 0, seconds(0)), "[........................]   0 %  0 rows");
    EXPECT_EQ(ProgressBar::text(1.2, 7, seconds(1)),
              "[########################] 100 %  7 rows  7/s  0 s left");
    EXPECT_EQ(ProgressBar::text(0.1, 10, seconds(100)),
              "[##......................]  10 %  10 rows  0/s  15 min left");
}

}  // namespace
}  // namespace loanstream

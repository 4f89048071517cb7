#include "base/text_box.h"

#include <gtest/gtest.h>

namespace loanstream {

TEST(TextBox, LooksLikeSparksShow) {
    TextBox box{{"annual_inc", "status"}, {{"24000", "approved"}, {"null", "review"}}};
    EXPECT_EQ(box.text(),
              "+----------+--------+\n"
              "|annual_inc|  status|\n"
              "+----------+--------+\n"
              "|     24000|approved|\n"
              "|      null|  review|\n"
              "+----------+--------+\n");
}

TEST(TextBox, CutsWideCellsByCharacters) {
    TextBox box{{"text"}, {{"äöüäöüäöü"}}};
    EXPECT_EQ(box.text(6), "+------+\n|  text|\n+------+\n|äöü...|\n+------+\n");
}

TEST(WithCommas, GroupsThousands) {
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(999), "999");
    EXPECT_EQ(with_commas(1000), "1,000");
    EXPECT_EQ(with_commas(-21131000), "-21,131,000");
}

}  // namespace loanstream

#include "ctl/output.h"

#include <gtest/gtest.h>

namespace bailiff::ctl {
namespace {

TEST(Output, ColumnsAreAsWideAsTheirWidestCell) {
    EXPECT_EQ(render_table({"A", "LONG"}, {{"xyz", "1"}, {"ä", ""}}),
              "A    LONG\n"
              "xyz  1\n"
              "ä\n");
}

TEST(Output, WidthCountsCharactersNotBytes) {
    EXPECT_EQ(width_of("aä€"), 3U);
    EXPECT_EQ(pad("ä", 3), "ä  ");
    EXPECT_EQ(pad("long", 2), "long");
}

TEST(Output, TimeLeftIsReadable) {
    EXPECT_EQ(time_left(-1), "over");
    EXPECT_EQ(time_left(59), "59 s");
    EXPECT_EQ(time_left(270), "4 min 30 s");
    EXPECT_EQ(time_left(7200), "2 h");
    EXPECT_EQ(time_left(90061), "1 d 1 h");
}

} // namespace
} // namespace bailiff::ctl

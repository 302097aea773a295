#include "bailiffd/lost_events.h"

#include <gtest/gtest.h>

#include "tests/unit/support/temporary_folder.h"

namespace bailiff::daemon {
namespace {

class Lost : public testing::Test {
protected:
    [[nodiscard]] LostEvents start(const std::string& boot = "boot-1") {
        return {folder.file("lost"), boot};
    }
    tests::TemporaryFolder folder;
};

TEST_F(Lost, IsToldOnce) {
    LostEvents lost = start();
    EXPECT_EQ(lost.news(0), 0U);
    EXPECT_EQ(lost.news(5), 5U);
    EXPECT_EQ(lost.news(5), 0U);
    EXPECT_EQ(lost.news(7), 2U);
}

TEST_F(Lost, IsToldOnceAlsoAcrossARestart) {
    EXPECT_EQ(start().news(5), 5U);
    EXPECT_EQ(start().news(5), 0U);
    EXPECT_EQ(start().news(9), 4U) << "lost while no daemon ran";
}

TEST_F(Lost, CountsFromZeroAfterARebootOrWithNewMaps) {
    EXPECT_EQ(start().news(5), 5U);
    EXPECT_EQ(start("boot-2").news(3), 3U);
    EXPECT_EQ(start("boot-2").news(1), 1U);
}

TEST_F(Lost, ADamagedFileCountsAsZero) {
    tests::put_file(folder.file("lost"), "boot-1 many\n");
    EXPECT_EQ(start().news(5), 5U);
}

TEST_F(Lost, WithoutAPlaceToKeepItIsStillTold) {
    LostEvents lost(folder.file("no/such/folder"), "boot-1");
    EXPECT_EQ(lost.news(5), 5U);
    EXPECT_EQ(lost.news(5), 0U);
}

} // namespace
} // namespace bailiff::daemon

#include "base/mountinfo.h"

#include <gmock/gmock.h>

namespace bailiff {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> points(std::string_view table) {
    std::vector<std::string> all;
    for (const MountInfo& mount : parse_mountinfo(table)) all.push_back(mount.point);
    return all;
}

TEST(Mountinfo, ALineIsADeviceARootAPointAndAType) {
    const auto table = parse_mountinfo(
        "25 30 8:3 / / rw,relatime shared:1 - ext4 /dev/sda3 rw\n"
        "26 25 0:22 /sub /srv/data rw shared:2 master:1 - btrfs /dev/sdb rw\n");
    ASSERT_EQ(table.size(), 2U);
    EXPECT_EQ(table[0].device, 8U << 20 | 3U);
    EXPECT_EQ(table[0].root, "/");
    EXPECT_EQ(table[0].point, "/");
    EXPECT_EQ(table[0].type, "ext4");
    EXPECT_EQ(table[1].device, 22U);
    EXPECT_EQ(table[1].root, "/sub");
    EXPECT_EQ(table[1].point, "/srv/data");
    EXPECT_EQ(table[1].type, "btrfs");
}

TEST(Mountinfo, EscapedCharactersAreThemselves) {
    EXPECT_THAT(points("1 2 0:5 / /a\\040b\\011c\\134d\\012 rw - tmpfs t rw\n"),
                ElementsAre("/a b\tc\\d\n"));
    EXPECT_THAT(points("1 2 0:5 / /a\\04 rw - tmpfs t rw\n"), ElementsAre("/a\\04"));
    EXPECT_THAT(points("1 2 0:5 / /a\\089 rw - tmpfs t rw\n"), ElementsAre("/a\\089"));
}

TEST(Mountinfo, ALineThatIsNoneIsLeftOut) {
    EXPECT_THAT(points("\n1 2\nnot a mount\n1 2 x:y / /a rw - tmpfs t rw\n"
                       "1 2 0:5 / /no-type rw\n1 2 0:5 / /b rw - tmpfs t rw"),
                ElementsAre("/b"));
    EXPECT_THAT(points(""), IsEmpty());
}

} // namespace
} // namespace bailiff

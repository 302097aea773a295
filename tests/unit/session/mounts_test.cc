#include "session/mounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/support/temporary_folder.h"

namespace bailiff::session {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Mounts, ALineIsADeviceARootAndAPoint) {
    EXPECT_THAT(parse_mounts("25 30 8:3 / / rw,relatime shared:1 - ext4 /dev/sda3 rw\n"
                             "26 25 0:22 /sub /srv/data rw - btrfs /dev/sdb rw\n"),
                ElementsAre(Mount{8U << 20 | 3, "/", "/"}, Mount{22, "/sub", "/srv/data"}));
}

TEST(Mounts, TheOrderOfMountingIsKept) {
    EXPECT_THAT(parse_mounts("1 2 0:9 / /a rw - tmpfs t rw\n2 2 0:8 / /a rw - tmpfs t rw\n"),
                ElementsAre(Mount{9, "/", "/a"}, Mount{8, "/", "/a"}));
}

TEST(Mounts, TheOwnMountsHaveARoot) {
    const auto mounts = read_mounts();
    ASSERT_TRUE(mounts) << mounts.error().message();
    EXPECT_TRUE(std::any_of(mounts->begin(), mounts->end(),
                            [](const Mount& mount) { return mount.point == "/"; }));
}

TEST(Mounts, AContainersRootIsToldByItsPlaceInRootsOwnFolders) {
    EXPECT_TRUE(is_container_root("/var/lib/containers/storage/overlay/0123/merged"));
    EXPECT_TRUE(is_container_root("/var/lib/docker/overlay2/0123/merged"));
    for (const char* other :
         {"/", "/var/lib/containers/storage/overlay", "/var/lib/docker/overlay2//merged",
          "/var/lib/docker/overlay2/0123/merged/usr", "/var/lib/docker/overlay2/a/b/merged",
          "/home/bot/.local/share/containers/storage/overlay/0123/merged"})
        EXPECT_FALSE(is_container_root(other)) << other;
}

TEST(Mounts, AFileThatIsNotThereIsAnError) {
    const tests::TemporaryFolder folder;
    EXPECT_EQ(read_mounts(folder.file("none")).error().code(), ErrorCode::kNotFound);
}

} // namespace
} // namespace bailiff::session

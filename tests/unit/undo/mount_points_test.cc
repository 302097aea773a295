#include "undo/mount_points.h"

#include <gmock/gmock.h>

#include "tests/unit/undo/scene.h"

namespace bailiff::undo {
namespace {

using ::testing::ElementsAre;
using tests::put_file;

constexpr std::string_view kTable =
    "30 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "31 30 8:17 /srv /data rw - xfs /dev/sdb1 rw\n"
    "32 30 8:17 / /mnt/all\\040of\\011it rw shared:2 master:1 - xfs /dev/sdb1 rw\n"
    "33 30 0:45 / /home/a/fuse rw - fuse.sshfs a@b:/ rw\n"
    "34 30 8:1 /srv/data /mnt/back\\134slash rw - ext4 /dev/sda1 rw\n"
    "not a mount\n"
    "35 30 x:1 / /bad rw - ext4 /dev/sda1 rw\n";

std::vector<std::string> paths(const MountPoints& mounts, std::uint32_t device,
                               const std::string& path) {
    std::vector<std::string> found;
    for (const Place& place : mounts.places(device, path)) found.push_back(place.path());
    return found;
}

class MountTable : public ::testing::Test {
protected:
    MountTable() {
        put_file(folder.file("mountinfo"), kTable);
        EXPECT_TRUE(mounts.refresh());
    }
    bailiff::tests::TemporaryFolder folder;
    MountPoints mounts{folder.file("mountinfo")};
};

TEST_F(MountTable, ShowsAnObjectFirstWhereAllOfItsFileSystemIs) {
    EXPECT_THAT(paths(mounts, 8U << 20 | 17U, "/srv/a/b"),
                ElementsAre("/mnt/all of\tit/srv/a/b", "/data/a/b"));
    EXPECT_THAT(paths(mounts, 8U << 20 | 17U, "/srv2/a"), ElementsAre("/mnt/all of\tit/srv2/a"));
    EXPECT_THAT(paths(mounts, 8U << 20 | 17U, "/srv"), ElementsAre("/mnt/all of\tit/srv"));
    EXPECT_THAT(paths(mounts, 8U << 20 | 1U, "/srv/data/x"),
                ElementsAre("/srv/data/x", "/mnt/back\\slash/x"));
    EXPECT_THAT(paths(mounts, 9U << 20, "/srv"), ElementsAre());
}

TEST_F(MountTable, TellsWhereAWalkMayHaveToWait) {
    EXPECT_TRUE(mounts.is_by_fuse("/home/a/fuse/x"));
    EXPECT_TRUE(mounts.is_by_fuse("/home/a/fuse"));
    EXPECT_FALSE(mounts.is_by_fuse("/home/a/fuse2"));
    EXPECT_FALSE(mounts.is_by_fuse("/home/a"));
}

TEST_F(MountTable, ThatIsMissingIsAnError) {
    MountPoints none(folder.file("absent"));
    EXPECT_FALSE(none.refresh());
}

TEST(MountPoints, SeesANewMountOnlyByTheChange) {
    const bailiff::tests::TemporaryFolder folder;
    if (!tests::has_own_mounts()) GTEST_SKIP() << "no mount namespace of its own";
    MountPoints mounts;
    ASSERT_TRUE(mounts.refresh());
    const auto mounted = tests::Tmpfs::mount_at(folder.file("mount"));
    if (!mounted) GTEST_SKIP() << "this account may not mount";
    const std::string path = folder.file("mount/x");
    const Wanted wanted = (put_file(path, ""), tests::wanted_at(path, 1));
    EXPECT_THAT(paths(mounts, wanted.seen.dev, wanted.path), ElementsAre());
    ASSERT_TRUE(mounts.refresh());
    EXPECT_THAT(paths(mounts, wanted.seen.dev, wanted.path), ElementsAre(path));
}

} // namespace
} // namespace bailiff::undo

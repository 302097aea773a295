#include "undo/open_path.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tests/unit/support/temporary_folder.h"

namespace bailiff::undo {
namespace {

TEST(OpenPath, FollowsNoSymbolicLink) {
    const bailiff::tests::TemporaryFolder folder;
    ASSERT_EQ(mkdir(folder.file("real").c_str(), 0700), 0);
    bailiff::tests::put_file(folder.file("real/file"), "x");
    ASSERT_EQ(symlink("real", folder.file("link").c_str()), 0);
    EXPECT_TRUE(open_path(AT_FDCWD, folder.file("real/file"), O_PATH));
    EXPECT_FALSE(open_path(AT_FDCWD, folder.file("link/file"), O_PATH));
    EXPECT_EQ(errno, ELOOP);
    EXPECT_FALSE(open_path(AT_FDCWD, folder.file("link"), O_PATH));
    const UniqueFd link = open_path(AT_FDCWD, folder.file("link"), O_PATH | O_NOFOLLOW);
    struct stat info {};
    ASSERT_EQ(fstat(link.get(), &info), 0);
    EXPECT_TRUE(S_ISLNK(info.st_mode));
}

TEST(OpenPath, OnlyTheKernelsOwnSpellingIsPlain) {
    for (const std::string path : {"/a", "/a/b", "/a/.b", "/a/..b", "/a b/\n"})
        EXPECT_TRUE(is_plain(path)) << path;
    for (const std::string path :
         {"", "/", "a", "/a/", "//a", "/a//b", "/./a", "/a/.", "/a/../b", "/.."})
        EXPECT_FALSE(is_plain(path)) << path;
    EXPECT_FALSE(is_plain(std::string("/a\0b", 4)));
}

TEST(OpenPath, AFolderEndsWhereAComponentDoes) {
    EXPECT_TRUE(lies_in("/srv/a", "/srv"));
    EXPECT_TRUE(lies_in("/srv", "/srv"));
    EXPECT_TRUE(lies_in("/srv", "/"));
    EXPECT_FALSE(lies_in("/srv2/a", "/srv"));
    EXPECT_FALSE(lies_in("/sr", "/srv"));
}

TEST(OpenPath, APathIsItsFolderAndItsName) {
    EXPECT_EQ(split_path("/srv/a").folder, "/srv");
    EXPECT_EQ(split_path("/srv/a").name, "a");
    EXPECT_EQ(split_path("/a").folder, "/");
    EXPECT_EQ(split_path("/a").name, "a");
}

} // namespace
} // namespace bailiff::undo

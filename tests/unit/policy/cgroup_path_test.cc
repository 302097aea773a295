#include "policy/cgroup_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bailiff::policy {
namespace {

TEST(CgroupPath, HasOneSpelling) {
    for (const char* text : {"/a.slice/b", "//a.slice/b", "/a.slice//b/", "/a.slice/b//"})
        EXPECT_EQ(clean_cgroup(text), "/a.slice/b") << text;
    for (const char* text : {"/", "//", "///"}) EXPECT_EQ(clean_cgroup(text), "/") << text;
}

TEST(CgroupPath, DotsAndRelativePathsAreRefused) {
    for (const char* text : {"", "a", "/.", "/..", "/a/../b", "/a/./b"})
        EXPECT_FALSE(clean_cgroup(text)) << text;
    EXPECT_TRUE(clean_cgroup("/a..b/.c"));
}

TEST(CgroupPath, OneCoversItselfAndWhatLiesBelow) {
    EXPECT_TRUE(covers_cgroup("/", "/a"));
    EXPECT_TRUE(covers_cgroup("/a", "/a"));
    EXPECT_TRUE(covers_cgroup("/a", "/a/b"));
    EXPECT_FALSE(covers_cgroup("/a", "/ab"));
    EXPECT_FALSE(covers_cgroup("/a/b", "/a"));
}

TEST(CgroupPath, ItsNamesAreTheLevels) {
    EXPECT_THAT(cgroup_names("/a//b/"), testing::ElementsAre("a", "b"));
    EXPECT_THAT(cgroup_names("/"), testing::IsEmpty());
}

} // namespace
} // namespace bailiff::policy

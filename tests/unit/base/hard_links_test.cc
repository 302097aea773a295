#include "base/hard_links.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/support/temporary_folder.h"

namespace bailiff {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class HardLinks : public testing::Test {
protected:
    HardLinks() {
        std::filesystem::create_directories(tree + "/deep/er");
        for (const std::string name : {"/a", "/deep/b", "/deep/er/c"})
            tests::put_file(tree + name, "x");
    }
    void link_to(const std::string& from, const std::string& to) {
        ASSERT_EQ(link(from.c_str(), to.c_str()), 0);
    }
    tests::TemporaryFolder folder;
    const std::string tree = folder.file("tree");
};

TEST_F(HardLinks, AFileWithANameOutsideIsFound) {
    EXPECT_THAT(find_linked_files(tree).paths, IsEmpty());
    link_to(tree + "/deep/er/c", folder.file("outside"));
    const LinkedFiles found = find_linked_files(tree);
    EXPECT_THAT(found.paths, ElementsAre(tree + "/deep/er/c"));
    EXPECT_TRUE(found.complete);
    EXPECT_EQ(describe(tree, found), "1 file of " + tree +
                                         " has other names elsewhere (hard links), under which its "
                                         "rules do not hold: " +
                                         tree + "/deep/er/c");
}

TEST_F(HardLinks, NamesInsideAreNoneOutside) {
    link_to(tree + "/a", tree + "/deep/a");
    EXPECT_THAT(find_linked_files(tree).paths, IsEmpty());
    EXPECT_EQ(describe(tree, find_linked_files(tree)), "");
    link_to(tree + "/a", folder.file("third"));
    EXPECT_EQ(find_linked_files(tree).paths.size(), 1U);
}

TEST_F(HardLinks, ASingleFileIsLookedAtToo) {
    link_to(tree + "/a", folder.file("outside"));
    EXPECT_THAT(find_linked_files(tree + "/a").paths, ElementsAre(tree + "/a"));
}

TEST_F(HardLinks, SymbolicLinksAreNotFollowed) {
    tests::put_file(folder.file("one"), "x");
    link_to(folder.file("one"), folder.file("two"));
    std::filesystem::create_symlink(folder.path(), tree + "/link");
    EXPECT_THAT(find_linked_files(tree).paths, IsEmpty());
}

TEST_F(HardLinks, AtALimitItSaysSo) {
    const LinkedFiles cut = find_linked_files(tree, {.entries = 2});
    EXPECT_FALSE(cut.complete);
    EXPECT_THAT(describe(tree, cut), HasSubstr("was not searched for hard links to its end"));
    EXPECT_FALSE(find_linked_files(tree, {.time = std::chrono::milliseconds(-1)}).complete);
}

TEST_F(HardLinks, ManyAreNamedInPart) {
    for (int i = 0; i < 5; i++) {
        const std::string name = tree + "/f" + std::to_string(i);
        tests::put_file(name, "x");
        link_to(name, folder.file("o" + std::to_string(i)));
    }
    EXPECT_THAT(describe(tree, find_linked_files(tree)), HasSubstr(" and 2 more"));
}

} // namespace
} // namespace bailiff

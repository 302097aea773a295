// Putting back what a file held.
#include "undo/overwrite.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/ids.h"
#include "base/unique_fd.h"
#include "tests/unit/undo/scene.h"

namespace bailiff::undo {
namespace {

using ::testing::HasSubstr;
using tests::get_file;
using tests::is_there;
using tests::put_file;
using tests::set_times;
using tests::stat_of;

constexpr std::int64_t kSecond = 1'000'000'000;

class Overwrite : public tests::StoreScene {
protected:
    Overwrite() {
        put_file(path, "content");
        EXPECT_EQ(chmod(path.c_str(), 0640), 0);
        set_times(path, 1'000'000);
        keep(path, 7, Loss::kChanged);
    }
    void change(const std::string& content, std::int64_t at) {
        put_file(path, content);
        set_times(path, at);
    }
    std::string refusal(const Restoring& how) {
        const Result<Entry> restored = store->restore(7, how);
        if (restored) return "restored";
        EXPECT_EQ(restored.error().code(), ErrorCode::kFailedPrecondition);
        EXPECT_EQ(all().size(), 1U);
        EXPECT_TRUE(is_there(in_store("0000000000000007")));
        return restored.error().message();
    }
    const std::string path = work + "/file";
    const Restoring in_time{false, 2'000'000 * kSecond};
};

TEST_F(Overwrite, GivesTheSameFileItsContentAgain) {
    ASSERT_EQ(link(path.c_str(), (work + "/second").c_str()), 0);
    change("something longer than it was", 1'500'000);
    ASSERT_EQ(chmod(path.c_str(), 0777), 0);
    const ino_t inode = stat_of(path).st_ino;
    reopen();
    const Result<Entry> entry = store->restore(7, in_time);
    ASSERT_TRUE(entry) << entry.error().message();
    EXPECT_EQ(get_file(path), "content");
    EXPECT_EQ(get_file(work + "/second"), "content");
    EXPECT_EQ(stat_of(path).st_ino, inode);
    EXPECT_EQ(stat_of(path).st_mode, S_IFREG | 0640U);
    EXPECT_EQ(stat_of(path).st_mtim.tv_sec, 1'000'000);
    EXPECT_EQ(stat_of(path).st_mtim.tv_nsec, 222);
    ASSERT_EQ(all().size(), 1U); // what it held last
    EXPECT_EQ(all()[0].loss, Loss::kReplaced);
    EXPECT_EQ(get_file(in_store(approval_id(all()[0].action))), "something longer than it was");
}

TEST_F(Overwrite, TakesExtendedAttributesThatWereNotThere) {
    if (setxattr(path.c_str(), "user.new", "1", 1, 0) != 0)
        GTEST_SKIP() << "no extended attributes on the file system of temporary files";
    change("other", 1'500'000);
    ASSERT_TRUE(store->restore(7, in_time));
    EXPECT_LT(getxattr(path.c_str(), "user.new", nullptr, 0), 0);
}

TEST_F(Overwrite, DoesNotReplaceWhatIsNewer) {
    change("much newer", 3'000'000);
    EXPECT_THAT(refusal(in_time), HasSubstr(path + " was changed at 1970-02-04T17:20:00.000Z, "
                                                   "after 1970-01-24T03:33:20.000Z"));
    EXPECT_EQ(get_file(path), "much newer");
    ASSERT_TRUE(store->restore(7, {true, 0}));
    EXPECT_EQ(get_file(path), "content");
    ASSERT_EQ(all().size(), 1U);
    ASSERT_TRUE(store->restore(all()[0].action, {true, 0}));
    EXPECT_EQ(get_file(path), "much newer");
}

TEST_F(Overwrite, OfWhatIsAsItWasChangesNothing) {
    change("content", 3'000'000);
    const struct stat before = stat_of(path);
    ASSERT_TRUE(store->restore(7, in_time));
    EXPECT_EQ(all().size(), 0U);
    EXPECT_EQ(stat_of(path).st_ctim.tv_nsec, before.st_ctim.tv_nsec);
    EXPECT_TRUE(std::filesystem::is_empty(store_path));
}

TEST_F(Overwrite, AnotherModeIsAChangeToo) {
    ASSERT_EQ(chmod(path.c_str(), 0600), 0);
    ASSERT_TRUE(store->restore(7, in_time));
    EXPECT_EQ(stat_of(path).st_mode, S_IFREG | 0640U);
    EXPECT_EQ(all().size(), 1U);
}

TEST_F(Overwrite, OfAFileThatIsGoneMakesItAnew) {
    ASSERT_EQ(unlink(path.c_str()), 0);
    ASSERT_TRUE(store->restore(7, in_time));
    EXPECT_EQ(get_file(path), "content");
    EXPECT_EQ(stat_of(path).st_mode, S_IFREG | 0640U);
    EXPECT_TRUE(std::filesystem::is_empty(store_path));
}

TEST_F(Overwrite, IsOnlyOfRegularFiles) {
    ASSERT_EQ(unlink(path.c_str()), 0);
    put_file(work + "/victim", "untouched");
    ASSERT_EQ(symlink("victim", path.c_str()), 0);
    EXPECT_EQ(refusal({true, 0}), path + " is a symbolic link now, and no regular file");
    EXPECT_EQ(get_file(work + "/victim"), "untouched");
    ASSERT_EQ(unlink(path.c_str()), 0);
    ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
    EXPECT_EQ(refusal({true, 0}), path + " is a directory now, and no regular file");
}

// Who made it may hold it open, and would read and write what was never theirs.
TEST_F(Overwrite, DoesNotWriteIntoAFileOfAnotherOwner) {
    if (getuid() != 0) GTEST_SKIP() << "only root can give a file away";
    ASSERT_EQ(unlink(path.c_str()), 0);
    change("theirs", 1'500'000);
    ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
    const UniqueFd held(open(path.c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_THAT(refusal(in_time), HasSubstr(path + " is there again, as another regular file"));
    ASSERT_TRUE(store->restore(7, {true, 0}));
    EXPECT_EQ(get_file(path), "content");
    EXPECT_EQ(stat_of(path).st_uid, 0U);
    std::array<char, 10> seen{};
    EXPECT_EQ(pread(held.get(), seen.data(), seen.size(), 0), 6);
    EXPECT_STREQ(seen.data(), "theirs");
}

TEST_F(Overwrite, GivesTheSetuidBitBack) {
    if (getuid() != 0) GTEST_SKIP() << "only root can give a file away";
    ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
    ASSERT_EQ(chmod(path.c_str(), 04755), 0);
    set_times(path, 1'000'000);
    keep(path, 8, Loss::kChanged);
    change("other", 1'500'000);
    ASSERT_EQ(chmod(path.c_str(), 0755), 0);
    ASSERT_TRUE(store->restore(8, in_time));
    EXPECT_EQ(stat_of(path).st_mode, S_IFREG | 04755U);
    EXPECT_EQ(stat_of(path).st_uid, 65534U);
    EXPECT_EQ(get_file(path), "content");
}

TEST_F(Overwrite, KeepsHolesWhereTheyWere) {
    const std::string sparse = work + "/sparse";
    put_file(sparse, "front");
    ASSERT_EQ(truncate(sparse.c_str(), 1 << 20), 0);
    set_times(sparse, 1'000'000);
    keep(sparse, 8, Loss::kChanged);
    put_file(sparse, std::string(2 << 20, 'x'));
    set_times(sparse, 1'500'000);
    ASSERT_TRUE(store->restore(8, in_time));
    EXPECT_EQ(get_file(sparse), "front" + std::string((1 << 20) - 5, '\0'));
    EXPECT_LE(stat_of(sparse).st_blocks, 64);
}

} // namespace
} // namespace bailiff::undo

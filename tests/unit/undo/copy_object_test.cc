#include "undo/copy_object.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "tests/unit/undo/scene.h"

namespace bailiff::undo {
namespace {

using ::testing::HasSubstr;
using tests::get_file;
using tests::is_there;
using tests::put_file;
using tests::set_times;
using tests::stat_of;

class CopyObject : public ::testing::Test {
protected:
    CopyObject() { umask(0077); }
    Result<UniqueFd> copy(const std::string& name, const std::string& to,
                          std::uint64_t most = 1 << 20) {
        const UniqueFd from(open(folder.file(name).c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        const UniqueFd into(open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        return copy_object(from.get(), stat_of(folder.file(name)), into.get(), to, most);
    }
    void expect_alike(const std::string& a, const std::string& b) {
        const struct stat first = stat_of(folder.file(a));
        const struct stat second = stat_of(folder.file(b));
        EXPECT_EQ(first.st_mode, second.st_mode) << a;
        EXPECT_EQ(first.st_uid, second.st_uid) << a;
        EXPECT_EQ(first.st_gid, second.st_gid) << a;
        EXPECT_EQ(first.st_mtim.tv_sec, second.st_mtim.tv_sec) << a;
        EXPECT_EQ(first.st_mtim.tv_nsec, second.st_mtim.tv_nsec) << a;
        if (!S_ISLNK(first.st_mode)) { // reading where it leads to is an access
            EXPECT_EQ(first.st_atim.tv_sec, second.st_atim.tv_sec) << a;
        }
        EXPECT_EQ(first.st_rdev, second.st_rdev) << a;
        EXPECT_NE(first.st_ino, second.st_ino) << a;
    }
    bailiff::tests::TemporaryFolder folder;
};

TEST_F(CopyObject, OfEachTypeIsAlike) {
    if (getuid() != 0) GTEST_SKIP() << "only root can give objects away";
    put_file(folder.file("file"), "content");
    ASSERT_EQ(mkdir(folder.file("folder").c_str(), 0700), 0);
    ASSERT_EQ(symlink("/nowhere", folder.file("link").c_str()), 0);
    ASSERT_EQ(mkfifo(folder.file("fifo").c_str(), 0600), 0);
    ASSERT_EQ(mknod(folder.file("socket").c_str(), S_IFSOCK | 0600, 0), 0);
    std::vector<std::string> names{"file", "folder", "link", "fifo", "socket"};
    if (mknod(folder.file("device").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0)
        names.emplace_back("device");
    for (const std::string& name : names) {
        ASSERT_EQ(lchown(folder.file(name).c_str(), 65534, 4242), 0);
        if (name != "link") {
            ASSERT_EQ(chmod(folder.file(name).c_str(), 06751), 0);
        }
        set_times(folder.file(name), 1'000'000);
        const Result<UniqueFd> made = copy(name, name + "2");
        ASSERT_TRUE(made) << name << ": " << made.error().message();
        expect_alike(name, name + "2");
    }
    EXPECT_EQ(get_file(folder.file("file2")), "content");
    std::array<char, 100> target{};
    ASSERT_GT(readlink(folder.file("link2").c_str(), target.data(), target.size()), 0);
    EXPECT_STREQ(target.data(), "/nowhere");
}

TEST_F(CopyObject, HasTheExtendedAttributesToo) {
    put_file(folder.file("file"), "content");
    const std::string long_value(3000, 'v');
    if (setxattr(folder.file("file").c_str(), "user.one", "1", 1, 0) != 0)
        GTEST_SKIP() << "no extended attributes on the file system of temporary files";
    ASSERT_EQ(
        setxattr(folder.file("file").c_str(), "user.long", long_value.data(), long_value.size(), 0),
        0);
    ASSERT_TRUE(copy("file", "copy"));
    std::array<char, 4000> value{};
    EXPECT_EQ(getxattr(folder.file("copy").c_str(), "user.one", value.data(), value.size()), 1);
    EXPECT_EQ(getxattr(folder.file("copy").c_str(), "user.long", value.data(), value.size()), 3000);
}

// What a folder hands on to what is made in it is not the object's.
TEST_F(CopyObject, HasNoAccessListThatItsFolderHandsOn) {
    put_file(folder.file("file"), "content");
    ASSERT_EQ(chmod(folder.file("file").c_str(), 0664), 0);
    // version 2; owner rwx, uid 4242 rwx, group rwx, mask rwx, others none
    const std::array<std::uint32_t, 11> list{2,          0x00070001, 0xffffffff, 0x00070002,
                                             4242,       0x00070004, 0xffffffff, 0x00070010,
                                             0xffffffff, 0x00000020, 0xffffffff};
    if (setxattr(folder.path().c_str(), "system.posix_acl_default", list.data(), sizeof(list), 0) !=
        0)
        GTEST_SKIP() << "no access lists on the file system of temporary files";
    ASSERT_TRUE(copy("file", "copy"));
    EXPECT_LT(getxattr(folder.file("copy").c_str(), "system.posix_acl_access", nullptr, 0), 0);
    EXPECT_EQ(stat_of(folder.file("copy")).st_mode & 07777, 0664U);
}

TEST_F(CopyObject, ThatCannotBeMadeLeavesNothing) {
    put_file(folder.file("file"), std::string(5000, 'x'));
    const Result<UniqueFd> large = copy("file", "copy", 4999);
    ASSERT_FALSE(large);
    EXPECT_THAT(large.error().message(), HasSubstr("larger than 4999 bytes"));
    EXPECT_FALSE(is_there(folder.file("copy")));
    ASSERT_EQ(symlink("file", folder.file("copy").c_str()), 0); // is not followed
    EXPECT_FALSE(copy("file", "copy"));
    EXPECT_TRUE(S_ISLNK(stat_of(folder.file("copy")).st_mode));
}

TEST_F(CopyObject, DoesNotWaitForWhoHoldsALease) {
    put_file(folder.file("file"), "content");
    (void)signal(SIGIO, SIG_IGN); // tells the holder
    const UniqueFd holder(open(folder.file("file").c_str(), O_RDWR | O_CLOEXEC));
    if (fcntl(holder.get(), F_SETLEASE, F_WRLCK) != 0) GTEST_SKIP() << "no leases here";
    const Result<UniqueFd> done = copy("file", "copy");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_THAT(done.error().message(), HasSubstr("lease"));
}

} // namespace
} // namespace bailiff::undo

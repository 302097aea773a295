// File hooks: each class of right, the walk, names, and what a rename or a link must not move.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "kernel/enrolment.h"
#include "kernel/objects.h"
#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

const std::vector<bailiff_right> kEveryFileRight = {
    BAILIFF_RIGHT_EXEC,   BAILIFF_RIGHT_READ,   BAILIFF_RIGHT_WRITE,    BAILIFF_RIGHT_CREATE,
    BAILIFF_RIGHT_DELETE, BAILIFF_RIGHT_RENAME, BAILIFF_RIGHT_TRUNCATE, BAILIFF_RIGHT_METADATA};

// Everything is tried on each file system that a guest has: ext4, tmpfs and overlayfs.
class File : public Scene, public ::testing::WithParamInterface<const char*> {
protected:
    void SetUp() override {
        Scene::SetUp();
        root_ = std::string(GetParam()) + "/scene";
        std::filesystem::remove_all(root_);
        work_ = root_ + "/work";
        other_ = root_ + "/other";
        make_file(work_ + "/a");
        make_file(other_ + "/a");
        std::filesystem::create_directories(other_ + "/empty");
        policy(BAILIFF_VERDICT_DENY, {{work_, kEveryFileRight, BAILIFF_VERDICT_ALLOW}});
    }
    std::string root_, work_, other_;
};

TEST_P(File, ReadsInsideTheTreeAndNotOutside) {
    expect_allowed(open_file(work_ + "/a", O_RDONLY));
    expect_denied(open_file(other_ + "/a", O_RDONLY));
}

TEST_P(File, WritesInsideTheTreeAndNotOutside) {
    expect_allowed(write_file(work_ + "/a"));
    expect_denied(write_file(other_ + "/a"));
}

TEST_P(File, CreatesInsideTheTreeAndNotOutside) {
    expect_allowed(open_file(work_ + "/new", O_WRONLY | O_CREAT | O_EXCL));
    expect_denied(open_file(other_ + "/new", O_WRONLY | O_CREAT | O_EXCL));
}

TEST_P(File, DeletesInsideTheTreeAndNotOutside) {
    expect_allowed(remove_file(work_ + "/a"));
    expect_denied(remove_file(other_ + "/a"));
}

TEST_P(File, MakesAndRemovesDirectoriesInsideTheTreeAndNotOutside) {
    expect_allowed(make_directory(work_ + "/d"));
    expect_allowed(remove_directory(work_ + "/d"));
    expect_denied(make_directory(other_ + "/d"));
    expect_denied(remove_directory(other_ + "/empty"));
}

TEST_P(File, MakesSymbolicLinksInsideTheTreeAndNotOutside) {
    expect_allowed(symlink_file("a", work_ + "/s"));
    expect_denied(symlink_file("a", other_ + "/s"));
}

TEST_P(File, TruncatesInsideTheTreeAndNotOutside) {
    expect_allowed(truncate_file(work_ + "/a"));
    expect_denied(truncate_file(other_ + "/a"));
    expect_denied(open_file(other_ + "/a", O_WRONLY | O_TRUNC));
}

TEST_P(File, ChangesMetadataInsideTheTreeAndNotOutside) {
    expect_allowed(change_mode(work_ + "/a", 0600));
    expect_denied(change_mode(other_ + "/a", 0600));
}

TEST_P(File, ARenameNeedsBothEnds) {
    make_file(work_ + "/b");
    expect_allowed(rename_file(work_ + "/a", work_ + "/c"));
    EXPECT_EQ(bound(rename_file(work_ + "/b", other_ + "/b")), EPERM);
    EXPECT_EQ(bound(rename_file(other_ + "/a", work_ + "/d")), EPERM);
    EXPECT_EQ(free(rename_file(work_ + "/b", other_ + "/b")), 0);
    EXPECT_EQ(free(rename_file(other_ + "/a", work_ + "/d")), 0);
}

TEST_P(File, ARenameOverAFileNeedsTheRightToDeleteIt) {
    make_file(work_ + "/target");
    policy(BAILIFF_VERDICT_DENY,
           {{work_, {BAILIFF_RIGHT_RENAME, BAILIFF_RIGHT_CREATE}, BAILIFF_VERDICT_ALLOW}});
    expect_denied(rename_file(work_ + "/a", work_ + "/target"));
}

TEST_P(File, AHardLinkGivesNoNewRights) {
    expect_allowed(link_file(work_ + "/a", work_ + "/b"));
    expect_denied(link_file(other_ + "/a", work_ + "/stolen"));
}

TEST_P(File, TheNearestLabelWins) {
    make_file(work_ + "/kept/a");
    policy(BAILIFF_VERDICT_DENY, {{work_, kEveryFileRight, BAILIFF_VERDICT_ALLOW},
                                  {work_ + "/kept", {BAILIFF_RIGHT_DELETE}, BAILIFF_VERDICT_DENY}});
    expect_allowed(open_file(work_ + "/kept/a", O_RDONLY));
    expect_denied(remove_file(work_ + "/kept/a"));
}

TEST_P(File, ADenyAtTheSameLabelIsStrongerThanAnAllow) {
    policy(BAILIFF_VERDICT_ALLOW, {{work_, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_ALLOW},
                                   {work_, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY}});
    expect_denied(open_file(work_ + "/a", O_RDONLY));
}

TEST_P(File, RenamingAnAncestorLosesNoRule) {
    policy(BAILIFF_VERDICT_ALLOW, {{other_, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY}});
    std::filesystem::rename(other_, root_ + "/moved");
    expect_denied(open_file(root_ + "/moved/a", O_RDONLY));
}

TEST_P(File, ANameRuleHoldsWhereverTheFileLies) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    name_rule(".env", false, BAILIFF_RIGHT_READ, BAILIFF_VERDICT_DENY);
    make_file(work_ + "/deep/er/.env");
    expect_denied(open_file(work_ + "/deep/er/.env", O_RDONLY));
    expect_allowed(open_file(work_ + "/a", O_RDONLY));
}

TEST_P(File, ASuffixRuleHoldsForEveryNameThatEndsSo) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    name_rule(".pem", true, BAILIFF_RIGHT_READ, BAILIFF_VERDICT_DENY);
    make_file(work_ + "/server.key.pem");
    make_file(work_ + "/pem");
    make_file(work_ + "/x.pems");
    expect_denied(open_file(work_ + "/server.key.pem", O_RDONLY));
    expect_allowed(open_file(work_ + "/pem", O_RDONLY));
    expect_allowed(open_file(work_ + "/x.pems", O_RDONLY));
}

TEST_P(File, AnEntryRuleOutlivesTheFile) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    entry_rule(work_, "config", BAILIFF_RIGHT_READ, BAILIFF_VERDICT_DENY);
    make_file(work_ + "/config");
    expect_denied(open_file(work_ + "/config", O_RDONLY));
    std::filesystem::remove(work_ + "/config");
    make_file(work_ + "/config");
    expect_denied(open_file(work_ + "/config", O_RDONLY));
}

TEST_P(File, ARuleForAFolderItselfIsForNothingInIt) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    std::filesystem::create_directories(work_ + "/kept/inner");
    make_file(work_ + "/kept/file");
    self_rule(work_ + "/kept", BAILIFF_RIGHT_RENAME, BAILIFF_VERDICT_DENY);
    const Act swap = [this] {
        const int error = rename_file(work_ + "/kept", work_ + "/away")();
        return error != 0 ? error : rename_file(work_ + "/away", work_ + "/kept")();
    };
    expect_denied(swap);
    EXPECT_EQ(bound(rename_file(work_ + "/kept/file", work_ + "/kept/other")), 0);
    EXPECT_EQ(bound(rename_file(work_ + "/kept/inner", work_ + "/inner")), 0);
    EXPECT_EQ(bound(rename_file(work_ + "/inner", work_ + "/kept/inner")), 0);
}

TEST_P(File, AnAuditIsAllowedAndReported) {
    policy(BAILIFF_VERDICT_DENY, {{work_, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_AUDIT}});
    expect_allowed(open_file(work_ + "/a", O_RDONLY));
    const auto found = verdicts();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].verdict, BAILIFF_VERDICT_AUDIT);
    EXPECT_EQ(found[0].right, BAILIFF_RIGHT_READ);
}

TEST_P(File, ADenialIsReportedWithItsObjectAndReason) {
    EXPECT_EQ(bound(remove_file(other_ + "/a")), EPERM);
    const auto found = verdicts();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].kind, BAILIFF_EVENT_VERDICT);
    EXPECT_EQ(found[0].hook, BAILIFF_HOOK_INODE_UNLINK);
    EXPECT_EQ(found[0].right, BAILIFF_RIGHT_DELETE);
    EXPECT_EQ(found[0].verdict, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(found[0].reason, BAILIFF_REASON_DEFAULT);
    EXPECT_EQ(found[0].subject, kSubject);
    EXPECT_EQ(std::string(found[0].text), "a");
    EXPECT_EQ(std::string(found[0].text + 2), "other");
}

// Overlayfs numbers directories and files from two sources, so a file can have a directory's
// number.
TEST_P(File, AFileIsNeverTakenForALabelledDirectory) {
    const Result<kernel::Resolved> file = kernel::resolve(programs(), other_ + "/a");
    ASSERT_TRUE(file);
    // The collision made by hand: the tree's label under the file's number.
    bailiff_object_key key = kernel::inode_key(file->inode, kPolicySlot);
    key.kind = BAILIFF_OBJECT_DIRECTORY;
    label_as(key, work_);
    expect_denied(open_file(other_ + "/a", O_RDONLY));
}

// /dev/stdout leads to /proc/self/fd/1: whoever looks it up finds a file of its own.
TEST_P(File, APathThatIsAnotherFileForEachProcessNamesNone) {
    const Result<kernel::Resolved> file = kernel::resolve(programs(), "/dev/stdout");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code(), ErrorCode::kNotFound);
}

TEST_P(File, AFileSystemNobodyLabelledIsDenied) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    const std::string mounted = work_ + "/mounted";
    std::filesystem::create_directories(mounted);
    ASSERT_EQ(mount("none", mounted.c_str(), "tmpfs", 0, nullptr), 0);
    make_file(mounted + "/a");
    expect_denied(open_file(mounted + "/a", O_RDONLY));
    EXPECT_EQ(umount(mounted.c_str()), 0);
}

TEST_P(File, ALongPathIsCutOffInItsRecord) {
    std::string deep = other_;
    for (int i = 0; i < 12; i++) deep += "/" + std::string(200, 'd');
    make_file(deep + "/leaf");
    events();
    EXPECT_EQ(bound(open_file(deep + "/leaf", O_RDONLY)), EPERM);
    const std::vector<bailiff_event> denied = verdicts();
    ASSERT_EQ(denied.size(), 1);
    EXPECT_STREQ(denied[0].text, "leaf");
    EXPECT_TRUE(denied[0].flags & BAILIFF_EVENT_TRUNCATED);
    EXPECT_GT(denied[0].text_length, 5U + 2 * 201);
    EXPECT_LE(denied[0].text_length, BAILIFF_EVENT_TEXT);
}

TEST_P(File, AWalkDeeperThanTheLimitIsDenied) {
    policy(BAILIFF_VERDICT_ALLOW, {});
    std::string deep = work_;
    for (int i = 0; i < BAILIFF_MAX_DEPTH; i++) deep += "/d";
    make_file(deep + "/a");
    expect_denied(open_file(deep + "/a", O_RDONLY));
}

INSTANTIATE_TEST_SUITE_P(
    On, File, ::testing::Values("/mnt/ext4", "/tmp", "/root"), [](const auto& at) {
        const std::string path = at.param;
        return std::string(path == "/mnt/ext4" ? "ext4" : path == "/tmp" ? "tmpfs" : "overlayfs");
    });

// A file system on which one name has many spellings: ext4 with a folder that ignores capitals.
class FoldingFile : public Scene {
protected:
    void SetUp() override {
        Scene::SetUp();
        std::filesystem::create_directories(mount_);
        const std::string make = "umount -q " + mount_ + "; truncate -s 20M " + image_ +
                                 " && mkfs.ext4 -q -F -O casefold -E encoding=utf8 " + image_ +
                                 " && mount -o loop " + image_ + " " + mount_ + " && mkdir " +
                                 work_ + " && chattr +F " + work_;
        ASSERT_EQ(std::system(make.c_str()), 0);
        make_file(work_ + "/a");
        std::filesystem::create_directories(work_ + "/d");
        policy(BAILIFF_VERDICT_DENY, {{work_, kEveryFileRight, BAILIFF_VERDICT_ALLOW}});
    }
    void TearDown() override { EXPECT_EQ(umount(mount_.c_str()), 0); }
    const std::string image_ = "/mnt/ext4/folding.img";
    const std::string mount_ = "/mnt/folding";
    const std::string work_ = mount_ + "/work";
};

TEST_F(FoldingFile, WithoutRulesForNamesItIsLikeAnyOther) {
    expect_allowed(open_file(work_ + "/A", O_RDONLY));
}

TEST_F(FoldingFile, ARuleForANameDeniesWhatMayBeThatName) {
    name_rule(".pem", true, BAILIFF_RIGHT_READ, BAILIFF_VERDICT_DENY);
    expect_denied(open_file(work_ + "/a", O_RDONLY));
    EXPECT_EQ(bound(open_file(work_ + "/new.PEM", O_WRONLY | O_CREAT)), EPERM);
}

TEST_F(FoldingFile, WhereARuleNamesAnEntryNothingCanBeCreated) {
    entry_rule(work_, "secret.key", BAILIFF_RIGHT_CREATE, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(bound(open_file(work_ + "/SECRET.KEY", O_WRONLY | O_CREAT)), EPERM);
    EXPECT_EQ(bound(rename_file(work_ + "/a", work_ + "/Secret.key")), EPERM);
    EXPECT_EQ(bound(open_file(work_ + "/A", O_RDONLY)), 0);
    EXPECT_EQ(bound(open_file(work_ + "/d/new", O_WRONLY | O_CREAT)), 0);
    EXPECT_EQ(free(open_file(work_ + "/SECRET.KEY", O_WRONLY | O_CREAT)), 0);
}

} // namespace
} // namespace bailiff::tests

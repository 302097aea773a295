// What lies on another file system than the store.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/ids.h"
#include "tests/unit/undo/scene.h"
#include "undo/open_path.h"

namespace bailiff::undo {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using tests::get_file;
using tests::is_there;
using tests::put_file;
using tests::stat_of;

class TwoFileSystems : public tests::StoreScene {
protected:
    void SetUp() override {
        mounted = tests::Tmpfs::mount_at(far);
        if (!mounted) GTEST_SKIP() << "this account may not mount a tmpfs";
        put_file(path, "content");
        chmod(path.c_str(), 0644);
        (void)!chown(path.c_str(), 65534, 65534);
        tests::set_times(path, 1'000'000);
    }
    [[nodiscard]] std::vector<std::string> names_in_far() const {
        std::vector<std::string> names;
        for (const auto& found : fs::directory_iterator(far))
            names.push_back(found.path().filename());
        return names;
    }
    const std::string far = folder.file("far");
    const std::string path = far + "/file";
    std::unique_ptr<tests::Tmpfs> mounted;
};

TEST_F(TwoFileSystems, AFileIsCopiedThereAndBack) {
    const Entry entry = keep(path, 7);
    EXPECT_FALSE(entry.linked);
    EXPECT_EQ(entry.path, path);
    ASSERT_EQ(unlink(path.c_str()), 0);
    reopen();
    const Result<Entry> restored = store->restore(7, {});
    ASSERT_TRUE(restored) << restored.error().message();
    EXPECT_EQ(get_file(path), "content");
    EXPECT_EQ(stat_of(path).st_uid, 65534U);
    EXPECT_EQ(stat_of(path).st_mode, S_IFREG | 0644U);
    EXPECT_EQ(stat_of(path).st_mtim.tv_sec, 1'000'000);
    EXPECT_TRUE(fs::is_empty(store_path));
    EXPECT_THAT(names_in_far(), ::testing::ElementsAre("file"));
}

TEST_F(TwoFileSystems, EveryOtherTypeToo) {
    ASSERT_EQ(mkdir((far + "/folder").c_str(), 0700), 0);
    ASSERT_EQ(symlink("/nowhere", (far + "/link").c_str()), 0);
    ASSERT_EQ(mkfifo((far + "/fifo").c_str(), 0600), 0);
    std::uint64_t action = 10;
    for (const std::string name : {"folder", "link", "fifo"}) {
        const std::string at = far + "/" + name;
        ASSERT_EQ(lchown(at.c_str(), 65534, 65534), 0);
        const struct stat before = stat_of(at);
        keep(at, ++action);
        ASSERT_EQ(std::remove(at.c_str()), 0);
        const Result<Entry> restored = store->restore(action, {});
        ASSERT_TRUE(restored) << restored.error().message();
        EXPECT_EQ(stat_of(at).st_mode, before.st_mode);
        EXPECT_EQ(stat_of(at).st_uid, 65534U);
    }
    EXPECT_TRUE(fs::is_empty(store_path));
}

TEST_F(TwoFileSystems, WhatIsReplacedIsKept) {
    keep(path, 7);
    ASSERT_EQ(unlink(path.c_str()), 0);
    put_file(path, "newer");
    EXPECT_FALSE(store->restore(7, {}));
    EXPECT_EQ(get_file(path), "newer");
    EXPECT_THAT(names_in_far(), ::testing::ElementsAre("file"));
    ASSERT_TRUE(store->restore(7, {true, 0}));
    EXPECT_EQ(get_file(path), "content");
    ASSERT_EQ(all().size(), 1U);
    EXPECT_EQ(all()[0].loss, Loss::kReplaced);
    EXPECT_EQ(get_file(in_store(approval_id(all()[0].action))), "newer");
    EXPECT_THAT(names_in_far(), ::testing::ElementsAre("file"));
}

TEST_F(TwoFileSystems, WithAFolderOnEachLinksServe) {
    ASSERT_TRUE(store->add_folder(far + "/store"));
    ASSERT_TRUE(store->add_folder(far + "/store"));
    EXPECT_TRUE(keep(path, 7).linked);
    const ino_t inode = stat_of(path).st_ino;
    ASSERT_EQ(unlink(path.c_str()), 0);
    put_file(work + "/near", "x");
    keep(work + "/near", 8);
    EXPECT_TRUE(is_there(far + "/store/0000000000000007"));
    EXPECT_TRUE(is_there(in_store("0000000000000008")));
    reopen();
    EXPECT_EQ(all().size(), 1U);
    ASSERT_TRUE(store->add_folder(far + "/store"));
    EXPECT_EQ(all().size(), 2U);
    EXPECT_EQ(all()[0].action, 7U);
    ASSERT_TRUE(store->restore(7, {}));
    EXPECT_EQ(stat_of(path).st_ino, inode);
}

TEST_F(TwoFileSystems, AFolderOfOtherThingsIsNoStore) {
    fs::create_directory(far + "/other");
    ASSERT_EQ(chmod((far + "/other").c_str(), 0700), 0);
    put_file(far + "/other/note", "x");
    const Status added = store->add_folder(far + "/other");
    ASSERT_FALSE(added);
    EXPECT_THAT(added.error().message(), ::testing::HasSubstr("holds other things, such as note"));
    std::filesystem::remove(far + "/other/note");
    EXPECT_TRUE(store->add_folder(far + "/other"));
}

TEST_F(TwoFileSystems, ThroughABindMountItIsTheSameObject) {
    fs::create_directory(far + "/inner");
    put_file(far + "/inner/x", "x");
    const std::string bound = folder.file("bound");
    fs::create_directory(bound);
    ASSERT_EQ(mount((far + "/inner").c_str(), bound.c_str(), nullptr, MS_BIND, nullptr), 0);
    const Wanted wanted = tests::wanted_at(bound + "/x", 7);
    EXPECT_EQ(wanted.path, "/inner/x");
    EXPECT_EQ(store->keep(wanted, tests::kRoom, examiner)->path, far + "/inner/x");
    mounted.reset(); // only the bound part is left of it
    Wanted other = wanted;
    other.action = 8;
    const Result<Entry> kept = store->keep(other, tests::kRoom, examiner);
    EXPECT_TRUE(kept) << kept.error().message();
    EXPECT_EQ(kept ? kept->path : "", bound + "/x");
    umount2(bound.c_str(), MNT_DETACH);
}

TEST_F(TwoFileSystems, WhatIsMountedOverHidesIt) {
    fs::create_directory(far + "/inner");
    put_file(far + "/inner/x", "x");
    const Wanted wanted = tests::wanted_at(far + "/inner/x", 7);
    const auto over = tests::Tmpfs::mount_at(far + "/inner");
    put_file(far + "/inner/x", "decoy");
    const Result<Entry> kept = store->keep(wanted, tests::kRoom, examiner);
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code(), ErrorCode::kNotFound);
}

TEST_F(TwoFileSystems, NoSpaceIsALimitAndLeavesNothing) {
    const std::string small = folder.file("small");
    fs::create_directory(small);
    ASSERT_EQ(mount("none", small.c_str(), "tmpfs", 0, "size=64k,mode=0700"), 0);
    {
        Result<Store> tight = Store::open(small);
        ASSERT_TRUE(tight);
        put_file(work + "/large", std::string(1 << 20, 'x'));
        const Result<Entry> kept =
            tight->keep(tests::wanted_at(work + "/large", 7), tests::kRoom, examiner);
        ASSERT_FALSE(kept);
        EXPECT_EQ(kept.error().code(), ErrorCode::kResourceExhausted);
        EXPECT_THAT(kept.error().message(), HasSubstr("there is no space left"));
        EXPECT_TRUE(fs::is_empty(small));
    }
    umount2(small.c_str(), MNT_DETACH);
}

TEST_F(TwoFileSystems, ThatAFileIsOnlyHalfAsItWasIsTold) {
    const std::string small = folder.file("small");
    fs::create_directory(small);
    ASSERT_EQ(mount("none", small.c_str(), "tmpfs", 0, "size=64k,mode=0700"), 0);
    put_file(small + "/file", std::string(32 << 10, 'x'));
    keep(small + "/file", 7, Loss::kChanged);
    put_file(small + "/file", "short");
    put_file(small + "/other", std::string(60 << 10, 'y'));
    const Result<Entry> restored = store->restore(7, {true, 0});
    ASSERT_FALSE(restored);
    ASSERT_EQ(all().size(), 2U);
    EXPECT_THAT(restored.error().message(),
                HasSubstr("/small/file is not as it was: write the copy: there is no space left; "
                          "what was there is kept as " +
                          approval_id(all()[1].action)));
    EXPECT_EQ(get_file(in_store(approval_id(all()[1].action))), "short");
    unlink((small + "/other").c_str());
    ASSERT_TRUE(store->restore(7, {true, 0}));
    EXPECT_EQ(get_file(small + "/file"), std::string(32 << 10, 'x'));
    umount2(small.c_str(), MNT_DETACH);
}

TEST_F(TwoFileSystems, AnAttributeThatCannotBeCopiedIsNamed) {
    put_file(work + "/file", "x");
    const std::string value(60'000, 'v'); // more than one block of ext4
    if (setxattr(path.c_str(), "user.large", value.data(), value.size(), 0) != 0 ||
        setxattr((work + "/file").c_str(), "user.large", value.data(), value.size(), 0) == 0)
        GTEST_SKIP() << "both file systems take the same attributes";
    const Result<Entry> kept = try_keep(path, 7);
    ASSERT_FALSE(kept);
    EXPECT_THAT(kept.error().message(), HasSubstr("its extended attribute user.large"));
    EXPECT_TRUE(fs::is_empty(store_path));
}

TEST_F(TwoFileSystems, OnOverlayfsItIsCopied) {
    for (const std::string name : {"lower", "upper", "workdir", "merged"})
        fs::create_directory(far + "/" + name);
    put_file(far + "/lower/x", "below");
    const std::string options =
        "lowerdir=" + far + "/lower,upperdir=" + far + "/upper,workdir=" + far + "/workdir";
    const std::string merged = far + "/merged";
    if (mount("none", merged.c_str(), "overlay", 0, options.c_str()) != 0)
        GTEST_SKIP() << "no overlayfs here";
    put_file(merged + "/y", "above");
    EXPECT_FALSE(keep(merged + "/x", 7).linked);
    EXPECT_FALSE(is_there(far + "/upper/x")); // was not copied up
    EXPECT_FALSE(keep(merged + "/y", 8).linked);
    for (const std::uint64_t action : {7, 8}) {
        const std::string at = merged + (action == 7 ? "/x" : "/y");
        ASSERT_EQ(unlink(at.c_str()), 0);
        const Result<Entry> restored = store->restore(action, {});
        ASSERT_TRUE(restored) << restored.error().message();
        EXPECT_EQ(get_file(at), action == 7 ? "below" : "above");
    }
    umount2(merged.c_str(), MNT_DETACH);
}

const std::string kLarge(256 << 10, 'x'); // so that there is time to interfere

// Swaps whatever is put beside the file for something of its own, until it is killed.
[[noreturn]] void swap_for_ever(const std::string& far, const std::string& decoy) {
    while (true) {
        std::error_code ignored;
        for (const auto& found : fs::directory_iterator(far, ignored)) {
            const std::string name = found.path().filename();
            if (!name.starts_with(".bailiff-")) continue;
            (void)rename(found.path().c_str(), (far + "/taken").c_str());
            (void)!symlink(decoy.c_str(), found.path().c_str());
            unlink(found.path().c_str());
            (void)!mkdir(found.path().c_str(), 0777);
            fs::remove_all(far + "/taken", ignored);
            fs::remove_all(found.path(), ignored);
        }
    }
}

TEST_F(TwoFileSystems, WhoOwnsTheFolderCannotPutAnotherObjectInItsPlace) {
    const std::string decoy = folder.file("decoy");
    fs::create_directory(decoy);
    ASSERT_EQ(chown(far.c_str(), 65534, 65534), 0);
    ASSERT_EQ(chmod(folder.path().c_str(), 0711), 0);
    const pid_t child = fork();
    if (child == 0) {
        (void)!setresuid(65534, 65534, 65534);
        swap_for_ever(far, decoy);
    }
    int restored = 0;
    for (std::uint64_t i = 1; i <= 100; i++) {
        put_file(path, kLarge);
        keep(path, i);
        unlink(path.c_str());
        const Result<Entry> done = store->restore(i, {});
        if (done) {
            restored++;
            EXPECT_TRUE(get_file(path) == kLarge);
        } else {
            EXPECT_TRUE(get_file(in_store(approval_id(i))) == kLarge) << done.error().message();
        }
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_TRUE(fs::is_empty(decoy));
    RecordProperty("restored", restored);
}

} // namespace
} // namespace bailiff::undo

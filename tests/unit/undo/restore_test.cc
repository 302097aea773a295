// Putting back what was removed.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/clock.h"
#include "base/ids.h"
#include "tests/unit/undo/scene.h"

namespace bailiff::undo {
namespace {

using ::testing::HasSubstr;
using tests::get_file;
using tests::is_there;
using tests::put_file;
using tests::stat_of;

class Restore : public tests::StoreScene {
protected:
    Restore() { put_file(path, "content"); }
    // Keeps it and removes it, as the act does.
    Entry lose(const std::string& at, std::uint64_t action = 7) {
        const Entry entry = keep(at, action);
        EXPECT_EQ(std::remove(at.c_str()), 0);
        return entry;
    }
    std::string refusal(ErrorCode code, const Restoring& how = {}) {
        const Result<Entry> restored = store->restore(7, how);
        if (restored) return "restored";
        EXPECT_EQ(restored.error().code(), code) << restored.error().message();
        EXPECT_TRUE(is_there(in_store("0000000000000007")));
        EXPECT_FALSE(store->list(0, 10).empty());
        return restored.error().message();
    }
    const std::string path = work + "/file";
    const Restoring replacing{true, 0};
};

TEST_F(Restore, BringsTheSameFileBack) {
    NEEDS_LINKS();
    const struct stat before = stat_of(path);
    lose(path);
    reopen();
    const Result<Entry> entry = store->restore(7, {});
    ASSERT_TRUE(entry) << entry.error().message();
    EXPECT_EQ(entry->path, path);
    EXPECT_EQ(stat_of(path).st_ino, before.st_ino);
    EXPECT_EQ(stat_of(path).st_mtim.tv_nsec, before.st_mtim.tv_nsec);
    EXPECT_EQ(get_file(path), "content");
    EXPECT_TRUE(std::filesystem::is_empty(store_path));
    EXPECT_EQ(store->usage().bytes, 0U);
    EXPECT_EQ(store->usage().entries, 0U);
}

TEST_F(Restore, BringsACopyBack) {
    examiner.writers = 1;
    lose(path);
    ASSERT_TRUE(store->restore(7, {}));
    EXPECT_EQ(get_file(path), "content");
    EXPECT_TRUE(std::filesystem::is_empty(store_path));
}

TEST_F(Restore, KnowsOnlyWhatIsKept) {
    const Result<Entry> none = store->restore(9, {});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(none.error().message(), "nothing is kept as 0000000000000009");
    lose(path);
    ASSERT_TRUE(store->restore(7, {}));
    EXPECT_EQ(store->restore(7, {}).error().code(), ErrorCode::kNotFound);
}

TEST_F(Restore, NeedsTheFolder) {
    std::filesystem::create_directory(work + "/inner");
    put_file(work + "/inner/file", "x");
    lose(work + "/inner/file");
    std::filesystem::remove(work + "/inner");
    EXPECT_EQ(refusal(ErrorCode::kNotFound),
              "its folder " + work + "/inner is not there; restore that first");
    put_file(work + "/inner", "a file now");
    EXPECT_THAT(refusal(ErrorCode::kNotFound), HasSubstr("is not there"));
}

TEST_F(Restore, FollowsNoSymbolicLinkOnTheWay) {
    std::filesystem::create_directory(work + "/inner");
    std::filesystem::create_directory(work + "/other");
    put_file(work + "/inner/file", "x");
    lose(work + "/inner/file");
    std::filesystem::remove(work + "/inner");
    ASSERT_EQ(symlink("other", (work + "/inner").c_str()), 0);
    EXPECT_THAT(refusal(ErrorCode::kFailedPrecondition, replacing),
                HasSubstr("is a symbolic link now"));
    EXPECT_TRUE(std::filesystem::is_empty(work + "/other"));
}

TEST_F(Restore, LosesNothingThatIsThereAgain) {
    lose(path);
    put_file(path, "newer content");
    EXPECT_THAT(
        refusal(ErrorCode::kFailedPrecondition),
        HasSubstr(path + " is there again, as another regular file of 13 bytes, changed at 20"));
    EXPECT_EQ(get_file(path), "newer content");
    std::filesystem::remove(path);
    ASSERT_EQ(symlink("/etc/passwd", path.c_str()), 0);
    EXPECT_THAT(refusal(ErrorCode::kFailedPrecondition), HasSubstr("as another symbolic link"));
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    EXPECT_THAT(refusal(ErrorCode::kFailedPrecondition), HasSubstr("as another directory"));
}

TEST_F(Restore, KeepsWhatItReplaces) {
    lose(path);
    put_file(path, "newer content");
    const ino_t newer = stat_of(path).st_ino;
    const Result<Entry> entry = store->restore(7, replacing);
    ASSERT_TRUE(entry) << entry.error().message();
    EXPECT_EQ(get_file(path), "content");
    ASSERT_EQ(all().size(), 1U);
    const Entry aside = all()[0];
    EXPECT_EQ(aside.loss, Loss::kReplaced);
    EXPECT_EQ(aside.path, path);
    EXPECT_EQ(aside.session, "s-1");
    EXPECT_EQ(aside.account, 1000U);
    EXPECT_EQ(aside.size, 13U);
    EXPECT_NE(aside.action, 7U);
    EXPECT_EQ(stat_of(in_store(approval_id(aside.action))).st_ino, newer);
    reopen();
    ASSERT_TRUE(store->restore(aside.action, replacing)); // and the other way round
    EXPECT_EQ(get_file(path), "newer content");
    EXPECT_EQ(all().size(), 1U);
}

TEST_F(Restore, KeepsASymbolicLinkThatItReplacesAndDoesNotFollowIt) {
    lose(path);
    put_file(work + "/victim", "untouched");
    ASSERT_EQ(symlink("victim", path.c_str()), 0);
    ASSERT_TRUE(store->restore(7, replacing));
    EXPECT_EQ(get_file(work + "/victim"), "untouched");
    EXPECT_EQ(get_file(path), "content");
    ASSERT_EQ(all().size(), 1U);
    EXPECT_TRUE(S_ISLNK(all()[0].mode));
}

TEST_F(Restore, ReplacesAFolderOnlyWhereItIsEmpty) {
    lose(path);
    std::filesystem::create_directory(path);
    put_file(path + "/inside", "x");
    EXPECT_EQ(refusal(ErrorCode::kFailedPrecondition, replacing),
              path + " is a directory now, and not an empty one");
    EXPECT_EQ(all().size(), 1U);
    EXPECT_EQ(get_file(path + "/inside"), "x");
    std::filesystem::remove(path + "/inside");
    ASSERT_TRUE(store->restore(7, replacing));
    EXPECT_EQ(get_file(path), "content");
    ASSERT_EQ(all().size(), 1U);
    EXPECT_TRUE(S_ISDIR(all()[0].mode));
}

TEST_F(Restore, AFolderThatIsThereAgainIsEnough) {
    std::filesystem::create_directory(work + "/folder");
    lose(work + "/folder");
    std::filesystem::create_directory(work + "/folder");
    put_file(work + "/folder/inside", "x");
    ASSERT_TRUE(store->restore(7, {}));
    EXPECT_EQ(get_file(work + "/folder/inside"), "x");
    EXPECT_TRUE(std::filesystem::is_empty(store_path));
}

TEST_F(Restore, AFolderComesBackWithItsMetadata) {
    std::filesystem::create_directory(work + "/folder");
    ASSERT_EQ(chmod((work + "/folder").c_str(), 02750), 0);
    tests::set_times(work + "/folder", 1'000'000);
    lose(work + "/folder");
    ASSERT_TRUE(store->restore(7, {}));
    EXPECT_EQ(stat_of(work + "/folder").st_mode, S_IFDIR | 02750U);
    EXPECT_EQ(stat_of(work + "/folder").st_mtim.tv_sec, 1'000'000);
}

// A folder that was moved there holds files that are older than the act.
TEST_F(Restore, IsNotDeceivedByAnOldFileThatWasMovedThere) {
    std::filesystem::create_directory(work + "/a");
    std::filesystem::create_directory(work + "/b");
    put_file(work + "/a/file", "content");
    put_file(work + "/b/file", "the agent's");
    usleep(50'000);
    lose(work + "/a/file");
    std::filesystem::rename(work + "/a", work + "/c");
    std::filesystem::rename(work + "/b", work + "/a");
    EXPECT_THAT(refusal(ErrorCode::kFailedPrecondition), HasSubstr("is there again"));
    ASSERT_TRUE(store->restore(7, replacing));
    EXPECT_EQ(get_file(work + "/a/file"), "content");
}

constexpr uid_t kSomebody = 61001;
constexpr uid_t kOther = 61002;

TEST_F(Restore, DoesNothingThatTheCallerCouldNot) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root: gives files to other accounts";
    const Restoring by_somebody{true, 0, kSomebody, tests::kRoom};
    lose(path);
    EXPECT_THAT(refusal(ErrorCode::kPermissionDenied, by_somebody),
                HasSubstr("is not yours to write to"));
    ASSERT_EQ(chmod(work.c_str(), 01777), 0);
    put_file(path, "of another account");
    ASSERT_EQ(chown(path.c_str(), kOther, kOther), 0);
    EXPECT_THAT(refusal(ErrorCode::kPermissionDenied, by_somebody), HasSubstr("another account's"));
    EXPECT_EQ(get_file(path), "of another account");
    ASSERT_EQ(chown(path.c_str(), kSomebody, kSomebody), 0);
    ASSERT_TRUE(store->restore(7, by_somebody));
    EXPECT_EQ(get_file(path), "content");
}

// A user can blow up what stands in the way, and have it put aside again and again.
TEST_F(Restore, PutsNoMoreAsideForAUserThanTheLimitsAllow) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root: gives files to other accounts";
    constexpr std::uint64_t kMuch = 1 << 30;
    const Loss losses[] = {Loss::kRemoved, Loss::kChanged};
    ASSERT_EQ(chmod(work.c_str(), 01777), 0);
    for (const Loss loss : losses) {
        put_file(path, "content");
        ASSERT_EQ(chown(path.c_str(), kSomebody, kSomebody), 0);
        keep(path, 7, loss);
        if (loss == Loss::kRemoved) std::remove(path.c_str());
        put_file(path, std::string(40'000, 'n'));
        ASSERT_EQ(chown(path.c_str(), kSomebody, kSomebody), 0);
        Restoring how{true, 0, kSomebody, {kMuch, 20'000, 100, kMuch, 100}};
        EXPECT_THAT(refusal(ErrorCode::kResourceExhausted, how),
                    HasSubstr("its quota; who has the role operator can restore it"));
        how.limits = {kMuch, kMuch, 100, 20'000, 100};
        EXPECT_THAT(refusal(ErrorCode::kResourceExhausted, how),
                    HasSubstr("what uid 1000 has had kept would be more than"));
        how.limits = {kMuch, kMuch, 100, kMuch, 0};
        EXPECT_THAT(refusal(ErrorCode::kResourceExhausted, how), HasSubstr("its share"));
        if (loss == Loss::kChanged) {
            how.limits = {20'000, kMuch, 100, kMuch, 100};
            EXPECT_THAT(refusal(ErrorCode::kResourceExhausted, how),
                        HasSubstr("which is the most that is copied"));
        }
        EXPECT_EQ(get_file(path), std::string(40'000, 'n'));
        EXPECT_EQ(all().size(), 1U) << "nothing is left of what was refused";
        how.limits = {kMuch, kMuch, 100, kMuch, 100};
        ASSERT_TRUE(store->restore(7, how));
        EXPECT_EQ(get_file(path), "content");
        store->prune(INT64_MAX);
    }
}

TEST_F(Restore, GivesNobodyAProgramThatRunsAsAnother) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root: gives files to other accounts";
    ASSERT_EQ(chmod(path.c_str(), 04755), 0);
    ASSERT_EQ(chmod(work.c_str(), 0777), 0);
    lose(path);
    EXPECT_THAT(refusal(ErrorCode::kPermissionDenied, {false, 0, kSomebody}),
                HasSubstr("runs as another account"));
    ASSERT_TRUE(store->restore(7, {}));
}

// The act may still be about to happen: then the store's name is the last one.
TEST_F(Restore, OfWhatIsStillThereForgetsNothing) {
    NEEDS_LINKS();
    keep(path, 7);
    ASSERT_TRUE(store->restore(7, replacing));
    EXPECT_EQ(stat_of(path).st_nlink, 2U);
    EXPECT_EQ(all().size(), 1U);
}

// What an agent put in the place of what it removed is no news of others.
TEST_F(Restore, ReplacesAndKeepsWhatTheSessionLeftThere) {
    const auto now = [] { return SystemClock().unix_nanos(); };
    lose(path);
    put_file(path, "the agent's");
    ASSERT_TRUE(store->restore(7, {false, now()}));
    EXPECT_EQ(get_file(path), "content");
    ASSERT_EQ(all().size(), 1U);
    EXPECT_EQ(all()[0].loss, Loss::kReplaced);
}

TEST_F(Restore, LosesNothingThatCameAfterTheSession) {
    lose(path);
    const std::int64_t ended = SystemClock().unix_nanos();
    usleep(50'000);
    put_file(path, "somebody's");
    EXPECT_THAT(refusal(ErrorCode::kFailedPrecondition, {false, ended}),
                HasSubstr("is there again"));
    EXPECT_EQ(get_file(path), "somebody's");
}

} // namespace
} // namespace bailiff::undo

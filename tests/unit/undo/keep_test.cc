#include "undo/keep.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/undo/scene.h"

namespace bailiff::undo {
namespace {

using ::testing::HasSubstr;
using tests::get_file;
using tests::is_there;
using tests::kRoom;
using tests::one_share;
using tests::put_file;
using tests::stat_of;
using tests::wanted_at;

class Keep : public tests::StoreScene {
protected:
    Keep() { put_file(path, "content"); }
    // The sentence of a refusal, after which nothing is in the store.
    std::string refusal(const Result<Entry>& kept, ErrorCode code) {
        if (kept) return "kept";
        EXPECT_EQ(kept.error().code(), code) << kept.error().message();
        EXPECT_TRUE(std::filesystem::is_empty(store_path));
        EXPECT_EQ(store->usage().entries, 0U);
        return kept.error().message();
    }
    const std::string path = work + "/file";
    const std::string object = in_store("0000000000000007");
};

TEST_F(Keep, LinksAFileThatNobodyWritesTo) {
    NEEDS_LINKS();
    const Entry entry = keep(path, 7);
    EXPECT_TRUE(entry.linked);
    EXPECT_EQ(stat_of(object).st_ino, stat_of(path).st_ino);
    EXPECT_EQ(stat_of(path).st_nlink, 2U);
    EXPECT_EQ(examiner.looks, 0); // counted only with a callback
    EXPECT_EQ(entry.action, 7U);
    EXPECT_EQ(entry.path, path);
    EXPECT_EQ(entry.session, "s-1");
    EXPECT_EQ(entry.account, 1000U);
    EXPECT_EQ(entry.size, 7U);
    EXPECT_EQ(entry.mode, stat_of(path).st_mode);
    EXPECT_EQ(entry.owner, getuid());
    EXPECT_EQ(store->usage().bytes, static_cast<std::uint64_t>(stat_of(path).st_blocks) * 512);
    ASSERT_EQ(unlink(path.c_str()), 0);
    EXPECT_EQ(get_file(object), "content");
}

TEST_F(Keep, CopiesAFileThatWillBeChanged) {
    EXPECT_FALSE(keep(path, 7, Loss::kChanged).linked);
    put_file(path, "other");
    EXPECT_EQ(get_file(object), "content");
}

TEST_F(Keep, CopiesAFileWithAnotherName) {
    ASSERT_EQ(link(path.c_str(), (work + "/second").c_str()), 0);
    EXPECT_FALSE(keep(path, 7).linked);
    EXPECT_EQ(stat_of(path).st_nlink, 2U);
    put_file(work + "/second", "changed by its other name");
    EXPECT_EQ(get_file(object), "content");
}

TEST_F(Keep, CopiesAFileThatSomebodyWritesTo) {
    examiner.writers = 1;
    EXPECT_FALSE(keep(path, 7).linked);
    EXPECT_EQ(stat_of(path).st_nlink, 1U);
    EXPECT_EQ(get_file(object), "content");
}

TEST_F(Keep, CopiesAFileThatSomebodyBeganToWriteToMeanwhile) {
    examiner.before_look = [this](int look) { examiner.writers = look == 2 ? 1 : 0; };
    EXPECT_FALSE(keep(path, 7).linked);
    EXPECT_EQ(stat_of(path).st_nlink, 1U);
    EXPECT_NE(stat_of(object).st_ino, stat_of(path).st_ino);
}

TEST_F(Keep, CopiesAFileThatGotANameMeanwhile) {
    examiner.before_look = [this](int look) {
        if (look == 2) (void)!link(path.c_str(), (work + "/second").c_str());
    };
    EXPECT_FALSE(keep(path, 7).linked);
    EXPECT_NE(stat_of(object).st_ino, stat_of(path).st_ino);
}

TEST_F(Keep, LinksAFileThatIsExecuted) {
    NEEDS_LINKS();
    examiner.writers = -1;
    EXPECT_TRUE(keep(path, 7).linked);
}

TEST_F(Keep, CopiesOwnerModeAndTimes) {
    if (getuid() != 0) GTEST_SKIP() << "only root can give a file away";
    ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
    ASSERT_EQ(chmod(path.c_str(), 06755), 0);
    tests::set_times(path, 1'000'000);
    const Entry entry = keep(path, 7, Loss::kChanged);
    EXPECT_EQ(entry.owner, 65534U);
    EXPECT_EQ(entry.mode, S_IFREG | 06755U);
    EXPECT_EQ(stat_of(object).st_mode, S_IFREG | 06755U);
    EXPECT_EQ(stat_of(object).st_uid, 65534U);
    EXPECT_EQ(stat_of(object).st_gid, 65534U);
    EXPECT_EQ(stat_of(object).st_mtim.tv_sec, 1'000'000);
    EXPECT_EQ(stat_of(object).st_mtim.tv_nsec, 222);
    EXPECT_EQ(stat_of(object).st_atim.tv_nsec, 111);
}

TEST_F(Keep, KeepsEveryTypeThatCanBeRemoved) {
    if (getuid() != 0) GTEST_SKIP() << "only root makes devices";
    ASSERT_EQ(mkdir((work + "/folder").c_str(), 01777), 0);
    ASSERT_EQ(symlink("/nowhere", (work + "/link").c_str()), 0);
    ASSERT_EQ(mkfifo((work + "/fifo").c_str(), 0640), 0);
    ASSERT_EQ(mknod((work + "/socket").c_str(), S_IFSOCK | 0600, 0), 0);
    ASSERT_EQ(mknod((work + "/device").c_str(), S_IFCHR | 0600, makedev(1, 3)), 0);
    std::uint64_t action = 20;
    for (const std::string name : {"folder", "link", "fifo", "socket", "device"}) {
        const Entry entry = keep(work + "/" + name, ++action);
        EXPECT_EQ(entry.mode, stat_of(work + "/" + name).st_mode);
        EXPECT_EQ(entry.size, name == "link" ? 8U : 0U);
    }
    EXPECT_EQ(stat_of(in_store("0000000000000015")).st_mode, stat_of(work + "/folder").st_mode);
    for (const std::string name : {"folder", "link", "fifo", "socket", "device"}) {
        const Result<Entry> kept = try_keep(work + "/" + name, ++action, Loss::kChanged);
        ASSERT_FALSE(kept);
        EXPECT_EQ(kept.error().code(), ErrorCode::kFailedPrecondition);
        EXPECT_THAT(kept.error().message(), HasSubstr(name + ": it is no regular file"));
    }
}

TEST_F(Keep, DoesNothingTwice) {
    const Entry first = keep(path, 7);
    const Wanted wanted = wanted_at(path, 7);
    ASSERT_EQ(unlink(path.c_str()), 0); // the act has happened
    const Result<Entry> second = store->keep(wanted, kRoom, examiner);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->time, first.time);
    reopen();
    EXPECT_TRUE(store->keep(wanted, kRoom, examiner));
    EXPECT_EQ(store->usage().entries, 1U);
    put_file(work + "/other", "x");
    const Result<Entry> other = try_keep(work + "/other", 7);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_THAT(other.error().message(), HasSubstr("0000000000000007 is kept already, as " + path));
}

TEST_F(Keep, ANewObjectUnderTheNameIsNotKept) {
    const Wanted wanted = wanted_at(path, 7);
    ASSERT_EQ(rename(path.c_str(), (work + "/away").c_str()), 0);
    EXPECT_THAT(refusal(store->keep(wanted, kRoom, examiner), ErrorCode::kNotFound),
                HasSubstr("it was looked for as " + path + " (No such file or directory)"));
    put_file(path, "decoy");
    EXPECT_THAT(refusal(store->keep(wanted, kRoom, examiner), ErrorCode::kNotFound),
                HasSubstr(path + " (another object by now)"));
}

TEST_F(Keep, ASymbolicLinkOnTheWayIsNotFollowed) {
    const std::string inner = work + "/inner";
    std::filesystem::create_directory(inner);
    put_file(inner + "/file", "x");
    const Wanted wanted = wanted_at(inner + "/file", 7);
    ASSERT_EQ(rename(inner.c_str(), (work + "/moved").c_str()), 0);
    ASSERT_EQ(symlink("moved", inner.c_str()), 0); // leads to the very same file
    EXPECT_THAT(refusal(store->keep(wanted, kRoom, examiner), ErrorCode::kNotFound),
                HasSubstr(inner + "/file (Too many levels of symbolic links)"));
}

TEST_F(Keep, AnotherGenerationIsAnotherObject) {
    Wanted wanted = wanted_at(path, 7);
    wanted.seen.generation = 1;
    EXPECT_THAT(refusal(store->keep(wanted, kRoom, examiner), ErrorCode::kNotFound),
                HasSubstr("another object"));
}

TEST_F(Keep, APathThatTheKernelDoesNotWriteIsRefused) {
    Wanted wanted = wanted_at(path, 7);
    for (const std::string bad : {"", "/", "file", "/tmp/../etc/passwd", "/tmp/"}) {
        wanted.path = bad;
        EXPECT_THAT(refusal(store->keep(wanted, kRoom, examiner), ErrorCode::kInvalidArgument),
                    HasSubstr("is no path"));
    }
    wanted = wanted_at(path, 7, Loss::kReplaced);
    refusal(store->keep(wanted, kRoom, examiner), ErrorCode::kInvalidArgument);
}

TEST_F(Keep, TheFileSystemMustBeMounted) {
    Wanted wanted = wanted_at(path, 7);
    wanted.seen.dev = 4095U << 20 | 77U;
    EXPECT_THAT(refusal(store->keep(wanted, kRoom, examiner), ErrorCode::kNotFound),
                HasSubstr("(device 4095:77)"));
}

TEST_F(Keep, NothingOfThePseudoFileSystemsIsKept) {
    const Wanted wanted = wanted_at("/proc/self/cmdline", 7, Loss::kChanged);
    EXPECT_THAT(refusal(store->keep(wanted, kRoom, examiner), ErrorCode::kFailedPrecondition),
                HasSubstr("of type proc, of which nothing is kept"));
}

TEST_F(Keep, ACopyIsLimited) {
    put_file(path, std::string(4097, 'x'));
    const Limits limits = one_share(4096, 1 << 30, 10);
    EXPECT_EQ(refusal(try_keep(path, 7, Loss::kChanged, limits), ErrorCode::kResourceExhausted),
              path + ": it is larger than 4 KiB, which is the most that is copied");
    EXPECT_TRUE(try_keep(path, 7, Loss::kChanged, one_share(4097, 1 << 30, 10)));
}

TEST_F(Keep, ALinkIsNotLimitedByItsSize) {
    NEEDS_LINKS();
    put_file(path, std::string(10'000, 'x'));
    EXPECT_TRUE(try_keep(path, 7, Loss::kRemoved, one_share(1, 1 << 30, 10)));
}

TEST_F(Keep, TheQuotaHoldsForAllTogether) {
    put_file(path, std::string(100'000, 'x'));
    for (const Loss loss : {Loss::kRemoved, Loss::kChanged})
        EXPECT_EQ(refusal(try_keep(path, 7, loss, one_share(1 << 20, 64 << 10, 10)),
                          ErrorCode::kResourceExhausted),
                  path + ": with it the store would hold more than 64 KiB, its quota");
    EXPECT_EQ(refusal(try_keep(path, 7, Loss::kRemoved, one_share(1 << 20, 1 << 20, 0)),
                      ErrorCode::kResourceExhausted),
              path + ": 0 objects are kept already, which is the most there may be");
    const Limits one = one_share(1 << 20, 150'000, 10);
    ASSERT_TRUE(try_keep(path, 7, Loss::kRemoved, one));
    ASSERT_EQ(unlink(path.c_str()), 0);
    put_file(path, std::string(100'000, 'y'));
    EXPECT_FALSE(try_keep(path, 8, Loss::kRemoved, one));
    store->prune(INT64_MAX);
    EXPECT_TRUE(try_keep(path, 8, Loss::kRemoved, one));
}

TEST_F(Keep, OfALargeSparseFileOnlyWhatItHolds) {
    ASSERT_EQ(truncate(path.c_str(), 1LL << 40), 0);
    const Entry entry = *try_keep(path, 7, Loss::kChanged, one_share(1ULL << 41, 1 << 20, 10));
    EXPECT_EQ(entry.size, 1ULL << 40);
    EXPECT_LT(store->usage().bytes, 64U << 10);
    EXPECT_EQ(stat_of(object).st_size, 1LL << 40);
}

TEST_F(Keep, APathTooLongToNoteIsRefused) {
    std::string deep = work;
    const int before = open(".", O_PATH | O_CLOEXEC);
    ASSERT_EQ(chdir(work.c_str()), 0);
    while (deep.size() < 3980) {
        const std::string name(200, 'd');
        ASSERT_EQ(mkdir(name.c_str(), 0700), 0);
        ASSERT_EQ(chdir(name.c_str()), 0);
        deep += "/" + name;
    }
    ASSERT_EQ(fchdir(before), 0);
    close(before);
    EXPECT_THAT(refusal(try_keep(deep, 7), ErrorCode::kResourceExhausted),
                HasSubstr("its path has more than"));
}

TEST_F(Keep, WhatLiesInTheStoreUnderTheIdIsNotReplaced) {
    put_file(object, "the last of its kind");
    for (const Loss loss : {Loss::kRemoved, Loss::kChanged}) {
        const Result<Entry> kept = try_keep(path, 7, loss);
        ASSERT_FALSE(kept);
        EXPECT_EQ(kept.error().code(), ErrorCode::kFailedPrecondition);
        EXPECT_EQ(get_file(object), "the last of its kind");
        EXPECT_FALSE(is_there(object + ".part"));
        EXPECT_FALSE(is_there(object + ".entry"));
    }
    EXPECT_EQ(stat_of(path).st_nlink, 1U);
}

TEST_F(Keep, ThatCannotBeNotedLeavesNothing) {
    put_file(object + ".entry", "in the way");
    EXPECT_FALSE(try_keep(path, 7));
    EXPECT_FALSE(is_there(object));
    EXPECT_EQ(get_file(object + ".entry"), "in the way");
    EXPECT_EQ(stat_of(path).st_nlink, 1U);
    EXPECT_EQ(store->usage().entries, 0U);
}

} // namespace
} // namespace bailiff::undo

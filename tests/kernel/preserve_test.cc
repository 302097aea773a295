// What a rule preserves waits until what it destroys is kept, does not stop meanwhile, and happens
// only to what was kept.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/kernel/holding.h"

namespace bailiff::tests {
namespace {

class Preserve : public HoldingFile {
protected:
    void preserve(const std::vector<bailiff_right>& rights) {
        Holding::hold({{tree_, rights, BAILIFF_VERDICT_PRESERVE}});
    }
    void kept(const bailiff_event& asked) {
        EXPECT_EQ(asked.verdict, BAILIFF_VERDICT_PRESERVE);
        answer(asked, BAILIFF_VERDICT_PRESERVE);
    }
    // It happened, and the record says that it was kept.
    void expect_kept(const bailiff_event& asked) {
        const auto told = others();
        ASSERT_EQ(told.size(), 1U);
        EXPECT_EQ(told[0].verdict, BAILIFF_VERDICT_PRESERVE);
        EXPECT_EQ(told[0].reason, BAILIFF_REASON_PRESERVED);
        EXPECT_EQ(told[0].hold, asked.hold);
    }
    void expect_preserved(bailiff_right right, const Act& act) {
        const pid_t pid = begin(act);
        const bailiff_event asked = next_hold();
        EXPECT_EQ(asked.right, right);
        kept(asked);
        EXPECT_EQ(result(pid), 0) << "right " << right;
        expect_kept(asked);
    }
    void expect_free(const Act& act) {
        EXPECT_EQ(result(begin(act)), 0);
        EXPECT_TRUE(others().empty());
    }
    void append(const std::string& name) const {
        std::ofstream(tree_ + name, std::ios::app) << "more";
    }
    const std::vector<bailiff_right> kDestroying{BAILIFF_RIGHT_WRITE, BAILIFF_RIGHT_DELETE,
                                                 BAILIFF_RIGHT_TRUNCATE};
};

TEST_P(Preserve, ItHappensWhenItsObjectIsKeptAndNotBefore) {
    preserve({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    const bailiff_event asked = next_hold();
    EXPECT_STREQ(asked.text, "a");
    EXPECT_TRUE(fs::exists(tree_ + "/a"));
    kept(asked);
    EXPECT_EQ(result(pid), 0);
    EXPECT_FALSE(fs::exists(tree_ + "/a"));
    expect_kept(asked);
}

// Kept in good time it needs no signal to go on: it never stopped.
TEST_P(Preserve, ItDoesNotStopForAMoment) {
    preserve({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    const auto begun = std::chrono::steady_clock::now();
    const bailiff_event asked = next_hold();
    const bool stopped = is_stopped(pid);
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_FALSE(stopped && took < std::chrono::milliseconds(30));
    kept(asked);
    EXPECT_EQ(result(pid), 0);
}

TEST_P(Preserve, ItStopsWhereNobodyAnswers) {
    preserve({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    const bailiff_event asked = next_hold();
    EXPECT_TRUE(stops(pid));
    EXPECT_TRUE(fs::exists(tree_ + "/a"));
    kept(asked);
    EXPECT_EQ(result(pid), 0);
}

TEST_P(Preserve, EveryActThatDestroys) {
    preserve(kDestroying);
    fs::create_directory(tree_ + "/d");
    symlink("a", (tree_ + "/l").c_str());
    expect_preserved(BAILIFF_RIGHT_WRITE, write_file(tree_ + "/a"));
    expect_preserved(BAILIFF_RIGHT_WRITE, open_file(tree_ + "/a", O_WRONLY | O_TRUNC));
    expect_preserved(BAILIFF_RIGHT_TRUNCATE, truncate_file(tree_ + "/a"));
    expect_preserved(BAILIFF_RIGHT_DELETE, rename_file(tree_ + "/a", tree_ + "/b"));
    expect_preserved(BAILIFF_RIGHT_DELETE, remove_file(tree_ + "/b"));
    expect_preserved(BAILIFF_RIGHT_DELETE, remove_file(tree_ + "/l"));
    expect_preserved(BAILIFF_RIGHT_DELETE, remove_directory(tree_ + "/d"));
}

TEST_P(Preserve, WhatDestroysNothingIsFree) {
    preserve(kDestroying);
    ASSERT_EQ(mkfifo((tree_ + "/p").c_str(), 0600), 0);
    expect_free(open_file(tree_ + "/a", O_RDONLY));
    expect_free(open_file(tree_ + "/p", O_RDWR | O_NONBLOCK));
    expect_free(rename_file(tree_ + "/a", tree_ + "/new"));
    expect_free(open_file(tree_ + "/own", O_WRONLY | O_CREAT | O_EXCL));
    expect_free(write_file(tree_ + "/own"));
    expect_free(remove_file(tree_ + "/own"));
    expect_free([this] {
        const int fd = open((tree_ + "/b").c_str(), O_RDONLY);
        return flock(fd, LOCK_EX) == 0 ? 0 : errno;
    });
}

// Once for each opening, whatever is written by it.
TEST_P(Preserve, WhatWasKeptWhenItWasOpenedIsWrittenFreely) {
    preserve(kDestroying);
    expect_preserved(BAILIFF_RIGHT_WRITE, [this] {
        const int fd = open((tree_ + "/a").c_str(), O_RDWR);
        for (int i = 0; i < 10; i++)
            if (write(fd, "x", 1) != 1) return errno;
        void* at = mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        return at == MAP_FAILED ? errno : 0;
    });
}

TEST_P(Preserve, AMappingOfItIsMadeWritableLater) {
    preserve(kDestroying);
    const pid_t pid = begin(make_mapping_writable(tree_ + "/a"));
    kept(next_hold());
    EXPECT_EQ(result(pid), is_layered() ? EPERM : 0);
}

TEST_P(Preserve, WhatIsWrittenMeanwhileIsKeptAnew) {
    preserve({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    const bailiff_event first = next_hold();
    EXPECT_TRUE(stops(pid));
    append("/a");
    write_answer(first, BAILIFF_VERDICT_PRESERVE);
    kill(pid, SIGCONT);
    const bailiff_event second = next_hold();
    EXPECT_NE(first.hold, second.hold);
    EXPECT_TRUE(fs::exists(tree_ + "/a"));
    kept(second);
    EXPECT_EQ(result(pid), 0);
    expect_kept(second);
}

TEST_P(Preserve, SoIsWhatSomebodyOpensMeanwhileToWrite) {
    preserve({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    const bailiff_event first = next_hold();
    EXPECT_TRUE(stops(pid));
    const int writer = open((tree_ + "/a").c_str(), O_WRONLY);
    write_answer(first, BAILIFF_VERDICT_PRESERVE);
    kill(pid, SIGCONT);
    const bailiff_event second = next_hold();
    EXPECT_NE(first.hold, second.hold);
    kept(second);
    EXPECT_EQ(result(pid), 0);
    close(writer);
}

TEST_P(Preserve, WhatIsWrittenAllTheTimeIsKeptSomeTimesAtMost) {
    preserve({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    bailiff_event last = {};
    for (int i = 0; i < 4; i++) {
        last = next_hold();
        EXPECT_TRUE(stops(pid));
        append("/a");
        write_answer(last, BAILIFF_VERDICT_PRESERVE);
        kill(pid, SIGCONT);
    }
    last = next_hold();
    append("/a");
    kept(last);
    EXPECT_EQ(result(pid), 0);
}

TEST_P(Preserve, ThatAnObjectIsKeptIsNoAnswerToWhatIsHeld) {
    HoldingFile::hold({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    answer(next_hold(), BAILIFF_VERDICT_PRESERVE);
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_TRUE(fs::exists(tree_ + "/a"));
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_DISAPPROVED);
}

TEST_P(Preserve, WhatCannotBeKeptCanBeApprovedOrDenied) {
    preserve({BAILIFF_RIGHT_DELETE});
    pid_t pid = begin(remove_file(tree_ + "/a"));
    disapprove(next_hold());
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_DISAPPROVED);
    pid = begin(remove_file(tree_ + "/a"));
    approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_APPROVED);
}

// One call, of which one right waits for an answer and another for being kept: neither answer
// undoes the other.
TEST_P(Preserve, ARenameThatIsHeldAndReplacesWhatIsPreserved) {
    Holding::hold({{tree_, {BAILIFF_RIGHT_RENAME}, BAILIFF_VERDICT_HOLD},
                   {tree_, {BAILIFF_RIGHT_DELETE}, BAILIFF_VERDICT_PRESERVE}});
    const pid_t pid = begin(rename_file(tree_ + "/a", tree_ + "/b"));
    const bailiff_event replaced = next_hold();
    EXPECT_EQ(replaced.right, BAILIFF_RIGHT_DELETE);
    kept(replaced);
    const bailiff_event moved = next_hold();
    EXPECT_EQ(moved.right, BAILIFF_RIGHT_RENAME);
    EXPECT_TRUE(stops(pid));
    append("/b"); // is kept anew, and then the rename is another one
    approve(moved);
    kept(next_hold());
    approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    EXPECT_FALSE(fs::exists(tree_ + "/a"));
}

TEST_P(Preserve, WhatCannotWaitIsDenied) {
    preserve({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin([this] {
        return renameat2(AT_FDCWD, (tree_ + "/a").c_str(), AT_FDCWD, (tree_ + "/b").c_str(),
                         RENAME_EXCHANGE) == 0
                   ? 0
                   : errno;
    });
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_CANNOT_WAIT);
}

TEST_P(Preserve, AnInheritedDescriptorIsKeptAtItsFirstUse) {
    preserve({BAILIFF_RIGHT_WRITE});
    const int fd = open((tree_ + "/a").c_str(), O_WRONLY);
    expect_preserved(BAILIFF_RIGHT_WRITE, [fd] {
        for (int i = 0; i < 3; i++)
            if (write(fd, "x", 1) != 1) return errno;
        return 0;
    });
    close(fd);
}

TEST_P(Preserve, ThreadsEachForThemselves) {
    constexpr int kThreads = 4;
    constexpr int kEach = 5;
    preserve({BAILIFF_RIGHT_DELETE});
    for (int i = 0; i < kThreads * kEach; i++) make_file(tree_ + "/t" + std::to_string(i));
    const pid_t pid = begin(remove_in_threads(tree_, kThreads, kEach));
    for (int i = 0; i < kThreads * kEach; i++) kept(next_hold());
    EXPECT_EQ(result(pid), 0);
}

INSTANTIATE_TEST_SUITE_P(On, Preserve, ::testing::Values("/mnt/ext4", "/tmp", "/root"),
                         file_system_name);

} // namespace
} // namespace bailiff::tests

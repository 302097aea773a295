// A held change of a file waits, and nothing of it happens before the answer: approved it goes on
// with its own result, once; else it is denied.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cstring>

#include "kernel/event_text.h"
#include "tests/kernel/holding.h"

namespace bailiff::tests {
namespace {

// Behind the names of the file, and an empty one.
void expect_text(const bailiff_event& asked, const std::string& text) {
    const std::vector<std::string> strings = kernel::strings_of(asked);
    ASSERT_GE(strings.size(), 3U);
    EXPECT_EQ(strings[strings.size() - 2], "");
    EXPECT_EQ(strings.back(), text);
}

TEST_P(HoldingFile, AnApprovedDeletionHappensAndNotBefore) {
    hold({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    const bailiff_event waits = next_hold();
    EXPECT_EQ(waits.pid, static_cast<std::uint32_t>(pid));
    EXPECT_STREQ(waits.text, "a");
    EXPECT_TRUE(stops(pid));
    EXPECT_TRUE(fs::exists(tree_ + "/a"));
    EXPECT_EQ(waiting(), 1U);
    approve(waits);
    EXPECT_EQ(result(pid), 0);
    EXPECT_FALSE(fs::exists(tree_ + "/a"));
    const auto told = others();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].reason, BAILIFF_REASON_APPROVED);
    EXPECT_EQ(told[0].hold, waits.hold);
}

TEST_P(HoldingFile, ADisapprovedDeletionDoesNot) {
    hold({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    disapprove(next_hold());
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_TRUE(fs::exists(tree_ + "/a"));
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_DISAPPROVED);
}

TEST_P(HoldingFile, EveryClassOfChangeCanWait) {
    expect_held(BAILIFF_RIGHT_DELETE, remove_file(tree_ + "/a"));
    expect_held(BAILIFF_RIGHT_CREATE, make_directory(tree_ + "/d"));
    fs::create_directory(tree_ + "/e");
    expect_held(BAILIFF_RIGHT_DELETE, remove_directory(tree_ + "/e"));
    expect_held(BAILIFF_RIGHT_CREATE, symlink_file("b", tree_ + "/l"));
    expect_held(BAILIFF_RIGHT_CREATE, link_file(tree_ + "/b", tree_ + "/h"));
    expect_held(BAILIFF_RIGHT_RENAME, rename_file(tree_ + "/h", tree_ + "/g"));
    expect_held(BAILIFF_RIGHT_DELETE, rename_file(tree_ + "/g", tree_ + "/c"));
    expect_held(BAILIFF_RIGHT_TRUNCATE, truncate_file(tree_ + "/b"));
    expect_held(BAILIFF_RIGHT_METADATA, change_mode(tree_ + "/b", 0600));
    expect_held(BAILIFF_RIGHT_WRITE, open_file(tree_ + "/b", O_WRONLY));
}

// Its writing was asked for when it was opened.
TEST_P(HoldingFile, WhatWasApprovedWhenItWasOpenedIsWrittenFreely) {
    hold({BAILIFF_RIGHT_WRITE});
    const pid_t pid = begin([this] {
        const int fd = open((tree_ + "/a").c_str(), O_WRONLY);
        for (int i = 0; i < 10; i++)
            if (write(fd, "x", 1) != 1) return errno;
        return 0;
    });
    approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(others().size(), 1U);
}

// Also after something else was changed, on which nothing that was allowed is remembered.
TEST_P(HoldingFile, WhatWasApprovedWhenItWasOpenedIsUsedFreelyAfterAChange) {
    hold({BAILIFF_RIGHT_WRITE});
    int gate[2];
    ASSERT_EQ(pipe(gate), 0);
    const pid_t pid = begin([this, &gate] {
        const int fd = open((tree_ + "/a").c_str(), O_RDWR);
        char byte = 0;
        if (read(gate[0], &byte, 1) != 1 || write(fd, "x", 1) != 1) return errno;
        void* at = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        return at == MAP_FAILED ? errno : 0;
    });
    approve(next_hold());
    known_root("/proc");
    ASSERT_EQ(write(gate[1], "x", 1), 1);
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(others().size(), 1U);
}

TEST_P(HoldingFile, AMappingOfItIsMadeWritableLater) {
    hold({BAILIFF_RIGHT_WRITE});
    const pid_t pid = begin(make_mapping_writable(tree_ + "/a"));
    approve(next_hold());
    EXPECT_EQ(result(pid), is_layered() ? EPERM : 0);
}

TEST_P(HoldingFile, WhatACallItselfMadeIsWrittenFreely) {
    hold({BAILIFF_RIGHT_WRITE});
    const pid_t pid = begin(open_file(tree_ + "/new", O_WRONLY | O_CREAT | O_EXCL));
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(others().size(), 0U);
}

// Whether the name is free is known only after the hook: it cannot wait.
TEST_P(HoldingFile, CreatingByOpenIsDenied) {
    hold({BAILIFF_RIGHT_CREATE});
    const pid_t pid = begin(open_file(tree_ + "/n", O_WRONLY | O_CREAT | O_EXCL));
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_CANNOT_WAIT);
}

// Taking one name and replacing another are one question.
TEST_P(HoldingFile, ARenameIsOneActWithBothItsNames) {
    hold({BAILIFF_RIGHT_RENAME, BAILIFF_RIGHT_CREATE, BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(rename_file(tree_ + "/a", tree_ + "/b"));
    const bailiff_event waits = next_hold();
    const std::string text(waits.text, waits.text_length);
    const std::string one = text.substr(0, text.find('\0'));
    const std::string other = text.substr(text.find(std::string(2, '\0')) + 2);
    EXPECT_EQ(one + other.substr(0, other.find('\0')),
              waits.right == BAILIFF_RIGHT_RENAME ? "ab" : "ba");
    EXPECT_TRUE(fs::exists(tree_ + "/a"));
    approve(waits);
    EXPECT_EQ(result(pid), 0);
    EXPECT_FALSE(fs::exists(tree_ + "/a"));
}

TEST_P(HoldingFile, ARenameToAnotherNameIsAskedForAnew) {
    hold({BAILIFF_RIGHT_RENAME});
    const std::string a = tree_ + "/a";
    const std::string b = tree_ + "/x";
    const std::string c = tree_ + "/y";
    const pid_t pid = begin([=] {
        if (rename(a.c_str(), b.c_str()) != 0) return errno;
        return rename(b.c_str(), c.c_str()) == 0 ? 0 : errno;
    });
    approve(next_hold());
    disapprove(next_hold());
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_TRUE(fs::exists(b));
}

TEST_P(HoldingFile, AnOpeningThatIsApprovedTruncates) {
    hold({BAILIFF_RIGHT_WRITE, BAILIFF_RIGHT_TRUNCATE});
    const pid_t pid = begin([this] {
        const int fd = open((tree_ + "/a").c_str(), O_WRONLY | O_TRUNC);
        if (fd < 0) return errno;
        return truncate((tree_ + "/a").c_str(), 10) == 0 ? 0 : errno; // asked for by itself
    });
    approve(next_hold());
    const bailiff_event second = next_hold();
    EXPECT_EQ(second.right, BAILIFF_RIGHT_TRUNCATE);
    EXPECT_EQ(fs::file_size(tree_ + "/a"), 0U);
    disapprove(second);
    EXPECT_EQ(result(pid), EPERM);
}

TEST_P(HoldingFile, AnotherModeIsAnotherAct) {
    hold({BAILIFF_RIGHT_METADATA});
    const pid_t pid = begin([this] {
        if (chmod((tree_ + "/a").c_str(), 0600) != 0) return errno;
        return chmod((tree_ + "/a").c_str(), 04777) == 0 ? 0 : errno;
    });
    approve(next_hold());
    disapprove(next_hold());
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(fs::status(tree_ + "/a").permissions(), fs::perms(0600));
}

TEST_P(HoldingFile, AnotherOwnerIsAnotherAct) {
    hold({BAILIFF_RIGHT_METADATA});
    const pid_t pid = begin([this] {
        if (chown((tree_ + "/a").c_str(), 1, 1) != 0) return errno;
        return chown((tree_ + "/a").c_str(), 1, 2) == 0 ? 0 : errno;
    });
    approve(next_hold());
    const bailiff_event second = next_hold();
    disapprove(second);
    EXPECT_EQ(result(pid), EPERM);
    struct stat file {};
    ASSERT_EQ(stat((tree_ + "/a").c_str(), &file), 0);
    EXPECT_EQ(file.st_gid, 1U);
}

TEST_P(HoldingFile, AnotherTimeOrAttributeIsAnotherAct) {
    hold({BAILIFF_RIGHT_METADATA});
    const std::string path = tree_ + "/a";
    const pid_t pid = begin([path] {
        timespec times[2] = {{1000, 1}, {2000, 2}};
        if (utimensat(AT_FDCWD, path.c_str(), times, 0) != 0) return errno;
        times[1].tv_sec = 2001;
        utimensat(AT_FDCWD, path.c_str(), times, 0);
        if (setxattr(path.c_str(), "trusted.a", "one", 3, 0) != 0) return errno;
        setxattr(path.c_str(), "trusted.a", "two", 3, 0);
        const std::string much(1000, 'x');
        return setxattr(path.c_str(), "trusted.a", much.c_str(), much.size(), 0) == 0 ? 0 : errno;
    });
    approve(next_hold());
    disapprove(next_hold());
    const bailiff_event attribute = next_hold();
    expect_text(attribute, "trusted.a");
    approve(attribute);
    disapprove(next_hold());
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_EQ(others().back().reason, BAILIFF_REASON_CANNOT_WAIT) << "too long to tell";
    char value[8] = {};
    EXPECT_EQ(getxattr(path.c_str(), "trusted.a", value, sizeof(value)), 3);
    EXPECT_STREQ(value, "one");
}

TEST_P(HoldingFile, ALinkToAnotherTargetIsAnotherAct) {
    hold({BAILIFF_RIGHT_CREATE});
    // Waits in symlink(2) and then asks for another target by the same call.
    const std::string path = tree_ + "/l";
    static char* target = static_cast<char*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    strcpy(target, "harmless");
    const pid_t pid = begin([path] { return symlink(target, path.c_str()) == 0 ? 0 : errno; });
    const bailiff_event first = next_hold();
    EXPECT_TRUE(stops(pid));
    expect_text(first, "harmless");
    strcpy(target, "/etc/shadow");
    write_answer(first, BAILIFF_VERDICT_ALLOW);
    kill(pid, SIGCONT);
    const bailiff_event second = next_hold();
    EXPECT_NE(second.hold, first.hold);
    expect_text(second, "/etc/shadow");
    disapprove(second);
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_FALSE(fs::is_symlink(path));
}

// The same call on the same object, three times: each is asked for, whatever was approved before.
TEST_P(HoldingFile, AnApprovalIsForOneUse) {
    hold({BAILIFF_RIGHT_METADATA});
    const std::string path = tree_ + "/a";
    const pid_t pid = begin([path] {
        for (int i = 0; i < 3; i++)
            if (chmod(path.c_str(), 0640) != 0) return errno;
        return 0;
    });
    std::set<std::uint64_t> ids;
    for (int i = 0; i < 3; i++) {
        const bailiff_event waits = next_hold();
        ids.insert(waits.hold);
        approve(waits);
    }
    EXPECT_EQ(ids.size(), 3U);
    EXPECT_EQ(result(pid), 0);
    EXPECT_EQ(others().size(), 3U);
}

TEST_P(HoldingFile, AnotherObjectUnderTheNameIsAskedForAnew) {
    hold({BAILIFF_RIGHT_DELETE});
    const pid_t pid = begin(remove_file(tree_ + "/a"));
    const bailiff_event first = next_hold();
    fs::rename(tree_ + "/b", tree_ + "/a");
    write_answer(first, BAILIFF_VERDICT_ALLOW);
    EXPECT_TRUE(stops(pid));
    kill(pid, SIGCONT);
    const bailiff_event second = next_hold();
    EXPECT_NE(second.ino, first.ino);
    disapprove(second);
    EXPECT_EQ(result(pid), EPERM);
    EXPECT_TRUE(fs::exists(tree_ + "/a"));
}

INSTANTIATE_TEST_SUITE_P(On, HoldingFile, ::testing::Values("/mnt/ext4", "/tmp", "/root"),
                         file_system_name);

} // namespace
} // namespace bailiff::tests

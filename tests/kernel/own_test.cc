// What a session made it changes and removes without being asked; what others made it does not.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/stat.h>

#include "tests/kernel/holding.h"

namespace bailiff::tests {
namespace {

const std::vector<bailiff_right> kChanges{BAILIFF_RIGHT_WRITE, BAILIFF_RIGHT_DELETE,
                                          BAILIFF_RIGHT_RENAME, BAILIFF_RIGHT_TRUNCATE,
                                          BAILIFF_RIGHT_METADATA};

class Own : public HoldingFile {
protected:
    void SetUp() override {
        HoldingFile::SetUp();
        hold(kChanges);
    }
    std::string at(const std::string& name) const { return tree_ + "/" + name; }
    // It waits, and is denied.
    void expect_asked(const Act& act) {
        const pid_t pid = begin(act);
        disapprove(next_hold());
        EXPECT_EQ(result(pid), EPERM);
        others();
    }
    void expect_free(const Act& act) {
        EXPECT_EQ(result(begin(act)), 0);
        EXPECT_TRUE(others().empty());
    }
    static Act touch(const std::string& path) {
        return open_file(path, O_WRONLY | O_CREAT | O_EXCL);
    }
};

TEST_P(Own, AFileThatTheSessionMade) {
    expect_free(touch(at("own")));
    expect_free(write_file(at("own")));
    expect_free(truncate_file(at("own")));
    expect_free(change_mode(at("own"), 0600));
    expect_free(rename_file(at("own"), at("moved")));
    expect_free(remove_file(at("moved")));
    expect_asked(remove_file(at("a")));
}

TEST_P(Own, FoldersLinksAndPipes) {
    expect_free(make_directory(at("d")));
    expect_free(change_mode(at("d"), 0700));
    expect_asked(rename_file(at("d"), at("e"))); // with all that others put into it
    expect_free(remove_directory(at("d")));
    expect_free(symlink_file("a", at("l")));
    expect_free(remove_file(at("l")));
    expect_free([this] { return mknod(at("p").c_str(), S_IFIFO | 0600, 0) == 0 ? 0 : errno; });
    expect_free(remove_file(at("p")));
}

TEST_P(Own, ThroughEachOfItsNames) {
    expect_free(touch(at("own")));
    expect_free(link_file(at("own"), at("second")));
    expect_free(remove_file(at("own")));
    expect_free(write_file(at("second")));
    expect_free(remove_file(at("second")));
}

TEST_P(Own, AFileWithoutANameThatGetsOne) {
    if (std::string(GetParam()) == "/root")
        GTEST_SKIP() << "overlayfs makes one before anybody is asked: denied, or not supported";
    expect_free([this] {
        const int fd = open(tree_.c_str(), O_TMPFILE | O_WRONLY, 0600);
        if (fd < 0) return errno;
        const std::string self = "/proc/self/fd/" + std::to_string(fd);
        if (linkat(AT_FDCWD, self.c_str(), AT_FDCWD, at("named").c_str(), AT_SYMLINK_FOLLOW) != 0)
            return errno;
        return unlink(at("named").c_str()) == 0 ? 0 : errno;
    });
}

TEST_P(Own, AForeignFileUnderAnotherNameIsForeign) {
    const pid_t pid = begin(link_file(at("a"), at("alias")));
    approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    others();
    expect_asked(remove_file(at("alias")));
    expect_asked(write_file(at("alias")));
}

TEST_P(Own, AForeignFileInAFolderOfItsOwnIsForeign) {
    expect_free(make_directory(at("d")));
    make_file(at("d/foreign"));
    expect_asked(remove_file(at("d/foreign")));
    expect_asked(rename_file(at("d/foreign"), at("d/other")));
}

TEST_P(Own, ItsOwnDoesNotTakeTheNameOfWhatIsForeign) {
    expect_free(touch(at("own")));
    expect_asked(rename_file(at("own"), at("b")));
    EXPECT_TRUE(fs::exists(at("own")));
}

TEST_P(Own, WhatIsMadeAnewUnderItsNameByOthersIsForeign) {
    expect_free(touch(at("own")));
    fs::remove(at("own"));
    make_file(at("own"));
    expect_asked(remove_file(at("own")));
}

TEST_P(Own, AFolderThatCouldNotBeRemovedIsStillItsOwn) {
    expect_free(make_directory(at("d")));
    make_file(at("d/foreign"));
    EXPECT_EQ(result(begin(remove_directory(at("d")))), ENOTEMPTY);
    fs::remove(at("d/foreign"));
    expect_free(remove_directory(at("d")));
}

TEST_P(Own, WhatWasLetToItsPlaceIsItsOwnNoLonger) {
    expect_free(touch(at("own")));
    Holding::hold({{tree_, {BAILIFF_RIGHT_DELETE, BAILIFF_RIGHT_WRITE}, BAILIFF_VERDICT_HOLD}});
    const pid_t pid = begin(rename_file(at("own"), at("b")));
    approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    others();
    expect_asked(write_file(at("b")));
}

TEST_P(Own, OneSessionDoesNotTakeEveryRow) {
    const std::uint32_t all = BAILIFF_MAX_MADE_OF_SESSION;
    const std::uint32_t none = 0;
    const std::uint32_t slot = kSessionSlot;
    const int count = *programs().map_fd("made_count");
    ASSERT_EQ(bpf_map_update_elem(count, &slot, &all, BPF_ANY), 0);
    expect_free(touch(at("own")));
    expect_asked(remove_file(at("own")));
    ASSERT_EQ(bpf_map_update_elem(count, &slot, &none, BPF_ANY), 0);
    expect_free(touch(at("next")));
    std::uint32_t now = 0;
    ASSERT_EQ(bpf_map_lookup_elem(count, &slot, &now), 0);
    EXPECT_EQ(now, 1U);
    expect_free(remove_file(at("next")));
    ASSERT_EQ(bpf_map_lookup_elem(count, &slot, &now), 0);
    EXPECT_EQ(now, 0U);
}

// mq_open(3) hands on flags that it does not know.
TEST_P(Own, AFlagDoesNotMakeAQueueNew) {
    const std::string name = "/bailiff-own";
    mq_unlink(name.c_str());
    const mqd_t made = mq_open(name.c_str(), O_RDWR | O_CREAT, 0666, nullptr);
    if (made < 0) GTEST_SKIP() << "no message queues";
    policy(BAILIFF_VERDICT_ALLOW, {});
    default_of(BAILIFF_RIGHT_WRITE, BAILIFF_VERDICT_HOLD);
    const pid_t pid = begin([name] {
        const mqd_t queue = mq_open(name.c_str(), O_WRONLY | O_TMPFILE);
        return queue < 0 ? errno : 0;
    });
    EXPECT_EQ(result(pid), EPERM);
    mq_close(made);
    mq_unlink(name.c_str());
}

TEST_P(Own, NotOfTheNextSessionInItsSlot) {
    expect_free(touch(at("own")));
    next_session();
    expect_asked(remove_file(at("own")));
}

TEST_P(Own, WhatFailedToBeMadeIsNot) {
    EXPECT_EQ(result(begin(make_directory(at("a")))), EEXIST);
    EXPECT_EQ(result(begin(touch(at("a")))), EEXIST);
    EXPECT_EQ(result(begin(symlink_file("b", at("a")))), EEXIST);
    expect_asked(remove_file(at("a")));
}

// A copy that overlayfs makes of a file from below is no new file.
TEST_P(Own, AFileFromTheLayerBelowIsForeign) {
    if (std::string(GetParam()) != "/root") GTEST_SKIP() << "no overlay";
    Holding::hold({{"/etc/host.conf", kChanges, BAILIFF_VERDICT_HOLD}});
    const pid_t pid = begin(change_mode("/etc/host.conf", 0644));
    approve(next_hold());
    EXPECT_EQ(result(pid), 0);
    others();
    expect_asked(write_file("/etc/host.conf"));
}

TEST_P(Own, ADenialStands) {
    expect_free(touch(at("own")));
    Holding::hold({{tree_, {BAILIFF_RIGHT_DELETE}, BAILIFF_VERDICT_DENY}});
    EXPECT_EQ(result(begin(remove_file(at("own")))), EPERM);
    EXPECT_EQ(others().back().verdict, BAILIFF_VERDICT_DENY);
}

INSTANTIATE_TEST_SUITE_P(On, Own, ::testing::Values("/mnt/ext4", "/tmp", "/root"),
                         file_system_name);

} // namespace
} // namespace bailiff::tests

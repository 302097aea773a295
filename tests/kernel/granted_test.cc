// What a task's row remembers of earlier verdicts never outlives what it rests on.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

namespace fs = std::filesystem;

const std::vector<bailiff_right> kRights = {BAILIFF_RIGHT_READ, BAILIFF_RIGHT_WRITE,
                                            BAILIFF_RIGHT_CREATE, BAILIFF_RIGHT_DELETE};

// Each test first has the subject open work/d/a, so that work/d is remembered.
class Granted : public Scene, public ::testing::WithParamInterface<const char*> {
protected:
    void SetUp() override {
        Scene::SetUp();
        root_ = std::string(GetParam()) + "/granted";
        fs::remove_all(root_);
        work_ = root_ + "/work";
        other_ = root_ + "/other";
        for (const char* name : {"/d/a", "/d/b", "/d/secret", "/d/key.pem"})
            make_file(work_ + name);
        make_file(other_ + "/a");
        allow_work();
    }
    void allow_work(const std::vector<Rule>& more = {}) {
        std::vector<Rule> rules = {{work_, kRights, BAILIFF_VERDICT_ALLOW}};
        rules.insert(rules.end(), more.begin(), more.end());
        policy(BAILIFF_VERDICT_DENY, rules);
    }
    int after(const std::function<void()>& change, const Act& act) {
        return bound_after(open_file(work_ + "/d/a", O_RDONLY), change, act);
    }
    static void nothing() {}
    std::string root_, work_, other_;
};

TEST_P(Granted, TheSameRightOnAnotherFileIsStillAllowed) {
    EXPECT_EQ(after(nothing, open_file(work_ + "/d/b", O_RDONLY)), 0);
}

TEST_P(Granted, AnotherRightIsJudgedByItself) {
    policy(BAILIFF_VERDICT_DENY, {{work_, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_ALLOW}});
    EXPECT_EQ(after(nothing, open_file(work_ + "/d/a", O_WRONLY)), EPERM);
}

TEST_P(Granted, AFileWithItsOwnLabelIsJudgedByIt) {
    allow_work({{work_ + "/d/secret", {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY}});
    EXPECT_EQ(after(nothing, open_file(work_ + "/d/secret", O_RDONLY)), EPERM);
}

TEST_P(Granted, AnEntryOfTheDirectoryIsJudgedByItsName) {
    entry_rule(work_ + "/d", "later", BAILIFF_RIGHT_CREATE, BAILIFF_VERDICT_DENY);
    const Act before = open_file(work_ + "/d/first", O_WRONLY | O_CREAT);
    const Act then = open_file(work_ + "/d/later", O_WRONLY | O_CREAT);
    EXPECT_EQ(bound_after(before, nothing, then), EPERM);
}

TEST_P(Granted, ARuleForANameIsStillAsked) {
    name_rule(".pem", true, BAILIFF_RIGHT_READ, BAILIFF_VERDICT_DENY);
    EXPECT_EQ(after(nothing, open_file(work_ + "/d/key.pem", O_RDONLY)), EPERM);
    EXPECT_EQ(after(nothing, open_file(work_ + "/d/b", O_RDONLY)), 0);
}

TEST_P(Granted, ANewLabelCountsAtOnce) {
    const auto forbid = [this] {
        allow_work({{work_ + "/d", {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY}});
    };
    EXPECT_EQ(after(forbid, open_file(work_ + "/d/b", O_RDONLY)), EPERM);
}

TEST_P(Granted, ADirectoryThatMovedHasTheRulesOfItsNewPlace) {
    const auto move = [this] { fs::rename(work_ + "/d", other_ + "/d"); };
    EXPECT_EQ(after(move, open_file(other_ + "/d/b", O_RDONLY)), EPERM);
}

TEST_P(Granted, ADirectoryFarAboveThatMovedAsWell) {
    make_file(work_ + "/x/y/z/a");
    const auto move = [this] { fs::rename(work_ + "/x", other_ + "/x"); };
    const Act before = open_file(work_ + "/x/y/z/a", O_RDONLY);
    EXPECT_EQ(bound_after(before, move, open_file(other_ + "/x/y/z/a", O_RDONLY)), EPERM);
}

TEST_P(Granted, ADirectoryMadeInThePlaceOfAnotherIsItsOwn) {
    const auto replace = [this] {
        fs::remove_all(work_ + "/d");
        make_file(other_ + "/d/a"); // likely with the number that has just become free
    };
    EXPECT_EQ(after(replace, open_file(other_ + "/d/a", O_RDONLY)), EPERM);
}

TEST_P(Granted, NothingIsRememberedBeyondTheSession) {
    const auto revoke = [this] { session(BAILIFF_SESSION_REVOKED); };
    EXPECT_EQ(after(revoke, open_file(work_ + "/d/b", O_RDONLY)), EPERM);
}

TEST_P(Granted, ManyDirectoriesInTurnAreNotTakenForEachOther) {
    constexpr int kDirectories = 32;
    for (int i = 0; i < kDirectories; i++) {
        make_file(work_ + "/" + std::to_string(i) + "/a");
        make_file(other_ + "/" + std::to_string(i) + "/a");
    }
    const Act all = [this] {
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < kDirectories; i++) {
                const std::string file = "/" + std::to_string(i) + "/a";
                if (open_file(work_ + file, O_RDONLY)() != 0) return EIO;
                if (open_file(other_ + file, O_RDONLY)() != EPERM) return EIO;
            }
        }
        return 0;
    };
    EXPECT_EQ(bound(all), 0);
}

TEST_P(Granted, RenamesElsewhereDenyNothing) {
    make_file(root_ + "/restless");
    const pid_t renamer = fork();
    if (renamer == 0) {
        for (;;) {
            fs::rename(root_ + "/restless", root_ + "/renamed");
            fs::rename(root_ + "/renamed", root_ + "/restless");
        }
    }
    const Act opens = [this] {
        for (int i = 0; i < 3000; i++)
            if (const int error = open_file(work_ + "/d/a", O_RDONLY)(); error != 0) return error;
        return 0;
    };
    EXPECT_EQ(bound(opens), 0);
    kill(renamer, SIGKILL);
    waitpid(renamer, nullptr, 0);
}

TEST_P(Granted, ADescriptorWhoseUseIsRecordedIsRecordedEachTime) {
    policy(BAILIFF_VERDICT_DENY, {{work_, kRights, BAILIFF_VERDICT_AUDIT}});
    const int fd = open((work_ + "/d/a").c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    events();
    const Act reads = [fd] {
        char byte = 0;
        for (int i = 0; i < 3; i++)
            if (pread(fd, &byte, 1, 0) != 1) return errno;
        return 0;
    };
    EXPECT_EQ(bound(reads), 0);
    EXPECT_EQ(verdicts().size(), 3);
    close(fd);
}

INSTANTIATE_TEST_SUITE_P(
    On, Granted, ::testing::Values("/mnt/ext4", "/tmp", "/root"), [](const auto& at) {
        const std::string path = at.param;
        return std::string(path == "/mnt/ext4" ? "ext4" : path == "/tmp" ? "tmpfs" : "overlayfs");
    });

} // namespace
} // namespace bailiff::tests

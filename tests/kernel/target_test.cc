// Binding what runs already: a control group, and what enters it later.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "kernel/enrol_target.h"
#include "kernel/enrolment.h"
#include "tests/kernel/acts.h"
#include "tests/kernel/scene.h"

namespace bailiff::tests {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kUid = 12345;

// A process that waits in a control group, as that uid.
class Member {
public:
    Member(const std::string& group, uid_t uid) : pid_(fork()) {
        if (pid_ == 0) {
            if (!group.empty())
                std::ofstream("/sys/fs/cgroup" + group + "/cgroup.procs") << getpid() << std::flush;
            if (setresuid(uid, uid, uid) != 0) _exit(1);
            raise(SIGSTOP);
            while (true) pause();
        }
        int status = 0;
        waitpid(pid_, &status, WUNTRACED);
    }
    ~Member() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    [[nodiscard]] std::uint32_t pid() const { return static_cast<std::uint32_t>(pid_); }

private:
    pid_t pid_;
};

class Target : public Scene {
protected:
    void SetUp() override {
        Scene::SetUp();
        fs::create_directories(base_ + "/box/inner");
        fs::create_directories(base_ + "/other");
        make_file(secret_);
        policy(BAILIFF_VERDICT_ALLOW, {{secret_, {BAILIFF_RIGHT_READ}, BAILIFF_VERDICT_DENY}});
    }
    static kernel::Target group(std::uint32_t owner = kernel::kAnyOwner) {
        struct stat info {};
        EXPECT_EQ(stat((base_ + "/box").c_str(), &info), 0);
        return {0, 0, info.st_ino, owner};
    }
    static kernel::Target process(std::uint32_t pid, std::uint32_t owner = kernel::kAnyOwner) {
        return {pid, *kernel::process_start_time(pid), 0, owner};
    }
    static Result<std::uint32_t> enrol(const kernel::Target& target) {
        return kernel::enrol_target(programs(), target, 0, kSubject, 1);
    }
    static std::uint32_t subject_of(const Member& member) {
        return kernel::subject_of(programs(), member.pid())->slot;
    }
    // An act in a process that joins the group, and is nobody's before.
    static Act entering(const std::string& path, const Act& act) {
        return [=] {
            std::ofstream("/sys/fs/cgroup" + path + "/cgroup.procs") << getpid() << std::flush;
            return act();
        };
    }

    static inline const std::string base_ = "/sys/fs/cgroup/target";
    const std::string secret_ = "/tmp/target/secret";
};

TEST_F(Target, AGroupIsBoundWithAllBelowItAndNothingElse) {
    const Member first("/target/box", kUid);
    const Member inner("/target/box/inner", kUid);
    const Member other("/target/other", kUid);
    const auto tasks = enrol(group(kUid));
    ASSERT_TRUE(tasks) << tasks.error().message();
    EXPECT_EQ(*tasks, 2U);
    EXPECT_EQ(subject_of(first), kSubject);
    EXPECT_EQ(subject_of(inner), kSubject);
    EXPECT_EQ(subject_of(other), 0U);
}

TEST_F(Target, AnEmptyGroupIsRefused) {
    const auto tasks = enrol(group());
    ASSERT_FALSE(tasks);
    EXPECT_EQ(tasks.error().code(), ErrorCode::kNotFound);
}

TEST_F(Target, AnotherAccountInItRefusesAll) {
    const Member mine("/target/box", kUid);
    const Member theirs("/target/box/inner", kUid + 1);
    const auto tasks = enrol(group(kUid));
    ASSERT_FALSE(tasks);
    EXPECT_EQ(tasks.error().code(), ErrorCode::kPermissionDenied);
    EXPECT_EQ(subject_of(mine), 0U) << "nothing is changed before all are known to be fit";
    EXPECT_TRUE(enrol(group()));
    EXPECT_EQ(subject_of(theirs), kSubject);
}

TEST_F(Target, AProcessOfASessionIsNotTakenOver) {
    const Member member("", kUid);
    ASSERT_TRUE(enrol(process(member.pid())));
    const auto again = kernel::enrol_target(programs(), process(member.pid()), 0, kSubject + 1, 1);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_EQ(subject_of(member), kSubject);
}

TEST_F(Target, BailiffsOwnProcessesAreRefused) {
    const auto own =
        kernel::check_target(programs(), process(static_cast<std::uint32_t>(getpid())), 0);
    ASSERT_FALSE(own);
    EXPECT_EQ(own.error().code(), ErrorCode::kPermissionDenied);
    const Member daemon("", kUid);
    EXPECT_FALSE(kernel::check_target(programs(), process(daemon.pid()), daemon.pid()));
    EXPECT_TRUE(kernel::check_target(programs(), process(daemon.pid()), 0));
}

TEST_F(Target, AnotherProcessWithThatNumberIsNotIt) {
    const Member member("", kUid);
    kernel::Target target = process(member.pid());
    target.start_time--;
    const auto tasks = enrol(target);
    ASSERT_FALSE(tasks);
    EXPECT_EQ(tasks.error().code(), ErrorCode::kNotFound);
}

TEST_F(Target, WhatEntersABoundGroupIsTheSessionsAlsoBelowAnAgentsGroup) {
    const Act read = execute("/bin/cat", secret_);
    EXPECT_EQ(free(entering("/target/box", read)), 0);
    bound_cgroup(group().cgroup);
    EXPECT_NE(free(entering("/target/box", read)), 0);
    EXPECT_NE(free(entering("/target/box/inner", read)), 0);
    EXPECT_EQ(free(entering("/target/other", read)), 0);
    // An agent without a session, whose row has no generation, could do nothing at all.
    make_file("/tmp/target/open");
    const Act read_open = execute("/bin/cat", "/tmp/target/open");
    agent_unit("target", kSubject + 1);
    EXPECT_NE(free(entering("/target/other", read_open)), 0);
    EXPECT_EQ(free(entering("/target/box", read_open)), 0);
}

} // namespace
} // namespace bailiff::tests

#include "bailiffd/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/process.h"
#include "tests/unit/bailiffd/host.h"

namespace bailiff::daemon {
namespace {

using api::Role;
using testing::HasSubstr;

// A process that waits, of this test's uid.
class Sleeper {
public:
    Sleeper() : pid_(fork()) {
        if (pid_ == 0) {
            pause();
            _exit(0);
        }
    }
    ~Sleeper() { end(); }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    void end() {
        if (pid_ <= 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    [[nodiscard]] std::uint32_t pid() const { return static_cast<std::uint32_t>(pid_); }

private:
    pid_t pid_;
};

class FindTarget : public testing::Test, public tests::Host {
protected:
    Result<std::optional<session::Target>> find(std::uint32_t pid, const std::string& cgroup,
                                                const api::Caller& by) {
        v1::OpenSessionRequest request;
        request.set_pid(pid);
        request.set_cgroup(cgroup);
        return find_target(request, by, port);
    }
    std::string refusal(const Result<std::optional<session::Target>>& found, ErrorCode code) {
        EXPECT_FALSE(found);
        if (found) return "";
        EXPECT_EQ(found.error().code(), code);
        return found.error().message();
    }

    Sleeper sleeper;
};

TEST_F(FindTarget, ARequestThatNamesNothingIsForTheCaller) {
    const auto found = find(0, "", caller(getuid()));
    ASSERT_TRUE(found);
    EXPECT_FALSE(*found);
}

TEST_F(FindTarget, AProcessOfTheCallersUidIsHeldUntilItExits) {
    const auto found = find(sleeper.pid(), "", caller(getuid()));
    ASSERT_TRUE(found) << found.error().message();
    const session::Target& target = **found;
    EXPECT_EQ(target.kernel.pid, sleeper.pid());
    EXPECT_EQ(target.kernel.owner, getuid()) << "and so must be all below it";
    EXPECT_EQ(target.kernel.start_time, *start_time_of(static_cast<pid_t>(sleeper.pid())));
    EXPECT_TRUE(target.still_there());
    sleeper.end();
    EXPECT_FALSE(target.still_there());
}

TEST_F(FindTarget, AnothersProcessIsForAnOperator) {
    const uid_t other = getuid() + 1;
    EXPECT_THAT(refusal(find(sleeper.pid(), "", caller(other)), ErrorCode::kPermissionDenied),
                HasSubstr("needs the role operator"));
    const auto found = find(sleeper.pid(), "", caller(other, {Role::kUser, Role::kOperator}));
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ((*found)->kernel.owner, kernel::kAnyOwner);
}

TEST_F(FindTarget, AnAgentBindsItsOwnProcessesOnly) {
    const api::Caller agent = caller(getuid(), {Role::kUser, Role::kOperator}, {7, true});
    EXPECT_THAT(refusal(find(sleeper.pid(), "", agent), ErrorCode::kPermissionDenied),
                HasSubstr("its own processes only"));
    EXPECT_THAT(refusal(find(0, "/user.slice", agent), ErrorCode::kPermissionDenied),
                HasSubstr("no control group"));
    port.tasks[sleeper.pid()] = {7, 1};
    EXPECT_TRUE(find(sleeper.pid(), "", agent));
}

TEST_F(FindTarget, WhatIsNoProcessIsRefused) {
    const api::Caller root = caller(0, {Role::kUser, Role::kOperator});
    EXPECT_THAT(refusal(find(1, "", root), ErrorCode::kInvalidArgument), HasSubstr("pid 1"));
    const std::uint32_t gone = sleeper.pid();
    sleeper.end();
    EXPECT_THAT(refusal(find(gone, "", root), ErrorCode::kNotFound),
                HasSubstr("there is no process " + std::to_string(gone)));
    EXPECT_THAT(refusal(find(gone, "/a", root), ErrorCode::kInvalidArgument),
                HasSubstr("not to both"));
}

TEST_F(FindTarget, APathThatIsNoControlGroupIsRefused) {
    const api::Caller root = caller(0, {Role::kUser, Role::kOperator});
    for (const char* path : {"machine.slice", "/", "//", "/sys/fs/cgroup", "/a/../b"})
        refusal(find(0, path, root), ErrorCode::kInvalidArgument);
    std::string deep;
    for (int i = 0; i < 16; i++) deep += "/x";
    EXPECT_THAT(refusal(find(0, deep, root), ErrorCode::kInvalidArgument),
                HasSubstr("1 to 15 levels"));
    EXPECT_THAT(refusal(find(0, "/sys/fs/cgroup/none.here", root), ErrorCode::kNotFound),
                HasSubstr("no control group /none.here"));
}

TEST_F(FindTarget, AFolderOfAnotherFileSystemIsNoControlGroup) {
    v1::OpenSessionRequest request;
    request.set_cgroup("/group");
    std::filesystem::create_directories(folder.file("cgroups/group"));
    TargetRoots roots;
    roots.cgroup = folder.file("cgroups");
    const auto found = find_target(request, caller(0, {Role::kUser, Role::kOperator}), port, roots);
    EXPECT_THAT(refusal(found, ErrorCode::kInvalidArgument), HasSubstr("cgroup2"));
}

} // namespace
} // namespace bailiff::daemon

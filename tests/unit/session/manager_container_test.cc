// Sessions for what runs in a container: its paths, who may bind it, and what is forgotten.
#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kRoot = "/var/lib/containers/storage/overlay/0123/merged";
constexpr std::uint32_t kOverlay = 70;

class ManagerContainer : public testing::Test, protected Scene {
protected:
    ManagerContainer() {
        port.files.add_mount(kRoot, kOverlay);
        for (const char* path : {"/srv/work/one/code", "/etc/passwd", "/srv/docs/plan"})
            port.files.add_file(kRoot + path);
        port.roots[900] = kRoot;
        mounts.push_back({kOverlay, "/", kRoot});
        container_mounts = [this](std::uint32_t pid) -> Result<std::vector<session::Mount>> {
            if (pid != 900) return fail(ErrorCode::kNotFound, "gone");
            return std::vector<session::Mount>{{kOverlay, "/", "/"}};
        };
    }
    static session::Target target(bool by_operator) {
        session::Target target;
        target.kernel.pid = 900;
        target.kernel.start_time = FakeKernelPort::kStartTime;
        target.pid = 900;
        target.start_time = FakeKernelPort::kStartTime;
        target.may_have_other_root = by_operator;
        target.still_there = [] { return true; };
        return target;
    }
    Result<const session::Session*> open_for(const session::Target& target,
                                             const std::string& workspace = "/srv/work/one") {
        return manager->open({idp.sign(claims(kAlice)), "", workspace, "", false, target},
                             presenter(61001), nullptr);
    }
};

TEST_F(ManagerContainer, ItsPathsAreThoseOfTheContainer) {
    start();
    const auto opened = open_for(target(true));
    ASSERT_TRUE(opened) << opened.error().message();
    const session::Session& session = **opened;
    EXPECT_TRUE(session.container_root);
    EXPECT_EQ(session.variables.workspace, "/srv/work/one");
    EXPECT_EQ(ask(session, BAILIFF_RIGHT_WRITE, kRoot + "/srv/work/one/code"), "allow");
    EXPECT_EQ(ask(session, BAILIFF_RIGHT_READ, kRoot + "/srv/docs/plan"), "allow");
    EXPECT_EQ(ask(session, BAILIFF_RIGHT_WRITE, kRoot + "/etc/passwd"), "deny: rule");
    EXPECT_EQ(ask(session, BAILIFF_RIGHT_WRITE, "/srv/work/one/code"), "deny: default")
        << "the host's folder of that name";
}

TEST_F(ManagerContainer, OnlyAnOperatorBindsWhatIsInOne) {
    start();
    const auto opened = open_for(target(false));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::kPermissionDenied);
    EXPECT_THAT(opened.error().message(), HasSubstr("has a root folder of its own"));
}

TEST_F(ManagerContainer, AWorkspaceBehindALinkToTheRootIsRefused) {
    port.files.remove(kRoot + "/srv/work");
    port.files.add_link(kRoot + "/srv/work", kRoot);
    port.files.add_folder(kRoot + "/etc/one");
    start();
    const auto opened = open_for(target(true), "/srv/work/etc");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(ManagerContainer, ANewDaemonLooksIntoItAgain) {
    start();
    const auto opened = open_for(target(true));
    ASSERT_TRUE(opened);
    const std::string name = (*opened)->name;
    start();
    const session::Session* session = manager->find(name);
    ASSERT_NE(session, nullptr);
    EXPECT_TRUE(session->container_root);
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_WRITE, kRoot + "/srv/work/one/code"), "allow");
}

TEST_F(ManagerContainer, ItsRulesDoNotFollowItsProcessToAnotherRoot) {
    port.files.add_folder(kRoot + "/own");
    port.files.add_folder(kRoot + "/own/srv");
    port.files.add_folder(kRoot + "/own/srv/work");
    port.files.add_folder(kRoot + "/own/srv/work/one");
    start();
    const auto opened = open_for(target(true));
    ASSERT_TRUE(opened);
    const std::string name = (*opened)->name;
    port.roots[900] = kRoot + "/own"; // as chroot(2) does
    ASSERT_TRUE(manager->refresh());
    const session::Session* session = manager->find(name);
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_WRITE, kRoot + "/own/srv/work/one"), "deny: default");
}

TEST_F(ManagerContainer, WhatIsGoneIsForgotten) {
    start();
    EXPECT_THAT(port.forgotten, IsEmpty());
    mounts.pop_back();
    ASSERT_TRUE(manager->refresh());
    ASSERT_EQ(port.forgotten.size(), 1U);
    EXPECT_EQ(port.forgotten[0].root, kRoot);
    ASSERT_TRUE(manager->refresh());
    EXPECT_EQ(port.forgotten.size(), 1U) << "once";
}

} // namespace
} // namespace bailiff::tests

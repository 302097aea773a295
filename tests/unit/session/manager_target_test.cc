// Sessions for what runs already: a process tree, and a control group with all that enters it.
#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kGroup = 7788;

class ManagerTarget : public testing::Test, protected Scene {
protected:
    ManagerTarget() { port.files.add_folder("/home/bo"); }

    static session::Target process(std::uint32_t pid) {
        session::Target target;
        target.kernel.pid = pid;
        target.kernel.start_time = FakeKernelPort::kStartTime;
        target.pid = static_cast<pid_t>(pid);
        target.start_time = FakeKernelPort::kStartTime;
        target.home = "/home/bo";
        target.still_there = [] { return true; };
        return target;
    }
    static session::Target group() {
        session::Target target = process(900);
        target.kernel = {};
        target.kernel.cgroup = kGroup;
        target.cgroup = "/machine.slice/box";
        return target;
    }
    Result<const session::Session*> open_for(const session::Target& target,
                                             bool wait_tree = false) {
        last_token_ = idp.sign(claims(kAlice));
        return manager->open({last_token_, "", "/srv/work/one", "", wait_tree, target},
                             presenter(61001), nullptr);
    }
    // The subject that a task which enters the group becomes; 0 for none.
    std::uint32_t bound_subject() const {
        for (const kernel::AgentMatch& match : port.agents)
            if (match.key.kind == BAILIFF_OBJECT_CGROUP && match.key.ino == kGroup)
                return match.subject;
        return 0;
    }

    std::string last_token_;
};

TEST_F(ManagerTarget, AProcessIsBoundInsteadOfThePresenter) {
    start();
    const auto opened = open_for(process(900));
    ASSERT_TRUE(opened) << opened.error().message();
    const session::Session& session = **opened;
    EXPECT_EQ(port.tasks.size(), 1U);
    EXPECT_EQ(port.tasks.at(900), std::pair(session.subject, session.generation));
    EXPECT_EQ(session.pid, 900);
    EXPECT_EQ(session.uid, 61001U) << "who presented the token";
    EXPECT_EQ(session.variables.home, "/home/bo") << "of the process's account";
    EXPECT_THAT(message_of("session.opened"), HasSubstr("for process 900"));
    manager->leader_gone(session.name);
    EXPECT_EQ(session.state, session::State::kEnded);
}

TEST_F(ManagerTarget, ARefusedTargetLeavesTheTokenUnused) {
    start();
    session::Target strange = process(900);
    strange.kernel.owner = 12345;
    const auto refused = open_for(strange);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kPermissionDenied);
    EXPECT_THAT(message_of("session.refused"), HasSubstr("it is another's"));
    EXPECT_THAT(port.tasks, IsEmpty());
    EXPECT_TRUE(open_with(last_token_, 61001)) << "the same token";
}

TEST_F(ManagerTarget, WhatIsOfASessionIsNotBoundAgain) {
    start();
    const auto first = open_for(process(900));
    ASSERT_TRUE(first);
    const auto second = open_for(process(900));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_EQ(port.tasks.at(900).first, (*first)->subject);
}

TEST_F(ManagerTarget, ATargetThatIsGoneMeanwhileLeavesNothing) {
    start();
    port.cgroups[kGroup] = {900};
    session::Target target = group();
    target.still_there = [] { return false; };
    const auto opened = open_for(target);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_TRUE(manager->list().empty());
    EXPECT_EQ(bound_subject(), 0U);
    EXPECT_EQ(port.sessions.at(1).state, BAILIFF_SESSION_REVOKED) << "for those enrolled already";
}

TEST_F(ManagerTarget, WhatEntersABoundGroupIsTheSessionsUntilItIsOver) {
    start();
    port.cgroups[kGroup] = {900, 901};
    const auto opened = open_for(group());
    ASSERT_TRUE(opened) << opened.error().message();
    const session::Session& session = **opened;
    EXPECT_EQ(port.tasks.at(901).first, session.subject);
    EXPECT_EQ(bound_subject(), session.subject);
    EXPECT_EQ(port.agents.size(), 2U) << "the policy's own match is there as well";
    ASSERT_TRUE(manager->refresh());
    ASSERT_TRUE(manager->load_policy(policy()));
    EXPECT_EQ(bound_subject(), session.subject) << "also with a new policy";
    ASSERT_TRUE(manager->end(session.name, "was ended", "a test"));
    EXPECT_EQ(bound_subject(), 0U);
    EXPECT_EQ(port.agents.size(), 1U);
}

TEST_F(ManagerTarget, TheGroupIsWrittenBeforeItsTasksAreListed) {
    start();
    port.cgroups[kGroup] = {900};
    port.calls.clear();
    ASSERT_TRUE(open_for(group()));
    const auto put = std::find(port.calls.begin(), port.calls.end(), "put_agents");
    const auto enrol = std::find(port.calls.begin(), port.calls.end(), "enrol_target");
    EXPECT_LT(put, enrol);
    EXPECT_NE(enrol, port.calls.end());
}

TEST_F(ManagerTarget, TheSessionOfAGroupEndsWithItsLastProcess) {
    start();
    port.cgroups[kGroup] = {900, 901};
    const auto opened = open_for(group());
    ASSERT_TRUE(opened);
    port.tasks.erase(900);
    manager->tick();
    EXPECT_EQ((*opened)->state, session::State::kActive);
    port.tasks.erase(901);
    manager->tick();
    EXPECT_EQ((*opened)->state, session::State::kEnded);
}

TEST_F(ManagerTarget, ANewDaemonKnowsTheGroup) {
    start();
    port.cgroups[kGroup] = {900};
    const auto opened = open_for(group());
    ASSERT_TRUE(opened);
    const std::string name = (*opened)->name;
    start();
    const session::Session* session = manager->find(name);
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(session->cgroup, "/machine.slice/box");
    EXPECT_TRUE(session->leader_gone) << "it has no first process";
    EXPECT_EQ(bound_subject(), session->subject);
    port.tasks.erase(900);
    manager->tick();
    EXPECT_EQ(session->state, session::State::kEnded);
}

} // namespace
} // namespace bailiff::tests

// What a session leaves when it is over, where its policy says on_end: kill.
#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using session::State;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ManagerKill : public testing::Test, protected Scene {
protected:
    void SetUp() override { say("on_end: kill, "); }
    // What profile `tools`, which every session has, says besides its defaults.
    void say(const std::string& on_end) {
        const std::size_t at =
            profiles.find("{name: tools, ") + std::string("{name: tools, ").size();
        profiles.replace(at, profiles.find("default", at) - at, on_end);
    }
    const session::Session* open_with_child(pid_t child) {
        const session::Session* session = open(kAlice);
        if (session != nullptr)
            port.tasks[static_cast<std::uint32_t>(child)] = {session->subject, session->generation};
        return session;
    }
    [[nodiscard]] bool lives(std::uint32_t pid) const { return port.tasks.contains(pid); }
    [[nodiscard]] std::uint32_t flags(const session::Session& session) {
        return port.sessions.at(session.slot).flags;
    }
    // Under what was said, ending a session leaves its processes alone.
    void expect_spared() {
        start();
        const session::Session* session = open_with_child(9000);
        ASSERT_NE(session, nullptr);
        ASSERT_TRUE(manager->end(session->name, "was ended by a", "a"));
        EXPECT_EQ(flags(*session), 0U);
        EXPECT_TRUE(lives(9000));
    }
};

TEST_F(ManagerKill, WhateverEndsTheSessionKillsItsProcessesAndSaysHowMany) {
    start();
    for (const char* end : {"end", "revoke", "exit", "expire"}) {
        records.clear();
        const session::Session* session = open_with_child(9000);
        ASSERT_NE(session, nullptr);
        EXPECT_EQ(flags(*session), BAILIFF_SESSION_KILL);
        if (end == std::string("end")) (void)manager->end(session->name, "was ended by a", "a");
        if (end == std::string("revoke")) (void)manager->revoke(session->name, "", "a");
        if (end == std::string("exit")) manager->leader_gone(session->name);
        if (end == std::string("expire")) {
            clock.advance(601);
            manager->tick();
        }
        EXPECT_NE(session->state, State::kActive) << end;
        EXPECT_FALSE(lives(9000)) << end;
        EXPECT_EQ(flags(*session), BAILIFF_SESSION_KILL)
            << end << ": what is left dies at its call";
        ASSERT_THAT(records_of("session.killed"), SizeIs(1)) << end;
        EXPECT_EQ(records_of("session.killed")[0].killed(), 2U);
        EXPECT_EQ(records_of("session.killed")[0].session(), session->name);
        EXPECT_EQ(records.back().kind(), "session.killed") << "after the end itself";
    }
}

TEST_F(ManagerKill, OtherSessionsLive) {
    start();
    const session::Session* session = open_with_child(9000);
    const session::Session* other = open_with_child(9001);
    ASSERT_TRUE(session != nullptr && other != nullptr);
    ASSERT_TRUE(manager->end(session->name, "was ended by a", "a"));
    EXPECT_TRUE(lives(9001));
}

TEST_F(ManagerKill, WithoutItProcessesLive) {
    say("");
    expect_spared();
    EXPECT_THAT(records_of("session.killed"), IsEmpty());
}

TEST_F(ManagerKill, ModeObserveKillsNobody) {
    more = "mode: observe\n";
    expect_spared();
}

TEST_F(ManagerKill, ATreeThatIsGoneIsNoNews) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    port.tasks.clear();
    manager->leader_gone(session->name);
    EXPECT_THAT(records_of("session.killed"), IsEmpty());
}

TEST_F(ManagerKill, ARenewalKeepsIt) {
    start();
    const session::Session* session = open_with_child(9000);
    ASSERT_NE(session, nullptr);
    clock.advance(60);
    ASSERT_TRUE(renew(*session, claims(kAlice)));
    EXPECT_EQ(flags(*session), BAILIFF_SESSION_KILL);
    ASSERT_TRUE(manager->end(session->name, "was ended by a", "a"));
    EXPECT_FALSE(lives(9000));
}

TEST_F(ManagerKill, APolicyThatIsLoadedDecidesForOpenSessions) {
    start();
    const session::Session* session = open_with_child(9000);
    ASSERT_NE(session, nullptr);
    say("");
    ASSERT_TRUE(manager->load_policy(policy()));
    EXPECT_EQ(flags(*session), 0U);
    say("on_end: kill, ");
    ASSERT_TRUE(manager->load_policy(policy()));
    EXPECT_EQ(flags(*session), BAILIFF_SESSION_KILL);
    ASSERT_TRUE(manager->end(session->name, "was ended by a", "a"));
    EXPECT_FALSE(lives(9000));
}

TEST_F(ManagerKill, ASessionThatExpiredWithNoDaemonIsKilledByTheNext) {
    start();
    ASSERT_NE(open_with_child(9000), nullptr);
    clock.advance(601);
    start().tick();
    EXPECT_FALSE(lives(9000));
    EXPECT_THAT(records_of("session.killed"), SizeIs(1));
}

TEST_F(ManagerKill, ASessionThatTheNextDaemonsPolicyRefusesIsKilled) {
    start();
    ASSERT_NE(open_with_child(9000), nullptr);
    say("");
    users = "  - {subject: \"user:bob\", presented_by: [\"61002\"], profiles: [work]}\n";
    start();
    EXPECT_FALSE(lives(9000)) << "as it was opened";
}

TEST_F(ManagerKill, WhereTheKernelSideIsSilentItIsToldOnceAndTriedAgain) {
    start();
    const session::Session* session = open_with_child(9000);
    ASSERT_NE(session, nullptr);
    port.fail_every("kill_tasks");
    ASSERT_TRUE(manager->end(session->name, "was ended by a", "a"));
    manager->tick();
    EXPECT_TRUE(lives(9000));
    EXPECT_THAT(message_of("posture"), HasSubstr("dies at its next call"));
    EXPECT_EQ(records_of("posture")[0].reason(), "kill-failed");
    port.mend();
    const session::Session* next = open_with_child(9001); // of the same slots, perhaps
    ASSERT_NE(next, nullptr);
    manager->tick();
    EXPECT_FALSE(lives(9000));
    EXPECT_TRUE(lives(9001));
    EXPECT_THAT(records_of("session.killed"), SizeIs(1));
}

} // namespace
} // namespace bailiff::tests

// The life of a session once it is open: its end in every way, and what is known of it afterwards.
#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using session::State;
using testing::HasSubstr;
using testing::IsEmpty;

class ManagerLife : public testing::Test, protected Scene {
protected:
    // What a task of the session may do in its workspace.
    std::string write_in(const session::Session& session) {
        return ask(session, BAILIFF_RIGHT_WRITE, "/srv/work/one/code");
    }
    void exit_of(const session::Session& session) {
        port.tasks.erase(static_cast<std::uint32_t>(session.pid));
    }
};

TEST_F(ManagerLife, AnEndedSessionHasNothingLeft) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    ASSERT_EQ(write_in(*session), "allow");
    ASSERT_TRUE(manager->end(session->name, "was ended by uid 0 (root)", "uid 0 (root)"));
    EXPECT_EQ(write_in(*session), "deny: ended");
    EXPECT_EQ(session->state, State::kEnded);
    EXPECT_EQ(port.objects_of(session->slot), 0U);
    EXPECT_THAT(port.sessions_forgotten, testing::ElementsAre(session->slot));
    EXPECT_THAT(message_of("session.ended"), HasSubstr("was ended by uid 0 (root)"));
    EXPECT_EQ(records_of("session.ended")[0].by(), "uid 0 (root)");
    EXPECT_THAT(get_file(state_file()), Not(HasSubstr("\"state\":\"active\"")));
}

TEST_F(ManagerLife, EndingTwiceIsEndingOnce) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    ASSERT_TRUE(manager->end(session->name, "was ended by a", "a"));
    ASSERT_TRUE(manager->end(session->name, "was ended by b", "b"));
    EXPECT_EQ(session->why, "was ended by a");
    EXPECT_EQ(records_of("session.ended").size(), 1U);
}

TEST_F(ManagerLife, ARevokedSessionHasNothingLeft) {
    start();
    const session::Session* session = open(kAlice);
    const session::Session* other = open(kAlice);
    ASSERT_TRUE(session != nullptr && other != nullptr);
    ASSERT_TRUE(manager->revoke(session->name, "laptop lost", "uid 7 (olga)"));
    EXPECT_EQ(write_in(*session), "deny: revoked");
    EXPECT_EQ(write_in(*other), "allow") << "the user's other session goes on";
    EXPECT_EQ(session->why, "was revoked by uid 7 (olga): laptop lost");
    EXPECT_THAT(message_of("session.revoked"), HasSubstr("laptop lost"));
}

TEST_F(ManagerLife, WhatIsOverCannotBeRevoked) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    ASSERT_TRUE(manager->end(session->name, "was ended by a", "a"));
    const auto revoked = manager->revoke(session->name, "", "b");
    ASSERT_FALSE(revoked);
    EXPECT_EQ(revoked.error().code(), ErrorCode::kFailedPrecondition);
    EXPECT_THAT(revoked.error().message(), HasSubstr("was ended by a"));
    EXPECT_EQ(write_in(*session), "deny: ended");
}

TEST_F(ManagerLife, ASessionThatIsNotKnownCanNeitherEndNorBeRevoked) {
    start();
    for (const auto& answer : {manager->end("s-none", "", ""), manager->revoke("s-none", "", "")}) {
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code(), ErrorCode::kNotFound);
    }
}

TEST_F(ManagerLife, ARowThatCannotBeWrittenIsSaidAndTheSessionEndsAllTheSame) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    port.fail_every("put_session");
    ASSERT_TRUE(manager->revoke(session->name, "", "b"));
    EXPECT_EQ(session->state, State::kRevoked);
    EXPECT_THAT(message_of("posture"), HasSubstr("cannot be written"));
    EXPECT_EQ(records_of("posture")[0].reason(), "write-failed");
}

TEST_F(ManagerLife, TheEndOfTheCommandEndsTheSession) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    manager->leader_gone(session->name);
    EXPECT_EQ(session->state, State::kEnded);
    EXPECT_EQ(write_in(*session), "deny: ended") << "children that it left behind";
    EXPECT_THAT(message_of("session.ended"), HasSubstr("its command exited"));
    manager->leader_gone(session->name);
    manager->leader_gone("s-none");
    EXPECT_EQ(records_of("session.ended").size(), 1U);
}

TEST_F(ManagerLife, ASessionThatWaitsForItsTreeEndsWithTheLastProcess) {
    start();
    const session::Session* session = open(kAlice, "/srv/work/one", true);
    ASSERT_NE(session, nullptr);
    port.tasks[9000] = {session->subject, session->generation}; // a child
    exit_of(*session);
    manager->leader_gone(session->name);
    manager->tick();
    EXPECT_EQ(session->state, State::kActive);
    EXPECT_EQ(write_in(*session), "allow");
    port.tasks.erase(9000);
    manager->tick();
    EXPECT_EQ(session->state, State::kEnded);
    EXPECT_THAT(message_of("session.ended"), HasSubstr("last process of its tree"));
}

TEST_F(ManagerLife, ATreeThatCannotBeCountedIsNotEmpty) {
    start();
    const session::Session* session = open(kAlice, "", true);
    ASSERT_NE(session, nullptr);
    exit_of(*session);
    manager->leader_gone(session->name);
    port.fail_every("count_tasks");
    manager->tick();
    EXPECT_EQ(session->state, State::kActive);
    port.mend();
    manager->tick();
    EXPECT_EQ(session->state, State::kEnded);
}

TEST_F(ManagerLife, ATreeIsNotCountedWhileItsCommandRuns) {
    start();
    const session::Session* session = open(kAlice, "", true);
    ASSERT_NE(session, nullptr);
    exit_of(*session); // the pidfd has not told yet
    manager->tick();
    EXPECT_EQ(session->state, State::kActive);
}

TEST_F(ManagerLife, TheKernelStopsAnExpiredSessionByItself) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    clock.advance(599);
    EXPECT_EQ(write_in(*session), "allow");
    clock.advance(1);
    EXPECT_EQ(write_in(*session), "deny: expired") << "no tick, no daemon";
}

TEST_F(ManagerLife, ExpiryIsRecordedByTheNextTick) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    clock.advance(599);
    manager->tick();
    EXPECT_EQ(session->state, State::kActive);
    clock.advance(1);
    manager->tick();
    EXPECT_EQ(session->state, State::kExpired);
    EXPECT_EQ(message_of("session.expired"),
              "session " + session->name + " expired with its token");
    manager->tick();
    EXPECT_EQ(records_of("session.expired").size(), 1U);
    EXPECT_EQ(write_in(*session), "deny: expired");
}

TEST_F(ManagerLife, TheWarningComesOnceAMinuteBeforeTheEnd) {
    start();
    const session::Session* session = open(kAlice); // 600 s
    ASSERT_NE(session, nullptr);
    clock.advance(539);
    manager->tick();
    EXPECT_THAT(records_of("session.expiring"), IsEmpty());
    clock.advance(1);
    manager->tick();
    manager->tick();
    EXPECT_THAT(message_of("session.expiring"), HasSubstr("expires in 60 s"));
    EXPECT_EQ(records_of("session.expiring")[0].session(), session->name);
}

TEST_F(ManagerLife, AShortSessionIsWarnedInItsLastFifth) {
    start();
    ASSERT_TRUE(open_with(idp.sign(idp.claims(kAlice, clock.unix_seconds(), 100)), 61001));
    clock.advance(79);
    manager->tick();
    EXPECT_THAT(records_of("session.expiring"), IsEmpty());
    clock.advance(1);
    manager->tick();
    EXPECT_THAT(message_of("session.expiring"), HasSubstr("expires in 20 s"));
}

TEST_F(ManagerLife, WhatIsOverIsKnownForAnHour) {
    start();
    const std::string name = open(kAlice)->name;
    ASSERT_TRUE(manager->end(name, "was ended by a", "a"));
    clock.advance(3600);
    manager->tick();
    ASSERT_NE(manager->find(name), nullptr);
    EXPECT_EQ(manager->list().size(), 1U);
    clock.advance(1);
    manager->tick();
    EXPECT_EQ(manager->find(name), nullptr);
    EXPECT_THAT(manager->list(), IsEmpty());
}

TEST_F(ManagerLife, SessionsAreFoundByNameSlotAndSubject) {
    start();
    const session::Session* alice = open(kAlice);
    clock.advance(1);
    const session::Session* bob = open(kBob);
    ASSERT_TRUE(alice != nullptr && bob != nullptr);
    EXPECT_EQ(manager->find(bob->name), bob);
    EXPECT_EQ(manager->find_slot(alice->slot, alice->epoch), alice);
    EXPECT_EQ(manager->find_slot(alice->slot, alice->epoch + 1), nullptr);
    EXPECT_EQ(manager->find_subject(bob->subject), bob);
    EXPECT_EQ(manager->find_subject(4000), nullptr);
    EXPECT_EQ(manager->list(), (std::vector<const session::Session*>{alice, bob})) << "by age";
}

TEST_F(ManagerLife, AStateFileThatCannotBeWrittenIsSaid) {
    start();
    std::filesystem::remove(state_file());
    std::filesystem::create_directories(state_file() + "/in-the-way");
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr) << "it is in force all the same";
    EXPECT_THAT(message_of("posture"), HasSubstr("will not be known after a restart"));
    EXPECT_EQ(records_of("posture")[0].reason(), "state-file");
}

TEST_F(ManagerLife, AFolderMadeLaterGetsItsRuleAtTheNextRefresh) {
    profiles =
        "  - {name: ceiling, default: {exec: allow, files: allow, network: allow},\n"
        "     files: [{verdict: deny, rights: [read], path: [/srv/secret/key]}]}\n"
        "  - {name: docs, default: {exec: allow, files: allow, network: allow}}\n"
        "  - {name: work}\n"
        "  - {name: tools, default: {exec: allow, files: allow, network: allow}}\n"
        "  - {name: quiet}\n";
    users = "  - {subject: \"user:alice\", presented_by: [\"61001\"], profiles: [docs]}\n";
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_READ, "/srv/secret/key"), "deny: rule")
        << "before it is there: nobody can make it unwatched";
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_READ, "/srv/secret/other"), "deny: rule");
    port.files.add_file("/srv/secret/key");
    ASSERT_TRUE(manager->refresh());
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_READ, "/srv/secret/key"), "deny: rule");
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_READ, "/srv/secret/other"), "allow");
}

TEST_F(ManagerLife, ANewMountIsDeniedUntilTheNextRefresh) {
    start();
    const session::Session* session = open(kAlice);
    ASSERT_NE(session, nullptr);
    port.files.add_mount("/srv/work/one/disk", 77);
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_WRITE, "/srv/work/one/disk/f"), "deny: unknown root");
    mounts.push_back({77, "/", "/srv/work/one/disk"});
    ASSERT_TRUE(manager->refresh());
    EXPECT_EQ(ask(*session, BAILIFF_RIGHT_WRITE, "/srv/work/one/disk/f"), "allow")
        << "it has what the workspace has";
    const session::Session* other = open(kAlice, "/srv/work/two");
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(ask(*other, BAILIFF_RIGHT_WRITE, "/srv/work/one/disk/f"), "deny: default");
}

TEST_F(ManagerLife, ARefreshThatFailsSaysSo) {
    start();
    mounts_fail = true;
    EXPECT_EQ(manager->refresh().error().code(), ErrorCode::kInternal);
    mounts_fail = false;
    port.fail_every("get_config");
    EXPECT_EQ(manager->refresh().error().code(), ErrorCode::kUnavailable);
}

// The command notices before the daemon's second has passed, and exits.
TEST_F(ManagerLife, WhatEndsASessionWhoseTimeHasPassedFindsItExpired) {
    const std::vector<std::function<void(const std::string&)>> ends = {
        [this](const std::string& name) { manager->leader_gone(name); },
        [this](const std::string& name) {
            (void)manager->end(name, "was ended by a test", "test");
        },
        [this](const std::string& name) { EXPECT_FALSE(manager->revoke(name, "", "test")); }};
    start();
    for (const auto& end : ends) {
        const std::string name = open(kAlice)->name;
        clock.advance(601);
        end(name);
        EXPECT_EQ(manager->find(name)->state, session::State::kExpired);
    }
}

} // namespace
} // namespace bailiff::tests

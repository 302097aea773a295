// A daemon that starts again: what the kernel went on enforcing is known again, or has an end.
#include <sys/stat.h>

#include "tests/unit/session/scene.h"

namespace bailiff::tests {
namespace {

using session::State;
using testing::HasSubstr;
using testing::IsEmpty;

class ManagerRestore : public testing::Test, protected Scene {
protected:
    std::string read_docs(const session::Session& session) {
        return ask(session, BAILIFF_RIGHT_READ, "/srv/docs/plan");
    }
    // Damages the state file, starts again, and looks whether anything of it is believed.
    void expect_refused(const std::string& content, const std::string& because) {
        start();
        const session::Session before = *open(kAlice);
        put_file(state_file(), content);
        records.clear();
        start();
        EXPECT_THAT(manager->list(), IsEmpty());
        EXPECT_THAT(message_of("posture"),
                    HasSubstr("sessions of an earlier daemon are not known"));
        EXPECT_THAT(message_of("posture"), HasSubstr(because));
        EXPECT_EQ(read_docs(before), "deny: revoked") << "nobody could end it";
        EXPECT_TRUE(try_open(kAlice)) << "the daemon works";
    }
    std::string state_text() { return get_file(state_file()); }
};

TEST_F(ManagerRestore, AnOpenSessionIsKnownAgainWithAllThatItHad) {
    start();
    const session::Session before = *open(kAlice, "/srv/work/one", true);
    clock.advance(100);
    start();
    ASSERT_EQ(manager->list().size(), 1U);
    const session::Session* after = manager->find(before.name);
    ASSERT_NE(after, nullptr);
    EXPECT_EQ(after->state, State::kActive);
    EXPECT_EQ(after->id, before.id);
    EXPECT_EQ(after->slot, before.slot);
    EXPECT_EQ(after->epoch, before.epoch);
    EXPECT_EQ(after->subject, before.subject);
    EXPECT_EQ(after->generation, before.generation);
    EXPECT_EQ(after->token.subject, kAlice);
    EXPECT_EQ(after->token.actors, before.token.actors);
    EXPECT_EQ(after->token.scopes, before.token.scopes);
    EXPECT_EQ(after->token.digest, before.token.digest);
    EXPECT_EQ(after->token.expires_at, before.token.expires_at);
    EXPECT_EQ(after->agent, "fixer");
    EXPECT_EQ(after->profiles, before.profiles);
    EXPECT_EQ(after->variables.workspace, "/srv/work/one");
    EXPECT_EQ(after->variables.home, "/home/al");
    EXPECT_EQ(after->task_note, "note");
    EXPECT_TRUE(after->wait_tree);
    EXPECT_EQ(after->uid, 61001U);
    EXPECT_EQ(after->pid, before.pid);
    EXPECT_EQ(after->start_time, before.start_time);
    EXPECT_EQ(after->started_at, before.started_at);
    EXPECT_EQ(after->started_boot, before.started_boot);
    EXPECT_EQ(after->expires_boot, before.expires_boot);
}

TEST_F(ManagerRestore, ItsVerdictsGoOnAndItsEndStands) {
    start();
    const session::Session before = *open(kAlice);
    start();
    EXPECT_EQ(read_docs(before), "allow");
    EXPECT_EQ(ask(before, BAILIFF_RIGHT_WRITE, "/srv/work/one/code"), "allow");
    EXPECT_EQ(ask(before, BAILIFF_RIGHT_WRITE, "/srv/work/two/code"), "deny: default");
    ASSERT_TRUE(manager->revoke(before.name, "", "test"));
    EXPECT_EQ(read_docs(before), "deny: revoked");
}

TEST_F(ManagerRestore, TheStateFileHoldsNoToken) {
    start();
    const std::string token = idp.sign(claims(kAlice));
    ASSERT_TRUE(open_with(token, 61001));
    EXPECT_THAT(state_text(), HasSubstr("user:alice"));
    EXPECT_THAT(state_text(), Not(HasSubstr(token.substr(token.rfind('.') + 1))));
    struct stat info {};
    ASSERT_EQ(stat(state_file().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(ManagerRestore, AUsedTokenStaysUsed) {
    start();
    const std::string token = idp.sign(claims(kAlice));
    ASSERT_TRUE(open_with(token, 61001));
    start();
    EXPECT_EQ(open_with(token, 61001).error().code(), ErrorCode::kAlreadyExists);
}

TEST_F(ManagerRestore, TheSlotsOfWhatIsOpenAreNotGivenOutAgain) {
    start();
    const session::Session before = *open(kAlice);
    start();
    for (int i = 0; i < 5; i++) {
        const session::Session* next = open(kBob);
        ASSERT_NE(next, nullptr);
        EXPECT_NE(next->slot, before.slot);
        EXPECT_NE(next->subject, before.subject);
    }
    EXPECT_EQ(read_docs(before), "allow");
}

TEST_F(ManagerRestore, ASessionThatExpiredMeanwhileIsSaidSo) {
    start();
    const session::Session before = *open(kAlice);
    clock.advance(700);
    records.clear();
    start();
    manager->tick();
    EXPECT_EQ(manager->find(before.name)->state, State::kExpired);
    EXPECT_THAT(message_of("session.expired"), HasSubstr(before.name));
}

TEST_F(ManagerRestore, WhatEndedBeforeIsNotOpenAgain) {
    start();
    const session::Session before = *open(kAlice);
    ASSERT_TRUE(manager->end(before.name, "was ended by a test", "test"));
    start();
    ASSERT_NE(manager->find(before.name), nullptr);
    EXPECT_EQ(manager->find(before.name)->state, State::kEnded);
    EXPECT_EQ(read_docs(before), "deny: ended");
}

TEST_F(ManagerRestore, HowASessionEndedIsKnownForAnHour) {
    start();
    const session::Session before = *open(kAlice);
    ASSERT_TRUE(manager->revoke(before.name, "seen enough", "test"));
    start();
    ASSERT_NE(manager->find(before.name), nullptr);
    EXPECT_EQ(manager->find(before.name)->state, State::kRevoked);
    EXPECT_EQ(manager->find(before.name)->why, "was revoked by test: seen enough");
    clock.advance(3601);
    manager->tick();
    EXPECT_EQ(manager->find(before.name), nullptr);
}

// It has the slot that the one before had, and only the older is in the file.
TEST_F(ManagerRestore, ASlotOfASessionThatIsOverHidesNoLostOne) {
    start();
    const session::Session over = *open(kAlice);
    ASSERT_TRUE(manager->end(over.name, "was ended by a test", "test"));
    bailiff_session row = port.sessions[over.slot];
    row.epoch++;
    row.id[0]++;
    row.state = BAILIFF_SESSION_ACTIVE;
    port.sessions[over.slot] = row;
    start();
    EXPECT_EQ(port.sessions[over.slot].state, BAILIFF_SESSION_REVOKED);
}

// The file is older than the end: the kernel's row is what counts.
TEST_F(ManagerRestore, AnOlderStateFileDoesNotReviveASession) {
    start();
    const session::Session before = *open(kAlice);
    const std::string older = state_text();
    ASSERT_TRUE(manager->revoke(before.name, "", "test"));
    put_file(state_file(), older);
    records.clear();
    start();
    EXPECT_THAT(manager->list(), IsEmpty());
    EXPECT_EQ(read_docs(before), "deny: revoked");
    EXPECT_THAT(message_of("session.ended"), HasSubstr("the kernel does not hold it any more"));
}

TEST_F(ManagerRestore, ASlotThatAnotherSessionHasNowIsNotMistaken) {
    start();
    const session::Session before = *open(kAlice);
    port.sessions[before.slot].epoch++;
    start();
    EXPECT_THAT(manager->list(), IsEmpty());
    port.sessions[before.slot].epoch--;
    EXPECT_EQ(read_docs(before), "deny: revoked");
}

TEST_F(ManagerRestore, AnotherBootEndsEverySession) {
    start();
    const session::Session before = *open(kAlice);
    port.sessions.clear(); // the tables do not outlive the machine
    port.subjects.clear();
    boot_id = "boot-2";
    records.clear();
    start();
    EXPECT_THAT(manager->list(), IsEmpty());
    EXPECT_THAT(message_of("session.ended"), HasSubstr("since the machine was restarted"));
    EXPECT_EQ(records_of("session.ended")[0].session(), before.name);
}

// After a restart of the machine, or where bailiff-kernel had to make its maps anew.
TEST_F(ManagerRestore, WithEmptyTablesAnEventIsNotTakenForThatOfASessionBefore) {
    start();
    const session::Session before = *open(kAlice);
    ASSERT_TRUE(manager->end(before.name, "was ended by a test", "test"));
    port.sessions.clear();
    port.subjects.clear();
    start();
    const session::Session after = *open(kAlice);
    ASSERT_EQ(after.slot, before.slot);
    ASSERT_NE(manager->find_slot(after.slot, after.epoch), nullptr);
    EXPECT_EQ(manager->find_slot(after.slot, after.epoch)->name, after.name);
    EXPECT_EQ(manager->find_slot(before.slot, before.epoch)->name, before.name);
    EXPECT_EQ(read_docs(after), "allow");
}

TEST_F(ManagerRestore, UserAndAgentOfThePolicyOfTodayDecide) {
    start();
    const session::Session alice = *open(kAlice);
    const session::Session bob = *open(kBob);
    users = "  - {subject: \"user:bob\", presented_by: [\"61002\"], profiles: [docs]}\n";
    start();
    EXPECT_EQ(read_docs(alice), "deny: revoked");
    EXPECT_EQ(read_docs(bob), "allow");
}

TEST_F(ManagerRestore, AgentsKeepTheirSubjects) {
    start();
    const std::vector<kernel::AgentMatch> before = port.agents;
    ASSERT_EQ(before.size(), 1U);
    start();
    ASSERT_EQ(port.agents.size(), 1U);
    EXPECT_EQ(port.agents[0].subject, before[0].subject);
    EXPECT_EQ(port.agents[0].generation, before[0].generation);
    EXPECT_EQ(manager->unbound_agent(before[0].subject), "fixer");
}

TEST_F(ManagerRestore, NoStateFileIsAFirstStart) {
    start();
    EXPECT_THAT(records_of("posture"), IsEmpty());
    EXPECT_THAT(manager->list(), IsEmpty());
}

TEST_F(ManagerRestore, AStateFileThatIsCutIsRefused) {
    start();
    ASSERT_NE(open(kAlice), nullptr);
    const std::string whole = state_text();
    expect_refused(whole.substr(0, whole.size() / 2), state_file());
}

TEST_F(ManagerRestore, AnEmptyStateFileIsRefused) {
    expect_refused("", state_file());
}

TEST_F(ManagerRestore, AStateFileOfSomebodyElseIsRefused) {
    expect_refused("{\"sessions\": \"none\"}\n", "is not what a daemon wrote");
}

TEST_F(ManagerRestore, ADamagedEntryCostsItsSessionAndNoOther) {
    for (const char* field : {"\"slot\":", "\"id\":\""}) {
        SCOPED_TRACE(field);
        start();
        const session::Session damaged = *open(kAlice);
        const session::Session good = *open(kBob, "/srv/work/two");
        std::string text = state_text();
        const std::size_t entry = text.find("{\"id\":\"" + damaged.name);
        ASSERT_NE(entry, std::string::npos);
        text.insert(text.find(field, entry) + std::string(field).size(), "-");
        put_file(state_file(), text);
        records.clear();
        start();
        EXPECT_EQ(read_docs(damaged), "deny: revoked") << "nobody could end it";
        EXPECT_EQ(ask(good, BAILIFF_RIGHT_WRITE, "/srv/work/two/code"), "allow");
        EXPECT_NE(manager->find(good.name), nullptr);
        EXPECT_THAT(message_of("posture"), HasSubstr("is revoked where it is open"));
        EXPECT_THAT(message_of("session.revoked"), HasSubstr(damaged.name));
    }
}

// Killed between the kernel's row and the file: nobody could end or renew it.
TEST_F(ManagerRestore, ASessionThatNobodyKnowsIsRevoked) {
    start();
    const std::string before = state_text();
    const session::Session lost = *open(kAlice);
    put_file(state_file(), before);
    ASSERT_EQ(read_docs(lost), "allow");
    records.clear();
    start();
    EXPECT_EQ(read_docs(lost), "deny: revoked");
    EXPECT_THAT(message_of("session.revoked"), HasSubstr(lost.name));
    EXPECT_EQ(records_of("session.revoked")[0].session(), lost.name);
}

TEST_F(ManagerRestore, AnAgentsSubjectThatNobodyKnowsHasNothing) {
    agents += "  - {name: last, actor: \"agent:last\", profiles: [tools], unbound: [quiet]}\n";
    start();
    const std::string name = "last";
    std::uint32_t slot = 1;
    while (manager->unbound_agent(slot) != name) slot++;
    const std::uint32_t generation = port.subjects.at(slot).generation;
    ASSERT_EQ(ask(slot, generation, BAILIFF_RIGHT_READ, "/usr/bin/fixer"), "allow");
    std::filesystem::remove(state_file());
    agents = "  - {name: fixer, actor: \"agent:fixer\", profiles: [tools]}\n";
    start();
    EXPECT_EQ(ask(slot, generation, BAILIFF_RIGHT_READ, "/usr/bin/fixer"), "deny: no profile")
        << "its bits would be another policy's";
}

TEST_F(ManagerRestore, AKernelSideThatDoesNotAnswerFailsTheStart) {
    start();
    const session::Session before = *open(kAlice);
    manager.reset();
    replay.reset();
    replay = token::ReplayCache::open(folder.file("used"), clock).value();
    for (const char* call : {"get_session", "get_subject", "put_session", "put_subject",
                             "clear_policy", "put_policy", "set_observe"}) {
        manager = std::make_unique<session::Manager>(session::Surroundings{
            port, clock, *replay, [](const v1::Record&) {}, [this] { return mounts; }, state_file(),
            folder.file("labels.json"), boot_id});
        port.fail_every(call);
        const auto loaded = manager->load_policy(policy());
        port.mend();
        EXPECT_FALSE(loaded) << call;
        EXPECT_EQ(read_docs(before), "allow") << call << ": what was in force stays so";
    }
}

} // namespace
} // namespace bailiff::tests
